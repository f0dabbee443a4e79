"""A CSV of houses, read a block at a time."""

import io
from pathlib import Path

import pytest
from toy import LEAST

from houseprice.bundle.load import Bundle
from houseprice.errors import DataError
from houseprice.serving.scorer import Scorer
from houseprice.serving.table import Table

SOURCE = Path("houses.csv")
HEAD = "living area,rooms,zip,grade"
ROW = "80,3,98039,1"


def table(bundle: Bundle, text: str) -> Table:
    """Open a text as a table."""
    return Table(SOURCE, io.StringIO(text, newline=""), bundle)


def refused(bundle: Bundle, scorer: Scorer, text: str, size: int = 10) -> str:
    """Give the sentence with which a table is refused."""
    with pytest.raises(DataError) as caught:
        list(table(bundle, text).blocks(size, scorer.request))
    return str(caught.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_table_is_read_however_it_is_written(
    toy: Bundle, scorer: Scorer, separator: str, end: str, mark: str
) -> None:
    """Separators, ends of lines and a byte order mark change nothing."""
    text = mark + end.join((HEAD, ROW, "", ROW, "")).replace(",", separator)
    opened = table(toy, text)
    ((rows, houses),) = opened.blocks(10, scorer.request)
    assert (opened.separator, opened.marked) == (separator, bool(mark))
    assert houses == [LEAST, LEAST]
    assert rows == [ROW.split(","), ROW.split(",")]


def test_other_columns_are_passed_through_and_order_does_not_matter(toy: Bundle, scorer: Scorer) -> None:
    """The target, the parcel and notes are ignored, also when they hold separators and ends of lines."""
    text = 'grade,price,note,zip,rooms,living area\n1,5,"a, ""b""\nc",98039,3,80\n'
    ((rows, houses),) = table(toy, text).blocks(10, scorer.request)
    assert houses == [LEAST]
    assert rows == [["1", "5", 'a, "b"\nc', "98039", "3", "80"]]


def test_blocks_hold_so_many_rows(toy: Bundle, scorer: Scorer) -> None:
    """A table is never whole in memory."""
    blocks = table(toy, "\n".join([HEAD, *[ROW] * 25])).blocks(10, scorer.request)
    assert [len(houses) for _, houses in blocks] == [10, 10, 5]


def test_a_header_alone_is_a_table_without_rows(toy: Bundle, scorer: Scorer) -> None:
    """Nothing to price is not a fault."""
    assert list(table(toy, HEAD).blocks(10, scorer.request)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", '"houses.csv" is empty'),
        ("\n \n", '"houses.csv" is empty'),
        ("\ufeff", '"houses.csv" is empty'),
        (f"{HEAD}\n{ROW}\0\n", "holds a NUL byte"),
        (f"{HEAD}\n{ROW},9\n", "row 1 has 5 fields; expected 4"),
        (f"{HEAD}\n{ROW}\n80,3\n", "row 2 has 2 fields; expected 4"),
        (f'{HEAD}\n80,3,"98039,1\n', "near line 2 (unexpected end of data)"),
        (f'{HEAD}\n80,3,"{"9" * 140_000}",1\n', "field larger than field limit"),
        (f"{HEAD},rooms\n{ROW},3\n", "has rooms more than once"),
        (f"{HEAD},warnings,predicted_price\n{ROW},,\n", "has the columns predicted_price, warnings already"),
        (
            "living_area,room\n80,3\n",
            '"living area" (did you mean "living_area"?), "rooms" (did you mean "room"?), "zip"',
        ),
        ("a;b\n1;2\n", "; found a;b, separated by"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(toy: Bundle, scorer: Scorer, text: str, said: str) -> None:
    """The sentence names the file, and what is wrong where."""
    found = refused(toy, scorer, text)
    assert said in found
    assert "houses.csv" in found


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("80,3.5,98039,1", '"rooms" is 3.5; expected a whole number from 0 to 50'),
        ("80,,98039,1", '"rooms" is missing; expected a whole number from 0 to 50'),
        ("abc,3,98039,1", '"living area" is "abc"; expected a number from 10 to 5000 sq m'),
        ("inf,3,98039,1", '"living area" is Infinity; expected a number from 10 to 5000 sq m'),
        ("80,3,,1", '"zip" is missing; expected a text, or a whole number of up to 15 digits'),
        ("80,3,98039,4", '"grade" is 4; expected one of 1, 2, 3, 5'),
        ("80,3,98039,4.5", '"grade" is 4.5; expected one of 1, 2, 3, 5'),
    ],
)
def test_a_row_that_cannot_be_priced_is_named(toy: Bundle, scorer: Scorer, row: str, said: str) -> None:
    """Rows are counted from 1 after the header, in every block, blank lines included."""
    for size in (2, 100):
        found = refused(toy, scorer, f"{HEAD}\n{ROW}\n\n{ROW}\n{row}", size)
        assert f"row 4: {said}" in found


def test_many_bad_rows_are_counted(toy: Bundle, scorer: Scorer) -> None:
    """The first of the whole table are shown, so that the sentence stays one."""
    text = "\n".join([HEAD, ROW, *["80,-1,98039,1"] * 300])
    for size in (3, 1000):
        found = refused(toy, scorer, text, size)
        assert "row 2: " in found
        assert "row 6: " in found
        assert "row 7: " not in found
        assert "; and 295 more." in found
