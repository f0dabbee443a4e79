"""`houseprice verify`: whether an image is what it claims to be."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from houseprice.cli.options import account, interrupt_on_sigterm, policy, policy_options
from houseprice.errors import VerificationError
from houseprice.release.image_reference import Reference
from houseprice.release.verification.verify import Verified, as_json, verify_layout
from houseprice.release.verification.verify import verify as verify_image


@click.command()
@click.argument("name", metavar="[IMAGE]", default="")
@policy_options
@click.option("--layout", type=click.Path(path_type=Path), help="Verify this OCI layout before it is published.")
@click.option("--json", "json_output", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    *,
    name: str,
    layout: Path | None,
    json_output: bool,
    **_policy: Any,
) -> None:
    """Verify IMAGE: signature, attestations, sealed bundle, SBOM, labels and tag must agree.

    Every mismatch is listed, and the exit code is 12. You say whom to trust: the key of the publisher, for which
    nothing but the registry is asked, or the repository whose workflows sign. DOCKERHUB_USERNAME and DOCKERHUB_TOKEN
    log in to private repositories.

    Example: houseprice verify somebody/house-price-model:1a2b3c4 --key cosign.pub
    """
    interrupt_on_sigterm()
    if bool(name) == bool(layout):
        raise click.UsageError("Name either an IMAGE or a folder with --layout; see --help.")
    try:
        if layout:
            verified = verify_layout(layout)
        else:
            trusted = policy()
            verified = verify_image(Reference.read(name), trusted, account=account())
    except VerificationError as err:
        if not json_output:
            raise
        message = str(err).partition("\n")[0]
        failure = {"verified": False, "code": err.code, "message": message, "mismatches": list(err.mismatches)}
        click.echo(json.dumps(failure, indent=1))
        ctx.exit(err.exit_code)
    if json_output:
        click.echo(json.dumps({"verified": True, **as_json(verified)}, indent=1))
        return
    lines = list(_lines(verified))
    width = max(len(what) for what, _ in lines)
    for what, value in lines:
        click.echo(f"{what:<{width}}  {value}")


def _lines(verified: Verified) -> Iterator[tuple[str, str]]:
    manifest = json.loads(verified.manifest)
    hashes = manifest["hashes"]
    yield "image", verified.digest
    yield "signed by", ", ".join(verified.signers) or click.style("not signed yet", fg="yellow")
    yield "built by", verified.builder or "unknown"
    yield "commit", f"{verified.revision} of {verified.source}"
    yield "base", verified.base
    yield "created", verified.created
    yield "model", f"{manifest['model_version']}, trained at commit {hashes['commit']}"
    yield "data", hashes["processed"]
    yield "config", hashes["config"]
    yield "lock", hashes["lock"]
    for line in _errors(manifest["metrics"]):
        yield "error", line
    yield "gates", f"{len(manifest['verdict'])} passed: {', '.join(manifest['verdict'])}"
    yield from verified.platforms.items()


def _errors(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield the error on each kind of unseen sales, with its 95 % interval where it has one."""
    for name, measured in metrics.items():
        if isinstance(measured, dict) and isinstance(error := measured.get("log_rmse"), float):
            interval = (measured.get("ci95") or {}).get("log_rmse")
            between = f" ({interval[0]:.4f} to {interval[1]:.4f})" if interval else ""
            yield f"log_rmse {error:.4f}{between} on {measured.get('sales')} sales ({name.replace('_', ' ')})"
