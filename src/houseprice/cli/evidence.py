"""`houseprice evidence`: an evidence pack of a model, and its replay."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from houseprice.cli.common_options import json_option
from houseprice.cli.options import POLICY, account, interrupt_on_sigterm, policy, policy_options
from houseprice.cli.terminal import one_line
from houseprice.evidence.building import build_pack, read_attachments
from houseprice.evidence.pack import NAME, PAGE, open_pack, write_pack
from houseprice.evidence.replay import Check, failure, replay
from houseprice.evidence.subject import Subject, of_folder, of_image
from houseprice.release.image_reference import Reference
from houseprice.release.signing import sign_evidence
from houseprice.release.verification.policy import VerificationPolicy
from houseprice.release.verification.verify import verify, verify_layout

_MARKS = {True: ("ok", "green"), False: ("FAILED", "red"), None: ("-", "yellow")}


@click.command()
@click.argument("name", metavar="[IMAGE]", default="")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    default=Path("models/bundle"),
    envvar="HOUSEPRICE_BUNDLE",
    show_envvar=True,
    help="Bundle of the model, where no IMAGE is named.",
)
@click.option("--layout", type=click.Path(path_type=Path), help="OCI layout of the image, before it is published.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the pack to write.")
@click.option("--include", type=click.Path(path_type=Path), multiple=True, help="File to attach; may be repeated.")
@click.option("--replay", "pack", type=click.Path(path_type=Path), help="Folder of a pack to check.")
@click.option("--data", type=click.Path(path_type=Path), help="Cleaned table, to draw the sample of a replay again.")
@click.option("--allow-unsigned", is_flag=True, help="Replay a pack without a signature although a signer is named.")
@policy_options
@json_option
def evidence(
    *,
    name: str,
    bundle: Path,
    layout: Path | None,
    output: Path | None,
    include: tuple[Path, ...],
    pack: Path | None,
    data: Path | None,
    allow_unsigned: bool,
    as_json: bool,
    **_policy: Any,
) -> None:
    """Write an evidence pack of a model, or check one with --replay.

    A pack maps what was measured to the five quality control factors of 12 CFR 323.17 and to the European AVM
    Alliance's requirements, with the files that prove it and a random sample test. It is signed when COSIGN_PRIVATE_KEY
    is set, or in a workflow that may sign. A replay that fails ends with exit code 1.

    Example: houseprice evidence --bundle models/bundle --output pack
    """
    interrupt_on_sigterm()
    if bool(output) == bool(pack):
        raise click.UsageError("Give either --output FOLDER or --replay FOLDER; see --help.")
    if (output and (data or allow_unsigned)) or (pack and include):
        raise click.UsageError(
            "--include goes with --output; --data and --allow-unsigned go with --replay; see --help."
        )
    if name and layout:
        raise click.UsageError("Name either an IMAGE or a folder with --layout; see --help.")
    trusted = policy() if name or any(click.get_current_context().params[one] for one in POLICY) else None
    with _subject(name, bundle, layout, trusted) as subject:
        if output:
            _write(subject, output, include, as_json=as_json)
            return
        opened = open_pack(pack or Path())
        signer = None if allow_unsigned and not opened.is_signed else trusted
        _show(replay(opened, subject, data, signer), as_json=as_json)


@contextmanager
def _subject(name: str, bundle: Path, layout: Path | None, trusted: VerificationPolicy | None) -> Iterator[Subject]:
    if name and trusted:
        with of_image(verify(Reference.read(name), trusted, account=account())) as subject:
            yield subject
    elif layout:
        with of_image(verify_layout(layout)) as subject:
            yield subject
    else:
        yield of_folder(bundle)


def _write(subject: Subject, output: Path, include: tuple[Path, ...], *, as_json: bool) -> None:
    files = build_pack(subject, read_attachments(include))
    signed = write_pack(files, output, lambda folder: sign_evidence(folder, os.environ))
    document = json.loads(files[NAME])
    claims = [claim for part in ("factors", "label") for one in document[part] for claim in one["measures"]]
    facts = {
        "pack": str(output),
        "model_version": document["model"]["version"],
        "passed": document["model"]["passed"],
        "measured": sum(claim["measured"] for claim in claims),
        "not_measured": sum(not claim["measured"] for claim in claims),
        "sample": document["random_sample"]["size"],
        "bytes": sum(map(len, files.values())),
        "signed": signed,
    }
    if as_json:
        click.echo(json.dumps(facts, indent=1))
        return
    click.echo(f"{output / PAGE}: model {facts['model_version']}, {len(files)} files, {facts['bytes'] / 1e3:,.0f} kB")
    click.echo(f"{facts['measured']} measures, {facts['not_measured']} stated as not measured")
    click.echo(f"{facts['sample']} sales in the random sample")
    click.echo("signed" if signed else click.style("not signed: set COSIGN_PRIVATE_KEY to sign it", fg="yellow"))


def _show(checks: list[Check], *, as_json: bool) -> None:
    failed = failure(checks)
    if as_json:
        found = [{"name": one.name, "passed": one.passed, "detail": one.detail, "code": one.code} for one in checks]
        click.echo(json.dumps({"replayed": failed is None, "checks": found}, indent=1))
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            mark, colour = _MARKS[check.passed]
            click.echo(f"{click.style(f'{mark:<6}', fg=colour)} {check.name:<{width}}  {one_line(check.detail)}")
    if failed:
        raise failed
