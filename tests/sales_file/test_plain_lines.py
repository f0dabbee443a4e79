"""Lines that polars reads are those that Python's reader would read alike."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.sales_file.csv_dialect import Dialect
from houseprice.sales_file.plain_lines import is_plain, plain_blocks

FIELDS = st.text(st.characters(codec="utf-8", exclude_characters='",\r\n'), max_size=6)
WHOLE = st.lists(FIELDS, min_size=3, max_size=3)
COMMAS = Dialect(",", "double")


def rows_of(content: bytes, skipped: int, block_bytes: int) -> list[list[str]]:
    """Return all rows of the blocks."""
    found: list[list[str]] = []
    for block in plain_blocks(content, COMMAS, 3, skipped, block_bytes):
        rows = block.rows() if isinstance(block, pl.DataFrame) else block
        found += [[field or "" for field in row] for row in rows]
    return found


@given(
    rows=st.lists(st.one_of(WHOLE, WHOLE, WHOLE, st.lists(FIELDS, max_size=5))),
    ending=st.sampled_from(["\n", "\r\n"]),
    ended=st.booleans(),
    block_bytes=st.integers(1, 60),
)
def test_the_rows_are_those_of_python(rows: list[list[str]], ending: str, ended: bool, block_bytes: int) -> None:
    """Also where lines are blank or of another length, wherever a block ends."""
    text = ending.join(map(",".join, [["a", "b", "c"], *rows])) + ending * ended
    expected = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert is_plain(text.encode(), "utf-8", COMMAS, 3)
    assert rows_of(text.encode(), 1, block_bytes) == expected


def test_a_byte_order_mark_is_part_of_a_field_but_for_the_first() -> None:
    """As it is where files were joined."""
    content = "\ufeff1,2,3\n\ufeff4,5,6\n".encode()
    assert rows_of(content, 0, 8) == [["1", "2", "3"], ["\ufeff4", "5", "6"]]


def test_whole_lines_are_read_as_columns() -> None:
    """One line of another length leaves only its own block to Python's reader."""
    lines = ["1,2,3\n"] * 20
    lines[5] = "1,2\n"
    kinds = [type(block) for block in plain_blocks("".join(lines).encode(), COMMAS, 3, 0, 60)]
    assert kinds == [list, pl.DataFrame]


@pytest.mark.parametrize(
    ("content", "encoding", "dialect", "width"),
    [
        (b'a,b\n"1",2\n', "utf-8", COMMAS, 2),
        (b"a,b\r1,2\r", "utf-8", COMMAS, 2),
        (b"a,b\n1\r,2\r\n", "utf-8", COMMAS, 2),
        (b"a,b\n\xe4,2\n", "windows-1252", COMMAS, 2),
        (b"a,b\n'1',2\n", "utf-8", Dialect(",", "single"), 2),
        (b"a,b\n1\\,2\n", "utf-8", Dialect(",", "backslash"), 2),
        (b"a\n1\n\n", "utf-8", COMMAS, 1),
    ],
)
def test_other_files_are_left_to_python(content: bytes, encoding: str, dialect: Dialect, width: int) -> None:
    """Where a record may be more or less than a line, or a field more than what stands between separators."""
    assert not is_plain(content, encoding, dialect, width)


def test_a_field_that_is_too_long_is_refused_as_ever() -> None:
    """Python's reader has a limit, which says that a quote is missing."""
    line = f"1,2,{'x' * (csv.field_size_limit() + 1)}\n".encode()
    with pytest.raises(csv.Error):
        rows_of(line, 0, 2**20)
