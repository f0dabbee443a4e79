"""The dock's commands: build an image, put it to the test, and see whether everything is in place."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import open_bundle
from houseprice.cli.options import progress, stoppable
from houseprice.release import doctor as doctors
from houseprice.release import image as images
from houseprice.release import image_test as trials
from houseprice.release.docker_cli import Engine
from houseprice.release.image_checks import Finding
from houseprice.release.layout import assemble as layouts
from houseprice.release.layout import proving as proofs
from houseprice.release.layout.assemble import LOCK
from houseprice.release.limits import Limits
from houseprice.release.performance_checks import UNSURE

SHOWN = 40
"""Lines of a container's logs that are shown, at its beginning and at its end."""
COLOURS = {"found": "green", "missing": "red", "cannot tell": "yellow"}


def _platforms(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for platform in given:
        if not re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?", platform):
            raise click.BadParameter(f'"{platform}" is no platform; expected OS/ARCH such as linux/amd64')
    return given


def _base(given: str) -> tuple[str, str]:
    """Give back the platform that a base is for, which may be all of them, and the base."""
    platform, sign, name = given.rpartition("=")
    if (sign and "/" not in platform) or not name:
        raise click.BadParameter(f'"{given}" is no base; expected IMAGE, or linux/arm64=IMAGE')
    return platform, name


@click.group()
def image() -> None:
    """Build the image of the sealed model, and put it to the test.

    Example: houseprice image build --tag house-price-model:local && houseprice image test house-price-model:local
    """


@image.command()
@click.option(
    "--tag", "tags", multiple=True, help="Name of the image; may be given again. [default: REPOSITORY:COMMIT7]"
)
@click.option("--repository", default=images.REPOSITORY, help="Name before the default tag.")
@click.option("--bundle", type=click.Path(path_type=Path), default=Path("models/bundle"), help="The sealed folder.")
@click.option(
    "--models-dir", type=click.Path(path_type=Path), default=Path("models"), help="Where trained/ holds the pickles."
)
@click.option(
    "--base",
    "bases",
    multiple=True,
    envvar="PYTHON_IMAGE",
    metavar="[PLATFORM=]IMAGE",
    help="Base image instead of the Dockerfile's own, for one platform or for all; may be given again.",
)
@click.option("--allow-red", is_flag=True, help="Build although the model failed its gates; not for publishing.")
@click.option(
    "--layout", type=click.Path(path_type=Path), help="Make an OCI image layout in this folder, for publishing."
)
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    callback=_platforms,
    metavar="OS/ARCH",
    help="Into the layout; may be given again. [default: the engine's own]",
)
@click.option("--no-cache", is_flag=True, help="Build every step of the layout again.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def build(
    *,
    tags: tuple[str, ...],
    repository: str,
    bundle: Path,
    models_dir: Path,
    bases: tuple[str, ...],
    allow_red: bool,
    layout: Path | None,
    platforms: tuple[str, ...],
    no_cache: bool,
    as_json: bool,
) -> None:
    """Build the image of the sealed model with the Dockerfile of this checkout.

    Refuses a model that failed its gates, a changed sealed folder, and pickles of another run. With --layout, the
    images of all platforms go into one folder with one digest, the same for the same commit and model; no tag is set.

    Example: houseprice image build --tag house-price-model:local

    Example: houseprice image build --layout models/image --platform linux/amd64 --platform linux/arm64
    """
    named = dict(map(_base, bases))
    if layout is None:
        if platforms or no_cache or set(named) - {""}:
            raise click.UsageError("--platform, --no-cache and a base for one platform need --layout FOLDER.")
        _build_one(tags, repository, bundle, models_dir, named.get(""), allow_red=allow_red, as_json=as_json)
        return
    if tags:
        raise click.UsageError("--tag names an image on the engine; a layout is named by its digest; give one of both.")
    made = layouts.assemble(
        Path(), bundle, models_dir / "trained", Engine(), layout, environ=os.environ, say=progress,
        platforms=platforms, bases=named, allow_red=allow_red, fresh=no_cache,
    )  # fmt: skip
    if as_json:
        click.echo(json.dumps(asdict(made), indent=1))
        return
    click.echo(f"layout    {made.layout}")
    click.echo(f"digest    {made.digest}")
    for part in made.parts:
        weight = f"{part.size_bytes / 1e6:.0f} MB compressed, {part.own_bytes / 1e6:.0f} MB without its base"
        click.echo(f"          {part.platform}  {part.digest}  {weight}")
    click.echo(f"revision  {made.revision}")
    click.echo(f"model     {made.model_version}")
    click.echo(f"built in  {made.seconds:.1f} s; next: houseprice image test --layout {made.layout}")


def _build_one(
    tags: tuple[str, ...],
    repository: str,
    bundle: Path,
    models_dir: Path,
    base: str | None,
    *,
    allow_red: bool,
    as_json: bool,
) -> None:
    built = images.build(
        Path(), bundle, models_dir / "trained", Engine(), environ=os.environ, say=progress,
        tags=tags, repository=repository, base=base, allow_red=allow_red,
    )  # fmt: skip
    if as_json:
        click.echo(json.dumps(asdict(built), indent=1))
        return
    click.echo(f"image     {', '.join(built.tags)}")
    click.echo(f"id        {built.image_id}")
    click.echo(f"size      {built.size_bytes / 1e6:.0f} MB")
    click.echo(f"revision  {built.revision}")
    click.echo(f"model     {built.model_version}")
    click.echo(f"built in  {built.seconds:.1f} s; next: houseprice image test {built.tags[0]}")


@image.command()
@click.argument("name", metavar="[IMAGE]", required=False)
@click.option("--layout", type=click.Path(path_type=Path), help="Test what this folder holds, by its digest.")
@click.option("--bundle", type=click.Path(path_type=Path), default=Path("models/bundle"), help="The sealed folder.")
@click.option("--deadline", type=click.FloatRange(min=1), default=60.0, help="Seconds until /health must answer.")
@click.option("--latency-ms", type=click.FloatRange(min=0), default=50.0, help="99 in 100 answers are as fast.")
@click.option("--start-seconds", type=click.FloatRange(min=0), default=10.0, help="From `docker run` to the first 200.")
@click.option("--size-mb", type=click.FloatRange(min=0), default=90.0, help="Compressed, without the base.")
@click.option("--audit", type=click.Path(path_type=Path), help="Report of `scripts/audit` on the locked libraries.")
@click.option(
    "--strict-audit",
    is_flag=True,
    envvar="HOUSEPRICE_STRICT_AUDIT",
    help="Fail also when nobody can tell whether a vulnerability is known.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def test(
    *,
    name: str | None,
    layout: Path | None,
    bundle: Path,
    deadline: float,
    latency_ms: float,
    start_seconds: float,
    size_mb: float,
    audit: Path | None,
    strict_audit: bool,
    as_json: bool,
) -> None:
    """Start IMAGE as in production, demand the sealed model's own answers of it, and remove it.

    Ends with 0 only when every check was made and passed. The container's logs go to stderr. With --layout, the very
    digest that will be published is pulled and tested, and `tested.json` in the folder says that it passed.

    Example: houseprice image test house-price-model:local

    Example: houseprice image test --layout models/image --audit models/audit.json
    """
    stoppable()
    if (name is None) == (layout is None):
        raise click.UsageError("Give either the IMAGE or --layout FOLDER.")
    limits = Limits(
        latency_seconds=latency_ms / 1000, start_seconds=start_seconds, own_bytes=int(size_mb * 1e6),
        audit=audit, lock=_lock(), strict=strict_audit,
    )  # fmt: skip
    sealed = open_bundle(bundle)
    if layout:
        proof = proofs.prove(
            layout, sealed, Engine(), deadline=deadline, limits=limits, say=progress, show_logs=_show_logs
        )
        if as_json:
            click.echo(json.dumps({"passed": proof.passed, **asdict(proof)}, indent=1))
        else:
            for one in proof.platforms:
                click.echo(f"{one.platform}: {one.how}")
                _show_findings(one.findings)
            click.echo(f"{proof.digest} {'passed' if proof.passed else 'FAILED'} in {proof.seconds:.1f} s")
        proof.demand()
        return
    trial = trials.examine(
        str(name), sealed, Engine(), deadline=deadline, limits=limits, say=progress, show_logs=_show_logs
    )
    if as_json:
        click.echo(json.dumps({"passed": trial.passed, **asdict(trial)}, indent=1))
    else:
        _show_findings(trial.findings)
        failed = sum(not finding.passed for finding in trial.findings)
        click.echo(f"{len(trial.findings) - failed} of {len(trial.findings)} checks passed in {trial.seconds:.1f} s")
    trial.demand()


def _show_findings(findings: Sequence[Finding]) -> None:
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        verdict = click.style("passed", fg="green") if finding.passed else click.style("FAILED", fg="red")
        expected = "" if finding.passed else f"; expected {finding.expected}"
        click.echo(f"{verdict}  {finding.name:<{width}}  {finding.found}{expected}")
    for finding in findings:
        if finding.passed and finding.found.startswith(UNSURE):
            click.secho(f"Warning: {finding.name}: {finding.found}", fg="yellow", err=True)


def _lock() -> str:
    """Give back which libraries this checkout locks, or nothing outside of one."""
    path = Path(LOCK)
    return manifests.sha256_of(path) if path.is_file() else ""


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), default=Path("configs/model_config.yaml"), help="The configuration."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def doctor(ctx: click.Context, config: Path, as_json: bool) -> None:
    """Look whether everything is in place before the first run.

    Each line says found, missing or cannot tell, and what to do. Ends with 1 when something required is missing.

    Example: houseprice doctor --config configs/model_config.yaml
    """
    findings = doctors.examine(Path.cwd(), config, os.environ, Engine())
    healthy = doctors.healthy(findings)
    if as_json:
        click.echo(json.dumps({"healthy": healthy, "findings": [asdict(finding) for finding in findings]}, indent=1))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            state = click.style(f"{finding.state:<11}", fg=COLOURS[finding.state])
            optional = "" if finding.required or finding.state == "found" else " (not required)"
            click.echo(f"{state}  {finding.name:<{width}}  {finding.looked_at}{optional}")
            if finding.what_to_do:
                click.echo(f"{'':<{width + 13}}  → {finding.what_to_do}")
    ctx.exit(0 if healthy else 1)


def _show_logs(logs: str) -> None:
    click.echo("--- logs of the container ---", err=True)
    whole = logs.rstrip().splitlines()
    lines = [line for line in whole if not _tells_of_success(line)]
    if answered := len(whole) - len(lines):
        lines.append(f"({answered} lines of requests that were answered are left out)")
    if len(lines) > 2 * SHOWN:
        left_out = f"({len(lines) - 2 * SHOWN} lines left out)"
        lines = [*lines[:SHOWN], left_out, *lines[-SHOWN:]]
    click.echo("\n".join(lines or ["(none)"]), err=True)
    click.echo("-----------------------------", err=True)


def _tells_of_success(line: str) -> bool:
    """Whether a line of the API's log tells of a request that was answered: hundreds do, and bury what went wrong."""
    try:
        told = json.loads(line)
        return bool(told["event"] == "request" and told["status"] < 400)
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
