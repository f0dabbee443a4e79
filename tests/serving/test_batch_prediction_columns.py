"""Validation of whole columns, compared with that of houses one by one."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import FULL

from houseprice.batch_prediction import column_values
from houseprice.batch_prediction.blocks import Block, Job, PricedBlock
from houseprice.batch_prediction.column_values import ColumnValues
from houseprice.batch_prediction.pricing import Pricer
from houseprice.errors import DataError
from houseprice.serving.csv_dialect import Dialect

HEADER = (*FULL, "note")
CELLS = ["", "NA", "nan", "0", "1", "1.0", "3", "-1", "80", "80.5", "8e1", "1_0", " 98039 ", "98039.0", "true", "no"]
TEXTS = [*CELLS, "2014-10-13", "2014-10-13T00:00:00", "13.10.2014", "x", "é", "inf", "-0", "1e400", "٣"]
GOOD = [str(FULL[name]) for name in FULL]
VALUES = [None, True, False, 0, 1, 3, -1, 80.5, -0.0, float("nan"), float("inf"), "98039", "3", "", "x", 10**30]


@pytest.fixture(scope="module")
def pricer(toy_dir: Path) -> Pricer:
    """Return a model that prices blocks."""
    return Pricer(toy_dir)


def slowly(pricer: Pricer, job: Job, block: Block, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what comes of a block whose rows are all judged house by house."""
    with monkeypatch.context() as patch:
        patch.setattr("houseprice.batch_prediction.pricing._Reading.plain_rows", lambda *_: None)
        return outcome(pricer, job, block)


def outcome(pricer: Pricer, job: Job, block: Block) -> PricedBlock | str:
    """Return the priced block, or why there is none."""
    try:
        return pricer.price(job, block)
    except DataError as err:
        return f"{err.code} {err}"


rows = st.lists(
    st.dictionaries(st.integers(0, len(GOOD) - 1), st.sampled_from(TEXTS), max_size=2), min_size=0, max_size=6
)


@given(rows=rows, ends=st.sampled_from(["\n", "\r\n", "\r", "\n\n"]), form=st.sampled_from(["CSV", "Parquet"]))
def test_a_csv_is_judged_as_its_houses_are(pricer: Pricer, rows: list[dict[int, str]], ends: str, form: str) -> None:
    """The same bytes or the same errors, whatever stands in the cells."""
    lines = [";".join([*(changed.get(i, cell) for i, cell in enumerate(GOOD)), "a, b"]) for changed in rows]
    job = Job("houses.csv", HEADER, Dialect(";"), is_frame=False, output_format=form)
    block = Block("".join(f"{line}{ends}" for line in lines), 2, None, None)
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert outcome(pricer, job, block) == slowly(pricer, job, block, monkeypatch)


@pytest.mark.parametrize(
    "text",
    [
        "1;2\n",
        f"{';'.join(GOOD)};x;y\n",
        f"{';'.join(GOOD)};x;y\n{';'.join(GOOD)}\n",
        f"{';'.join(GOOD)};{'x' * 140_000}\n",
        f'{";".join(GOOD)};"x"\n',
        f"{';'.join(GOOD)};\t\x0b\x0c\x1c\x85\u2028\u2029 \r\n",
        "  \n",
        "\n\n",
        "",
    ],
    ids=[
        "short",
        "long",
        "as many cells too many as too few",
        "a huge cell",
        "quotation",
        "strange spaces",
        "only spaces",
        "only ends",
        "nothing",
    ],
)
def test_odd_lines_are_read_as_by_the_reader(pricer: Pricer, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that are too short or long, and those that a split would divide otherwise."""
    job = Job("houses.csv", HEADER, Dialect(";"), is_frame=False, output_format="CSV")
    block = Block(f"{';'.join(GOOD)};a\n{text}", 2, None, None)
    assert outcome(pricer, job, block) == slowly(pricer, job, block, monkeypatch)


@given(
    name=st.sampled_from(list(FULL)),
    cells=st.lists(st.sampled_from(VALUES), min_size=1, max_size=4),
    form=st.sampled_from(["CSV", "Parquet"]),
)
def test_a_frame_is_judged_as_its_houses_are(pricer: Pricer, name: str, cells: list[Any], form: str) -> None:
    """Whatever type a column has; a frame holds one type a column."""
    try:
        series = pl.Series(name, cells)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return
    if {"0.0", "-0.0"} <= {*map(repr, series.to_list())}:  # equal, so that a warning may name either
        return
    frame = pl.DataFrame([FULL] * len(cells)).with_columns(series)
    job = Job(f"houses of {cells}", frame.columns, Dialect(), is_frame=True, output_format=form)
    with pytest.MonkeyPatch.context() as monkeypatch:
        block = Block(frame, 1, None, None)
        assert outcome(pricer, job, block) == slowly(pricer, job, block, monkeypatch)


def test_types_of_one_file_are_not_those_of_the_next(pricer: Pricer) -> None:
    """True equals 1, but is no number of rooms."""
    counts = []
    for value in (1, True, 1):
        frame = pl.DataFrame([FULL]).with_columns(rooms=pl.lit(value))
        job = Job(f"houses of {value!r}", frame.columns, Dialect(), is_frame=True, output_format="CSV")
        counts.append(pricer.price(job, Block(frame, 1, None, None)).error_count)
    assert counts == [0, 1, 0]


def test_cells_are_parsed_once_and_forgotten_in_time(pricer: Pricer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded where all cells are different."""
    monkeypatch.setattr(column_values, "MAX_CELLS", 10)
    parsed: list[str] = []

    def parse(text: str) -> int:
        parsed.append(text)
        return int(text)

    values = ColumnValues(pricer._scorer.request)
    for start in (0, 0, 3, 100, 0):
        cells = [str(start + number % 7) for number in range(50)]
        assert values.find("living area", [f"2{cell}" for cell in cells], parse) is not None
    assert len(parsed) == 7 + 0 + 3 + 7 + 7


def test_columns_of_ever_new_cells_are_not_remembered(pricer: Pricer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their values are those of each cell all the same, and blanks are refused where a value is required."""
    monkeypatch.setattr(column_values, "MAX_CELLS", 10)
    values = ColumnValues(pricer._scorer.request)
    parsers = pricer.columns.parsers(".")
    for start in (100, 200, 300):
        cells = [str(start + number) for number in range(9)]
        for name, more in (("lot", ["", "101"]), ("living area", ["101", "101"])):
            expected = [*map(float, cells), float(more[0]) if more[0] else None, 101.0]
            assert values.find(name, [*cells, *more], parsers[name]) == expected
        assert values.find("living area", [*cells, ""], parsers["living area"]) is None
        assert values.find("lot", [*cells, "x"], parsers["lot"]) is None
