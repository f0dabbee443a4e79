"""The run of a prediction: blocks are read, priced by workers, and written in their order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from houseprice.batch_prediction.blocks import Block, Job, Say
from houseprice.batch_prediction.file_run import FileRun, Paths
from houseprice.batch_prediction.finished_files import FinishedFiles
from houseprice.batch_prediction.input_files import output_format, outputs_in
from houseprice.batch_prediction.pricing import Pricer
from houseprice.batch_prediction.workers import WORKER_ENDED, Answer, Pool, Workers, usable_cores
from houseprice.errors import DataError, HousePriceError, MissingDependencyError


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
class FailedFile:
    """A file that could not be priced, with the code and the sentence that say why."""

    source: Path
    code: str
    message: str


@dataclass(frozen=True)
class FolderSummary(Summary):
    """What was done of several files.

    Attributes:
        files: how many were priced.
        failed: the others.
    """

    files: int
    failed: tuple[FailedFile, ...]


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
    pool: Pool | None = None,
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
        pool: makes other workers than such processes, as `ray_pool` does; `workers` counts for nothing then.

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

    def fail(_run: FileRun, error: HousePriceError) -> None:
        raise error

    _price([run], _workers(pricer, workers, pool), progress, fail)
    return Summary(run.state.rows, run.state.warned, output)


def predict_files(
    directory: Path,
    sources: Sequence[Path],
    output: Path,
    progress: Callable[[Progress], None] = lambda _: None,
    say: Say = lambda _: None,
    *,
    sheet: str | None = None,
    workers: int | None = None,
    pool: Pool | None = None,
) -> FolderSummary:
    """Price several files, each by itself, into files of the same names in a folder.

    A file that cannot be priced is told, and the others are priced all the same. When the run is interrupted, or a file
    could not be priced, the same call does not price again what is finished.

    Args:
        directory: the bundle.
        sources: the files, each as in `predict`.
        output: the folder; it is made where it is missing.
        progress: called after each block.
        say: called with a sentence about each file that cannot be priced, and when a run is continued.
        sheet: of Excel workbooks; the first, if none is given.
        workers: as in `predict`.
        pool: as in `predict`.

    Raises:
        ArtifactError: The bundle is missing or changed.
        DataError: The output cannot be written, is named as a file (code `not_a_directory`), or would replace an input
            (`path_repeated`).
        HousePriceError: A worker process died (code `worker_ended`).
    """
    paths = outputs_in(output, sources)
    pricer = Pricer(directory)
    finished = FinishedFiles(output)
    runs = [FileRun(both, pricer, sheet, say, finished) for both in paths]
    failed: list[FailedFile] = []

    def fail(run: FileRun, error: HousePriceError) -> None:
        if error.code == "path_unwritable" or not isinstance(error, DataError | MissingDependencyError):
            raise error  # the next file would fail alike
        failed.append(FailedFile(run.paths.source, error.code, str(error)))
        say(f"{error} [{error.code}]")

    try:
        _price(runs, _workers(pricer, workers, pool), progress, fail)
    except (KeyboardInterrupt, HousePriceError):
        finished.keep()
        raise
    if failed:
        finished.keep()
    else:
        finished.remove()
    rows, warned = (sum(getattr(run.state, name) for run in runs if run.is_finished) for name in ("rows", "warned"))
    return FolderSummary(rows, warned, output, sum(run.is_finished for run in runs), tuple(failed))


def _workers(pricer: Pricer, count: int | None, pool: Pool | None) -> Workers:
    return pool(pricer) if pool else Workers(pricer, count or usable_cores())


Item = tuple[FileRun, tuple[Job, Block] | HousePriceError | None]
"""A block of a file, why no more of them can be read, or None at their end."""


def _price(
    runs: Sequence[FileRun],
    workers: Workers,
    progress: Callable[[Progress], None],
    fail: Callable[[FileRun, HousePriceError], None],
) -> None:
    """Price the files; `fail` is called with one that cannot be priced, and raises where the others cannot be, too."""
    sizes = [run.size for run in runs]
    try:
        with workers:
            for (run, item), answer in workers.map(_items(runs), _task):
                if run.error:
                    continue
                try:
                    _take(run, item, answer)
                except HousePriceError as err:
                    run.fail(err)
                    fail(run, err)
                if item and not run.error and not run.has_errors:
                    progress(_progress(runs, sizes))
    except KeyboardInterrupt:
        _keep(runs)
        raise
    except HousePriceError as err:
        if err.code == WORKER_ENDED:
            _keep(runs)
        raise
    finally:
        for run in runs:
            run.discard()


def _keep(runs: Iterable[FileRun]) -> None:
    for run in runs:
        run.keep()


def _progress(runs: Sequence[FileRun], sizes: Sequence[int]) -> Progress:
    fractions = [run.fraction for run in runs]
    done = [fraction * size for fraction, size in zip(fractions, sizes, strict=True) if fraction is not None]
    is_known = len(done) == len(runs) and sum(sizes) > 0
    return Progress(sum(run.state.rows for run in runs), sum(done) / sum(sizes) if is_known else None)


def _items(runs: Sequence[FileRun]) -> Iterator[Item]:
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
