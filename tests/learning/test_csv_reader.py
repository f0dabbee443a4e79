"""A CSV as people write it in, a table of texts out; every field still as it was typed."""

import csv
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.config import FileLayout
from houseprice.errors import DataError
from houseprice.learning.csv_reader import ROW, RawTable, parse, read
from learning.houses import AS_WRITTEN, HOUSE, SCHEMA, written

TEXT = written([{}, {"area": "70"}])


def parquet(frame: pl.DataFrame) -> bytes:
    """Return a Parquet file."""
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


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
    """And names the columns that it cuts into pieces."""
    layout = FileLayout(separator=",")
    with pytest.raises(DataError) as excinfo:
        parse(written([{}], ";"), "a.csv", SCHEMA, layout)
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
        (TEXT.replace("area", "areas"), "csv_columns_missing", 'lacks 1 of the 12.*"area".*"areas"'),
        (TEXT.replace("area", "AREA").replace("state", "x"), "csv_columns_missing", '"area".*"AREA".*"state"'),
        (TEXT.replace("terms", "area"), "csv_columns_repeated", "area"),
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
    ("text", "advice"),
    [
        ("Precio;Fecha\n100000;2014-05-02\n", "houseprice init a.csv"),
        (TEXT.replace("area", "areas"), "data.columns"),
        (TEXT.partition("\n")[2], "data.file.names"),
    ],
)
def test_a_table_of_another_shape_is_refused_with_the_next_step(text: str, advice: str) -> None:
    """A file of other columns needs a configuration, one without a header their names, and others a correction."""
    with pytest.raises(DataError, match=advice) as excinfo:
        parse(text, "a.csv", SCHEMA)
    assert excinfo.value.code == "csv_columns_missing"
    assert "\n" not in str(excinfo.value)


def test_other_files_of_the_same_sales_give_the_same_table(tmp_path: Path) -> None:
    """Whatever they are packed in, or written by."""
    plain = parse(TEXT, "a.csv", SCHEMA).texts
    for name, content in {
        "utf16.csv": TEXT.encode("utf-16"),
        "a.csv.gz": gzip.compress(TEXT.encode()),
        "a.parquet": parquet(plain.drop(ROW)),
    }.items():
        (tmp_path / name).write_bytes(content)
        assert read(tmp_path / name, SCHEMA).texts.equals(plain)
    assert read(tmp_path, SCHEMA).texts.drop(ROW).equals(pl.concat([plain.drop(ROW)] * 3))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The path is named, and a folder needs files."""
    with pytest.raises(DataError, match=r"no\.csv") as excinfo:
        read(tmp_path / "no.csv", SCHEMA)
    assert excinfo.value.code == "csv_not_found"
    with pytest.raises(DataError) as excinfo:
        read(tmp_path, SCHEMA)
    assert excinfo.value.code == "folder_without_tables"


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(st.lists(st.lists(FIELD, min_size=12, max_size=12), max_size=5), st.sampled_from(",;|\t"))
def test_any_text_comes_back_from_a_well_written_csv(rows: list[list[str]], separator: str) -> None:
    """Whatever the fields hold, a row is read as the row that was written, unless nothing stands in it."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([list(HOUSE), *rows])
    raw = parse(stream.getvalue(), "a.csv", SCHEMA, AS_WRITTEN)
    expected = pl.DataFrame(rows, schema=dict.fromkeys(HOUSE, pl.String), orient="row").with_columns(
        pl.all().str.strip_chars().replace("", None)
    )
    expected = expected.filter(pl.any_horizontal(pl.all().is_not_null()))
    assert raw.texts.drop(ROW).equals(expected)


@given(st.text(max_size=400))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    """No content of a file can end in anything but a table or a DataError, and every row is accounted for."""
    header = ",".join(HOUSE) + "\n"
    try:
        raw = parse(header + text, "a.csv", SCHEMA, AS_WRITTEN)
    except DataError:
        return  # anything else fails the test
    numbers = [*raw.texts[ROW], *raw.broken[ROW]]
    assert len(set(numbers)) == len(numbers)
    reader = csv.reader(io.StringIO(header + text, newline=""), strict=True)
    assert len(numbers) == sum(any(map(str.strip, row)) for row in reader) - 1


@given(st.permutations(list(HOUSE)))
def test_the_order_of_the_columns_does_not_matter(order: list[str]) -> None:
    """Columns are found by name."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, order)
    writer.writeheader()
    writer.writerow(HOUSE)
    assert parse(stream.getvalue(), "a.csv", SCHEMA).texts.drop(ROW).to_dicts() == [HOUSE]
