"""A CSV as people write it in, a table of texts out; every field still as it was typed."""

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.errors import DataError
from houseprice.learning.csv_reader import ROW, RawTable, parse, read
from learning.houses import HOUSE, SCHEMA, written

TEXT = written([{}, {"area": "70"}])


def texts(raw: RawTable, name: str) -> list[str | None]:
    """Return one column of what was read."""
    return raw.texts[name].to_list()


def test_fields_are_given_back_as_typed() -> None:
    """Nothing is turned into a number here."""
    raw = parse(written([{"area": "055.0", "rooms": "3.0"}]), "a.csv", SCHEMA)
    assert raw.texts.to_dicts() == [{ROW: 1, **HOUSE, "area": "055.0", "rooms": "3.0"}]
    assert raw.broken.is_empty()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_and_the_line_ends_are_found(separator: str, ending: str) -> None:
    """All four separators are told from the header, even when the others stand in the fields."""
    text = written([{"quarter": "a,b;c|d\te,,,,;;;;"}], separator).replace("\r\n", ending)
    assert texts(parse(text, "a.csv", SCHEMA), "quarter") == ["a,b;c|d\te,,,,;;;;"]


def test_a_declared_separator_is_taken_at_its_word() -> None:
    """A header of one name tells no separator, a declaration does."""
    text = written([{}], ";").replace("plot;day", "plot;a,b,c,d,e,f,g,h,i,j,k,l,m,n;day").replace("p0;", "p0;x;")
    assert texts(parse(text, "a.csv", SCHEMA, ";"), "plot") == ["p0"]
    with pytest.raises(DataError) as excinfo:
        parse(text, "a.csv", SCHEMA, "auto")
    assert excinfo.value.code == "csv_columns_missing"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Excel writes one before the first name."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert texts(read(path, SCHEMA), "plot") == ["p0", "p1"]


def test_quoted_fields_hold_separators_quotes_and_line_ends() -> None:
    """A quoted field may hold anything."""
    odd = 'say "hello",\nor\r\nnot; '
    raw = parse(written([{"quarter": odd}, {}]), "a.csv", SCHEMA)
    assert texts(raw, "quarter") == [odd.strip(), "north"]
    assert texts(raw, ROW) == [1, 2]


@pytest.mark.parametrize("before", ["\n", "\r\n\r\n", "   \n", ",,,,\n", ";;;;;\r\n \n"])
def test_lines_before_the_header_that_hold_nothing_are_passed_over(before: str) -> None:
    """An empty first line is no header, and rows are numbered from the header all the same."""
    assert texts(parse(before + TEXT, "a.csv", SCHEMA), ROW) == [1, 2]


def test_an_index_column_without_a_name_is_passed_over() -> None:
    """Tables that were written with their row numbers have a header that begins with a separator."""
    lines = TEXT.splitlines()
    text = "\n".join(["," + lines[0], *(f"{number},{line}" for number, line in enumerate(lines[1:]))])
    raw = parse(text, "a.csv", SCHEMA)
    assert texts(raw, "plot") == ["p0", "p1"]
    assert raw.ignored == ()


def test_trailing_blank_columns_are_passed_over() -> None:
    """Separators at the end of every line, header included, add nothing."""
    raw = parse(TEXT.replace("\r\n", ",,,\r\n"), "a.csv", SCHEMA)
    assert raw.texts.equals(parse(TEXT, "a.csv", SCHEMA).texts)
    assert raw.broken.is_empty()


def test_blank_lines_hold_no_sale() -> None:
    """A wholly blank line is neither a row nor lost."""
    lines = TEXT.splitlines()
    raw = parse("\n".join([lines[0], "", lines[1], "", "", lines[2], ""]), "a.csv", SCHEMA)
    assert raw.texts.height == 2
    assert raw.broken.is_empty()


@pytest.mark.parametrize("fields", [1, 11, 13, 40])
def test_a_row_with_too_few_or_too_many_fields_is_kept_apart(fields: int) -> None:
    """Nothing is guessed: such a row is told by number and by what was found."""
    header, first, second = TEXT.splitlines()
    raw = parse("\n".join([header, first, ",".join(["x"] * fields), second]), "a.csv", SCHEMA)
    assert raw.broken.rows() == [(2, f"has {fields} fields, expected 12")]
    assert texts(raw, "plot") == ["p0", "p1"]
    assert texts(raw, ROW) == [1, 3]


def test_blanks_are_null_and_edges_are_trimmed() -> None:
    """A field of blanks is no value."""
    raw = parse(written([{"quarter": "  north \t", "state": "   ", "terms": ""}]), "a.csv", SCHEMA)
    assert raw.texts.select("quarter", "state", "terms").row(0) == ("north", None, None)


def test_columns_that_are_not_declared_are_told() -> None:
    """They are ignored, but by name."""
    text = TEXT.replace("plot,", "colour,plot,").replace("p0,", "red,p0,").replace("p1,", "blue,p1,")
    raw = parse(text, "a.csv", SCHEMA)
    assert raw.ignored == ("colour",)
    assert "colour" not in raw.texts.columns


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("", "csv_empty", "a.csv"),
        ("\r\n\n", "csv_empty", "a.csv"),
        ("  ,, \n\n", "csv_empty", "a.csv"),
        ("hello", "csv_columns_missing", '"plot", "day"'),
        (TEXT.replace("area", "areas"), "csv_columns_missing", '"area".*"areas".*12'),
        (TEXT.replace("area", "AREA").replace("state", "x"), "csv_columns_missing", '"area".*"AREA".*"state"'),
        (TEXT.replace("terms", "area"), "csv_columns_missing", '"terms"'),
        (TEXT.replace("plot,", "day,plot,"), "csv_columns_repeated", "day"),
        (TEXT + '"p3,', "csv_malformed", "line 4"),
        (TEXT + '"p3"x,', "csv_malformed", "line 4"),
        (TEXT + "x" * 200_000, "csv_malformed", "line 4"),
    ],
    ids=lambda value: value[:20],
)  # fmt: skip
def test_what_is_no_table_of_sales_is_refused_with_a_sentence(text: str, code: str, told: str) -> None:
    """The file is named, with what was found and what was expected."""
    with pytest.raises(DataError, match=told) as excinfo:
        parse(text, "a.csv", SCHEMA)
    assert excinfo.value.code == code


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ("größe".encode("latin-1"), "csv_not_utf8", "0xf6 at position 2"),
        (TEXT.encode("utf-16"), "csv_not_utf8", "UTF-16"),
        (b"PK\x03\x04\x14\x00\xf0", "csv_other_format", "ZIP"),
    ],
)
def test_another_encoding_is_refused_with_a_sentence(tmp_path: Path, content: bytes, code: str, told: str) -> None:
    """With what it is, or its first byte that is not UTF-8."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told) as excinfo:
        read(path, SCHEMA)
    assert excinfo.value.code == code


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The path is named, and a folder is no file."""
    with pytest.raises(DataError, match=r"no\.csv") as excinfo:
        read(tmp_path / "no.csv", SCHEMA)
    assert excinfo.value.code == "csv_not_found"
    with pytest.raises(DataError) as excinfo:
        read(tmp_path, SCHEMA)
    assert excinfo.value.code == "csv_unreadable"


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(st.lists(st.lists(FIELD, min_size=12, max_size=12), max_size=5), st.sampled_from(",;|\t"))
def test_any_text_comes_back_from_a_well_written_csv(rows: list[list[str]], separator: str) -> None:
    """Whatever the fields hold, a row is read as the row that was written, or as blank when nothing stands in it."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([list(HOUSE), *rows])
    raw = parse(stream.getvalue(), "a.csv", SCHEMA)
    expected = pl.DataFrame(rows, schema=dict.fromkeys(HOUSE, pl.String), orient="row").with_columns(
        pl.all().str.strip_chars().replace("", None)
    )
    assert raw.texts.drop(ROW).equals(expected)


@given(st.text(max_size=400))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    """No content of a file can end in anything but a table or a DataError, and every row is accounted for."""
    header = ",".join(HOUSE) + "\n"
    try:
        raw = parse(header + text, "a.csv", SCHEMA)
    except DataError:
        return  # anything else fails the test
    numbers = [*raw.texts[ROW], *raw.broken[ROW]]
    assert len(set(numbers)) == len(numbers)
    reader = csv.reader(io.StringIO(header + text, newline=""), strict=True)
    assert len(numbers) == sum(bool(row) for row in reader) - 1


@given(st.permutations(list(HOUSE)))
def test_the_order_of_the_columns_does_not_matter(order: list[str]) -> None:
    """Columns are found by name."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, order)
    writer.writeheader()
    writer.writerow(HOUSE)
    assert parse(stream.getvalue(), "a.csv", SCHEMA).texts.drop(ROW).to_dicts() == [HOUSE]
