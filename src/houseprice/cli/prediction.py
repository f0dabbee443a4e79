"""`houseprice predict`: prices the houses of files."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import click

from houseprice import batch_prediction
from houseprice.bundle.load import read_manifest
from houseprice.bundle.verdict import failed_gates
from houseprice.cli.common_options import bundle_option
from houseprice.cli.prediction_progress import PredictionProgress
from houseprice.cli.ray_options import engine_options
from houseprice.errors import DataError


@click.command()
@bundle_option("The bundle.")
@click.option(
    "--input",
    "source",
    type=click.Path(path_type=Path),
    required=True,
    help="CSV, Excel or Parquet with a request's columns, also within gzip or ZIP; a folder or a quoted glob of them.",
)
@click.option("--sheet", show_default="the first", help="Sheet of an Excel workbook.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="CSV or Parquet to write; may be the input. A folder for several inputs.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    show_default="the cores that may be used",
    help="Processes that price a large file; with 1, only this one. With Ray, by default the cores of the cluster.",
)
@engine_options("the processes")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def predict(
    bundle: Path,
    source: Path,
    sheet: str | None,
    output: Path,
    workers: int | None,
    engine: str,
    address: str | None,
    as_json: bool,
) -> None:
    """Price the houses of a file, or of each file of a folder or glob.

    Writes its rows in their order with the columns predicted_price, interval_low, interval_high, fsd, confidence and
    warnings added; all other columns are kept. The output is Parquet where it ends with .parquet or .pq, and CSV where
    it ends with .csv, .tsv or .txt (also with .gz behind), or has no suffix; columns are separated as in the input. All
    that is no CSV in UTF-8, packed by gzip or not, needs polars. Nothing is written when a house cannot be priced.

    What is priced of a large file is kept in a folder beside the output, OUTPUT.parts, until the output is whole: when
    the command is interrupted or killed, the same command goes on from there.

    Of several inputs, the output is a folder with a file of the same name for each. One that cannot be priced is told,
    the others are priced all the same, and the exit code is 4.

    With --engine ray, the blocks of a large file are priced on a Ray cluster, to the same output. Needs
    houseprice[ray], here and on each node.

    Example: houseprice predict --input data/processed/cleaned_house_data.csv --output priced.csv
    """
    progress, on_ray = PredictionProgress(), engine == "ray"
    with progress, batch_prediction.ray_pool(address, workers, progress.say) if on_ray else nullcontext() as pool:
        files = batch_prediction.input_files(source)
        price: Callable[..., batch_prediction.Summary] = (
            batch_prediction.predict if files is None else batch_prediction.predict_files
        )
        told = progress.show, progress.say
        summary = price(bundle, files or source, output, *told, sheet=sheet, workers=workers, pool=pool)
    if failed := failed_gates(read_manifest(bundle).verdict):
        click.echo(f"houseprice: warning: the model failed its gates ({', '.join(failed)})", err=True)
    if as_json:
        click.echo(json.dumps(asdict(summary), default=str))
    else:
        click.echo(f"{summary.rows} houses priced, {summary.warned} of them with warnings: {summary.output}")
    if isinstance(summary, batch_prediction.FolderSummary) and summary.failed:
        raise DataError(
            f"{len(summary.failed)} of {summary.files + len(summary.failed)} files could not be priced; the others are "
            "done, and are not priced again by the same command.",
            code="inputs_failed",
        )
