"""Separators and quoting, by what they make of the lines."""

import csv
import io

import pytest

from houseprice.errors import DataError
from houseprice.sales_file import AUTO, Note, TextTable, parse

ROWS = [["1", "Main St 5, Bath", "70,5", "2014-05-02"], ["2", "Hill; north", "80,5", "2014-05-03"]]
HEADER = ["id", "address", "area", "sold"]


def table(text: str, **layout: object) -> TextTable:
    """Return what is read."""
    return parse(text.encode(), "a.csv", AUTO.model_copy(update=layout))


def note_of(found: TextTable, key: str) -> Note:
    """Return the note about one key."""
    return next(note for note in found.notes if note.key == key)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_each_separator_is_found(separator: str, quoting: int, ending: str) -> None:
    """With other separators in the fields, and decimal commas."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, quoting=quoting, lineterminator=ending).writerows([HEADER, *ROWS * 3])
    found = table(stream.getvalue())
    assert found.texts.drop("row").rows() == [tuple(row) for row in ROWS * 3]
    assert found.layout.separator == separator
    assert note_of(found, "separator").verdict == "certain"


def test_commas_in_unquoted_texts_do_not_hide_semicolons() -> None:
    """The most frequent sign of the header is not the separator."""
    found = table(
        "id;address, town, county, country;price\n1;Main St 5, Bath, Avon, UK;100\n2;Hill, Bath, Avon, UK;90\n"
    )
    assert found.texts["price"].to_list() == ["100", "90"]


def test_decimal_commas_in_every_column_are_no_separators() -> None:
    """Each line has more commas than semicolons, and they are as regular."""
    found = table("x,1;y,1;z,1\n1,5;2,5;3,5\n4,5;5,5;6,5\n")
    assert found.columns == ["x,1", "y,1", "z,1"]


def test_two_regular_separators_are_ambiguous() -> None:
    """Until one is stated."""
    text = "a b;c,d e\nx y;z,w v\nq r;s,t u\n"
    with pytest.raises(DataError) as excinfo:
        table(text)
    assert excinfo.value.code == "layout_ambiguous"
    assert excinfo.value.details["key"] == "separator"
    assert set(excinfo.value.details["choices"]) == {",", ";"}
    assert table(text, separator=";").columns == ["a b", "c,d e"]


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;", "sep=;\r"])
def test_a_line_that_states_the_separator_is_believed(line: str) -> None:
    """Excel reads and writes it."""
    found = table(f"{line}\nx;y\n1;2\n3;4\n")
    assert found.texts.rows() == [(1, "1", "2"), (2, "3", "4")]
    assert note_of(found, "separator").verdict == "certain"
    assert found.layout.lines_above_header == 0
    assert table(f"{line}\nx;y\n1;2\n3;4\n", **found.layout.model_dump()).texts.equals(found.texts)


def test_one_column_needs_no_separator() -> None:
    """Nor do commas in its texts make one."""
    assert table("price\n100\n200\n").columns == ["price"]
    found = table("address\nMain St\nHill, Bath\nMill Lane, Bath, Avon\nGreen\n")
    assert found.columns == ["address"]
    assert found.texts.height == 4


def test_quotes_behind_backslashes_are_read() -> None:
    """As databases export them."""
    found = table('id,remark,price\n1,"a \\"nice\\", old house",100\n2,"plain, but good",200\n3,"x",300\n')
    assert found.texts["remark"].to_list() == ['a "nice", old house', "plain, but good", "x"]
    assert note_of(found, "quoting").verdict == "likely"


def test_single_quotes_are_read() -> None:
    """With separators within them."""
    found = table("id,remark\n'1','old, but nice'\n'2','new'\n", quoting="single")
    assert found.texts["remark"].to_list() == ["old, but nice", "new"]
    found = table("'id','remark'\n'1','nice'\n'2','new'\n")
    assert found.columns == ["id", "remark"]
    assert found.layout.quoting == "single"


def test_blanks_before_quotes_are_no_part_of_a_field() -> None:
    """As they are typed by hand."""
    found = table('id, address, price\n1, "Main St 5, Bath", 100\n2, "Hill", 200\n3, Mill "old" Lane, 300\n')
    assert found.texts["address"].to_list() == ["Main St 5, Bath", "Hill", 'Mill "old" Lane']
    assert found.broken.is_empty()


def test_inches_in_a_table_without_quotes_are_read() -> None:
    """A quote that begins a field and never ends is a sign for inches when all lines are whole without quotes."""
    text = "id\tremark\tprice\n" + "".join(f'{number}\t"{number} pipe\t100\n' for number in range(300))
    found = table(text)
    assert found.texts.height == 300
    assert found.texts["remark"][7] == '"7 pipe'
    assert note_of(found, "quoting").value == "none"


def test_a_stray_quote_far_below_is_refused_where_others_quote() -> None:
    """Fields would keep their quotes otherwise."""
    lines = [f'{number},"{number} Main St, Bath",100' for number in range(20_000)]
    lines[19_000] = '19000,"Big" house,100'
    with pytest.raises(DataError, match="line 19002") as excinfo:
        table("id,address,price\n" + "\n".join(lines))
    assert excinfo.value.code == "csv_malformed"
