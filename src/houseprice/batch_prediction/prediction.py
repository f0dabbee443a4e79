"""The run of a prediction: blocks are read, priced by workers, and written in their order."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from houseprice.atomic_io import check_format
from houseprice.batch_prediction.blocks import Block, Job
from houseprice.batch_prediction.file_run import FileRun, Paths, Say
from houseprice.batch_prediction.pricing import Pricer
from houseprice.batch_prediction.tables import PARQUET_SUFFIXES
from houseprice.batch_prediction.workers import Answer, Workers
from houseprice.errors import HousePriceError

GZIP_SUFFIXES = (".csv.gz", ".tsv.gz", ".txt.gz")
OUTPUT_FORMATS = {"CSV": (".csv", ".tsv", ".txt", ""), "Parquet": PARQUET_SUFFIXES}


@dataclass(frozen=True)
class Summary:
    """What was done.

    Attributes:
        rows: how many houses were priced.
        warned: how many of them with a warning.
        output: where the predictions are.
    """

    rows: int
    warned: int
    output: Path


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        rows: how many houses are priced.
        fraction: of the input that is finished; None where it is not known.
    """

    rows: int
    fraction: float | None


def predict(
    directory: Path,
    source: Path,
    output: Path,
    progress: Callable[[Progress], None] = lambda _: None,
    say: Say = lambda _: None,
    *,
    sheet: str | None = None,
    workers: int | None = None,
) -> Summary:
    """Write the rows of a file again, in their order, with the predictions added as columns.

    What is finished of a large file is kept when the run is interrupted or killed, and the same call continues it.

    Args:
        directory: the bundle.
        source: a CSV with a header, a Parquet file (`.parquet`, `.pq`), or another file that can be read as sales are;
            columns that no request has are kept.
        output: CSV, CSV within gzip or Parquet by its suffix, CSV without one; may be the source.
        progress: called after each block.
        say: called with a sentence when a run is continued, or what it needs for that is kept.
        sheet: of an Excel workbook; the first, if none is given.
        workers: how many processes price a large file, one for each core by default; with 1, this process does.

    Raises:
        ArtifactError: The bundle is missing or changed.
        DataError: The file cannot be read, lacks a column, or holds a house that cannot be priced; or the output has
            another suffix (code `output_format_unknown`). Nothing is written.
        HousePriceError: A worker process died (code `worker_ended`).
        MissingDependencyError: A file is no CSV in UTF-8, and polars is not installed.
    """
    paths = Paths(source, output, output_format(output))
    pricer = Pricer(directory)
    run = FileRun(paths, pricer, sheet, say)
    _price([run], Workers(pricer, workers or usable_cores()), progress)
    if run.error:
        raise run.error
    return Summary(run.state.rows, run.state.warned, output)


def output_format(output: Path) -> str:
    """Return the format in which an output is written, by its name.

    Raises:
        DataError: It is that of none (code `output_format_unknown`).
    """
    if output.name.lower().endswith(GZIP_SUFFIXES):
        return "gzip"
    return check_format(output, OUTPUT_FORMATS)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Item = tuple[FileRun, tuple[Job, Block] | HousePriceError | None]
"""A block of a file, why no more of them can be read, or None at their end."""


def _price(runs: list[FileRun], workers: Workers, progress: Callable[[Progress], None]) -> None:
    """Price the files; what is wrong with one is its `error`."""
    try:
        with workers:
            for (run, item), answer in workers.map(_items(runs), _task):
                if run.error:
                    continue
                try:
                    _take(run, item, answer)
                except HousePriceError as err:
                    run.fail(err)
                if item and not run.error and not run.has_errors:
                    progress(Progress(run.state.rows, run.fraction))
    except (KeyboardInterrupt, HousePriceError):
        for run in runs:
            run.keep()
        raise
    finally:
        for run in runs:
            run.discard()


def _items(runs: list[FileRun]) -> Iterator[Item]:
    for run in runs:
        try:
            for task in run.read():
                yield run, task
        except HousePriceError as err:
            yield run, err
        else:
            yield run, None


def _task(item: Item) -> tuple[Job, Block] | None:
    return item[1] if isinstance(item[1], tuple) else None


def _take(run: FileRun, item: tuple[Job, Block] | HousePriceError | None, answer: Answer | None) -> None:
    if isinstance(item, HousePriceError):
        raise item
    if isinstance(answer, Exception):
        raise answer
    if item and answer:
        run.take(item[1], answer)
    else:
        run.finish()
