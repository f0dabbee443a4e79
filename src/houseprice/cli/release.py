"""Commands on images: build one, test it, and check the checkout before the first run."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from houseprice.cli.options import interrupt_on_sigterm, progress
from houseprice.release.build import REPOSITORY, BuildInputs, build_image, build_layout
from houseprice.release.build_command import describe_image, describe_layout, parse_base, parse_platform
from houseprice.release.docker_cli import DockerCli
from houseprice.release.doctor import diagnose, healthy
from houseprice.release.expected_predictions import ExpectedPredictions
from houseprice.release.image_test import ImageTest, ImageTester, describe, require_passed, show_logs
from houseprice.release.performance_checks import Limits

if TYPE_CHECKING:
    from houseprice.config import Config

Parsed = TypeVar("Parsed")

COLOURS = {"found": "green", "missing": "red", "unknown": "yellow"}


def _platforms(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_parsed(parse_platform, text) for text in given)


def _bases(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    return dict(_parsed(parse_base, text) for text in given)


def _parsed(parse: Callable[[str], Parsed], text: str) -> Parsed:
    try:
        return parse(text)
    except ValueError as err:
        raise click.BadParameter(str(err)) from err


@click.group()
def image() -> None:
    """Build the image of the sealed model, and put it to the test.

    Example: houseprice image build --tag house-price-model:local && houseprice image test house-price-model:local
    """


@image.command()
@click.option(
    "--tag", "tags", multiple=True, help="Name of the image; may be given again. [default: REPOSITORY:COMMIT7]"
)
@click.option("--repository", default=REPOSITORY, help="Name before the default tag.")
@click.option("--bundle", type=click.Path(path_type=Path), default=Path("models/bundle"), help="Model bundle.")
@click.option(
    "--models-dir", type=click.Path(path_type=Path), default=Path("models"), help="Where trained/ holds the pickles."
)
@click.option(
    "--base",
    "bases",
    multiple=True,
    callback=_bases,
    envvar="PYTHON_IMAGE",
    metavar="[PLATFORM=]IMAGE",
    help="Base image instead of the locked one, for one platform or for all; may be given again.",
)
@click.option("--allow-red", is_flag=True, help="Build although the model failed its gates; not for publishing.")
@click.option("--layout", type=click.Path(path_type=Path), help="Write an OCI image layout to this folder instead.")
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    callback=_platforms,
    metavar="OS/ARCH",
    help="Platform of the layout; may be given again. [default: the engine's own]",
)
@click.option("--no-cache", is_flag=True, help="Run every step of the layout's build again.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def build(
    *,
    tags: tuple[str, ...],
    repository: str,
    bundle: Path,
    models_dir: Path,
    bases: dict[str, str],
    allow_red: bool,
    layout: Path | None,
    platforms: tuple[str, ...],
    no_cache: bool,
    as_json: bool,
) -> None:
    """Build the image of the model bundle with the Dockerfile of this checkout.

    Refuses a model that failed its gates, a changed bundle, and pickles of another run. With --layout, the images of
    all platforms go into one folder with one digest, the same for the same commit and model; no tag is set.

    Example: houseprice image build --tag house-price-model:local

    Example: houseprice image build --layout models/image --platform linux/amd64 --platform linux/arm64
    """
    inputs = BuildInputs(Path(), bundle, models_dir / "trained", os.environ, allow_red)
    if layout is None:
        if platforms or no_cache or set(bases) - {""}:
            raise click.UsageError("--platform, --no-cache and a base for one platform need --layout FOLDER.")
        one = build_image(inputs, DockerCli(), say=progress, tags=tags, repository=repository, base=bases.get("", ""))
        click.echo(json.dumps(asdict(one), indent=1) if as_json else describe_image(one))
        return
    if tags:
        raise click.UsageError("A layout is named by its digest and has no tags: give --tag or --layout, not both.")
    all_platforms = build_layout(
        inputs, DockerCli(), layout, say=progress, platforms=platforms, bases=bases, no_cache=no_cache
    )
    click.echo(json.dumps(asdict(all_platforms), indent=1) if as_json else describe_layout(all_platforms))


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
@click.option("--latency-ratio", type=click.FloatRange(min=0), default=5.0, help="Time of /predict ÷ that of /livez.")
@click.option("--start-seconds", type=click.FloatRange(min=0), default=10.0, help="From `docker run` to the first 200.")
@click.option("--size-mb", type=click.FloatRange(min=0), default=150.0, help="Compressed, with the base image.")
@click.option("--allow-red", is_flag=True, help="Test although the model failed its gates; not for publishing.")
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
    latency_ratio: float,
    start_seconds: float,
    size_mb: float,
    allow_red: bool,
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
        deadline_seconds=deadline, latency_ratio=latency_ratio, start_seconds=start_seconds,
        size_bytes=int(size_mb * 1e6), audit=audit, strict_audit=strict_audit,
    )  # fmt: skip
    expected = ExpectedPredictions.read(bundle, allow_failed=allow_red)
    tester = ImageTester(DockerCli(), expected, limits, progress, show_logs)
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
    """Check whether everything is in place before the first run, and whether the configured sales can be learned from.

    Each line says found, missing or unknown, and what to do. Exits with 1 when something required is missing.

    Example: houseprice doctor --config configs/model_config.yaml
    """

    def check(known: "Config", raw: Path) -> str:
        from houseprice.learning.accepted_sales import check_file  # its libraries may be what is missing

        return check_file(known, raw)

    findings = diagnose(Path.cwd(), config, os.environ, DockerCli(), check)
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
