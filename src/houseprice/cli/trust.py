"""The command for strangers: whether an image is what is said of it."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from houseprice.errors import TrustError
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.access import Account
from houseprice.release.registry.client import Registry
from houseprice.release.registry.names import Reference
from houseprice.release.trust.anchor import GITHUB, Trust
from houseprice.release.trust.verify import Verified, verify_layout
from houseprice.release.trust.verify import verify as verify_image

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("name", metavar="[IMAGE]", default="")
@click.option(
    "--key",
    envvar="HOUSEPRICE_COSIGN_KEY",
    type=click.Path(path_type=Path),
    help="Public key (cosign.pub) of who signs.",
)
@click.option(
    "--repository-url",
    envvar="HOUSEPRICE_REPOSITORY_URL",
    help="Repository whose workflows sign, such as https://github.com/OWNER/NAME.",
)
@click.option("--identity-regexp", help="Who signs, where that is another identity: the whole of it must match.")
@click.option("--issuer", default=GITHUB, help="Who vouches for the identity.")
@click.option(
    "--layout", type=click.Path(path_type=Path), help="A folder to look at before it is published and signed."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    *,
    name: str,
    issuer: str,
    layout: Path | None,
    as_json: bool,
    **whom: Any,
) -> None:
    """Check whether IMAGE is what is said of it: signature, attestations, sealed model, labels and tag.

    Everything that does not agree is listed, and the command ends with 12. Whom to trust you say yourself: by the key
    of who publishes, with which nobody but the registry is asked, or by the repository whose workflows sign.
    DOCKERHUB_USERNAME and DOCKERHUB_TOKEN log in where images are private.

    Example: houseprice verify somebody/house-price-model:1a2b3c4 --key cosign.pub
    """
    signal.signal(signal.SIGTERM, _interrupted)
    if bool(name) == bool(layout):
        raise click.UsageError("Name either an IMAGE or a folder with --layout; see --help.")
    try:
        if layout:
            verified = verify_layout(Layout.open(layout))
        else:
            trust = _trust(ctx, whom, issuer)
            reference = Reference.read(name)
            registry = Registry(reference.repository, _account(), say=_progress)
            verified = verify_image(reference, registry, trust, environ=os.environ)
    except TrustError as err:
        if not as_json:
            raise
        told = {"verified": False, "message": str(err).partition("\n")[0], "mismatches": list(err.mismatches)}
        click.echo(json.dumps(told, indent=1))
        ctx.exit(err.exit_code)
    if as_json:
        told = {"verified": True, **asdict(verified), "manifest": json.loads(verified.manifest)}
        click.echo(json.dumps(told, indent=1))
        return
    lines = _table(verified)
    width = max(len(what) for what, _ in lines)
    for what, value in lines:
        click.echo(f"{what:<{width}}  {value}")


def _trust(ctx: click.Context, whom: Mapping[str, Any], issuer: str) -> Trust:
    """Give back whom to trust; the command line goes before the environment, and two answers are none."""
    given = {name: value for name, value in whom.items() if value}
    typed = {name for name in given if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    given = {name: value for name, value in given.items() if name in typed or not typed}
    if len(given) > 1:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in given)
        raise TrustError(f"{names} are both given; expected one answer to whom to trust; leave out the others.")
    match given:
        case {"key": key}:
            return Trust.in_key_file(key)
        case {"repository_url": address}:
            return Trust.in_repository(address, issuer)
        case {"identity_regexp": pattern}:
            return Trust.in_identity(pattern, issuer)
    raise TrustError(
        "Nobody is named whom to trust; expected --key cosign.pub, or --repository-url https://github.com/OWNER/NAME; "
        "what an image says of its own maker proves nothing."
    )


def _account() -> Account | None:
    user, token = os.environ.get("DOCKERHUB_USERNAME", ""), os.environ.get("DOCKERHUB_TOKEN", "")
    return Account(user, token) if user and token else None


def _table(verified: Verified) -> list[tuple[str, str]]:
    evidence = verified.evidence
    hashes = evidence["hashes"]
    signed = ", ".join(verified.signers) or click.style("nobody yet: this is a layout", fg="yellow")
    lines = [
        ("image", verified.digest),
        ("signed by", signed),
        ("built by", verified.builder or "not told"),
        ("commit", f"{verified.revision} of {evidence['source']}"),
        ("created", verified.created),
        ("model", f"{evidence['model_version']}, learned at commit {hashes['commit']}"),
        ("data", hashes["processed"]),
        ("config", hashes["config"]),
        ("locks", f"{hashes['lock']} (learning), {evidence['serving_lock']} (serving)"),
    ]
    lines += [("error", line) for line in _errors(evidence["metrics"])]
    passed = [name for name, gate in evidence["verdict"].items() if gate["passed"]]
    lines.append(("gates", f"{len(passed)} of {len(evidence['verdict'])} passed: {', '.join(passed)}"))
    return [*lines, *((name, digest) for name, digest in verified.platforms.items())]


def _errors(metrics: Mapping[str, Any]) -> list[str]:
    """Give the error on each kind of unseen sales, with its interval of 95 % where it has one."""
    lines = []
    for name, told in metrics.items():
        if isinstance(told, dict) and isinstance(error := told.get("log_rmse"), float):
            interval = (told.get("ci95") or {}).get("log_rmse")
            between = f" ({interval[0]:.4f} to {interval[1]:.4f})" if interval else ""
            lines.append(f"log_rmse {error:.4f}{between} on {told.get('sales')} sales ({name.replace('_', ' ')})")
    return lines


def _progress(line: str) -> None:
    click.secho(line, dim=True, err=True)


def _interrupted(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave like on Ctrl-C, so that the folder with the login is removed."""
    raise KeyboardInterrupt
