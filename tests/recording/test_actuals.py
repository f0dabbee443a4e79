"""Prices paid over the API: each broken row is named, and nothing is taken in part."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from recorded import Recorder, finish
from toy import FULL, FULL_PRICE, LEAST

TODAY = datetime.now(UTC).date().isoformat()
SALE = {"reference": "a", "price": FULL_PRICE, "sale_date": TODAY}


@pytest.fixture
def asked(recorder: Recorder) -> Recorder:
    """Return a recorder that has stored some predictions."""
    recorder.predict(("r1", {**FULL, "reference": "a"}), ("r2", LEAST))
    recorder.predict(("many", [FULL, LEAST]), path="/batch-predict")
    finish(recorder.drain)
    return recorder


def codes(answer: tuple[int, Any]) -> list[tuple[str, list[Any]]]:
    """Return the codes and places of the errors of an answer."""
    assert answer[0] == 422
    return [(one["type"], one["loc"]) for one in answer[1]["detail"]]


def test_a_price_is_taken_by_reference_request_or_house(asked: Recorder) -> None:
    """Each sale once; a later price replaces the earlier one."""
    rows = [SALE, {"request_id": "many", "row": 1, "price": 140000, "sale_date": TODAY, "currency": "EUR"}]
    assert asked.actuals(*rows) == (200, {"added": 2, "corrected": 0})
    assert asked.actuals({**SALE, "price": FULL_PRICE * 1.1}) == (200, {"added": 0, "corrected": 1})
    assert asked.actuals({"house": LEAST, "price": 150000.0, "sale_date": TODAY})[0] == 200
    assert asked.status.actuals == 4


def test_the_same_once_more_is_refused(asked: Recorder) -> None:
    """As a duplicate, by its code."""
    asked.actuals(SALE)
    assert codes(asked.actuals(SALE)) == [("duplicate", ["body", 0])]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"price": 0}, "price_invalid", "price"), ({"price": "1"}, "price_invalid", "price"),
        ({"price": True}, "price_invalid", "price"), ({"price": None}, "missing", "price"),
        ({"sale_date": "2015-13-01"}, "sale_date_invalid", "sale_date"),
        ({"sale_date": "20150101"}, "sale_date_invalid", "sale_date"),
        ({"sale_date": 5}, "sale_date_invalid", "sale_date"), ({"reference": ""}, "reference_invalid", "reference"),
        ({"reference": "x" * 201}, "reference_invalid", "reference"),
        ({"request_id": ["r"]}, "request_id_invalid", "request_id"), ({"row": -1}, "row_invalid", "row"),
        ({"currency": "eur"}, "currency_invalid", "currency"), ({"house": 7}, "house_invalid", "house"),
        ({"pirce": 1}, "extra_forbidden", "pirce"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_read_is_named(
    sqlite_recorder: Recorder, change: dict[str, Any], code: str, field: str
) -> None:
    """With its row."""
    assert codes(sqlite_recorder.actuals(SALE, {**SALE, **change})) == [(code, ["body", 1, field])]


def test_nothing_is_taken_beside_a_row_that_cannot_be_read(asked: Recorder) -> None:
    """The good rows neither."""
    assert asked.actuals(SALE, {**SALE, "price": -1})[0] == 422
    assert asked.actuals(SALE) == (200, {"added": 1, "corrected": 0})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reference": "b"}, "prediction_unknown"), ({"reference": "'; DROP TABLE actuals;--"}, "prediction_unknown"),
        ({"reference": None}, "key_missing"), ({"sale_date": "1990-01-01"}, "sale_before_prediction"),
        ({"currency": "USD"}, "currency_mismatch"), ({"price": 1e-3}, "price_implausible"),
    ],
)  # fmt: skip
def test_a_sale_that_the_store_refuses_is_named(asked: Recorder, change: dict[str, Any], code: str) -> None:
    """With its row, and nothing of the request is taken."""
    assert codes(asked.actuals(SALE, {**SALE, **change})) == [(code, ["body", 1])]
    assert asked.actuals(SALE)[0] == 200


def test_a_house_is_judged_by_the_rules_of_a_request(asked: Recorder) -> None:
    """Each of its columns is named."""
    answer = asked.actuals({"house": {**LEAST, "rooms": -1}, "price": 1.0, "sale_date": TODAY})
    assert codes(answer) == [("greater_than_equal", ["body", 0, "house", "rooms"])]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe[\0]\0", b'{"price": 1}', b"7", b'[{"price": 1, "price": 2}]'])
def test_a_body_that_is_no_list_of_sales_is_refused(sqlite_recorder: Recorder, body: bytes) -> None:
    """As a whole, or by the key that is there twice."""
    assert sqlite_recorder.taker.answer(body)[0] == 422


def test_too_many_rows_are_refused(sqlite_recorder: Recorder) -> None:
    """By another status: they may be sent in parts."""
    rows = [SALE] * (sqlite_recorder.options.max_rows + 1)
    assert sqlite_recorder.taker.answer(json.dumps(rows).encode())[0] == 413


def test_rows_that_are_no_objects_are_named(sqlite_recorder: Recorder) -> None:
    """By their position."""
    status, content = sqlite_recorder.taker.answer(b"[1]")
    assert codes((status, json.loads(content))) == [("object_type", ["body", 0])]
