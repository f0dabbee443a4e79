"""Reader of raw CSV files of sales, with every field as the text that was typed.

Python's own reader is used here and not a faster one: it tells a row that was cut short from a row with blanks, and
nothing may be lost silently.
"""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from houseprice.errors import DataError, nearest
from houseprice.learning.file_formats import identify
from houseprice.schema import Schema

ROW = "row"
REASONS = "reasons"


@dataclass(frozen=True)
class RawTable:
    """The declared columns as texts, and the rows that could not be read.

    Attributes:
        texts: `row` (1 is the first after the header) and every declared column, blanks as null.
        broken: `row` and `reasons` of the rows whose number of fields is not the header's.
        undeclared: `row` and the columns of the file that the schema does not declare, as texts.
    """

    texts: pl.DataFrame
    broken: pl.DataFrame
    undeclared: pl.DataFrame

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names of the columns that the schema does not declare."""
        return tuple(name for name in self.undeclared.columns if name != ROW)


def read(path: Path, schema: Schema, separator: str = "auto") -> RawTable:
    """Return the rows of a raw CSV.

    Raises:
        DataError: No such file, not UTF-8, no header, a declared column is missing or repeated.
    """
    return parse(_text(path), str(path), schema, separator)


def parse(text: str, where: str, schema: Schema, separator: str = "auto") -> RawTable:
    """Return the rows of a raw CSV that was already read; `where` names it in messages.

    Raises:
        DataError: No header, a declared column is missing or repeated, or a quote is never closed.
    """
    lines = re.sub(r"\A[\s,;|]*[\r\n]", "", text)  # lines before the header that hold nothing but separators
    if not lines.strip():
        raise DataError(f'"{where}" is empty; provide a CSV with a header row.', code="csv_empty")
    sign = _separator(lines) if separator == "auto" else separator
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=sign, strict=True)
    taken: list[list[str]] = []
    numbers: list[int] = []
    broken: list[tuple[int, str]] = []
    try:
        header = [name.strip() for name in next(reader)]
        for number, fields in enumerate(reader, 1):
            if len(fields) == len(header):
                taken.append(fields)
                numbers.append(number)
            elif fields:  # a wholly blank line holds no sale
                broken.append((number, f"has {len(fields)} fields, expected {len(header)}"))
    except csv.Error as err:
        raise DataError(
            f'"{where}" is not valid CSV near line {reader.line_num} ({err}); check that every quote is closed.',
            code="csv_malformed",
        ) from err
    _check_header(header, where, schema, sign)
    columns = list(zip(*taken, strict=True)) if taken else [() for _ in header]
    row = pl.Series(ROW, numbers, dtype=pl.Int64)

    def texts(names: Iterable[str]) -> pl.DataFrame:
        typed = {name: pl.Series(columns[header.index(name)], dtype=pl.String) for name in names}
        return pl.DataFrame({ROW: row} | typed).with_columns(pl.col(pl.String).str.strip_chars().replace("", None))

    return RawTable(
        texts(schema.columns),
        pl.DataFrame(broken, schema={ROW: pl.Int64, REASONS: pl.String}, orient="row"),
        texts(name for name in header if name and name not in schema.columns),
    )


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError as err:
        raise DataError(
            f'"{path}" was not found; check the path of the CSV of sales (such as data/raw/house_data.csv).',
            code="csv_not_found",
        ) from err
    except OSError as err:
        raise DataError(f'"{path}" cannot be read ({err.strerror}).', code="csv_unreadable") from err
    if found := identify(content):
        raise DataError(f'"{path}" is {found.what}, not a CSV; {found.advice}.', code=found.code, format=found.name)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise DataError(
            f'"{path}" is not UTF-8 (byte 0x{content[err.start]:02x} at position {err.start}); if it was written by an '
            "older program, its encoding is probably Windows-1252: convert it with "
            f"`iconv -f WINDOWS-1252 -t UTF-8 {path} > utf8.csv`.",
            code="csv_not_utf8",
        ) from err


def _separator(text: str) -> str:
    header = re.split(r"[\r\n]", text, maxsplit=1)[0]
    return max(",;\t|", key=header.count)


def _check_header(header: list[str], where: str, schema: Schema, separator: str) -> None:
    missing = [name for name in schema.columns if name not in header]
    if missing:
        others = [name for name in header if name and name not in schema.columns]
        hints = ", ".join(f'"{name}"{nearest(name, others)}' for name in missing)
        if len(missing) == len(schema.columns):
            hints = f'every declared column: its first line is "{separator.join(header)[:80]}". It lacks {hints}'
        raise DataError(
            f'"{where}" lacks {hints} among its {len(header)} columns separated by "{separator}"; correct the '
            "header, or the declaration under data.columns.",
            code="csv_columns_missing",
            columns=missing,
        )
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise DataError(
            f'"{where}" has the columns {twice} more than once; rename or remove one.',
            code="csv_columns_repeated",
            columns=twice,
        )
