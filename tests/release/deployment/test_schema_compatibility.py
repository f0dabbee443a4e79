"""Compatibility of request schemas: whether one model accepts every request of another."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from houseprice.errors import HousePriceError
from houseprice.release.deployment.schema_compatibility import incompatibilities
from houseprice.schema import Column, Schema
from houseprice.serving.request import RequestModel


def schema(**columns: dict[str, Any]) -> Schema:
    """Return a schema with some columns, beside those that every house has."""
    always = {
        "id": {"kind": "category", "role": "parcel"},
        "date": {"kind": "date", "role": "sale_date", "known": "at_sale"},
        "price": {"kind": "number", "role": "target", "known": "at_sale"},
    }
    return Schema(columns={name: Column(description=name, **column) for name, column in {**always, **columns}.items()})


NUMBER = {"kind": "number", "minimum": 0, "maximum": 10}


@pytest.mark.parametrize(
    ("live", "target", "fault"),
    [
        ({"a": NUMBER}, {}, 'column "a" is unknown to it'),
        ({}, {"a": NUMBER}, 'it requires "a", which requests do not have today'),
        ({"a": NUMBER | {"required": False}}, {"a": NUMBER}, 'it requires "a", which is optional today'),
        ({"a": NUMBER}, {"a": NUMBER | {"minimum": 1}}, 'column "a" has minimum 1 instead of 0'),
        ({"a": NUMBER}, {"a": NUMBER | {"maximum": 9.5}}, 'column "a" has maximum 9.5 instead of 10'),
        ({"a": {"kind": "number"}}, {"a": NUMBER | {"minimum": None}}, 'column "a" has maximum 10 instead of none'),
        ({"a": NUMBER}, {"a": {"kind": "integer"}}, 'column "a" is of kind integer instead of number'),
        ({"a": {"kind": "flag"}}, {"a": {"kind": "category"}}, 'column "a" is of kind category instead of flag'),
        ({"a": {"kind": "category"}}, {"a": NUMBER}, 'column "a" is of kind number instead of category'),
        (
            {"a": {"kind": "category"}},
            {"a": {"kind": "category", "levels": ["x", "y"]}},
            'column "a" takes 2 levels instead of any',
        ),
        (
            {"a": {"kind": "ordinal", "levels": [1, 2, 3]}},
            {"a": {"kind": "ordinal", "levels": [1]}},
            'column "a" does not know the levels 2, 3',
        ),
        (
            {"a": {"kind": "ordinal", "levels": [1]}},
            {"a": {"kind": "ordinal", "levels": ["1"]}},
            'column "a" takes texts instead of numbers',
        ),
    ],
)
def test_each_kind_of_refused_request_is_named(live: dict[str, Any], target: dict[str, Any], fault: str) -> None:
    """With the column and both values."""
    assert incompatibilities(schema(**live), schema(**target)) == [fault]


@pytest.mark.parametrize(
    ("live", "target"),
    [
        ({"a": NUMBER}, {"a": NUMBER}),
        ({"a": NUMBER}, {"a": {"kind": "number"}, "b": NUMBER | {"required": False}}),
        ({"a": {"kind": "integer"}}, {"a": {"kind": "number"}}),
        ({"a": NUMBER}, {"a": NUMBER | {"required": False}}),
        ({"a": {"kind": "ordinal", "levels": ["x"]}}, {"a": {"kind": "category"}}),
    ],
)
def test_a_schema_that_accepts_more_is_compatible(live: dict[str, Any], target: dict[str, Any]) -> None:
    """Wider ranges, more levels, fewer required columns."""
    assert incompatibilities(schema(**live), schema(**target)) == []


_bounds = st.sampled_from([None, 0, 1, 5])
_columns = st.one_of(
    st.builds(
        lambda kind, low, high, required: {"kind": kind, "minimum": low, "maximum": high, "required": required},
        st.sampled_from(["number", "integer"]),
        st.sampled_from([None, 0, 1]),
        st.sampled_from([None, 2, 5]),
        st.booleans(),
    ),
    st.builds(lambda levels: {"kind": "category", "levels": levels}, st.sampled_from([None, ["1"], ["1", "2"]])),
    st.builds(lambda levels: {"kind": "ordinal", "levels": levels}, st.sampled_from([["1", "2"], [1, 2], [1, 2, 3]])),
    st.just({"kind": "flag"}),
    st.just(None),
)
VALUES: list[Any] = [0, 1, 2, 3, 0.5, 2.5, 9, "1", "2", "3", "x", True, None]


@settings(max_examples=300)
@given(live=_columns, target=_columns)
@pytest.mark.long
def test_compatible_schemas_accept_the_same_requests(live: Any, target: Any) -> None:
    """The request model of the target really accepts every request of the live one."""
    before, after = (schema(**({"a": column} if column else {})) for column in (live, target))
    if incompatibilities(before, after):
        return
    requests = [{}, *({"a": value} for value in VALUES)]
    assert [body for body in requests if accepts(before, body) and not accepts(after, body)] == []


def accepts(one: Schema, body: dict[str, Any]) -> bool:
    """Return whether the request model of a schema accepts a request."""
    try:
        RequestModel(one).validate([body])
    except (HousePriceError, ValidationError, ValueError):
        return False
    return True


def test_the_property_has_both_outcomes() -> None:
    """Among the columns that are drawn, some pairs are compatible and some are not."""
    drawn = [{"kind": "number"}, {"kind": "integer"}, {"kind": "flag"}]
    pairs = [incompatibilities(schema(a=one), schema(a=two)) for one, two in itertools.product(drawn, drawn)]
    assert any(pairs)
    assert not all(pairs)
