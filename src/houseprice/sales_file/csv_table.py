"""CSV: bytes in, a table of texts out.

Python's own reader is used here and not a faster one, but for lines that both read alike (`plain_lines`): it tells a
row that was cut short from a row with blanks, and nothing may be lost silently. The text is decoded and read in blocks,
so that memory stays near the size of the file.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice

import polars as pl

from houseprice.config.file_layout import FileLayout
from houseprice.errors import DataError
from houseprice.sales_file.csv_dialect import Dialect, find_dialect, records, separator_line
from houseprice.sales_file.encoding import find_encoding, python_name
from houseprice.sales_file.footer import find_footer
from houseprice.sales_file.header import Header, find_header
from houseprice.sales_file.notes import Note
from houseprice.sales_file.plain_lines import is_plain, plain_blocks
from houseprice.sales_file.table_building import TableBuilder
from houseprice.sales_file.text_table import ROW, TextTable

SAMPLE_BYTES = 2**18
SAMPLE_RECORDS = 500
BLOCK_ROWS = 20_000
MOST_BROKEN = 0.01
"""Share of rows of another length up to which an unusual quoting is believed."""


def read_csv(content: bytes, where: str, layout: FileLayout) -> TextTable:
    """Return the rows of a CSV; `where` names it in messages.

    Raises:
        DataError: It is empty (code `csv_empty`), a quote is never closed (`csv_malformed`), a column is repeated
            (`csv_columns_repeated`), or its layout is ambiguous or not the stated one.
    """
    encoding, notes = find_encoding(content, layout.encoding, where)
    sample, whole = _sample(content, encoding)
    if not sample.strip(" \t\r\n,;|\ufeff\0"):
        raise DataError(f'"{where}" is empty; provide a table with a header row.', code="csv_empty")
    dialect, found = find_dialect(sample, layout, where, whole=whole)
    notes += found
    usual = Dialect(dialect.separator, "double") if layout.quoting == "auto" else dialect
    others = [Dialect(dialect.separator, "backslash")] * (b'\\"' in content) + [Dialect(dialect.separator, "none")]
    candidates = list(dict.fromkeys([dialect, usual, *others])) if layout.quoting == "auto" else [dialect]
    for candidate in candidates:
        try:
            table = _table(content, encoding, candidate, where, layout, notes)
        except csv.Error:
            continue
        if (
            candidate.quoting == "double"
            or candidate == usual
            or candidate.quoting == "single"
            or _is_believable(table)
        ):
            return table
    line, problem = _first_problem(content, encoding, usual)
    raise DataError(
        f'"{where}" is not valid CSV near line {line} ({problem}); check that every quote is closed.',
        code="csv_malformed",
        path=where,
    )


def _sample(content: bytes, encoding: str) -> tuple[str, bool]:
    """Return the beginning of a text, up to the end of a line, and whether that is the whole of it."""
    whole = len(content) <= SAMPLE_BYTES
    text = codecs.getincrementaldecoder(python_name(encoding))().decode(content[:SAMPLE_BYTES], final=whole)
    if whole:
        return text, True
    end = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1))
    return (text[: end + 1] or text), False


def _lines(content: bytes, encoding: str) -> Iterator[str]:
    return io.TextIOWrapper(io.BytesIO(content), encoding=python_name(encoding), newline="")


def _first_problem(content: bytes, encoding: str, dialect: Dialect) -> tuple[int, str]:
    """Return at which line a dialect cannot be read any more, and why."""
    reader = dialect.reader(_lines(content, encoding))
    try:
        for _ in reader:
            pass
    except csv.Error as err:
        return int(reader.line_num), str(err)
    return int(reader.line_num), "fields stand in quotes that are not all closed"


def _table(
    content: bytes, encoding: str, dialect: Dialect, where: str, layout: FileLayout, notes: list[Note]
) -> TextTable:
    """Return the table that one dialect gives.

    Raises:
        csv.Error: The dialect cannot be read.
    """
    header, found = _header(content, encoding, dialect, where, layout)
    builder = TableBuilder(header.names, where)
    for block in _blocks(content, encoding, dialect, header):
        if isinstance(block, pl.DataFrame):
            builder.add_texts(block)
        else:
            builder.add(block)
    footer, below = find_footer(builder.tail(), len(header.names), builder.rows, layout, where)
    builder.drop_last(footer)
    if layout.quoting == "auto" and dialect.quoting in ("backslash", "none"):
        reason = "With doubled quotes the file cannot be read to its end."
        found.insert(0, Note("quoting", dialect.quoting, "likely", reason))
    told = (*notes, *found, *below, *builder.notes())
    read_as = FileLayout(
        format="csv",
        encoding=encoding,
        separator=dialect.separator,  # type: ignore[arg-type]
        quoting=dialect.quoting,  # type: ignore[arg-type]
        lines_above_header=header.above,
        header_lines=header.lines,  # type: ignore[arg-type]
        names=layout.names,
        footer_lines=footer,
    )
    return TextTable(builder.texts(), builder.broken(), read_as, told)


def _blocks(
    content: bytes, encoding: str, dialect: Dialect, header: Header
) -> Iterator[pl.DataFrame | list[list[str]]]:
    """Yield the rows below the header."""
    if is_plain(content, encoding, dialect, len(header.names)):
        yield from plain_blocks(content, dialect, len(header.names), header.end)
        return
    reader = dialect.reader(_lines(content, encoding))
    for _ in islice(reader, header.end):
        pass
    while block := list(islice(reader, BLOCK_ROWS)):
        yield block


def _header(
    content: bytes, encoding: str, dialect: Dialect, where: str, layout: FileLayout
) -> tuple[Header, list[Note]]:
    sample, whole = _sample(content, encoding)
    found = [(line, [cell.strip() for cell in record]) for line, record in islice(
        records(sample, dialect, whole=whole), SAMPLE_RECORDS
    )]  # fmt: skip
    if separator_line(sample):
        found[0] = (found[0][0], [])
    return find_header(found, layout, where)


def _is_believable(table: TextTable) -> bool:
    """Return whether nearly all rows are whole by an unusual quoting, and no field is left in quotes."""
    if table.broken.height > MOST_BROKEN * (table.texts.height + table.broken.height):
        return False
    return table.layout.quoting != "none" or not _has_quoted_fields(table.texts.drop(ROW))


def _has_quoted_fields(texts: pl.DataFrame) -> bool:
    """Return whether a quotation begins in some field of a row and ends in it or in another."""
    opened, closed = pl.all().str.starts_with('"'), pl.all().str.ends_with('"')
    both = pl.any_horizontal(opened).fill_null(value=False) & pl.any_horizontal(closed).fill_null(value=False)
    return bool(texts.select(both.any()).item())
