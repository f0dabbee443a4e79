"""What a request may hold."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import FULL, LEAST

from houseprice.bundle.export import row
from houseprice.learning.features import columns_of
from houseprice.schema import Schema
from houseprice.serving.request import RequestModel
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import BatchTooLargeError, InvalidRequestError
from learning.houses import SCHEMA, cleaned


@pytest.fixture(scope="module")
def request_model(scorer: Scorer) -> RequestModel:
    """Return the rules of the small model."""
    return scorer.request


def one(rules: RequestModel, **changes: Any) -> Any:
    """Read one house that differs from a good one."""
    return rules.parse(json.dumps({**FULL, **changes}).encode())


def test_a_full_house_is_read_as_the_model_takes_it(request_model: RequestModel) -> None:
    """Numbers become floats, texts stay texts, the date becomes a day."""
    assert one(request_model) == {**FULL, "sold": date(2014, 10, 13)}


def test_what_is_optional_may_be_left_out_or_null(request_model: RequestModel) -> None:
    """The least house is read, also when it says null where it may."""
    assert request_model.parse(json.dumps(LEAST).encode()) == LEAST
    blank = dict.fromkeys(["sold", "lot", "heating", "state", "pool"])
    assert request_model.parse(json.dumps(LEAST | blank).encode()) == LEAST | blank


@pytest.mark.parametrize(
    ("column", "sent", "read"),
    [
        ("rooms", 4.0, 4.0),
        ("living area", 10, 10.0),
        ("living area", 5000, 5000.0),
        ("grade", 5.0, 5.0),
        ("pool", True, 1.0),
        ("pool", False, 0.0),
        ("pool", 0, 0.0),
        ("pool", 1.0, 1.0),
        ("zip", 98178, "98178"),
        ("zip", 98178.0, "98178"),
        ("zip", 10**15 - 1, "999999999999999"),
        ("zip", " 98178 ", "98178"),
        ("zip", "ÅÄÖ-7", "ÅÄÖ-7"),
        ("sold", "20141013T000000", date(2014, 10, 13)),
        ("sold", "2014-10-13T09:30:00Z", date(2014, 10, 13)),
    ],
)
def test_spellings_that_mean_the_same_are_read_alike(
    request_model: RequestModel, column: str, sent: Any, read: Any
) -> None:
    """Whole numbers may be written 4.0, flags as numbers, codes as numbers, days with a time."""
    assert one(request_model, **{column: sent})[column] == read


@pytest.mark.parametrize(
    ("column", "sent"),
    [
        ("living area", "120"),
        ("living area", True),
        ("living area", [120]),
        ("living area", None),
        ("living area", 9.99),
        ("living area", 5000.01),
        ("living area", float("nan")),
        ("living area", float("inf")),
        ("living area", 10**400),
        ("rooms", 3.5),
        ("rooms", 2.5890419884777833e-42),
        ("rooms", 4.0000000001),
        ("rooms", 10**400),
        ("pool", 1e-10),
        ("rooms", -1),
        ("rooms", False),
        ("rooms", 10**30),
        ("lot", "100"),
        ("zip", ""),
        ("zip", "   "),
        ("zip", None),
        ("zip", True),
        ("zip", 98178.5),
        ("zip", 10**15),
        ("zip", -(10**15)),
        ("zip", 1e300),
        ("zip", "x" * 201),
        ("zip", {"code": 98178}),
        ("heating", "wood"),
        ("heating", 1),
        ("grade", 4),
        ("grade", "3"),
        ("grade", True),
        ("grade", 2.5),
        ("state", "GOOD"),
        ("pool", 2),
        ("pool", "true"),
        ("pool", 0.5),
        ("sold", 16356),
        ("sold", "13.10.2014"),
        ("sold", "2014-02-30"),
        ("sold", "1899-12-31"),
        ("sold", "2100-01-02"),
        ("sold", True),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_column(request_model: RequestModel, column: str, sent: Any) -> None:
    """Each refusal names one column, what was sent and what is expected."""
    with pytest.raises(InvalidRequestError) as caught:
        one(request_model, **{column: sent})
    (fault,) = caught.value.errors
    assert fault.column == column
    assert f'"{column}" is ' in fault.message
    assert "expected" in fault.message


def test_all_faults_of_a_house_are_told_at_once(request_model: RequestModel) -> None:
    """Whoever corrects a house corrects it once."""
    with pytest.raises(InvalidRequestError) as caught:
        request_model.parse(b'{"rooms": -1, "zip": "98178", "grad": 3}')
    assert {fault.column for fault in caught.value.errors} == {"living area", "rooms", "grade", "grad"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"7", b'"x"', b'{"zip": "\xff"}', b'{"zip": "\\ud800"}', b"[" * 100_000, b"1" * 9999],
)
def test_a_body_that_is_no_house_is_refused_as_a_whole(request_model: RequestModel, body: bytes) -> None:
    """Broken JSON, other JSON, bytes that are no UTF-8 and nested bombs have no column to name."""
    with pytest.raises(InvalidRequestError, match="expected one house as a JSON object") as caught:
        request_model.parse(body)
    assert [fault.column for fault in caught.value.errors] == [None]


def test_a_batch_names_the_house_that_is_wrong(request_model: RequestModel) -> None:
    """The position counts from 0, as in the array that was sent."""
    with pytest.raises(InvalidRequestError) as caught:
        request_model.array_parser(5)(json.dumps([FULL, {**FULL, "rooms": -1}, 7]).encode())
    assert [(fault.house, fault.column) for fault in caught.value.errors] == [(1, "rooms"), (2, None)]


def test_a_batch_over_the_limit_is_not_read(request_model: RequestModel) -> None:
    """The limit itself is allowed, one more is not, and the message says the limit."""
    read = request_model.array_parser(2)
    assert len(read(json.dumps([FULL] * 2).encode())) == 2
    with pytest.raises(BatchTooLargeError, match="more than 2 houses"):
        read(json.dumps([FULL] * 3).encode())


def test_a_long_batch_is_read_as_each_of_its_houses(request_model: RequestModel) -> None:
    """With an odd text, a code that is a number, and a value that is left out; whatever the white space."""
    rows = [FULL, {**FULL, "zip": "},{"}, {**FULL, "zip": 98178}, {**FULL, "pool": None}] * 300
    expected = [request_model.parse(json.dumps(row).encode()) for row in rows]
    for options in ({}, {"indent": 2}, {"separators": (" ,", ":")}):
        assert request_model.array_parser(2000)(json.dumps(rows, **options).encode()) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("last", "kind"),
    [("7", "dict_type"), ("", "json_invalid"), (f'{json.dumps(FULL)[:-1]}, "zip": "98039"}}', "duplicate_key")],
)
def test_what_is_wrong_at_the_end_of_a_long_batch_is_found(request_model: RequestModel, last: str, kind: str) -> None:
    """As it is at the end of a short one."""
    for count in (1, 400):
        body = f"[{', '.join([json.dumps(FULL)] * count)}, {last}]"
        with pytest.raises(InvalidRequestError) as caught:
            request_model.array_parser(1000)(body.encode())
        assert kind in {fault.kind for fault in caught.value.errors}
        assert {fault.house for fault in caught.value.errors} <= {None, count}


def test_a_long_batch_over_the_limit_is_refused(request_model: RequestModel) -> None:
    """Though its beginning could be read."""
    with pytest.raises(BatchTooLargeError):
        request_model.array_parser(400)(json.dumps([FULL] * 401).encode())


@pytest.mark.parametrize("sent", ["x" * 201, 1e201])
def test_a_text_that_is_too_long_is_no_batch_that_is(request_model: RequestModel, sent: Any) -> None:
    """The column is named, as in a house alone."""
    with pytest.raises(InvalidRequestError) as caught:
        request_model.array_parser(2)(json.dumps([{**FULL, "zip": sent}]).encode())
    assert [(fault.house, fault.column) for fault in caught.value.errors] == [(0, "zip")]


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda v: st.lists(v, max_size=3))
)
def test_any_value_of_any_column_is_read_or_refused(request_model: RequestModel, value: Any) -> None:
    """Nothing that JSON can hold is answered with anything but a value or a refusal."""
    for column in FULL:
        body = json.dumps({**FULL, column: value}).encode()
        try:
            house = request_model.parse(body)
        except InvalidRequestError as err:
            assert all(fault.column in (column, None) for fault in err.errors)  # noqa: PT017 - both ends are good
        else:
            assert isinstance(house[column], float | str | date | None)


@given(st.text(max_size=3) | st.integers(198, 203).map("é".__mul__) | st.integers(198, 203).map("a b".__mul__))
@settings(max_examples=60)
def test_a_text_that_training_keeps_is_one_that_a_request_may_hold(text: str) -> None:
    """Cleaning and requests have one limit: a bundle never holds a sale that its own API refuses."""
    kept = cleaned({}, {"quarter": text}).sales
    for position in range(kept.height):
        house = row(columns_of(kept, SCHEMA), position, SCHEMA)
        assert RequestModel(SCHEMA).validate([house])[0].get("quarter") == house.get("quarter")


def test_whole_numbers_as_levels_of_a_category_are_texts() -> None:
    """They are cleaned to texts, so a request holds them as texts, or as the numbers that are their spelling."""
    column = {"description": "Zone", "kind": "category", "levels": [1, 20]}
    schema = Schema.model_validate({"columns": {**SCHEMA.model_dump(mode="json")["columns"], "zone": column}})
    house = row(columns_of(cleaned({}).sales, SCHEMA), 0, SCHEMA)
    read = RequestModel(schema).validate([{**house, "zone": "20"}, {**house, "zone": 1}])
    assert [one["zone"] for one in read] == ["20", "1"]
    with pytest.raises(InvalidRequestError):
        RequestModel(schema).validate([{**house, "zone": 2}])
