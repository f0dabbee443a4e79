"""The dock's commands: build an image, put it to the test, and see whether everything is in place."""

import json
import os
import signal
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from houseprice.bundle.load import open_bundle
from houseprice.release import doctor as doctors
from houseprice.release import image as images
from houseprice.release import trial as trials
from houseprice.release.engine import Engine

COLOURS = {"found": "green", "missing": "red", "cannot tell": "yellow"}


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
@click.option("--base", envvar="PYTHON_IMAGE", help="Base image instead of the Dockerfile's own.")
@click.option("--allow-red", is_flag=True, help="Build although the model failed its gates; not for publishing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def build(
    *,
    tags: tuple[str, ...],
    repository: str,
    bundle: Path,
    models_dir: Path,
    base: str | None,
    allow_red: bool,
    as_json: bool,
) -> None:
    """Build the image of the sealed model with the Dockerfile of this checkout.

    Refuses a model that failed its gates, a changed sealed folder, and pickles of another run.

    Example: houseprice image build --tag house-price-model:local
    """
    built = images.build(
        Path(),
        bundle,
        models_dir / "trained",
        Engine(),
        environ=os.environ,
        say=_progress,
        tags=tags,
        repository=repository,
        base=base,
        allow_red=allow_red,
    )
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
@click.argument("name", metavar="IMAGE")
@click.option("--bundle", type=click.Path(path_type=Path), default=Path("models/bundle"), help="The sealed folder.")
@click.option("--deadline", type=click.FloatRange(min=1), default=60.0, help="Seconds until /health must answer.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def test(name: str, bundle: Path, deadline: float, as_json: bool) -> None:
    """Start IMAGE as in production, demand the sealed model's own answers of it, and remove it.

    Ends with 0 only when every check was made and passed. The container's logs go to stderr.

    Example: houseprice image test house-price-model:local
    """
    signal.signal(signal.SIGTERM, _interrupted)
    trial = trials.examine(name, open_bundle(bundle), Engine(), deadline=deadline, say=_progress, show_logs=_show_logs)
    if as_json:
        click.echo(json.dumps({"passed": trial.passed, **asdict(trial)}, indent=1))
    else:
        width = max(len(finding.name) for finding in trial.findings)
        for finding in trial.findings:
            verdict = click.style("passed", fg="green") if finding.passed else click.style("FAILED", fg="red")
            expected = "" if finding.passed else f"; expected {finding.expected}"
            click.echo(f"{verdict}  {finding.name:<{width}}  {finding.found}{expected}")
        failed = sum(not finding.passed for finding in trial.findings)
        click.echo(f"{len(trial.findings) - failed} of {len(trial.findings)} checks passed in {trial.seconds:.1f} s")
    trial.demand()


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


def _progress(line: str) -> None:
    click.secho(line, dim=True, err=True)


def _show_logs(logs: str) -> None:
    click.echo("--- logs of the container ---", err=True)
    click.echo(logs.rstrip() or "(none)", err=True)
    click.echo("-----------------------------", err=True)


def _interrupted(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave like on Ctrl-C, so that the container is removed."""
    raise KeyboardInterrupt
