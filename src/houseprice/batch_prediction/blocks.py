"""What a run and its workers say to each other: blocks of rows, and their predictions as bytes of the output."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from houseprice.errors import DataError
from houseprice.serving.csv_dialect import Dialect

MAX_ERRORS_SHOWN = 5
Say = Callable[[str], None]
"""Tells a sentence to whoever has started the run."""


@dataclass(frozen=True)
class Job:
    """What is the same for all blocks of a file.

    Attributes:
        source: names the file in messages.
        header: its columns.
        dialect: how the output is written, as far as it is a CSV.
        is_frame: whether the blocks are frames of polars, and not text.
        output_format: "CSV", "gzip" or "Parquet".
    """

    source: str
    header: Sequence[str]
    dialect: Dialect
    is_frame: bool
    output_format: str


@dataclass(frozen=True)
class Block:
    """Some rows of a file.

    Attributes:
        content: the text of whole rows, or a frame.
        start: the line of the first row, or its place among the rows, from 1.
        numbers: of the rows in the file, where the text was made from another form.
        fraction: of the file, up to the end of the block; None where it is not known.
        is_checked_only: whether its houses are only validated, since nothing will be written.
    """

    content: Any
    start: int
    numbers: Sequence[int] | None
    fraction: float | None
    is_checked_only: bool = False


@dataclass(frozen=True)
class PricedBlock:
    """The answer to a block.

    Attributes:
        rows: how many houses it holds.
        warned: how many of them were priced with a warning.
        content: the rows with their predictions, as bytes of the output.
        errors: reasons why some cannot be priced, the first ones.
        error_count: how many reasons there are.
    """

    rows: int
    warned: int
    content: bytes
    errors: tuple[str, ...] = ()
    error_count: int = 0


class HouseErrors:
    """Counts the houses of a file that cannot be priced, and keeps the first reasons."""

    def __init__(self, source: str) -> None:
        self.count = 0
        self._source = source
        self._shown: list[str] = []

    def add(self, block: PricedBlock) -> None:
        """Take those of a block."""
        self.count += block.error_count
        self._shown = [*self._shown, *block.errors][:MAX_ERRORS_SHOWN]

    def check(self) -> None:
        """Raise what is known.

        Raises:
            DataError: There are some (code `house_invalid`, details `count`).
        """
        if self.count:
            more = f"; and {self.count - len(self._shown)} more" if self.count > len(self._shown) else ""
            raise DataError(
                f'Some houses in "{self._source}" cannot be priced, so nothing was written: '
                f"{'; '.join(self._shown)}{more}.",
                code="house_invalid",
                count=self.count,
            )
