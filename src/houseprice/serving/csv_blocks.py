"""Division of a CSV into blocks of whole rows, without the cost of parsing where no field has quotes."""

import csv
from collections.abc import Iterator
from itertools import islice

from houseprice.errors import HousePriceError

MAX_ROW_CHARACTERS = 2**18


class TextBlock:
    """The next lines of a CSV, as many as make up some whole rows.

    Attributes:
        lines: of the rows, not parsed; where one cannot be parsed, it is the last.
        is_last: whether the lines end here, or cannot be parsed.
        error: why the lines after these cannot be read.
    """

    def __init__(self, source: Iterator[str], delimiter: str, rows: int) -> None:
        self.lines: list[str] = []
        self.error: HousePriceError | None = None
        self._source = source
        self._row_characters = 0
        for line in self._more(rows):
            self._row_characters = 0
            if len(line) > MAX_ROW_CHARACTERS:
                self.is_last = True
                return
        self.is_last = len(self.lines) < rows
        if any('"' in line for line in self.lines):
            self._complete(delimiter)

    def _more(self, most: int | None) -> Iterator[str]:
        """Yield lines that are read from now on, as long as those of one row are not too long together."""
        try:
            for line in islice(self._source, most):
                self.lines.append(line)
                self._row_characters += len(line)
                yield line
                if self._row_characters > MAX_ROW_CHARACTERS:
                    return
        except HousePriceError as err:
            self.error = err

    def _complete(self, delimiter: str) -> None:
        """Read on to the end of the last row, which may be within a quotation."""

        def lines() -> Iterator[str]:
            yield from first
            if not self.error:
                yield from self._more(None)

        first = tuple(self.lines)
        reader = csv.reader(lines(), delimiter=delimiter, strict=True)
        whole = 0
        try:
            while reader.line_num < len(first):
                next(reader)
                whole = reader.line_num
        except csv.Error:
            self.is_last = True
        if self.error:
            del self.lines[whole:]
