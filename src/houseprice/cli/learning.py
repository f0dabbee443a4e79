"""Commands of the steps of training: process, features, train, tune, gate, bundle."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from houseprice import pipeline
from houseprice.atomic_io import check_files, write_atomically
from houseprice.bundle.load import read_manifest
from houseprice.bundle.verdict import failed_gates
from houseprice.cli import formatting
from houseprice.cli.common_options import json_option
from houseprice.cli.console import progress_bar, waiting
from houseprice.cli.learning_options import (
    FILE,
    RAW_HELP,
    RETRAINING,
    accept_option,
    additional_option,
    check_outputs,
    config_option,
    configured_additional,
    must_beat_option,
    sheet_option,
    show,
    stop_when_failed,
    uri_option,
    warn_of_held_out,
    with_sheet,
)
from houseprice.cli.ray_options import FITS, engine_options, fits_on
from houseprice.config import Config, load
from houseprice.errors import GateError
from houseprice.folder_lock import lock_folders


@click.command(epilog="Example: houseprice process --input data/raw/house_data.csv --output data/processed/cleaned.csv")
@click.option("--input", "source", type=FILE, required=True, help=RAW_HELP)
@sheet_option
@additional_option
@click.option("--output", type=FILE, required=True, help="The cleaned CSV; rejected rows are written beside it.")
@config_option
@json_option
def process(
    source: Path, sheet: str | None, additional: Path | None, output: Path, config_path: Path, as_json: bool
) -> None:
    """Clean raw sales: accepted rows, rejected rows with reasons, and a report."""
    config = with_sheet(load(config_path), sheet)
    check_files(output)
    with lock_folders(output.parent):
        cleaned = pipeline.process(config, source, output, additional or configured_additional(config))
    show(cleaned.report, as_json, lambda: formatting.processed(cleaned.report, output))


@click.command(
    epilog="Example: houseprice features --input CLEAN --output FEATURED --preprocessor models/trained/preprocessor.pkl"
)
@click.option("--input", "source", type=FILE, required=True, help="The processed CSV.")
@click.option("--output", type=FILE, required=True, help="The feature table to write.")
@click.option(
    "--preprocessor", type=FILE, default="models/trained/preprocessor.pkl", help="The fitted preprocessor to write."
)
@config_option
@json_option
def features(source: Path, output: Path, preprocessor: Path, config_path: Path, as_json: bool) -> None:
    """Compute the features, and fit the preprocessor on the training rows."""
    config = load(config_path)
    check_files(output, preprocessor)
    with lock_folders(output.parent, preprocessor.parent):
        counts = pipeline.make_features(config, source, output, preprocessor)
    result = {**counts._asdict(), "output": str(output), "preprocessor": str(preprocessor)}
    shown = f"{counts.rows:,} rows × {counts.columns} columns: {output}; preprocessor: {preprocessor}"
    show(result, as_json, lambda: shown)
    warn_of_held_out(counts.held_out, config)


@click.command(epilog="Example: houseprice train --data data/processed/featured_house_data.csv --models-dir models")
@config_option
@click.option("--data", type=FILE, default="data/processed/featured_house_data.csv", help="The feature table.")
@click.option("--models-dir", type=FILE, default="models", envvar="HOUSEPRICE_MODELS_DIR", help="Folder of the models.")
@click.option(
    "--reports-dir",
    type=FILE,
    show_default="reports beside the models folder",
    help="Folder of metrics, verdict and report.",
)
@uri_option
@accept_option
@must_beat_option
@engine_options(FITS)
@json_option
def train(
    *,
    config_path: Path,
    data: Path,
    models_dir: Path,
    reports_dir: Path | None,
    uri: str | None,
    accept_uncomparable_champion: bool,
    must_beat_champion: bool,
    engine: str,
    address: str | None,
    as_json: bool,
) -> None:
    """Train, evaluate, export and track; exits with code 6 when a gate fails.

    A model that fails a gate goes to the folder rejected/ of the models; the last one that passed stays. With
    --must-beat-champion so does one that is not better than the champion, and the exit code is 0.
    """
    config, reports = load(config_path), reports_dir or models_dir.parent / "reports"
    check_outputs(models_dir, reports)
    folders = models_dir / "trained", reports
    with lock_folders(*folders), fits_on(engine, address), progress_bar("Training") as progress:
        trained = pipeline.train(
            config, data, models_dir, reports, uri, progress,
            accept_uncomparable_champion=accept_uncomparable_champion, must_beat_champion=must_beat_champion,
        )  # fmt: skip
    result: dict[str, Any] = {"metrics": trained.metrics, "verdict": trained.verdict.as_dict()}
    result["run_id"] = trained.tracked.run_id
    if must_beat_champion:
        result |= {"replaced": trained.promoted, "comparisons": [asdict(one) for one in trained.comparisons]}
    show(result, as_json, lambda: formatting.trained(trained, config))
    summary = formatting.summary(trained, config, must_beat_champion=must_beat_champion)
    formatting.append_to_summary(summary)
    if must_beat_champion:
        write_atomically({reports / RETRAINING: summary.encode()})
    stop_when_failed(trained.verdict, but_for_champion=must_beat_champion)


@click.command(epilog="Example: houseprice tune --minutes 20 --trials 100")
@config_option
@click.option("--data", type=FILE, default="data/processed/featured_house_data.csv", help="The feature table.")
@click.option("--trials", type=click.IntRange(min=1), default=50, help="Maximum number of further trials.")
@click.option("--minutes", type=click.FloatRange(min=0), default=30.0, help="Start no trial after this many minutes.")
@click.option(
    "--store", type=FILE, default="reports/tune.db", help="SQLite file in which the search is stored and resumed."
)
@uri_option
@engine_options(FITS)
@json_option
def tune(
    *,
    config_path: Path,
    data: Path,
    trials: int,
    minutes: float,
    store: Path,
    uri: str | None,
    engine: str,
    address: str | None,
    as_json: bool,
) -> None:
    """Search for better values of `training` on the training rows; print the part of the configuration to change."""
    from houseprice.learning import feature_table, sales_sample, tracking, tuning

    config = load(config_path)
    features, config = sales_sample.sample(feature_table.read(data, config.schema_), config)
    where = tracking.resolve(uri, config.tracking, store.resolve().parent.parent)
    search = tuning.Search(store, where)
    with (
        lock_folders(store.parent, name=f".{store.name}.lock"),
        fits_on(engine, address) as at_once,
        progress_bar("Tuning") as progress,
    ):
        tuned = tuning.tune(features, config, search, tuning.Budget(trials, minutes, at_once), progress)
    result = {"training": tuned.training, "configured": tuned.configured, "found": tuned.found, "trials": tuned.trials}
    show(result, as_json, lambda: tuned.yaml)


@click.command(epilog="Example: houseprice gate --models-dir models")
@config_option
@click.option("--models-dir", type=FILE, default="models", envvar="HOUSEPRICE_MODELS_DIR", help="Folder of the models.")
@click.option(
    "--self-test", is_flag=True, help="Run the mutation tests: introduce defects, each of which must fail its gate."
)
@json_option
def gate(config_path: Path, models_dir: Path, self_test: bool, as_json: bool) -> None:
    """Check the trained model by the gates of the configuration; exits with code 6 when one fails."""
    if self_test:
        _self_test(load(config_path), as_json)
        return
    verdict = pipeline.reevaluate_gates(load(config_path), models_dir)
    show(verdict.as_dict(), as_json, lambda: formatting.verdict(verdict))
    stop_when_failed(verdict)


@click.command(epilog="Example: houseprice bundle --models-dir models")
@click.option("--models-dir", type=FILE, default="models", envvar="HOUSEPRICE_MODELS_DIR", help="Folder of the models.")
@click.option("--data", type=FILE, show_default="searched beside the models folder", help="The processed table.")
@click.option("--allow-red", is_flag=True, help="Export although the model fails its gates; not for publishing.")
@config_option
@json_option
def bundle(models_dir: Path, data: Path | None, allow_red: bool, config_path: Path, as_json: bool) -> None:
    """Export preprocessor and model as one bundle, with parity checked on every row of the data.

    Exits with code 6, and writes nothing, when the model fails a gate.
    """
    config = load(config_path)
    with lock_folders(models_dir / "trained"), waiting("Exporting"):
        folder = pipeline.make_bundle(config, models_dir, data, allow_failed=allow_red)
    if failed := failed_gates(read_manifest(folder).verdict):
        click.secho(f"houseprice: warning: the model failed its gates ({', '.join(failed)})", fg="yellow", err=True)
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    show({"bundle": str(folder), "bytes": sizes}, as_json, lambda: f"Exported {sum(sizes.values()):,} bytes: {folder}")


def _self_test(config: Config, as_json: bool) -> None:
    with waiting("Running mutation tests"):
        unmutated, *results = pipeline.self_test(config, config.paths.raw)
    judged = [result for result in results if not result.inapplicable]
    caught = sum(result.caught for result in judged)
    result = {
        "caught": caught,
        "mutations": len(judged),
        "inapplicable": {one.mutation: one.inapplicable for one in results if one.inapplicable},
        "failed_without_mutation": unmutated.failed,
        "results": [
            {"mutation": one.mutation, "gate": one.gate, "failed": one.failed, "caught": one.caught} for one in judged
        ],
    }
    show(result, as_json, lambda: formatting.self_test(unmutated, results))
    if unmutated.failed:
        raise GateError(
            f"{', '.join(unmutated.failed)} failed without a mutation; correct the gates.",
            code="gate_failed_without_mutation",
            gates=unmutated.failed,
        )
    if caught < len(judged):
        missed = [one.mutation for one in judged if not one.caught]
        raise GateError(
            f"The gates caught {caught} of {len(judged)} mutations, but not: {'; '.join(missed)}. Correct the gates.",
            code="mutation_not_caught",
            mutations=missed,
        )
