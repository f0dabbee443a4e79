"""Footers of Parquet: read as pyarrow reads those that are well made, whoever wrote them."""

import io

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batches import parquet, table
from toy import FULL, LEAST

from houseprice.serving.formats import footer

TABLE = table([FULL, LEAST] * 9)


def _of_polars(names: pa.Table) -> bytes:
    sink = io.BytesIO()
    pl.DataFrame(pl.from_arrow(names)).write_parquet(sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        parquet(TABLE),
        parquet(TABLE, row_group_size=5, compression="gzip", use_dictionary=False),
        parquet(TABLE, data_page_version="2.0", write_page_index=True, write_statistics=False),
        parquet(table([]).slice(0, 0)),
        _of_polars(TABLE),
    ],
    ids=["usual", "several groups", "version 2", "empty", "of polars"],
)
def test_it_says_what_pyarrow_says(body: bytes) -> None:
    """Rows, groups, places and numbers of values."""
    told = pq.ParquetFile(io.BytesIO(body)).metadata
    found = footer.read(memoryview(body))
    assert (found.rows, len(found.groups)) == (told.num_rows, told.num_row_groups)
    for number, group in enumerate(found.groups):
        theirs = told.row_group(number)
        assert (group.rows, len(group.columns)) == (theirs.num_rows, theirs.num_columns)
        for place, column in enumerate(group.columns):
            other = theirs.column(place)
            start = min(filter(None, (other.dictionary_page_offset, other.data_page_offset)))
            assert (column.start, column.end) == (start, start + other.total_compressed_size)
            assert column.values == other.num_values
            assert len(column.encodings) == len(other.encodings)


@pytest.mark.parametrize(
    "body",
    [b"", b"PAR1", b"PAR1" * 2, b"PAR1\0\0\0\0PAR1", b"PARE" + bytes(20) + b"PARE", parquet(TABLE)[:-1]],
)
def test_what_has_none_is_refused(body: bytes) -> None:
    """Nothing, too little, encrypted, cut off."""
    with pytest.raises(ValueError, match="no footer"):
        footer.read(memoryview(body))


def test_a_footer_that_is_too_large_is_not_read() -> None:
    """It would take seconds."""
    size = footer.MOST_BYTES + 1
    with pytest.raises(ValueError, match="a footer of more than"):
        footer.read(memoryview(b"PAR1" + bytes(size) + size.to_bytes(4, "little") + b"PAR1"))
