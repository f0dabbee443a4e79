"""Commands on images: build one, test it, and check the checkout before the first run."""

import json
import os
import re
from dataclasses import asdict
from pathlib import Path

import click

from houseprice.cli.options import interrupt_on_sigterm, progress
from houseprice.release import image as images
from houseprice.release.docker_cli import DockerCli
from houseprice.release.doctor import diagnose, healthy
from houseprice.release.expected_predictions import ExpectedPredictions
from houseprice.release.image_test import ImageTest, ImageTester, describe, require_passed, show_logs
from houseprice.release.layout import assemble as layouts
from houseprice.release.performance_checks import Limits

COLOURS = {"found": "green", "missing": "red", "unknown": "yellow"}


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
        Path(), bundle, models_dir / "trained", DockerCli(), layout, environ=os.environ, say=progress,
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
        Path(), bundle, models_dir / "trained", DockerCli(), environ=os.environ, say=progress,
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
@click.option("--layout", type=click.Path(path_type=Path), help="Test this OCI layout by its digest.")
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    callback=_platforms,
    metavar="OS/ARCH",
    help="Of the layout; may be given again. [default: all]",
)
@click.option("--bundle", type=click.Path(path_type=Path), default=Path("models/bundle"), help="The sealed bundle.")
@click.option("--deadline", type=click.FloatRange(min=1), default=60.0, help="Seconds until /health must answer.")
@click.option("--latency-ms", type=click.FloatRange(min=0), default=50.0, help="99th percentile of /predict.")
@click.option("--start-seconds", type=click.FloatRange(min=0), default=10.0, help="From `docker run` to the first 200.")
@click.option("--size-mb", type=click.FloatRange(min=0), default=150.0, help="Compressed, with the base image.")
@click.option("--audit", type=click.Path(path_type=Path), help="Report of `scripts/audit` on the locked libraries.")
@click.option(
    "--strict-audit",
    is_flag=True,
    envvar="HOUSEPRICE_STRICT_AUDIT",
    help="Fail when nothing can be known about vulnerabilities.",
)
@click.option("--json", "json_output", is_flag=True, help="Print the results as JSON.")
def test(
    *,
    name: str | None,
    layout: Path | None,
    platforms: tuple[str, ...],
    bundle: Path,
    deadline: float,
    latency_ms: float,
    start_seconds: float,
    size_mb: float,
    audit: Path | None,
    strict_audit: bool,
    json_output: bool,
) -> None:
    """Run IMAGE as in production, require the sealed bundle's predictions of it, and remove it.

    Exits with 0 only when every check passed. The container's logs go to stderr. Time limits are those of a machine
    that is not busy; a slower one gets proportionally more time. With --layout, the digest that will be published is
    pulled and tested on every platform, and a report is written into the folder (image-test.json).

    Example: houseprice image test house-price-model:local

    Example: houseprice image test --layout models/image --audit models/audit.json
    """
    interrupt_on_sigterm()
    if (name is None) == (layout is None):
        raise click.UsageError("Give either the IMAGE or --layout FOLDER.")
    if platforms and layout is None:
        raise click.UsageError("--platform needs --layout FOLDER.")
    limits = Limits(
        deadline_seconds=deadline, latency_seconds=latency_ms / 1000, start_seconds=start_seconds,
        size_bytes=int(size_mb * 1e6), audit=audit, strict_audit=strict_audit,
    )  # fmt: skip
    tester = ImageTester(DockerCli(), ExpectedPredictions.read(bundle), limits, progress, show_logs)
    tests: tuple[ImageTest, ...]
    if layout:
        result = tester.test_layout(layout, platforms)
        tests, document = result.platforms, {"passed": result.passed, **asdict(result)}
    else:
        single = tester.test_image(str(name))
        tests, document = (single,), {"passed": single.passed, **asdict(single)}
    click.echo(json.dumps(document, indent=1) if json_output else "\n".join(describe(*tests)))
    require_passed(*tests)


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), default=Path("configs/model_config.yaml"), help="The configuration."
)
@click.option("--json", "json_output", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def doctor(ctx: click.Context, config: Path, json_output: bool) -> None:
    """Check whether everything is in place before the first run.

    Each line says found, missing or unknown, and what to do. Exits with 1 when something required is missing.

    Example: houseprice doctor --config configs/model_config.yaml
    """
    findings = diagnose(Path.cwd(), config, os.environ, DockerCli())
    if json_output:
        content = {"healthy": healthy(findings), "findings": [asdict(finding) for finding in findings]}
        click.echo(json.dumps(content, indent=1))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            state = click.style(f"{finding.state:<8}", fg=COLOURS[finding.state])
            optional = "" if finding.required or finding.state == "found" else " (not required)"
            click.echo(f"{state} {finding.name:<{width}}  {finding.found}{optional}")
            if finding.hint:
                click.echo(f"{'':<{width + 9}}  → {finding.hint}")
    ctx.exit(0 if healthy(findings) else 1)
