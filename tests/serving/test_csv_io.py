"""The reader and the writer of CSV."""

import csv
import io
from typing import Any

import pytest
from toy import FULL, LEAST

from houseprice.bundle.load import Bundle
from houseprice.serving import csv_io, csv_reader
from houseprice.serving.csv_dialect import Dialect, read_lines
from houseprice.serving.csv_reader import CsvColumns, CsvReader
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import BatchTooLargeError, InvalidRequestError

HEAD = "living area,rooms,zip,grade"
ROW = "80,3,98039,1"


def reader(bundle: Bundle, text: str | bytes, **options: Any) -> CsvReader:
    """Open a text as a CSV."""
    return CsvReader(io.BytesIO(text.encode() if isinstance(text, str) else text), CsvColumns(bundle), **options)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_csv_is_read_however_it_is_written(toy: Bundle, delimiter: str, end: str, mark: str) -> None:
    """Delimiters, ends of lines and a byte order mark change nothing."""
    opened = reader(toy, mark + end.join((HEAD, ROW, "", ROW, "")).replace(",", delimiter))
    rows = list(opened)
    assert (opened.dialect.delimiter, opened.dialect.byte_order_mark) == (delimiter, bool(mark))
    assert [opened.house(row) for row in rows] == [LEAST, LEAST]
    assert [(row.line, row.cells) for row in rows] == [(2, ROW.split(",")), (4, ROW.split(","))]


def test_other_columns_are_passed_through_and_order_does_not_matter(toy: Bundle) -> None:
    """The target, the parcel and notes are ignored, also when they hold delimiters and ends of lines."""
    opened = reader(toy, '\n \ngrade,price,note,zip,rooms,living area\n1,5,"a, ""b""\nc",98039,3,80\n')
    (row,) = opened
    assert opened.house(row) == LEAST
    assert (row.line, row.cells) == (4, ["1", "5", 'a, "b"\nc', "98039", "3", "80"])


def test_a_header_alone_is_a_table_without_rows(toy: Bundle) -> None:
    """Nothing to price is not an error."""
    assert list(reader(toy, HEAD)) == []


@pytest.mark.parametrize("has_header", [None, False])
def test_without_a_header_columns_are_those_of_the_schema(toy: Bundle, has_header: bool | None) -> None:
    """As SageMaker sends them; the first row is a house."""
    opened = reader(toy, ",".join(str(value) for value in FULL.values()), has_header=has_header)
    (row,) = opened
    assert opened.header == list(FULL)
    assert opened.house(row) == {**FULL, "state": "good"}


def test_unknown_columns_are_kept_where_they_are_to_be_refused(toy: Bundle) -> None:
    """The other protocols refuse a column that is not part of a request, whatever the format."""
    opened = reader(toy, f"{HEAD},garden\n{ROW},1\n", keep_unknown=True)
    (row,) = opened
    assert opened.house(row)["garden"] == "1"


@pytest.mark.parametrize("name", ["", " "])
def test_a_column_without_a_name_is_no_unknown_one(toy: Bundle, name: str) -> None:
    """Programs write an index so, or end each line with a delimiter."""
    opened = reader(toy, f"{HEAD},{name}\n{ROW},1\n", keep_unknown=True)
    (row,) = opened
    assert opened.house(row).keys() <= set(FULL)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("", "csv_invalid", ""),
        ("\n \n", "csv_invalid", ""),
        ("\ufeff", "csv_invalid", ""),
        (f"{HEAD}\n{ROW}\0\n", "csv_invalid", "NUL"),
        (b"zip\n\xff", "csv_invalid", "0xff"),
        (f"{HEAD}\n{ROW},9\n", "csv_invalid", "Line 2 has 5 fields"),
        (f"{HEAD}\n{ROW}\n80,3\n", "csv_invalid", "Line 3 has 2 fields"),
        (f'{HEAD}\n80,3,"98039,1\n', "csv_invalid", "line 2"),
        (f'{HEAD}\n80,3,"{"9" * 140_000}",1\n', "csv_invalid", "line 2"),
        (f"{HEAD},rooms\n{ROW},3\n", "header_invalid", "rooms"),
        (f"{HEAD},warnings,predicted_price\n{ROW},,\n", "header_invalid", "predicted_price, warnings"),
        ("living_area,room\n80,3\n", "header_invalid", '"living area" (did you mean "living_area"?)'),
        ("a;b\n1;2\n", "header_invalid", "a, b"),
    ],
)
def test_a_csv_that_cannot_be_read_is_refused(toy: Bundle, text: str | bytes, kind: str, expected: str) -> None:
    """The error has a type of its own, and names the line or the column."""

    def read() -> None:
        opened = reader(toy, text)
        opened.require_columns()
        list(opened)

    with pytest.raises(InvalidRequestError) as caught:
        read()
    (error,) = caught.value.errors
    assert error.kind == kind
    assert expected in error.message


def test_a_body_is_read_up_to_the_limit(toy: Bundle, scorer: Scorer) -> None:
    """Its houses are checked, and errors name the line; more houses than the limit are too many."""
    body = "\n".join([HEAD, *[ROW] * 3]).encode()
    assert len(csv_io.read(body, CsvColumns(toy), scorer.request, 3, Dialect()).houses) == 3
    with pytest.raises(BatchTooLargeError):
        csv_io.read(body, CsvColumns(toy), scorer.request, 2, Dialect())
    with pytest.raises(InvalidRequestError) as caught:
        csv_io.read(body + b"\n\n80,-1,98039,1", CsvColumns(toy), scorer.request, 9, Dialect())
    assert [(error.house, error.line, error.column) for error in caught.value.errors] == [(3, 6, "rooms")]


def test_what_is_written_is_read_again(toy: Bundle, scorer: Scorer) -> None:
    """Houses that come back as a table are the same houses, whatever the dialect."""
    houses = scorer.request.validate([FULL, LEAST])
    dialect = Dialect(";", ",", byte_order_mark=True)
    (content,) = csv_io.write(csv_io.table_of(houses, scorer.request.schema, dialect), [scorer.score(houses)])
    rows = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=";")
    lines = [";".join(row[:-6]) for row in rows]
    again = csv_io.read("\n".join(lines).encode(), CsvColumns(toy), scorer.request, 2, Dialect(";", ","))
    given = [{name: value for name, value in house.items() if value is not None} for house in houses]
    assert again.houses == given
    assert content.startswith("\ufeffsold;living area;".encode())


@pytest.mark.parametrize("body", [b"\n" * 5000, b"zip\n" + b"\n" * 5000, b'zip\n"' + b"1\n" * 5000])
def test_lines_that_are_no_rows_are_steps_of_the_work_too(
    toy: Bundle, scorer: Scorer, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    """Blank lines, and those of one quotation, can be so many that others must have a turn between them."""
    steps: list[None] = []
    monkeypatch.setattr(csv_reader, "checkpoint", lambda: steps.append(None))
    with pytest.raises(InvalidRequestError):
        csv_io.read(body, CsvColumns(toy), scorer.request, 9, Dialect())
    assert len(steps) >= 5000


def test_a_line_without_end_comes_in_parts() -> None:
    """So that no more of it is decoded than a row may have."""
    assert list(read_lines(io.BytesIO(b"12345678\n9"), 4)) == ["1234", "5678", "\n", "9"]
