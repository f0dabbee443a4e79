"""Parquet, read as texts in one form."""

import io
from datetime import date, datetime, time
from decimal import Decimal

import polars as pl
import pytest

from houseprice.errors import DataError
from houseprice.sales_file import AUTO, TextTable, parquet, parse


def written(frame: pl.DataFrame) -> bytes:
    """Return a Parquet file."""
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


def table(frame: pl.DataFrame) -> TextTable:
    """Return what is read of a frame."""
    return parse(written(frame), "a.parquet")


def test_each_kind_of_value_has_one_form() -> None:
    """The same that a cell of a workbook has."""
    day, moment = date(2014, 10, 13), datetime(2014, 12, 9, 13, 30)
    frame = pl.DataFrame(
        {
            "whole": [1, None], "real": [221900.0, 0.1], "single": pl.Series([0.1, 2.0], dtype=pl.Float32),
            "nothing": [float("nan"), None], "text": [" Bath ", ""], "flag": [True, False], "day": [day, None],
            "moment": [moment, datetime(2014, 1, 1)],
            "zoned": pl.Series([moment, None]).dt.replace_time_zone("Europe/Madrid"),
            "at": [time(13, 30), None], "money": [Decimal("12.50"), None],
            "kind": pl.Series(["flat", "house"], dtype=pl.Categorical),
        }
    )  # fmt: skip
    assert table(frame).texts.rows() == [
        (1, "1", "221900", "0.1", None, "Bath", "true", "2014-10-13", "2014-12-09T13:30:00", "2014-12-09T13:30:00",
         "13:30:00", "12.50", "flat"),
        (2, None, "0.1", "2", None, None, "false", None, "2014-01-01", None, None, None, "house"),
    ]  # fmt: skip


def test_columns_that_are_no_texts_are_left_out_and_told() -> None:
    """Lists, tables within the table and bytes."""
    found = table(pl.DataFrame({"a": [1], "list": [[1, 2]], "struct": [{"x": 1}], "bytes": [b"\0"], "row": [5]}))
    assert found.texts.rows() == [(1, "1")]
    assert {note.value for note in found.notes} == {"list", "struct", "bytes", "row"}


def test_many_equal_values_are_refused_when_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file may stand for very many."""
    frame = pl.DataFrame({"a": pl.repeat(1, 1000, eager=True)})
    monkeypatch.setattr(parquet, "MAX_CELLS", 999)
    with pytest.raises(DataError) as excinfo:
        table(frame)
    assert excinfo.value.code == "table_too_large"


def test_one_long_text_in_very_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file holds it once."""
    content = written(pl.DataFrame({"a": ["x" * 1000] * 1000}))
    assert len(content) < 100_000
    monkeypatch.setattr(parquet, "MAX_BYTES", 999_999)
    with pytest.raises(DataError) as excinfo:
        parse(content, "a.parquet")
    assert excinfo.value.code == "table_too_large"


@pytest.mark.parametrize("cut", [4, 20, -1, -8])
def test_a_damaged_file_is_refused(cut: int) -> None:
    """Wherever it was cut."""
    with pytest.raises(DataError) as excinfo:
        parse(written(pl.DataFrame({"a": [1, 2]}))[:cut], "a.parquet")
    assert excinfo.value.code == "parquet_invalid"


def test_a_stated_format_is_taken_at_its_word() -> None:
    """And refused when it is not the file's."""
    with pytest.raises(DataError) as excinfo:
        parse(written(pl.DataFrame({"a": [1]})), "a", AUTO.model_copy(update={"format": "csv"}))
    assert excinfo.value.code == "layout_contradicted"
