"""Batches in every format, and answers in every other."""

import csv
import io
from typing import Any

import pytest
from batches import ALL, CSV, GERMAN, JSON, NDJSON, prices, rows, send, separated, write
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import FULL, LEAST, MOST_BYTES, MOST_HOUSES, Client

from houseprice.serving.request import House


@pytest.mark.parametrize("accept", ALL)
@pytest.mark.parametrize("kind", ALL)
def test_every_format_is_answered_in_every_format(client: Client, kind: str, accept: str) -> None:
    """The numbers and the warnings are the same, whichever way they go."""
    houses = [FULL, LEAST, {**FULL, "zip": "10115"}]
    expected = prices(send(client.app, write(houses, JSON), JSON))
    answer = send(client.app, write(houses, kind), kind, accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == accept.partition(";")[0]
    assert prices(answer) == expected


@pytest.mark.parametrize("accept", [None, "", "*/*", "*/*;q=0.1", "application/pdf, */*;q=0.5"])
@pytest.mark.parametrize("kind", ALL)
def test_whoever_accepts_anything_is_answered_in_the_format_that_was_sent(
    client: Client, kind: str, accept: str | None
) -> None:
    """That is what a client can read for sure."""
    answer = send(client.app, write([FULL, LEAST], kind), kind, accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == kind.partition(";")[0]


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("text/csv;q=0.5, application/x-ndjson;q=0.9", NDJSON),
        ("text/*, application/json;q=0.9", CSV),
        ("application/json;q=0, */*", NDJSON),
        ("application/jsonl", "application/jsonl"),
        ("TEXT/CSV; Q=1", CSV),
        ("application/json;q=0.2, application/*;q=0.8", NDJSON),
        ("text/csv, application/json", JSON),
        ('text/csv; x="a,b;c", application/json;q=0.1', CSV),
        (",, ;,text/csv", CSV),
    ],
)
def test_the_most_welcome_format_is_chosen(client: Client, accept: str, found: str) -> None:
    """The closest range counts for a type, then its weight, then the format of the request."""
    answer = send(client.app, write([FULL], JSON), JSON, accept)
    assert answer.headers["content-type"].partition(";")[0] == found


def test_headers_of_media_types_have_a_limit(client: Client) -> None:
    """Before they are parsed, which takes longer than a price."""
    long = ", ".join(["text/csv;q=0.5"] * 100)
    assert send(client.app, write([FULL], JSON), JSON, long).status_code == 406
    assert send(client.app, write([FULL], JSON), f"{JSON}; a={'b' * 1000}").status_code == 415


@pytest.mark.parametrize("accept", ["application/xml", "*/*;q=0", "text/html, image/*", "text/csv;q=2", ";;;", "\x7f"])
def test_what_cannot_be_written_is_406(client: Client, accept: str) -> None:
    """The answer says what can be accepted."""
    answer = send(client.app, write([FULL], JSON), JSON, accept)
    assert answer.status_code == 406
    assert "application/x-ndjson" in answer.json()["detail"]


@pytest.mark.parametrize(
    "kind",
    [
        "application/xml",
        "text/csv; charset=latin-1",
        "text/csv; header=absent",
        "text/csv; delimiter=x",
        'text/csv; decimal=","; delimiter=","',
        "text/csv; decimal=x",
        "",
        ";",
    ],
)
def test_what_cannot_be_read_is_415(client: Client, kind: str) -> None:
    """The answer says what was found and what can be sent."""
    answer = send(client.app, separated([LEAST]), kind)
    assert answer.status_code == (415 if kind else 422)  # without a type it is JSON, and then broken
    assert ("code" in answer.json()) == bool(kind)


@pytest.mark.parametrize(
    "kind", ["application/vnd.apache.parquet", "application/x-parquet", "application/vnd.apache.arrow.stream"]
)
def test_parquet_and_arrow_are_415(client: Client, kind: str) -> None:
    """The answer has a code of its own, and names the command that reads Parquet."""
    answer = send(client.app, b"PAR1", kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "columnar_unsupported")
    assert "houseprice predict" in answer.json()["detail"]
    answer = send(client.app, write([FULL], JSON), JSON, kind)
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("kind", [CSV, GERMAN])
def test_a_table_is_answered_with_its_own_columns(client: Client, kind: str) -> None:
    """Columns that no price needs stay where they are, in their order, and the answers stand behind them."""
    houses = [{"note": "a", **LEAST, "price": 5}, {"note": "b", **LEAST, "price": 6}]
    found = rows(send(client.app, write(houses, kind), kind))
    added = ["predicted_price", "interval_low", "interval_high", "fsd", "confidence", "warnings"]
    assert list(found[0]) == [*houses[0], *added]
    assert [(row["note"], str(row["price"])) for row in found] == [("a", "5"), ("b", "6")]


def test_houses_without_a_table_are_put_into_one(client: Client) -> None:
    """The columns are those that any house has, as the request names them."""
    found = rows(send(client.app, write([LEAST, FULL], JSON), JSON, CSV))
    assert list(found[0])[:-6] == list(FULL)
    assert str(found[1]["rooms"]) == "4"
    assert str(found[1]["sold"]) == "2014-10-13"
    assert found[0]["sold"] in (None, "")


@pytest.mark.parametrize("kind", ALL)
def test_no_house_has_no_answer(client: Client, kind: str) -> None:
    """An empty batch is no error."""
    header = {CSV: b"living area,rooms,zip,grade\n", GERMAN: b"living area;rooms;zip;grade\n"}
    body = header[kind] if kind in header else write([], kind)
    answer = send(client.app, body, kind)
    assert answer.status_code == 200
    assert prices(answer) == []


@pytest.mark.parametrize("header", [b"{}", b"living area,rooms,zip\n", b"living area,rooms,zip,grad\n", b"a,b\n\n"])
def test_a_table_without_rows_needs_its_columns(client: Client, header: bytes) -> None:
    """Anything at all would be a table otherwise."""
    answer = send(client.app, header, CSV)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "header_invalid"
    assert '"grade"' in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize("kind", [JSON, CSV, GERMAN])
def test_too_many_houses_are_413(client: Client, kind: str) -> None:
    """Only lines of JSON are without a limit; they too have it when they are not answered in lines."""
    assert send(client.app, write([LEAST] * MOST_HOUSES, kind), kind).status_code == 200
    answer = send(client.app, write([LEAST] * (MOST_HOUSES + 1), kind), kind)
    assert answer.status_code == 413
    assert f"more than {MOST_HOUSES} houses" in answer.json()["detail"]
    assert send(client.app, write([LEAST] * (MOST_HOUSES + 1), NDJSON), NDJSON, kind).status_code == 413


@pytest.mark.parametrize("kind", [JSON, CSV])
def test_too_many_bytes_are_413(client: Client, kind: str) -> None:
    """The limit is in the answer, and the body is not read further."""
    answer = send(client.app, (b" " * 10_000 for _ in range(MOST_BYTES // 10_000 + 1)), kind)
    assert answer.status_code == 413
    assert f"more than {MOST_BYTES} bytes" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"", "csv_invalid", ""),
        (b"\n \n", "csv_invalid", ""),
        (b"living area\n\xff\n", "csv_invalid", "0xff"),
        (b"rooms\n\x003\n", "csv_invalid", "NUL"),
        (b"rooms,zip\n1,2,3\n", "csv_invalid", "Line 2 has 3 fields"),
        (b'rooms\n\n"a\nb"\n1,2\n', "csv_invalid", "Line 5 has 2 fields"),
        (b'rooms\n"1\n', "csv_invalid", "line 2"),
        (b"rooms\n" + b"9" * 90_000 + b"\n", "float_type", "rooms"),
        (b"rooms,rooms\n1,1\n", "header_invalid", "rooms"),
        (b"rooms,warnings\n1,\n", "header_invalid", "warnings"),
    ],
)
def test_a_csv_that_cannot_be_read_is_422(client: Client, body: bytes, kind: str, expected: str) -> None:
    """The error has the shape of every other, with a type of its own and the line or column that it is about."""
    answer = send(client.app, body, CSV)
    assert answer.status_code == 422
    assert any(expected in error["msg"] for error in answer.json()["detail"] if error["type"] == kind), answer.json()


def test_where_a_comma_is_the_decimal_sign_a_point_is_none(client: Client) -> None:
    """Read as a fraction, what groups thousands would give a price that is wrong and looks right."""
    head = b"living area;rooms;zip;grade\n"
    assert prices(send(client.app, head + b"80,5;3;98039;1\n", GERMAN)) == prices(
        send(client.app, write([{**LEAST, "living area": 80.5}], JSON), JSON)
    )
    for text in (b"1.000", b"1.000,5", b"80.5"):
        answer = send(client.app, head + text + b";3;98039;1\n", GERMAN)
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["input"] == text.decode()


def test_a_refused_row_is_found_by_its_line(client: Client) -> None:
    """Blank lines and fields of several lines count, as an editor counts them."""
    body = b'note,living area,rooms,zip,grade\n\n"a\nb",80,3,98039,1\nc,80,99,98039,1\n'
    (error,) = send(client.app, body, CSV).json()["detail"]
    assert (error["line"], error["loc"]) == (5, ["body", 1, "rooms"])


def test_every_format_is_documented(client: Client) -> None:
    """OpenAPI lists what can be sent and what comes back."""
    many = client.get("/openapi.json").json()["paths"]["/batch-predict"]["post"]
    formats = {kind for kind in ALL if kind != GERMAN}
    assert set(many["requestBody"]["content"]) == set(many["responses"]["200"]["content"]) == formats


def test_the_way_that_a_csv_is_written_is_kept(client: Client) -> None:
    """Byte order mark, separator and decimal sign come back, and an undeclared separator is found."""
    body = "\ufeffliving area;rooms;zip;grade\n80;3;98039;1\n".encode()
    answer = send(client.app, body, CSV)
    assert answer.content.startswith("\ufeffliving area;rooms;zip;grade;predicted_price".encode())
    assert answer.headers["content-type"] == 'text/csv; charset=utf-8; delimiter=";"'
    answer = send(client.app, write([LEAST], JSON), JSON, 'text/csv; delimiter=";"; decimal=","')
    assert next(csv.DictReader(io.StringIO(answer.text), delimiter=";"))["living area"] == "80,0"


house: Any = st.fixed_dictionaries(
    {
        "living area": st.floats(-10, 6000) | st.none(),
        "rooms": st.integers(-1, 60) | st.floats(0, 9),
        "lot": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "zip": st.sampled_from(["98039", "98178", "10115", "a b", "äöü", 'x"y']),
        "heating": st.none() | st.sampled_from(["gas", "oil", "coal"]),
        "grade": st.integers(0, 6),
        "pool": st.none() | st.sampled_from([0, 1, 2]),
        "sold": st.none() | st.sampled_from(["2014-10-13", "1800-01-01", "2015-02-30", "soon"]),
    }
)


@settings(max_examples=60)
@given(st.lists(house, min_size=1, max_size=6))
def test_all_formats_agree(client: Client, houses: list[House]) -> None:
    """The same numbers, or a refusal with the same places and the same reasons."""
    houses = [{name: value for name, value in house.items() if value is not None} for house in houses]
    expected = send(client.app, write(houses, JSON), JSON)
    assert expected.status_code in (200, 422)
    for kind in ALL[1:]:
        found = send(client.app, write(houses, kind), kind)
        assert found.status_code == expected.status_code
        if found.status_code == 200:
            assert prices(found) == prices(expected)
            continue
        for mine, theirs in zip(found.json()["detail"], expected.json()["detail"], strict=True):
            assert {key: mine[key] for key in ("loc", "type")} == {key: theirs[key] for key in ("loc", "type")}
            assert _plain(mine["msg"]) == _plain(theirs["msg"])


def _plain(message: str) -> str:
    return message.replace(".0;", ";")
