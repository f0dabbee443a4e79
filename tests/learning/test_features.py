"""Trusted sales in, columns to learn from and the fitted preprocessor out: without the price, and without the clock."""

import gc
import os
import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from houseprice.config import Split
from houseprice.errors import DataError
from houseprice.learning.bundling import read_sales
from houseprice.learning.features import (
    SPLIT,
    Preprocessor,
    columns_of,
    engineer,
    source_column,
)
from houseprice.learning.splitting import TRAIN
from houseprice.schema import Schema
from learning.houses import SCHEMA, sales
from pipeline import Pipeline

NAMES = ("months_since_first_sale", "age_at_sale", "years_since_renovation", "living_area_per_room")
MADE = sales(
    {"day": "2015-01-01", "rooms": "2", "quarter": "south", "plot": "a"},
    {"day": "2015-01-02", "rooms": "4", "state": "", "plot": "b"},
    {"day": "2015-01-03", "rooms": "", "garden": "", "quarter": "", "plot": "c"},
    {"day": "2015-01-04", "rooms": "9", "area": "70", "stars": "", "plot": "a"},
    {"day": "2015-02-01", "rooms": "20", "quarter": "west", "state": "poor", "plot": "d"},
    {"day": "2015-02-02", "rooms": "", "built": "1900", "plot": "b"},
)
SHARE = Split(protocol="time", holdout_share=0.3)


def bits(table: pl.DataFrame) -> list[bytes]:
    """Return every column as bytes, texts included."""
    return [np.array(column.to_list(), "U" if column.dtype == pl.String else "f4").tobytes() for column in table]


def features(table: pl.DataFrame, schema: Schema = SCHEMA) -> pl.DataFrame:
    """Return what may be learned from: all but the keys."""
    return table.drop(schema.parcel, schema.sale_date, schema.target, SPLIT)


def test_the_table_holds_the_keys_then_the_features_under_human_names() -> None:
    """A declared column keeps its name, a derived one has the name of what it is, a text gets its position."""
    table, preprocessor = engineer(MADE, SCHEMA, NAMES, SHARE)
    numbers = ["area", "rooms", "garden", "stars", "built", "renewed", *NAMES, "state_ordinal", "quarter_ordinal",
               "rooms_missing", "garden_missing", "stars_missing"]  # fmt: skip
    assert table.columns == ["plot", "day", "paid", "split", *numbers, "state", "quarter"]
    assert preprocessor.feature_names() == numbers
    assert table.select(numbers).schema == dict.fromkeys(numbers, pl.Float32)


def test_rows_keep_their_order_and_know_their_side() -> None:
    """The newest are held out, and whoever was sold before is set apart."""
    table, _ = engineer(MADE, SCHEMA, (), SHARE)
    assert table.select("plot", "day", "paid").equals(MADE.select("plot", "day", "paid"))
    assert table[SPLIT].to_list() == ["train", "train", "train", "train", "holdout", "resold"]


def test_blanks_are_filled_with_the_median_of_the_training_rows() -> None:
    """The held-out house with 20 rooms has no say; a text stays blank and has no position."""
    table, preprocessor = engineer(MADE, SCHEMA, (), SHARE)
    assert preprocessor.medians_["rooms"] == 4.0
    assert table["rooms"].to_list() == [2, 4, 4, 9, 20, 4]
    assert table["garden"].to_list()[2] == 1.0
    assert (table["quarter"][2], table["quarter_ordinal"][2]) == ("", -1.0)


def test_a_text_that_no_training_row_has_gets_no_position() -> None:
    """Known texts are numbered in their order, the unknown one stands before all of them."""
    table, _ = engineer(MADE, SCHEMA, (), SHARE)
    assert table["quarter_ordinal"].to_list() == [1, 0, -1, 0, -1, 0]
    assert table["quarter"][4] == "west"


def test_an_ordinal_text_is_numbered_by_its_declared_levels() -> None:
    """`poor`, `fair`, `good` become 0, 1, 2 whatever their letters and whether training rows have them all."""
    table, _ = engineer(MADE, SCHEMA, (), SHARE)
    assert SCHEMA.columns["state"].levels == ("poor", "fair", "good")
    assert table["state_ordinal"].to_list() == [2, -1, 2, 2, 0, 2]


def test_a_column_that_is_always_blank_is_zero() -> None:
    """There is no median of nothing."""
    blank = MADE.with_columns(pl.lit(None, pl.Int64).alias("rooms"), pl.lit(None, pl.String).alias("quarter"))
    table, _ = engineer(blank, SCHEMA, NAMES, SHARE)
    assert set(table["rooms"]) == {0.0}
    assert set(table["quarter_ordinal"]) == {-1.0}
    assert all(table.select(cs.numeric()).select(pl.all().is_finite().all()).row(0))


def test_no_feature_needs_the_price(pipe: Pipeline) -> None:
    """With every price replaced, the real sales give the same features and the same preprocessor, bit for bit."""
    schema, derived = pipe.config.schema_, pipe.config.derived
    real = read_sales(pipe.cleaned, schema)
    rng = np.random.default_rng(1)
    replaced = real.with_columns(pl.Series(schema.target, np.exp(rng.normal(13, 3, real.height))))
    table, preprocessor = engineer(real, schema, derived, pipe.config.split)
    other, fitted = engineer(replaced, schema, derived, pipe.config.split)
    assert not table[schema.target].equals(other[schema.target])
    assert bits(features(table, schema)) == bits(features(other, schema))
    assert pickle.dumps(preprocessor) == pickle.dumps(fitted)
    assert bits(preprocessor.transform(real)) == bits(fitted.transform(replaced))


def test_features_are_made_from_what_a_request_has(pipe: Pipeline) -> None:
    """Without price, parcel and what is known at the sale only, the features are the same bits."""
    schema = pipe.config.schema_
    real = read_sales(pipe.cleaned, schema)
    table, preprocessor = engineer(real, schema, pipe.config.derived, pipe.config.split)
    asked = preprocessor.transform(real.select(*schema.request))
    assert bits(asked) == bits(features(table, schema))
    assert {schema.target, schema.parcel}.isdisjoint(asked.columns)


def test_what_is_known_at_the_sale_only_is_no_feature() -> None:
    """Terms of the sale are told by nobody who asks for a price."""
    table, _ = engineer(MADE, SCHEMA, NAMES, SHARE)
    assert not [name for name in table.columns if "terms" in name]


ROW = st.sampled_from(range(MADE.height))


@given(st.lists(st.tuples(ROW, ROW), min_size=1, max_size=4))
@settings(max_examples=40)
def test_held_out_rows_leave_no_trace_in_what_is_fitted(changes: list[tuple[int, int]]) -> None:
    """Whatever the newest houses are like, preprocessor and training features are the same bytes."""
    table, preprocessor = engineer(MADE, SCHEMA, NAMES, SHARE)
    rows = MADE.to_dicts()
    keys = ("plot", "day")
    for target, source in changes:
        if table[SPLIT][target] != TRAIN:
            wild = {"area": 4999.0, "rooms": None, "built": 1700, "quarter": f"new {source}", "stars": 1}
            rows[target] = rows[source] | wild | {key: rows[target][key] for key in keys}
    other, fitted = engineer(pl.DataFrame(rows, schema=MADE.schema), SCHEMA, NAMES, SHARE)
    assert pickle.dumps(fitted) == pickle.dumps(preprocessor)
    train = pl.col(SPLIT) == TRAIN
    assert bits(features(other.filter(train))) == bits(features(table.filter(train)))


def test_training_rows_do_leave_a_trace() -> None:
    """The test above could fail: one training row more, and the fitted state is another."""
    _, preprocessor = engineer(MADE, SCHEMA, NAMES, SHARE)
    changed = MADE.with_columns(pl.when(pl.col("plot") == "c").then(7).otherwise("rooms").alias("rooms"))
    _, other = engineer(changed, SCHEMA, NAMES, SHARE)
    assert pickle.dumps(other) != pickle.dumps(preprocessor)


@given(st.lists(ROW, min_size=1, max_size=8))
@settings(max_examples=40)
def test_a_row_is_transformed_by_itself(rows: list[int]) -> None:
    """Neither the neighbours nor their number change a house's features."""
    _, preprocessor = engineer(MADE, SCHEMA, NAMES, SHARE)
    together = preprocessor.transform(MADE[rows])
    for place, row in enumerate(rows):
        assert together[place].equals(preprocessor.transform(MADE[[row]]))


def test_a_large_table_is_transformed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which gives the features that it has as a whole."""
    _, preprocessor = engineer(MADE, SCHEMA, NAMES, SHARE)
    whole = preprocessor.transform(MADE)
    monkeypatch.setattr("houseprice.learning.features.BLOCK_ROWS", 4)
    assert preprocessor.transform(MADE).equals(whole)


def test_a_table_without_rows_is_transformed_into_one_without_rows() -> None:
    """Nobody has to ask first."""
    _, preprocessor = engineer(MADE, SCHEMA, NAMES, SHARE)
    assert preprocessor.transform(MADE.clear()).schema == preprocessor.transform(MADE).schema


def test_the_request_is_given_as_numbers_and_texts() -> None:
    """Dates are days since 1970, flags 0 or 1, blanks NaN or nothing."""
    columns = columns_of(MADE, SCHEMA)
    assert list(columns) == list(SCHEMA.request)
    assert columns["day"][0] == (date(2015, 1, 1) - date(1970, 1, 1)).days
    assert columns["rooms"].dtype == np.float64
    assert np.isnan(columns["rooms"][2])
    assert columns["quarter"].tolist() == ["south", "north", "", "north", "west", "north"]


def test_the_sales_are_not_changed() -> None:
    """A step returns a new value."""
    before = MADE.clone()
    _, preprocessor = engineer(MADE, SCHEMA, NAMES, SHARE)
    preprocessor.transform(MADE)
    assert MADE.equals(before)


def test_an_unfitted_preprocessor_says_so() -> None:
    """scikit-learn's own word for it."""
    with pytest.raises(NotFittedError):
        Preprocessor(SCHEMA).transform(MADE)


def test_a_table_that_cannot_be_divided_is_a_data_error() -> None:
    """No sale, or all on one day."""
    with pytest.raises(DataError) as excinfo:
        engineer(MADE.clear(), SCHEMA, NAMES, SHARE)
    assert excinfo.value.code == "no_sales"
    with pytest.raises(DataError) as excinfo:
        engineer(MADE.with_columns(day=date(2015, 1, 1)), SCHEMA, NAMES, SHARE)
    assert excinfo.value.code == "split_impossible"


CLOCKS = {"time", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime", "now", "today", "utcnow"}


def test_no_feature_reads_a_clock(pipe: Pipeline) -> None:
    """Every call of a function in C is watched while the real features are made: none of them tells the time.

    The collector rests meanwhile: what it calls at the moment of its choosing (Hypothesis times it) is no feature's.
    """
    schema, called = pipe.config.schema_, set()
    real = read_sales(pipe.cleaned, schema)

    def watch(_: FrameType, event: str, what: Any) -> None:
        if event == "c_call":
            called.add(what.__name__)

    gc.disable()
    sys.setprofile(watch)
    try:
        _, preprocessor = engineer(real, schema, pipe.config.derived, pipe.config.split)
        preprocessor.transform(real)
    finally:
        sys.setprofile(None)
        gc.enable()
    assert "array" in called  # the watch was awake
    assert not called & CLOCKS


@pytest.mark.long
def test_the_entry_point_of_features_gives_the_same_bytes_in_another_process(
    pipe: Pipeline, root: Path, tmp_path: Path
) -> None:
    """Neither Python's hash seed, nor the time zone, nor the working folder changes a byte of table or preprocessor."""
    table, preprocessor = tmp_path / "featured.csv", tmp_path / "deep" / "preprocessor.pkl"
    words = ["--config", pipe.config_file, "--input", pipe.cleaned, "--output", table, "--preprocessor", preprocessor]
    subprocess.run(
        [sys.executable, str(root / "src" / "features" / "engineer.py"), *map(str, words)],
        env=os.environ | {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "PYTHONPATH": ""},
        cwd=tmp_path,
        check=True,
    )
    assert table.read_bytes() == pipe.featured.read_bytes()
    assert preprocessor.read_bytes() == pipe.preprocessor.read_bytes()


def test_what_is_missing_now_and_then_has_a_feature_that_tells_it() -> None:
    """A median alone would hide it; what is never or always missing has none."""
    table, preprocessor = engineer(MADE, SCHEMA, NAMES, SHARE)
    assert preprocessor.gaps_ == ("rooms", "garden", "stars")
    blank = [float(value is None) for value in MADE["rooms"]]
    assert table["rooms_missing"].to_list() == blank
    assert "area_missing" not in table.columns
    assert source_column("rooms_missing", SCHEMA) == "rooms"


def test_what_has_no_feature_is_refused() -> None:
    """Prices alone, or with what identifies the houses or sales."""
    for names in (["paid"], ["paid", "plot"], ["paid", "day"]):
        schema = Schema(columns={name: SCHEMA.columns[name] for name in names})
        with pytest.raises(DataError) as refused:
            engineer(MADE.select(names), schema, (), Split())
        assert refused.value.code == "no_features"


def test_texts_are_features_without_a_number_beside_them() -> None:
    """Each gets its position."""
    schema = Schema(columns={name: SCHEMA.columns[name] for name in ("paid", "quarter")})
    table, preprocessor = engineer(MADE, schema, (), Split(holdout_share=0.3))
    assert preprocessor.feature_names() == ["quarter_ordinal"]
    assert table.columns == ["sale_group", "paid", SPLIT, "quarter_ordinal", "quarter"]
