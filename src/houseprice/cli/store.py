"""Commands about stored predictions: `store` looks after them, `actuals` adds the prices paid."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from houseprice.atomic_io import check_files, check_format, write_atomically
from houseprice.cli.common_options import bundle_option, json_option, store_option
from houseprice.errors import InvalidActualsError
from houseprice.labelled_sales import sales_table
from houseprice.store import Store, open_store

MAX_ERRORS_SHOWN = 50
_bundle = bundle_option("Bundle whose columns the houses have.")


@click.group()
def store() -> None:
    """Look after the stored predictions.

    Example: houseprice store status --store sqlite:///predictions.db
    """


@store.command()
@store_option
@json_option
def status(url: str, as_json: bool) -> None:
    """Show what is stored.

    Example: houseprice store status
    """
    with _opened(url) as opened:
        found = opened.status()
    if as_json:
        click.echo(json.dumps(asdict(found), default=datetime.isoformat))
        return
    click.echo(f"{found.database} {found.place}, schema {found.revision}, {found.bytes / 1e6:,.1f} MB")
    click.echo(f"{found.predictions:,} predictions{_span(found.first, found.last)}")
    click.echo(f"{found.labelled:,} prices paid, {found.corrections:,} corrected")


@store.command()
@click.argument("reference")
@store_option
@json_option
def delete(reference: str, url: str, as_json: bool) -> None:
    """Delete all predictions of a REFERENCE, with their prices paid.

    Daily sums stay, which name nobody. Backups are not changed.

    Example: houseprice store delete customer-4711
    """
    with _opened(url) as opened:
        _counted(opened.delete(reference), "deleted", as_json)


@store.command()
@click.option("--days", type=click.IntRange(1), help="Delete what is older than so many days.")
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help="Delete what is older than the begin of a UTC day.")
@store_option
@json_option
def prune(days: int | None, before: datetime | None, url: str, as_json: bool) -> None:
    """Delete old predictions, with their prices paid.

    Daily sums stay. A server does the same by itself when it is told for how many days predictions are kept.

    Example: houseprice store prune --days 730
    """
    if (days is None) == (before is None):
        raise click.UsageError("Give either --days or --before.")
    limit = before.replace(tzinfo=UTC) if before else datetime.now(UTC) - timedelta(days=days or 0)
    with _opened(url) as opened:
        _counted(opened.prune(limit), "deleted", as_json)


@store.command()
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Parquet or CSV to write, by its name.")
@click.option("--labelled", is_flag=True, help="Only predictions whose price paid is known.")
@store_option
@json_option
def export(output: Path, labelled: bool, url: str, as_json: bool) -> None:
    """Write predictions with their prices paid to a file.

    Example: houseprice store export --output predictions.parquet
    """
    with _opened(url) as opened:
        _counted(opened.export(output, labelled_only=labelled), f"exported to {output}", as_json)


@click.group()
def actuals() -> None:
    """Add the prices that were paid, and take sales out to learn from.

    Example: houseprice actuals load sales.csv --store sqlite:///predictions.db
    """


@actuals.command()
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--sheet", show_default="the first", help="Sheet of an Excel workbook.")
@_bundle
@click.option("--currency", show_default="that of the predictions", help="Currency of prices that name none.")
@click.option("--skip-known", is_flag=True, help="Pass over prices that are stored already.")
@click.option("--skip-unknown", is_flag=True, help="Pass over houses that nobody had asked for when they were sold.")
@store_option
@json_option
def load(
    source: Path,
    sheet: str | None,
    bundle: Path,
    currency: str | None,
    skip_known: bool,
    skip_unknown: bool,
    url: str,
    as_json: bool,
) -> None:
    """Add the prices paid of a FILE: CSV, Excel or Parquet, also within gzip or ZIP.

    Each row has a price and a sale_date, and names its prediction by request_id (with row, from 0, in a batch), by
    reference, or by the columns of the house; a file of sales as the model was trained on will do. A sale is judged by
    the last answer before the end of its day, in UTC. Another price or day for the same sale corrects it. Nothing is
    taken when a row is broken.

    Example: houseprice actuals load sales.csv --skip-known --skip-unknown
    """
    from houseprice.actuals_file import read_actuals  # with what runs models, which the other commands do without
    from houseprice.bundle import manifest
    from houseprice.bundle.load import open_bundle

    opened_bundle = open_bundle(bundle) if (bundle / manifest.NAME).exists() else None
    numbers: Sequence[int] = ()
    try:
        file = read_actuals(source, opened_bundle, sheet=sheet)
        numbers = file.numbers
        with _opened(url) as opened:
            result = opened.add_actuals(file.actuals, currency, skip_known=skip_known, skip_unknown=skip_unknown)
    except InvalidActualsError as err:
        _show_errors(err, err.details.get("numbers", numbers), as_json)
        raise
    if as_json:
        click.echo(json.dumps(asdict(result)))
    else:
        known = f", {result.duplicates} stored already" if result.duplicates else ""
        unknown = f", {result.unknown} not asked for" if result.unknown else ""
        click.echo(f"{result.added} prices paid added, {result.corrected} corrected{known}{unknown}")


@actuals.command("export")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The CSV to write.")
@_bundle
@store_option
@json_option
def export_sales(output: Path, bundle: Path, url: str, as_json: bool) -> None:
    """Write the sales whose price is known as `run`, `retrain` and `process` take them with --additional.

    The columns are those of the bundle's schema, in canonical form; the caller's reference is the identifier. Sales
    whose inputs are not kept, or that were in another currency, are left out.

    Example: houseprice actuals export --output new_sales.csv
    """
    from houseprice.bundle.load import read_manifest

    manifest = read_manifest(bundle)
    check_format(output, {"CSV": (".csv", "")})
    check_files(output)
    with _opened(url) as opened:
        table = sales_table(opened.labelled(), manifest.schema_, manifest.project["currency"])
    write_atomically({output: table.content})
    if as_json:
        click.echo(json.dumps({"sales": table.sales, "left_out": table.left_out}))
        return
    left_out = f", {table.left_out:,} left out" if table.left_out else ""
    click.echo(f"{table.sales:,} sales exported to {output}{left_out}")


def _show_errors(err: InvalidActualsError, numbers: Sequence[int], as_json: bool) -> None:
    """Print broken rows, by their number in the file."""
    rows = [(str(numbers[error.row]), error.code, error.message) for error in err.errors]
    if as_json:
        click.echo(json.dumps({"errors": [{"row": int(row), "code": code, "message": why} for row, code, why in rows]}))
        return
    shown = [("row", "code", "reason"), *rows[:MAX_ERRORS_SHOWN]]
    widest, longest = (max(len(row[column]) for row in shown) for column in (0, 1))
    for row, code, why in shown:
        click.echo(f"{row:>{widest}}  {code:<{longest}}  {why}", err=True)
    if len(rows) > MAX_ERRORS_SHOWN:
        click.echo(f"… and {len(rows) - MAX_ERRORS_SHOWN} more", err=True)


@contextmanager
def _opened(url: str) -> Iterator[Store]:
    opened = open_store(url)
    try:
        yield opened
    finally:
        opened.close()


def _counted(count: int, done: str, as_json: bool) -> None:
    click.echo(json.dumps({"predictions": count}) if as_json else f"{count:,} predictions {done}")


def _span(first: datetime | None, last: datetime | None) -> str:
    return f", {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC" if first and last else ""
