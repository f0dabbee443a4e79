"""Blocks of whole rows, compared with the rows of the whole."""

import io
from itertools import chain
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houseprice.bundle.load import Bundle
from houseprice.serving.csv_blocks import MAX_ROW_CHARACTERS
from houseprice.serving.csv_reader import CsvColumns, CsvReader, Row
from houseprice.serving.validation_errors import InvalidRequestError

HEAD = b"living area,rooms,zip,grade\n"
PIECES = [
    b"80,3,98039,1",
    b'80,3,98039,"1"',
    b'"80',
    b'1"',
    b"\n",
    b"\n",
    b"\r\n",
    b"\r",
    b'"',
    b",",
    b"x",
    b"\xc3\xa9",
]


def outcome(rows: Any) -> tuple[list[Row], str]:
    """Return the rows that could be read, and why no more could."""
    found: list[Row] = []
    try:
        found.extend(rows)
    except InvalidRequestError as err:
        return found, str(err)
    return found, ""


def in_blocks(content: bytes, columns: CsvColumns, size: int) -> Any:
    """Yield the rows of a CSV as they are read by blocks."""
    source = CsvReader(io.BytesIO(content), columns)
    reader = CsvReader(io.BytesIO(HEAD), columns)
    for line, text in source.text_blocks(size):
        yield from reader.rows_of(text, line)


@given(content=st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join), size=st.integers(1, 4))
@example(content=b'80,3,98039,"1\n\n"\n\n80,3,98039,1\n', size=1)
@example(content=b'80,3,98039,1\n80,3,98039,"\n', size=1)
def test_blocks_have_the_rows_of_the_whole(toy: Bundle, content: bytes, size: int) -> None:
    """With the same lines and cells, and the same error at the same place, whatever quotes and ends of lines."""
    columns = CsvColumns(toy)
    whole = outcome(CsvReader(io.BytesIO(HEAD + content), columns))
    assert outcome(in_blocks(HEAD + content, columns, size)) == whole


@pytest.mark.parametrize("bad", [b"\xff", b"\0"])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_rows_before_bytes_that_are_no_text_are_read(toy: Bundle, bad: bytes, size: int) -> None:
    """Up to the end of a row, also when the bytes come after the first 8 KiB, which are decoded together."""
    columns = CsvColumns(toy)
    row = b'80,3,98039,"1\n"\n'
    content = HEAD + row * 2000 + b'80,3,"\n' + bad + b'",1\n' + row
    found, why = outcome(in_blocks(content, columns, size))
    assert "UTF-8" in why
    assert all(len(one.cells) == 4 for one in found)
    assert [one.line for one in found] == [2 + 2 * index for index in range(len(found))]
    assert len(found) > 1000


@pytest.mark.parametrize("begin", [b'80,3,"', b"80,3,"])
def test_a_row_without_end_is_refused_and_not_held(toy: Bundle, begin: bytes) -> None:
    """Whether a quotation is never closed or a line never ends, no more than a bounded part of it is read."""
    columns = CsvColumns(toy)
    stream = io.BytesIO(HEAD + begin + b"x\n" * 10 + b"y" * 100 * MAX_ROW_CHARACTERS)
    reader = CsvReader(stream, columns)
    blocks = [text for _, text in reader.text_blocks(5)]
    assert sum(map(len, blocks)) <= 2 * MAX_ROW_CHARACTERS + 1000
    with pytest.raises(InvalidRequestError) as caught:
        list(chain.from_iterable(reader.rows_of(text, 2) for text in blocks))
    assert caught.value.errors[0].kind == "csv_invalid"
