"""Bytes of Parquet or an Arrow stream in, a table that fits out: weighed before they are decompressed.

Few bytes can stand for very many: by a codec, a dictionary whose long text each row repeats, a list in each row, texts
that share a beginning. So only flat columns of plain kinds are taken, dictionaries are kept as such until
their texts are counted, and pages, batches and rows are added up first.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from fastapi import HTTPException

from houseprice.serving.formats import footer, messages
from houseprice.serving.formats.footer import Footer
from houseprice.serving.formats.pages import pages
from houseprice.serving.formats.rows import unreadable
from houseprice.serving.validation_errors import BatchTooLargeError, InvalidRequestError

MOST_COLUMNS = 1_000
MOST_PIECES = 20_000
"""Pages, groups of rows or batches: each costs some time, however small it is."""

_SHARED_BEGINNINGS = 7
"""Parquet's number of the encoding DELTA_BYTE_ARRAY."""
_DICTIONARIES = {2, 8}
"""Its numbers of PLAIN_DICTIONARY and RLE_DICTIONARY."""


def parquet(body: bytes, most: int, most_bytes: int) -> Any:
    """Give back the table that a Parquet file holds.

    Raises:
        InvalidRequestError: it is none, or has columns that no house has.
        BatchTooLargeError: it has more than `most` rows.
        HTTPException: 413, it would take more than `most_bytes`.
    """
    try:
        told = footer.read(memoryview(body))
        _weigh_footer(told, most)
        repeating = _weigh_pages(memoryview(body), told, most_bytes)
        with pq.ParquetFile(pa.BufferReader(body)) as file:
            schema = file.schema_arrow
        _check_kinds(schema, [len(group.columns) for group in told.groups])
        texts = [field.name for place, field in enumerate(schema) if place in repeating and _is_text(field.type)]
        with pq.ParquetFile(pa.BufferReader(body), read_dictionary=texts) as file:
            return _unpacked(file.read(use_threads=False), schema, most, most_bytes)
    except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError) as err:
        raise _broken("parquet", "a Parquet file", err) from err


def arrow(body: bytes, most: int, most_bytes: int) -> Any:
    """Give back the table that an Arrow stream holds; raises as `parquet` does."""
    try:
        _weigh_messages(body, most, most_bytes)
        with pa.ipc.open_stream(body) as stream:
            _check_kinds(stream.schema)
            table = stream.read_all()
        return _unpacked(table, table.schema, most, most_bytes)
    except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError) as err:
        raise _broken("arrow", "an Arrow stream", err) from err


def _weigh_footer(told: Footer, most: int) -> None:
    widest = max((len(group.columns) for group in told.groups), default=0)
    if sum(len(group.columns) for group in told.groups) > MOST_PIECES or widest > MOST_COLUMNS:
        raise _too_many_pieces()
    rows = sum(group.rows for group in told.groups)
    if max(told.rows, rows) > most:
        raise BatchTooLargeError(most)
    if rows != told.rows:
        raise ValueError("its groups do not hold as many rows as it says")


def _weigh_pages(body: memoryview, told: Footer, most_bytes: int) -> set[int]:
    """Give back the places of the columns whose rows may repeat what a dictionary holds."""
    total = count = 0
    repeating = set()
    for group in told.groups:
        for place, column in enumerate(group.columns):
            encodings: set[int | None] = {*column.encodings}
            if not 0 < column.start <= column.end <= len(body):
                raise ValueError("a column lies outside of it")
            values = 0
            for page in pages(body, column.start, column.end):
                count += 1
                total += page.size
                values += page.values
                encodings.add(page.encoding)
                if count > MOST_PIECES:
                    raise _too_many_pieces()
                if total > most_bytes:
                    raise too_large(most_bytes)
            if _SHARED_BEGINNINGS in encodings:
                raise ValueError("DELTA_BYTE_ARRAY is not taken; write it with another encoding")
            if _DICTIONARIES & encodings:
                repeating.add(place)
            if values != group.rows or column.values != group.rows:
                raise ValueError("a column does not hold a value a row")
    return repeating


def _weigh_messages(body: bytes, most: int, most_bytes: int) -> None:

    rows = total = count = 0
    reader = pa.ipc.MessageReader.open_stream(body)
    while (message := _next(reader)) is not None:
        count += 1
        if count > MOST_PIECES:
            raise _too_many_pieces()
        if message.type == "schema" or message.body is None:
            continue
        is_dictionary = message.type == "dictionary"
        found = messages.size(message.metadata.to_pybytes(), memoryview(message.body), is_dictionary)
        rows += 0 if is_dictionary else found.rows
        total += found.bytes
        if rows > most:
            raise BatchTooLargeError(most)
        if total > most_bytes or found.rows > most_bytes:
            raise too_large(most_bytes)


def _next(reader: Any) -> Any:
    try:
        return reader.read_next_message()
    except StopIteration:
        return None


def _check_kinds(schema: Any, columns: Sequence[int] = ()) -> None:
    """Refuse what no house has; `columns` are how many each group of rows has."""
    if len(schema) > MOST_COLUMNS:
        raise _too_many_pieces()
    for field in schema:
        if not _is_plain(field.type):
            raise unreadable(
                "column_invalid",
                f'The column "{field.name[:80]}" holds {str(field.type)[:80]}; expected numbers, texts, days, true and '
                "false; leave it out or write it as one of them.",
            )
    if {*columns} - {len(schema)}:
        raise ValueError("a group of rows has other columns than the schema")


def _is_plain(kind: Any) -> bool:

    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type) or pa.types.is_integer(kind.value_type)
    tests = ("boolean", "integer", "floating", "decimal", "date", "timestamp", "null")
    return _is_text(kind) or any(getattr(pa.types, f"is_{test}")(kind) for test in tests)


def _is_text(kind: Any) -> bool:

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _unpacked(table: Any, schema: Any, most: int, most_bytes: int) -> Any:
    """Give back the table with its own kinds of columns, when what its dictionaries repeat fits."""
    table.validate(full=True)
    if table.num_rows > most:
        raise BatchTooLargeError(most)
    size = 0
    for column in table.columns:
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            if _is_text(column.type.value_type):
                lengths = pc.binary_length(chunk.dictionary).take(chunk.indices)
                size += pc.sum(lengths, min_count=0).as_py()
        if size > most_bytes:
            raise too_large(most_bytes)
    kinds = {field.name: field.type for field in schema}
    for place, field in enumerate(table.schema):
        if field.type != kinds[field.name]:
            table = table.set_column(place, field.with_type(kinds[field.name]), table[place].cast(kinds[field.name]))
    return table


def too_large(most_bytes: int) -> HTTPException:
    """Give back the refusal of what would take too much room."""
    return HTTPException(
        413, f"The body has more than {most_bytes} bytes when decompressed, which is the limit; send fewer at once."
    )


def _too_many_pieces() -> HTTPException:
    return HTTPException(
        413,
        f"The body has more than {MOST_COLUMNS} columns or {MOST_PIECES} pieces, which is the limit; write it with "
        "fewer and larger ones.",
    )


def _broken(kind: str, what: str, err: Exception) -> InvalidRequestError:
    reason = " ".join(str(err).split()).rstrip(".")[:200]
    return unreadable(
        f"{kind}_invalid", f"The body is not {what} ({reason}); expected one that is whole; send it anew."
    )
