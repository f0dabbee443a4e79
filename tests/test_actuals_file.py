"""Files of prices paid, in the forms in which people have them."""

import csv
import gzip
import io
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from houseprice.actuals_file import read_actuals
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.errors import DataError, InvalidActualsError
from houseprice.serving.request import RequestModel
from houseprice.store import Actual, hash_house
from sales_file.workbooks import workbook

DAY = date(2026, 5, 20)


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    """Return the session's model."""
    return open_bundle(bundle_dir)


def file(tmp_path: Path, text: str | bytes, name: str = "sales.csv") -> Path:
    """Write a file; return its path."""
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def errors_of(path: Path, *given: Any) -> list[tuple[int, str]]:
    """Return the number in the file, and the code, of each broken row."""
    with pytest.raises(InvalidActualsError) as raised:
        read_actuals(path, *given)
    numbers = raised.value.details["numbers"]
    return [(numbers[error.row], error.code) for error in raised.value.errors]


def test_rows_by_request_or_reference(tmp_path: Path) -> None:
    """With all that the store takes; blank cells say nothing."""
    text = (
        "request_id,row,reference,price,sale_date,currency,agent\n"
        "r1,2,,500000,2026-05-20,USD,Ann\n"
        "\n"
        ",,h1,5.1e5,2026-05-20T00:00:00,,Bob\n"
    )
    found = read_actuals(file(tmp_path, text))
    assert found.actuals == [
        Actual(500_000, DAY, request_id="r1", row=2, currency="USD"),
        Actual(510_000, DAY, reference="h1"),
    ]
    assert found.numbers == [2, 4]


TEXT = "reference;price;sale_date\nMüller;500000;2026-05-20\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("marked.csv", "\ufeff" + TEXT),
        ("windows.csv", TEXT.replace("\n", "\r\n")),
        ("utf16.csv", TEXT.encode("utf-16")),
        ("latin.csv", TEXT.encode("cp1252")),
        ("packed.csv.gz", gzip.compress(TEXT.encode())),
        ("tabs.tsv", TEXT.replace(";", "\t")),
        ("quoted.csv", TEXT.replace("Müller", '"Müller"')),
    ],
)
def test_any_form_of_a_file(tmp_path: Path, name: str, content: str | bytes) -> None:
    """As the project reads sales."""
    found = read_actuals(file(tmp_path, content, name))
    assert found.actuals == [Actual(500_000, DAY, reference="Müller")]


@pytest.mark.parametrize("name", ["sales.parquet", "sales.xlsx"])
def test_tables_with_types(tmp_path: Path, name: str) -> None:
    """Of Parquet and Excel; their rows have numbers, not lines."""
    columns = {"reference": ["h1", "h2"], "price": [500_000, 510_000], "sale_date": [DAY, DAY]}
    path = tmp_path / name
    if name.endswith("xlsx"):
        path.write_bytes(workbook({"Sales": [list(columns), *zip(*columns.values(), strict=True)]}))
    else:
        pl.DataFrame(columns).write_parquet(path)
    found = read_actuals(path)
    assert found.actuals == [Actual(500_000, DAY, reference="h1"), Actual(510_000, DAY, reference="h2")]
    assert found.numbers == [1, 2]


def test_the_sales_that_a_model_is_trained_on(root: Path, tmp_path: Path, bundle: Bundle) -> None:
    """Their parcels may be references, and their columns find the same house that was asked about."""
    with (root / "data" / "raw" / "house_data.csv").open() as stream:
        rows = [row for _, row in zip(range(20), csv.DictReader(stream), strict=False)]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    found = read_actuals(file(tmp_path, text.getvalue()), bundle)
    assert [actual.price for actual in found.actuals] == [float(row["price"]) for row in rows]
    assert [actual.sale_date.isoformat() for actual in found.actuals] == [row["date"][:10] for row in rows]
    assert [actual.reference for actual in found.actuals] == [row["id"] for row in rows]
    schema = bundle.manifest.schema_
    asked = [{name: _value(row[name]) for name in schema.request if name != "date"} for row in rows]
    validated = RequestModel(schema).validate([{**house, "date": "2015-01-01"} for house in asked])
    assert [hash_house(actual.house or {}) for actual in found.actuals] == [
        hash_house(house, ["date"]) for house in validated
    ]


def _value(text: str) -> Any:
    number = float(text)
    return int(number) if number == int(number) else number


def test_broken_rows_have_their_numbers_and_codes(tmp_path: Path, bundle: Bundle) -> None:
    """All of them at once."""
    text = (
        "reference,row,price,sale_date\n"
        "h1,,500000,2026-05-20\n"
        "h2,,much,2026-05-20\n"
        "h3,,500000,20.5.2026\n"
        "h4,first,,\n"
        "h5,,500000\n"
        "h6,-1,500000,2026-02-30\n"
    )
    expected = [
        (6, "row_invalid"),
        (3, "price_invalid"),
        (4, "date_invalid"),
        (5, "price_invalid"),
        (5, "date_invalid"),
        (5, "row_invalid"),
        (6, "date_invalid"),
        (7, "date_invalid"),
        (7, "row_invalid"),
    ]
    assert errors_of(file(tmp_path, text)) == expected
    assert errors_of(file(tmp_path, text), bundle) == expected


def test_a_house_that_no_request_can_hold_is_told(tmp_path: Path, bundle: Bundle) -> None:
    """Unless the row names its prediction otherwise."""
    house = bundle.sample["rows"][0]
    names = [name for name in house if name != "date"]
    cells = [str(house[name]) for name in names]
    broken = ["-5" if name == "sqft_living" else cell for name, cell in zip(names, cells, strict=True)]
    text = f"price,sale_date,reference,{','.join(names)}\n"
    rows = [("", cells), ("", broken), ("h1", broken)]
    path = file(tmp_path, text + "".join(f"500000,2026-05-20,{name},{','.join(one)}\n" for name, one in rows))
    assert errors_of(path, bundle) == [(3, "house_invalid")]


@pytest.mark.parametrize(
    "header",
    [
        "reference,prize,sale_date",
        "reference,price",
        "price,sale_date",
        "reference,reference,price,sale_date",
        "",
    ],
)
def test_a_header_that_lacks_something_is_refused(tmp_path: Path, header: str) -> None:
    """Before any row is read."""
    with pytest.raises(DataError) as raised:
        read_actuals(file(tmp_path, f"{header}\n"))
    assert raised.value.code == "header_invalid"


def test_columns_of_a_house_need_a_model_and_all_that_it_requires(tmp_path: Path, bundle: Bundle) -> None:
    """Which says what is meant by them."""
    house = bundle.sample["rows"][0]
    names = [name for name in house if name != "date"]
    for columns, model in ((names, None), (names[:1], bundle)):
        with pytest.raises(DataError) as raised:
            read_actuals(file(tmp_path, f"price,date,{','.join(columns)}\n"), model)
        assert raised.value.code == "header_invalid"
    assert read_actuals(file(tmp_path, f"price,date,{','.join(names)}\n"), bundle).actuals == []


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.csv", None, "file_unreadable"),
        ("open.csv", 'reference,price,sale_date\n"h1,1,2026-05-20\n', "csv_invalid"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str, content: str | None, code: str) -> None:
    """By its path."""
    path = tmp_path / name if content is None else file(tmp_path, content, name)
    with pytest.raises(DataError) as raised:
        read_actuals(path)
    assert raised.value.code == code
