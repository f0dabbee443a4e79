"""How a CSV is written: its delimiter, decimal sign and encoding."""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from houseprice.serving.validation_errors import FieldError, InvalidRequestError

DELIMITERS = ",;\t|"
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written.

    Attributes:
        delimiter: between two fields; None detects it from the header.
        decimal: the decimal sign of numbers.
        byte_order_mark: whether the text begins with one, as some spreadsheets want it.
    """

    delimiter: str | None = None
    decimal: str = "."
    byte_order_mark: bool = False


DEFAULT = Dialect()


def read_lines(stream: BinaryIO, longest: int) -> Iterator[str]:
    """Yield the lines of a CSV in UTF-8, in parts where one has more than `longest` characters.

    Raises:
        InvalidRequestError: It is not UTF-8, or holds a NUL byte.
    """
    try:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        while line := text.readline(longest):
            if "\0" in line:
                raise invalid_csv(
                    "csv_invalid", "The CSV holds a NUL byte. Save it in UTF-8, not UTF-16 or a spreadsheet."
                )
            yield line
    except UnicodeDecodeError as err:
        byte = err.object[err.start]
        raise invalid_csv(
            "csv_invalid", f"The CSV is not UTF-8: it holds the byte {byte:#04x}. Save it in UTF-8."
        ) from err


def detect_delimiter(line: str, names: Collection[str]) -> str:
    """Return the delimiter with which a header holds most of some names."""

    def named(delimiter: str) -> int:
        return len({name.strip() for name in next(csv.reader([line], delimiter=delimiter))} & set(names))

    present = [delimiter for delimiter in DELIMITERS if delimiter in line]
    return max(present, key=named) if len(present) > 1 else "".join(present) or DELIMITERS[0]


def invalid_csv(kind: str, message: str) -> InvalidRequestError:
    """Return the error of a CSV as a whole."""
    return InvalidRequestError([FieldError(kind, None, None, None, message)])
