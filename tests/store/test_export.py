"""Export to Parquet and CSV."""

import csv
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from houseprice.errors import DataError, MissingDependencyError
from houseprice.store import Actual, Store, export
from stored import NOW, prediction

SALE = date(2026, 5, 20)
WARNING = {"column": "zipcode", "kind": "unknown_category", "message": 'zipcode "1,2" is none of 70'}


@pytest.fixture
def filled(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return a store with more predictions than a block, one of them with a corrected price paid."""
    monkeypatch.setattr(export, "_BLOCK", 2)
    store.add([prediction(), prediction(reference=None, inputs=None, fsd=None, valuation_date=None)])
    store.add([prediction(request_id="request-2", row=3, reference='"; x', warnings=[WARNING])])
    store.add_actuals([Actual(5e5, SALE, "request-2", row=3)])
    store.add_actuals([Actual(5.5e5, SALE, "request-2", row=3)])
    return store


def test_parquet_holds_every_prediction_once(filled: Store, tmp_path: Path) -> None:
    """With types, and the current price paid."""
    assert filled.export(tmp_path / "store.parquet") == 3
    frame = pl.read_parquet(tmp_path / "store.parquet")
    assert frame["price_paid"].to_list() == [None, None, 5.5e5]
    row = frame.row(2, named=True)
    assert row["predicted_at"] == datetime(2026, 5, 1, 9, 30, 0, 123456, UTC)
    assert (row["sale_date"], row["recorded_at"], row["reference"], row["request_row"]) == (SALE, NOW, '"; x', 3)
    assert json.loads(row["warnings"]) == [WARNING]
    assert json.loads(row["inputs"])["bedrooms"] == 3.0
    assert frame.row(1, named=True)["inputs"] is None
    assert list(tmp_path.glob("*.parquet")) == [tmp_path / "store.parquet"]


def test_csv_holds_the_same(filled: Store, tmp_path: Path) -> None:
    """As texts; what is missing is blank."""
    assert filled.export(tmp_path / "store.csv") == 3
    with (tmp_path / "store.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["price_paid"] for row in rows] == ["", "", "550000.0"]
    assert rows[2]["predicted_at"] == "2026-05-01T09:30:00.123456+00:00"
    assert (rows[2]["reference"], rows[2]["sale_date"]) == ('"; x', "2026-05-20")
    assert json.loads(rows[2]["warnings"]) == [WARNING]
    assert (rows[1]["inputs"], rows[1]["fsd"]) == ("", "")


@pytest.mark.parametrize("name", ["sales.parquet", "sales.csv"])
def test_only_labelled_ones_when_they_are_asked_for(filled: Store, tmp_path: Path, name: str) -> None:
    """For retraining."""
    assert filled.export(tmp_path / name, labelled_only=True) == 1
    frame = pl.read_parquet(tmp_path / name) if name.endswith("parquet") else pl.read_csv(tmp_path / name)
    assert frame["price_paid"].to_list() == [5.5e5]


@pytest.mark.parametrize("name", ["empty.parquet", "empty.csv"])
def test_an_empty_store_gives_a_table_without_rows(store: Store, tmp_path: Path, name: str) -> None:
    """With the same columns."""
    assert store.export(tmp_path / name) == 0
    frame = pl.read_parquet(tmp_path / name) if name.endswith("parquet") else pl.read_csv(tmp_path / name)
    assert (frame.height, frame.columns) == (0, list(export._NAMES))


def test_other_formats_are_refused(store: Store, tmp_path: Path) -> None:
    """Nothing is written."""
    with pytest.raises(DataError) as raised:
        store.export(tmp_path / "store.xlsx")
    assert raised.value.code == "output_format_unknown"
    assert [path for path in tmp_path.iterdir() if path.suffix == ".xlsx"] == []


def test_parquet_needs_polars_and_csv_does_not(filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the image."""
    monkeypatch.setitem(sys.modules, "polars", None)  # how Python marks what is not there
    with pytest.raises(MissingDependencyError) as raised:
        filled.export(tmp_path / "store.parquet")
    assert raised.value.code == "polars_missing"
    assert filled.export(tmp_path / "store.csv") == 3
