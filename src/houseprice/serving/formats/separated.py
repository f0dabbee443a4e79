"""Bytes of a CSV in, the houses that it holds out; and back, with the answers behind each row.

Cells are read and answers written as the command `predict` does it.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import HTTPException

from houseprice.bundle.load import Bundle
from houseprice.schema import Column
from houseprice.serving.cells import BLANKS, Cell, Read, house, reader
from houseprice.serving.formats.rows import Rows, check_header, check_whole, column, unreadable
from houseprice.serving.predicting import added
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House, RequestModel
from houseprice.serving.table import ADDED, BYTE_ORDER_MARK, SEPARATORS, separator
from houseprice.serving.validation_errors import BatchTooLargeError, InvalidRequestError


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written.

    Attributes:
        delimiter: what stands between two fields; None is whatever the header shows.
        decimal: what stands before the fraction of a number.
        marked: whether it begins with a byte order mark.
    """

    delimiter: str | None = None
    decimal: str = "."
    marked: bool = False

    @property
    def content_type(self) -> str:
        """Give back the header that says so."""
        delimiter = "" if self.delimiter in (None, ",") else f'; delimiter="{self.delimiter}"'
        decimal = "" if self.decimal == "." else f'; decimal="{self.decimal}"'
        return f"text/csv; charset=utf-8{delimiter}{decimal}"


def declared(parameters: Mapping[str, str], status: int = 415) -> Dialect:
    """Give back the dialect that the parameters of a media type declare.

    Raises:
        HTTPException: it cannot be read; `status` is 415 for what was sent and 406 for what is accepted.
    """
    charset = parameters.get("charset", "utf-8").lower().replace("_", "-")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise HTTPException(status, f'The charset of the CSV is "{charset[:80]}"; expected utf-8; save it as that.')
    if parameters.get("header", "present").lower() != "present":
        raise HTTPException(status, "The CSV is said to have no header; expected one with the names; add a first row.")
    delimiter = {"tab": "\t", "\\t": "\t", "t": "\t"}.get(said := parameters.get("delimiter", ""), said) or None
    if delimiter and delimiter not in tuple(SEPARATORS):
        known = "a comma, a semicolon, a tab or a bar"
        raise HTTPException(
            status, f'The delimiter of the CSV is "{said[:80]}"; expected {known}; declare one of them.'
        )
    decimal = parameters.get("decimal", ".")
    if decimal not in (".", ",") or decimal == delimiter:
        expected = "a point, or a comma where another delimiter is declared"
        raise HTTPException(
            status, f'The decimal sign of the CSV is "{decimal[:80]}"; expected {expected}; declare it.'
        )
    return Dialect(delimiter or (";" if decimal == "," else None), decimal)


class Separated:
    """The rows of a CSV, as they are written."""

    def __init__(self, header: list[str], cells: list[list[str]], houses: list[House], rules: RequestModel) -> None:
        self.houses = houses
        self._header = header
        self._cells = cells
        self._schema = rules.schema

    def texts(self, decimal: str) -> tuple[list[str], Sequence[Sequence[str]]]:  # noqa: ARG002 - as it was sent
        """Give back header and rows as they were sent."""
        return self._header, self._cells

    def values(self) -> dict[str, list[Any]]:
        """Give back column name → values: of the columns that were asked for what was read, of the others texts."""
        values = {}
        for place, name in enumerate(self._header):
            known = column(self.houses, name.strip(), self._schema) if name.strip() in self._schema.request else None
            values[name] = known or [cells[place] or None for cells in self._cells]
        return values


def read(body: bytes, dialect: Dialect, bundle: Bundle, rules: RequestModel, most: int) -> tuple[Separated, Dialect]:
    """Give back the rows of a CSV, and how it was written.

    Raises:
        InvalidRequestError: it is no CSV, or holds a house that cannot be priced.
        BatchTooLargeError: it holds more than `most` houses.
    """
    text = _decoded(body)
    marked = text.startswith(BYTE_ORDER_MARK)
    text = text.removeprefix(BYTE_ORDER_MARK)
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    if not first:
        raise unreadable("csv_invalid", "The body is empty; expected a CSV with a header row; send one.")
    try:
        dialect = replace(dialect, delimiter=dialect.delimiter or separator(first, rules.schema.request), marked=marked)
        header, cells, lines = _rows(text, dialect.delimiter or ",", most)
    except csv.Error as err:
        raise unreadable(
            "csv_invalid",
            f"The body cannot be read as CSV ({err}); expected quotes that are closed and fields of less than 128 KiB; "
            "correct it.",
        ) from err
    names = [name.strip() for name in header]
    check_header(names, rules.schema)
    if not cells:  # of a row that lacks a column, every house is told
        check_whole(names, rules.schema)
    wanted = [
        Cell(names.index(name), name, _reader(column, bundle.reference.get(name, {}).get("levels", ()), dialect))
        for name, column in rules.schema.request.items()
        if name in names
    ]
    try:
        houses = rules.validate([house(row, wanted) for row in cells])
    except InvalidRequestError as err:
        faults = [replace(fault, line=lines[fault.house or 0]) for fault in err.errors]
        raise InvalidRequestError(faults) from err
    return Separated(header, cells, houses, rules), dialect


def write(rows: Rows, answers: Sequence[Prediction], dialect: Dialect) -> bytes:
    """Give back the rows as they were sent, with the answers behind each."""
    header, cells = rows.texts(dialect.decimal)
    sink = io.StringIO(newline="")
    sink.write(BYTE_ORDER_MARK if dialect.marked else "")
    writer = csv.writer(sink, delimiter=dialect.delimiter or ",", lineterminator="\n")
    writer.writerow([*header, *ADDED])
    for row, answer in zip(cells or [[]] * len(answers), answers, strict=True):
        *prices, warnings = added(answer)
        writer.writerow([*row, *(price.replace(".", dialect.decimal) for price in prices), warnings])
    return sink.getvalue().encode()


def _rows(text: str, delimiter: str, most: int) -> tuple[list[str], list[list[str]], list[int]]:
    """Give back the header, the rows that hold anything, and the lines in which they begin."""
    found = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 1
    for cells in found:
        begun, line = line, found.line_num + 1
        if not any(cell.strip() for cell in cells) and (not header or not cells):
            continue
        if not header:
            header = cells
            continue
        if len(cells) != len(header):
            raise unreadable(
                "csv_invalid",
                f"Line {begun} has {len(cells)} fields; expected {len(header)} as in the header; put quotes around "
                "fields that hold the separator.",
            )
        if len(rows) == most:
            raise BatchTooLargeError(most)
        rows.append(cells)
        lines.append(begun)
    return header, rows, lines


def _decoded(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError as err:
        raise unreadable(
            "csv_invalid",
            f"The body is not UTF-8 (byte {body[err.start]:#04x} at {err.start}); expected a CSV in UTF-8; save it as "
            "that.",
        ) from err
    if "\0" in text:
        raise unreadable(
            "csv_invalid",
            "The body holds a NUL byte; expected a CSV in UTF-8, not UTF-16 or a spreadsheet; save it so.",
        )
    return text


def _reader(column: Column, known: Any, dialect: Dialect) -> Read:
    """Give back what reads a cell; where a comma is the decimal sign, a point has no part in a number."""
    plain = reader(column, known)
    if dialect.decimal == "." or column.is_text or column.kind == "date":
        return plain

    def read(text: str) -> Any:
        if "." in text:
            return None if text.strip().lower() in BLANKS else text
        value = plain(text.replace(",", "."))
        return text if isinstance(value, str) else value

    return read
