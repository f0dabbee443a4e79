"""CSV of houses in, the same CSV with prices out: by the rules of the API, in blocks, so that any size fits.

The output is written beside its place and moved there when it is whole: a refusal leaves nothing behind.
"""

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from houseprice.bundle.load import open_bundle
from houseprice.errors import DataError
from houseprice.serving.prediction import Prediction
from houseprice.serving.scorer import Scorer
from houseprice.serving.table import ADDED, BYTE_ORDER_MARK, Table

BLOCK = 5_000


@dataclass(frozen=True)
class Scored:
    """What was done.

    Attributes:
        rows: how many houses were priced.
        warned: how many of them with a warning.
        output: where the prices are.
    """

    rows: int
    warned: int
    output: Path


def predict(directory: Path, source: Path, output: Path, progress: Callable[[int], None] = lambda _: None) -> Scored:
    """Write the rows of a CSV again, in their order, with the answers of the model added.

    Args:
        directory: the sealed folder.
        source: CSV with a header; columns that no request has are passed through.
        output: may be the source itself.
        progress: is told after each block how many rows are done.

    Raises:
        ArtifactError: the sealed folder cannot be trusted.
        DataError: the table cannot be read, lacks a column, or holds a house that cannot be priced.
    """
    bundle = open_bundle(directory)
    scorer = Scorer(bundle)
    rows = warned = 0
    with _opened(source) as stream:
        table = Table(source, stream, bundle)
        with _landing(output) as sink:
            sink.write(BYTE_ORDER_MARK if table.marked else "")
            writer = csv.writer(sink, delimiter=table.separator, lineterminator="\n")
            writer.writerow([*table.header, *ADDED])
            for block, houses in table.blocks(BLOCK, scorer.request):
                answers = scorer.score(houses)
                writer.writerows([*cells, *added(answer)] for cells, answer in zip(block, answers, strict=True))
                rows += len(block)
                warned += sum(bool(answer.warnings) for answer in answers)
                progress(rows)
    return Scored(rows, warned, output)


def added(answer: Prediction) -> tuple[str, ...]:
    """Give back the fields that stand behind a row."""
    numbers = (answer.predicted_price, *answer.prediction_interval)
    return (*(f"{number:.2f}" for number in numbers), "; ".join(caution.message for caution in answer.warnings))


def _opened(source: Path) -> TextIO:
    try:
        return source.open(encoding="utf-8", newline="")
    except OSError as err:
        raise DataError(
            f'"{source}" cannot be read ({err.strerror}); expected a CSV with a header row; check the path.'
        ) from err


@contextmanager
def _landing(output: Path) -> Iterator[TextIO]:
    """Give a file that takes the place of `output` when the block ends well, and is gone when it does not."""
    place = output.resolve()
    if place.exists() and not place.is_file():
        raise DataError(f'"{output}" is no file that can be replaced; expected the path of a CSV; name another.')
    part = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with part.open("x", encoding="utf-8", newline="") as sink:
            yield sink
        part.replace(place)
    except OSError as err:
        raise DataError(
            f'"{output}" cannot be written ({err.strerror}); expected a folder with room and the right to write; free '
            "some space or name another place."
        ) from err
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
