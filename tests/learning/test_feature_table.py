"""A feature table is read back as it was written, or refused."""

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houseprice.config import Split
from houseprice.errors import DataError
from houseprice.learning import feature_table as tables
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import engineer
from houseprice.learning.splitting import HOLDOUT, RESOLD, TRAIN
from learning.houses import SCHEMA, sales

ORIGIN = "f" * 64
MADE = sales(
    {"day": "2015-01-01", "plot": "007"},
    {"day": "2015-01-02", "paid": "200", "quarter": "", "area": "33.3"},
    {"day": "2015-01-03", "quarter": 'a "b", c'},
    {"day": "2015-02-01", "rooms": ""},
    {"day": "2015-02-02", "plot": "007"},
)
TABLE, _ = engineer(MADE, SCHEMA, ("age_at_sale", "months_since_first_sale"), Split(protocol="time", holdout_share=0.3))
CONTENT = tables.write(TABLE, ORIGIN)
Reading = Callable[[bytes], FeatureTable]


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    """Write a file and read it as a feature table."""
    path = tmp_path_factory.mktemp("table") / "featured.csv"

    def one(content: bytes) -> FeatureTable:
        path.write_bytes(content)
        return tables.read(path, SCHEMA)

    return one


def test_a_table_is_read_back_as_it_was_written(reading: Reading) -> None:
    """Prices, days, parcels and sides are where they were; a parcel number keeps its zeros."""
    found = reading(CONTENT)
    assert found.prices.tolist() == [100.5, 200.0, 100.5, 100.5, 100.5]
    assert found.days.tolist() == MADE["day"].cast(pl.Int32).to_list()
    assert found.parcels.tolist() == MADE["plot"].to_list()
    assert found.side.tolist() == [TRAIN, TRAIN, TRAIN, HOLDOUT, RESOLD]
    assert found.rows(TRAIN).tolist() == [0, 1, 2]
    assert found.rows(RESOLD).tolist() == [4]


def test_a_table_knows_where_it_comes_from(reading: Reading) -> None:
    """Its own digest, and that of the processed table that it was made from."""
    found = reading(CONTENT)
    assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert found.processed_sha256 == ORIGIN


def test_a_table_may_come_out_of_a_pipe(tmp_path: Path) -> None:
    """Such as that of a program that unpacks it, which can be read only once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(CONTENT,), daemon=True)
    writer.start()
    found = tables.read(pipe, SCHEMA)
    writer.join(10)
    assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert found.prices.tolist() == [100.5, 200.0, 100.5, 100.5, 100.5]


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6).map(str.strip)


@given(st.lists(st.tuples(FLOATS, TEXTS), min_size=TABLE.height, max_size=TABLE.height))
@settings(max_examples=60)
def test_every_feature_comes_back_to_the_last_bit(reading: Reading, values: list[tuple[float, str]]) -> None:
    """No float32 and no text is changed on its way through the file."""
    areas = np.array([area for area, _ in values], dtype=np.float32)
    texts = [text for _, text in values]
    table = TABLE.with_columns(area=areas, quarter=pl.Series(texts, dtype=pl.String))
    found = reading(tables.write(table, ORIGIN))
    assert found.features["area"].to_numpy().tobytes() == areas.tobytes()
    assert found.features["quarter"].to_list() == texts
    assert found.features.drop("area", "quarter").equals(table.select(found.features.columns).drop("area", "quarter"))


def test_neither_key_nor_side_is_a_feature(reading: Reading) -> None:
    """What a model learns from are the features alone, numbers first."""
    found = reading(CONTENT).features
    assert found.columns == TABLE.drop("plot", "day", "paid", "split").columns
    assert set(found.schema.values()) == {pl.Float32, pl.String}


def edited(column: str, *values: object) -> bytes:
    """Return the file with one column replaced."""
    return tables.write(TABLE, ORIGIN) if not values else tables.write(
        TABLE.with_columns(pl.Series(column, (list(values) * TABLE.height)[: TABLE.height])), ORIGIN
    )  # fmt: skip


LINES = CONTENT.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "CSV"),
        (b"\n\n", "CSV|plot"),
        (b"a,b\n1,2\n", "plot, day, paid, split, processed_sha256"),
        (MADE.write_csv().encode(), "split, processed_sha256"),
        (LINES[0], '"split"'),
        (b"".join(LINES[:4]), r"\['train'\]"),
        (CONTENT[:-100], "featured.csv"),
        (CONTENT[:-70], "2 processed"),
        (CONTENT[:-10], "2 processed"),
        (CONTENT + b"p9,2015-01-09\n", "area|paid"),
        (CONTENT + b"a,b," * 40 + b"\n", "CSV"),
        (CONTENT.replace(b",north", b",n\xffrth"), "CSV"),
        (edited("area", 1.0, None), "area"),
        (edited("area", 1.0, float("inf")), "area"),
        (edited("area", float("nan")), "area"),
        (edited("area", "many", "few"), "area"),
        (edited("area", 1e39), "area"),
        (edited("paid", 0.0), "paid"),
        (edited("paid", -1.0), "paid"),
        (edited("paid", 1.0, None), "paid"),
        (edited("day", "2015-01-01", "soon"), "day"),
        (edited("split", "train"), r"\['train'\]"),
        (edited("split", "train", "holdout", "test"), r"\['holdout', 'test', 'train'\]"),
        (edited("split", "train", "holdout", None), r"\['', 'holdout', 'train'\]"),
        (tables.write(TABLE.select("plot", "day", "paid", "split"), ORIGIN), "numeric"),
    ],
)  # fmt: skip
def test_what_is_no_whole_feature_table_is_refused(reading: Reading, content: bytes, told: str) -> None:
    """Empty, cut short, of another step or with blanks: one sentence, with the file and how to make it again."""
    with pytest.raises(DataError, match=told) as err:
        reading(content)
    assert "featured.csv" in str(err.value)
    assert err.value.code == "feature_table_invalid"
    assert "\n" not in str(err.value)


def test_a_table_that_is_not_there_is_told_with_the_option(tmp_path: Path) -> None:
    """The artifact and --data are named."""
    for path in (tmp_path / "no.csv", tmp_path):
        with pytest.raises(DataError, match=r"featured-data.*--data") as excinfo:
            tables.read(path, SCHEMA)
        assert excinfo.value.code == "feature_table_unreadable"


@given(st.integers(1, len(CONTENT) - 1))
@settings(max_examples=60)
def test_a_table_that_was_cut_short_is_refused_or_has_lost_whole_rows(reading: Reading, end: int) -> None:
    """A half row is never filled with anything."""
    try:
        found = reading(CONTENT[:end])
    except DataError:
        return  # anything else fails the test
    assert CONTENT[:end].endswith(ORIGIN.encode()) or CONTENT[:end].endswith(b"\n")
    assert found.features.equals(reading(CONTENT).features[: found.features.height])
