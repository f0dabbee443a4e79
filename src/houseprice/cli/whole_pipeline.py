"""Commands that run the whole pipeline: run, retrain."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from houseprice import pipeline
from houseprice.atomic_io import check_files, write_atomically
from houseprice.bundle.load import read_manifest
from houseprice.cli import formatting
from houseprice.cli.common_options import json_option
from houseprice.cli.console import progress_bar, waiting
from houseprice.cli.learning_options import (
    FILE,
    RAW_HELP,
    accept_option,
    additional_option,
    check_outputs,
    config_option,
    configured_additional,
    sheet_option,
    show,
    stop_when_failed,
    uri_option,
    warn_of_held_out,
    with_sheet,
)
from houseprice.cli.ray_options import FITS, engine_options, fits_on
from houseprice.config import Config, load
from houseprice.folder_lock import lock_folders
from houseprice.labelled_sales import sales_table

raw_option = click.option("--raw", type=FILE, show_default="as configured", help=RAW_HELP)


@click.command(epilog="Example: houseprice run --config configs/model_config.yaml --raw my_sales.csv")
@config_option
@raw_option
@sheet_option
@additional_option
@uri_option
@accept_option
@engine_options(FITS)
@json_option
def run(
    *,
    config_path: Path,
    raw: Path | None,
    sheet: str | None,
    additional: Path | None,
    uri: str | None,
    accept_uncomparable_champion: bool,
    engine: str,
    address: str | None,
    as_json: bool,
) -> None:
    """Run the whole pipeline: process, features, train, bundle, verdict."""
    config = with_sheet(load(config_path), sheet)
    with _writing(config), fits_on(engine, address):
        report = _processed(config, raw, additional or configured_additional(config))
        trained = _trained(config, uri, accept_uncomparable_champion=accept_uncomparable_champion)
    result = {"processing": report, "metrics": trained.metrics, "verdict": trained.verdict.as_dict()}
    show(result, as_json, lambda: formatting.run(report, trained, config))
    stop_when_failed(trained.verdict)


@click.command(epilog="Example: houseprice retrain --additional new_sales.csv --live models/bundle")
@config_option
@click.option("--additional", type=FILE, help="Sales since then, as `houseprice actuals export` writes them.")
@click.option(
    "--store", envvar="HOUSEPRICE_STORE", show_envvar=True, help="Store to take these sales from, without --additional."
)
@click.option(
    "--live", type=FILE, show_default="the bundle of the models folder", help="Bundle of the model in production."
)
@raw_option
@sheet_option
@uri_option
@json_option
def retrain(
    *,
    config_path: Path,
    additional: Path | None,
    store: str | None,
    live: Path | None,
    raw: Path | None,
    sheet: str | None,
    uri: str | None,
    as_json: bool,
) -> None:
    """Train with the sales that came in, and replace the model in production only if the new one is better.

    Both are judged by folds of the same sales and by the newest sales, which neither has seen. A model that was not
    beaten stays, and that is a success, as it is when no sale is new; exits with code 6 when the new one fails another
    gate.
    """
    config = with_sheet(load(config_path), sheet)
    bundle = live or config.paths.models / "bundle"
    before = read_manifest(bundle).model_version
    if additional is None:
        additional = _sales_of(store, config)
    with _writing(config):
        report = _processed(config, raw, additional)
        if not (added := report["additional_sales"])["rows_kept"]:
            stays = {"processing": report, "live": before, "replaced": False}
            words = f"None of {added['rows_read']:,} sales is new. The model in production stays: {before}."
            show(stays, as_json, lambda: words)
            return
        trained = _trained(config, uri, live=bundle)
    result = {
        "processing": report,
        "metrics": trained.metrics,
        "verdict": trained.verdict.as_dict(),
        "live": before,
        "replaced": trained.promoted,
        "comparisons": [asdict(one) for one in trained.comparisons],
    }
    show(result, as_json, lambda: formatting.retrained(report, trained, config, before))
    stop_when_failed(trained.verdict, but_for_champion=True)


def _sales_of(store: str | None, config: Config) -> Path:
    """Write the sales that a store knows beside the processed ones; return their path."""
    from houseprice.store import open_store  # a training from a file needs no database

    if not store:
        raise click.UsageError(
            "Give the sales since then with --additional, or the store that knows them with --store."
        )
    opened = open_store(store)
    try:
        table = sales_table(opened.labelled(), config.schema_, config.project.currency)
    finally:
        opened.close()
    path = config.paths.cleaned.with_name("additional_sales.csv")
    write_atomically({path: table.content})
    return path


@contextmanager
def _writing(config: Config) -> Iterator[None]:
    """Hold the folders that the pipeline writes to, which are checked before it takes a minute."""
    paths = config.paths
    check_files(paths.cleaned, paths.featured)
    check_outputs(paths.models, paths.reports)
    with lock_folders(paths.cleaned.parent, paths.featured.parent, paths.models / "trained", paths.reports):
        yield


def _processed(config: Config, raw: Path | None, additional: Path | None) -> dict[str, Any]:
    """Process the raw sales; return the report."""
    with waiting("Processing"):
        return pipeline.process(config, raw or config.paths.raw, config.paths.cleaned, additional).report


def _trained(
    config: Config, uri: str | None, *, accept_uncomparable_champion: bool = False, live: Path | None = None
) -> pipeline.TrainingResult:
    """Make the features of the processed sales, and train."""
    paths = config.paths
    with waiting("Computing features"):
        preprocessor = paths.models / "trained" / "preprocessor.pkl"
        counts = pipeline.make_features(config, paths.cleaned, paths.featured, preprocessor)
    warn_of_held_out(counts.held_out, config)
    with progress_bar("Training") as progress:
        return pipeline.train(
            config, paths.featured, paths.models, paths.reports, uri, progress,
            accept_uncomparable_champion=accept_uncomparable_champion, must_beat_champion=live is not None, live=live,
        )  # fmt: skip
