"""Tables of groups as people have them, and what is wrong with some."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from houseprice.errors import DataError
from houseprice.learning.disparity.groups import NONE, own_groups, read_groups
from learning.houses import SCHEMA

SALES = pl.DataFrame(
    {
        "plot": ["1", "2", "3", None],
        "quarter": ["north", "south", "Öst", "north"],
        "stars": [1, 2, 3, None],
        "garden": [1.0, 0.0, None, 1.0],
        "area": [50.0, 60.5, 70.0, 80.0],
    }
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return where a table of groups is written."""
    return tmp_path / "groups.csv"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("quarter,band\nnorth,rich\nsouth,poor\nÖst,rich\n", "utf-8"),
        ("quarter;band\r\nnorth;rich\r\nsouth;poor\r\nÖst;rich\r\n", "cp1252"),
        ("quarter\tband\nnorth\trich\nsouth\tpoor\nÖst\trich\n", "utf-16"),
        ('"band","quarter"\n"rich"," north "\n"poor","south"\n"rich","Öst"\n"rich","north"\n', "utf-8-sig"),
    ],
)
def test_a_table_is_read_as_it_is_written(table: Path, text: str, encoding: str) -> None:
    """In any encoding, with any separator, columns in any order, a key twice with the same group."""
    table.write_bytes(text.encode(encoding))
    (found,) = read_groups(table, "quarter", (), SALES, SCHEMA)
    assert found.name == "band"
    assert found.labels.tolist() == ["rich", "poor", "rich", "rich"]


def test_codes_that_a_program_took_for_numbers_are_the_same_keys(table: Path) -> None:
    """As 1.0 for 1."""
    table.write_text("plot,band\n1.0,a\n2,b\n3,a\n")
    (found,) = read_groups(table, "plot", (), SALES, SCHEMA)
    assert found.labels.tolist() == ["a", "b", "a", NONE]
    assert found.facts["sales_without_key"] == 1


def test_what_does_not_match_is_counted(table: Path) -> None:
    """Keys and groups that are blank, keys that nobody knows, sales that nobody grouped."""
    table.write_text("quarter,band\nnorth,a\n,b\nsouth,\nwest,c\n")
    (found,) = read_groups(table, "quarter", (), SALES, SCHEMA)
    assert found.labels.tolist() == ["a", NONE, NONE, "a"]
    assert found.facts == {
        "rows": 4, "rows_without_key": 1, "rows_without_group": 1, "keys_without_sales": 1, "sales_without_key": 0,
        "sales_without_group": 2, "keys_without_group": 2, "some_keys_without_group": ["south", "Öst"],
    }  # fmt: skip


def test_every_other_column_is_a_grouping_unless_some_are_named(table: Path) -> None:
    """As a tract may have a band of income and a side of the river."""
    table.write_text("quarter,band,side\nnorth,a,l\nsouth,b,r\nÖst,a,r\n")
    assert [one.name for one in read_groups(table, "quarter", (), SALES, SCHEMA)] == ["band", "side"]
    assert [one.name for one in read_groups(table, "quarter", ("side",), SALES, SCHEMA)] == ["side"]


@pytest.mark.parametrize(
    ("text", "key", "columns", "code"),
    [
        ("quarter,band\nnorth,a\nnorth,b\n", "quarter", (), "groups_ambiguous"),
        ("quarter,band\nwest,a\neast,b\n", "quarter", (), "groups_unmatched"),
        ("quarter,band\nnorth,\nsouth,\n", "quarter", (), "groups_unmatched"),
        ("quarter\nnorth\nsouth\n", "quarter", (), "groups_missing"),
        ("quarter,band\nnorth,a\nsouth,b\n", "zip", (), "key_unknown"),
        ("zip,band\n98103,a\n98104,b\n", "quarter", (), "key_missing"),
        ("quarter,band\nnorth,a\nsouth,b\n", "quarter", ("bond",), "group_column_unknown"),
        ("quarter,band\nnorth,a\nsouth,b,c,d\nÖst,b\nx,b\n", "quarter", (), "groups_rows_invalid"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(
    table: Path, text: str, key: str, columns: tuple[str, ...], code: str
) -> None:
    """With a code that says what is wrong."""
    table.write_text(text)
    with pytest.raises(DataError) as caught:
        read_groups(table, key, columns, SALES, SCHEMA)
    assert caught.value.code == code


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\x03" * 50, b"%PDF-1.4 nothing"])
def test_a_file_that_is_no_table_is_refused(table: Path, content: bytes) -> None:
    """By the reader of sales, and not with a traceback."""
    table.write_bytes(content)
    with pytest.raises(DataError):
        read_groups(table, "quarter", (), SALES, SCHEMA)


def test_columns_of_the_sales_are_groups_as_people_read_them() -> None:
    """Levels and flags as whole numbers; a blank is no group."""
    found = own_groups(SALES, ["quarter", "stars", "garden"], SCHEMA, None)
    assert [one.labels.tolist() for one in found] == [
        ["north", "south", "Öst", "north"], ["1", "2", "3", NONE], ["1", "0", NONE, "1"],
    ]  # fmt: skip
    assert [one.facts["sales_without_group"] for one in found] == [0, 1, 1]
    with pytest.raises(DataError) as caught:
        own_groups(SALES, ["zip"], SCHEMA, None)
    assert caught.value.code == "group_column_unknown"


def test_numbers_are_divided_into_bands_of_as_many_sales() -> None:
    """By themselves where there are many, and by an option in a table; blanks have no band."""
    area = np.arange(100.0)
    sales = pl.DataFrame({"area": pl.Series(area).set(pl.Series(area == 99.0), None)})
    (found,) = own_groups(sales, ["area"], SCHEMA, None)
    names, counts = np.unique(found.labels, return_counts=True)
    assert sorted(counts.tolist()) == [1, 19, 20, 20, 20, 20]
    assert names.tolist()[:3] == [NONE, "1: 0 to 19", "2: 20 to 39"]
    (halves,) = own_groups(sales, ["area"], SCHEMA, 2)
    assert len(set(halves.labels)) == 3


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e400"])
def test_a_number_that_is_none_has_no_band(table: Path, number: str) -> None:
    """It would move the edges of all bands."""
    table.write_text(f"quarter,income\nnorth,1\nsouth,2\nÖst,{number}\n")
    with pytest.raises(DataError) as caught:
        read_groups(table, "quarter", (), SALES, SCHEMA, bands=2)
    assert caught.value.code == "groups_not_numeric"


def test_a_table_of_numbers_is_divided_by_sales_and_texts_are_not(table: Path) -> None:
    """As incomes of tracts."""
    table.write_text("quarter,income\nnorth,20\nsouth,1000\nÖst,1000.5\n")
    (found,) = read_groups(table, "quarter", (), SALES, SCHEMA, bands=2)
    assert found.labels.tolist() == ["1: 20 to 20", "2: 1000 to 1000.5", "2: 1000 to 1000.5", "1: 20 to 20"]
    table.write_text("quarter,income\nnorth,low\nsouth,high\n")
    with pytest.raises(DataError) as caught:
        read_groups(table, "quarter", (), SALES, SCHEMA, bands=2)
    assert caught.value.code == "groups_not_numeric"
