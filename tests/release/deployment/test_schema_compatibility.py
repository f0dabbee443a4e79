"""Whether one model takes whatever another one takes, seen from what both say of their requests."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from houseprice.errors import HousePriceError
from houseprice.release.deployment.schema_compatibility import refusals
from houseprice.schema import Column, Schema
from houseprice.serving.request import RequestModel


def schema(**columns: dict[str, Any]) -> Schema:
    """Give back the schema of a house with some columns, beside those that every house has."""
    always = {
        "id": {"kind": "category", "role": "parcel"},
        "date": {"kind": "date", "role": "sale_date", "known": "at_sale"},
        "price": {"kind": "number", "role": "target", "known": "at_sale"},
    }
    return Schema(columns={name: Column(description=name, **told) for name, told in {**always, **columns}.items()})


NUMBER = {"kind": "number", "minimum": 0, "maximum": 10}


@pytest.mark.parametrize(
    ("today", "target", "fault"),
    [
        ({"a": NUMBER}, {}, 'column "a" is unknown to it'),
        ({}, {"a": NUMBER}, 'it requires "a", which is not asked for today'),
        ({"a": NUMBER | {"required": False}}, {"a": NUMBER}, 'it requires "a", which may be left out today'),
        ({"a": NUMBER}, {"a": NUMBER | {"minimum": 1}}, 'column "a" begins at 1 instead of 0'),
        ({"a": NUMBER}, {"a": NUMBER | {"maximum": 9.5}}, 'column "a" ends at 9.5 instead of 10'),
        ({"a": {"kind": "number"}}, {"a": NUMBER | {"minimum": None}}, 'column "a" ends at 10 instead of nowhere'),
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
def test_what_would_be_refused_is_named(today: dict[str, Any], target: dict[str, Any], fault: str) -> None:
    """Each kind of request that the target would refuse has a phrase of its own."""
    assert refusals(schema(**today), schema(**target)) == [fault]


@pytest.mark.parametrize(
    ("today", "target"),
    [
        ({"a": NUMBER}, {"a": NUMBER}),
        ({"a": NUMBER}, {"a": {"kind": "number"}, "b": NUMBER | {"required": False}}),
        ({"a": {"kind": "integer"}}, {"a": {"kind": "number"}}),
        ({"a": NUMBER}, {"a": NUMBER | {"required": False}}),
        ({"a": {"kind": "ordinal", "levels": ["x"]}}, {"a": {"kind": "category"}}),
    ],
)
def test_wider_is_no_fault(today: dict[str, Any], target: dict[str, Any]) -> None:
    """Whoever takes more than is taken today can be gone back to."""
    assert refusals(schema(**today), schema(**target)) == []


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


@settings(max_examples=300, deadline=None)
@given(today=_columns, target=_columns)
@pytest.mark.long
def test_the_phrases_agree_with_what_is_really_refused(today: Any, target: Any) -> None:
    """Where nothing is named, the API of the target really takes every request that today's takes."""
    before, after = (schema(**({"a": told} if told else {})) for told in (today, target))
    if refusals(before, after):
        return
    requests = [{}, *({"a": value} for value in VALUES)]
    assert [body for body in requests if takes(before, body) and not takes(after, body)] == []


def takes(one: Schema, body: dict[str, Any]) -> bool:
    """Tell whether the API of a schema takes a request."""
    try:
        RequestModel(one).rows([body])
    except (HousePriceError, ValidationError, ValueError):
        return False
    return True


def test_the_property_is_not_empty() -> None:
    """Among the columns that are drawn there are both pairs that fit and pairs that do not."""
    drawn = [{"kind": "number"}, {"kind": "integer"}, {"kind": "flag"}]
    pairs = [refusals(schema(a=one), schema(a=two)) for one, two in itertools.product(drawn, drawn)]
    assert any(pairs)
    assert not all(pairs)
