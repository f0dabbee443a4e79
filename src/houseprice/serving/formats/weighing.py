"""Bytes of Parquet or an Arrow stream in, a table that fits out: weighed before they are decompressed.

Few bytes can stand for very many: by a codec, a dictionary whose long text each row repeats, a list in each row, texts
that share a beginning. So only flat columns of plain kinds are taken, dictionaries are kept as such until
their texts are counted, and pages, batches and rows are added up first.
"""

from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from fastapi import HTTPException

from houseprice.serving.formats import messages
from houseprice.serving.formats.pages import pages
from houseprice.serving.formats.rows import unreadable
from houseprice.serving.refusal import RefusedError, TooManyError

MOST_COLUMNS = 1_000
MOST_PIECES = 20_000
"""Pages, groups of rows or batches: each costs some time, however small it is."""

_SHARED_BEGINNINGS = "DELTA_BYTE_ARRAY"


def parquet(body: bytes, most: int, most_bytes: int) -> Any:
    """Give back the table that a Parquet file holds.

    Raises:
        RefusedError: it is none, or has columns that no house has.
        TooManyError: it has more than `most` rows.
        HTTPException: 413, it would take more than `most_bytes`.
    """
    try:
        source = pa.BufferReader(body)
        with pq.ParquetFile(source) as file:
            _weigh_footer(file.metadata, most)
            _check_kinds(file.schema_arrow)
            _weigh_pages(memoryview(body), file.metadata, most_bytes)
            texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        with pq.ParquetFile(pa.BufferReader(body), read_dictionary=texts, memory_map=False) as file:
            return _unpacked(file.read(use_threads=False), file.schema_arrow, most, most_bytes)
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


def _weigh_footer(metadata: Any, most: int) -> None:
    groups = metadata.num_row_groups
    if groups * metadata.num_columns > MOST_PIECES or metadata.num_columns > MOST_COLUMNS:
        raise _too_many_pieces()
    rows = [metadata.row_group(group).num_rows for group in range(groups)]
    if max([metadata.num_rows, sum(rows), *rows]) > most:
        raise TooManyError(most)
    if sum(rows) != metadata.num_rows or min(rows, default=0) < 0:
        raise ValueError("its groups do not hold as many rows as it says")


def _weigh_pages(body: memoryview, metadata: Any, most_bytes: int) -> None:
    total = count = 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            if _SHARED_BEGINNINGS in column.encodings:
                raise ValueError(f"{_SHARED_BEGINNINGS} is not taken; write it with another encoding")
            starts = (column.dictionary_page_offset, column.data_page_offset)
            start = min(place for place in starts if place) if any(starts) else 0
            end = start + column.total_compressed_size
            if not 0 < start <= end <= len(body):
                raise ValueError("a column lies outside of it")
            values = 0
            for page in pages(body, start, end):
                count += 1
                total += page.size
                values += page.values
                if count > MOST_PIECES:
                    raise _too_many_pieces()
                if total > most_bytes:
                    raise too_large(most_bytes)
            if values != rows or column.num_values != rows:
                raise ValueError("a column does not hold a value a row")


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
            raise TooManyError(most)
        if total > most_bytes or found.rows > most_bytes:
            raise too_large(most_bytes)


def _next(reader: Any) -> Any:
    try:
        return reader.read_next_message()
    except StopIteration:
        return None


def _check_kinds(schema: Any) -> None:
    if len(schema) > MOST_COLUMNS:
        raise _too_many_pieces()
    for field in schema:
        if not _is_plain(field.type):
            raise unreadable(
                "column_invalid",
                f'The column "{field.name[:80]}" holds {str(field.type)[:80]}; expected numbers, texts, days, true and '
                "false; leave it out or write it as one of them.",
            )


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
        raise TooManyError(most)
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


def _broken(kind: str, what: str, err: Exception) -> RefusedError:
    reason = " ".join(str(err).split()).rstrip(".")[:200]
    return unreadable(
        f"{kind}_invalid", f"The body is not {what} ({reason}); expected one that is whole; send it anew."
    )
