"""The command for strangers: whether an image is what is said of it."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from houseprice.cli.options import account, progress, stoppable, trusted, trusting
from houseprice.errors import VerificationError
from houseprice.release.image_reference import Reference
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Registry
from houseprice.release.verification.verify import Verified, verify_layout
from houseprice.release.verification.verify import verify as verify_image


@click.command()
@click.argument("name", metavar="[IMAGE]", default="")
@trusting
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
    layout: Path | None,
    as_json: bool,
    **_whom: Any,
) -> None:
    """Check whether IMAGE is what is said of it: signature, attestations, sealed model, labels and tag.

    Everything that does not agree is listed, and the command ends with 12. Whom to trust you say yourself: by the key
    of who publishes, with which nobody but the registry is asked, or by the repository whose workflows sign.
    DOCKERHUB_USERNAME and DOCKERHUB_TOKEN log in where images are private.

    Example: houseprice verify somebody/house-price-model:1a2b3c4 --key cosign.pub
    """
    stoppable()
    if bool(name) == bool(layout):
        raise click.UsageError("Name either an IMAGE or a folder with --layout; see --help.")
    try:
        if layout:
            verified = verify_layout(Layout.open(layout))
        else:
            trust = trusted()
            reference = Reference.read(name)
            registry = Registry(reference.repository, account(), say=progress)
            verified = verify_image(reference, registry, trust, environ=os.environ)
    except VerificationError as err:
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
