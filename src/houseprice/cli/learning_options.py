"""Options and behaviour that the commands of the training side share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from houseprice.atomic_io import check_files
from houseprice.cli.console import draw
from houseprice.config import Config
from houseprice.learning.gates import CHAMPION_GATE
from houseprice.learning.model_store import MODEL
from houseprice.learning.report import NAME as REPORT
from houseprice.learning.verdict import Verdict, failed_error

HELD_OUT_TOLERANCE = 0.02
RETRAINING = "retraining.md"
"""File in the folder of reports: what a retraining found, for the pull request that proposes its sales."""
FILE = click.Path(path_type=Path)
RAW_HELP = "The raw sales: a CSV, Excel or Parquet file, also within gzip or ZIP; a folder or a glob of them."
config_option = click.option(
    "--config", "config_path", type=FILE, default="configs/model_config.yaml", envvar="HOUSEPRICE_CONFIG",
    help="Configuration file.",
)  # fmt: skip
accept_option = click.option(
    "--accept-uncomparable-champion", is_flag=True, envvar="HOUSEPRICE_ACCEPT_UNCOMPARABLE_CHAMPION", show_envvar=True,
    help="Let the model pass and become champion although it cannot be compared with the present one.",
)  # fmt: skip
sheet_option = click.option("--sheet", show_default="as configured, else the first", help="Sheet of an Excel workbook.")
additional_option = click.option(
    "--additional", type=FILE, show_default="as configured, if it is there",
    help="Sales that came in later, as `houseprice actuals export` writes them.",
)  # fmt: skip
must_beat_option = click.option(
    "--must-beat-champion", is_flag=True, envvar="HOUSEPRICE_MUST_BEAT_CHAMPION", show_envvar=True,
    help="Retraining: keep the champion, which is no failure, unless this model is better.",
)  # fmt: skip
uri_option = click.option(
    "--mlflow-tracking-uri", "uri", envvar=["HOUSEPRICE_MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_URI"],
    show_default="an SQLite file beside the models folder", help="Where MLflow stores the run.",
)  # fmt: skip


def with_sheet(config: Config, sheet: str | None) -> Config:
    """Return the configuration with another sheet to read, if one is given."""
    if sheet is None:
        return config
    data = config.data.model_copy(update={"file": config.data.file.model_copy(update={"sheet": sheet})})
    return config.model_copy(update={"data": data})


def configured_additional(config: Config) -> Path | None:
    """Return the file of additional sales that a configuration names, or None when it is not there."""
    path = config.paths.additional
    return path if path and path.is_file() else None


def check_outputs(models: Path, reports: Path) -> None:
    """Check that the files of a training can be written, before it takes a minute."""
    check_files(models / "trained" / MODEL, *(reports / name for name in ("metrics.json", "verdict.json", REPORT)))


def warn_of_held_out(held_out: float, config: Config) -> None:
    """Warn when the dates are too coarse for the configured share of the sales to be held out."""
    share = config.split.holdout_share
    if abs(held_out - share) > HELD_OUT_TOLERANCE:
        click.echo(
            f"houseprice: {held_out:.1%} of the sales are held out instead of {share:.1%} (split.holdout_share), "
            "because all sales of one date stay together; no other date comes nearer.",
            err=True,
        )


def show(result: Any, as_json: bool, drawn: Callable[[], Any]) -> None:
    """Print a result as JSON, or as it is drawn for people."""
    if as_json:
        click.echo(json.dumps(result, indent=1))
    elif isinstance(shown := drawn(), str):
        click.echo(shown)
    else:
        draw(shown)


def stop_when_failed(verdict: Verdict, *, but_for_champion: bool = False) -> None:
    """Check that every gate passed, except that of the champion where it may stay.

    Raises:
        GateError: One did not.
    """
    if but_for_champion:
        verdict = Verdict(tuple(gate for gate in verdict.gates if gate.name != CHAMPION_GATE))
    if not verdict.passed:
        raise failed_error(verdict)
