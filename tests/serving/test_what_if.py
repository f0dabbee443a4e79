"""Prices over a grid of one or two columns."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import FULL, FULL_PRICE, LEAST, SOLD, Client

from houseprice.bundle.load import Bundle
from houseprice.serving.explain.comparables import ComparableFinder
from houseprice.serving.scorer import Scorer


def ask(client: Client, vary: Any, house: Any = FULL) -> Any:
    """Return the answer to a grid."""
    answer = client.post("/what-if", {"house": house, "vary": vary})
    assert answer.status_code == 200, answer.text
    return answer.json()


def errors(client: Client, body: Any) -> list[tuple[str, list[Any]]]:
    """Return type and place of each error of a refused body."""
    answer = client.post("/what-if", body)
    assert answer.status_code == 422, answer.text
    return [(error["type"], error["loc"]) for error in answer.json()["detail"]]


def test_each_point_is_priced_as_the_house_with_its_values(client: Client, toy: Bundle) -> None:
    """In the order of the values, the last column fastest; prices as from /predict, and the sales near each."""
    found = ask(client, {"rooms": [1, 4], "zip": ["98178", "98039", "10115"]})
    assert [tuple(point["values"].values()) for point in found["points"]] == [
        (1, "98178"), (1, "98039"), (1, "10115"), (4, "98178"), (4, "98039"), (4, "10115"),
    ]  # fmt: skip
    finder, rules = ComparableFinder(toy), Scorer(toy).request
    for point in found["points"]:
        house = {**FULL, **point["values"]}
        priced = client.post("/predict", house).json()
        assert {key: point[key] for key in ("predicted_price", "prediction_interval")} == {
            key: priced[key] for key in ("predicted_price", "prediction_interval")
        }
        assert point["sales_near"] == finder.count_within(rules.validate([house])[0], found["near_distance"])
    assert {point["sales_near"] for point in found["points"]} == {0, 2}
    assert (found["valuation_date"], found["currency"], found["coverage"]) == ("2014-10-13", "EUR", 0.9)


@pytest.mark.parametrize(
    ("vary", "values"),
    [
        ({"living area": 2}, [80, 300]),
        ({"living area": 1}, [80]),
        ({"living area": 3.0}, [80, 118, 300]),
        ({"rooms": None}, [3, 4, 9]),
        ({"lot": 20}, [500, 700, 9000.5]),
        ({"zip": None}, ["98039", "98178"]),
        ({"zip": 1}, ["98039"]),
        ({"heating": 5}, ["gas", "oil"]),
        ({"grade": 20}, [1, 2, 3, 5]),
        ({"pool": None}, [False, True]),
        ({"sold": 1}, ["2014-10-13"]),
        ({"pool": [None, True, 0]}, [None, True, False]),
        ({"sold": ["2015-01-01", None]}, ["2015-01-01", None]),
        ({"heating": [None]}, [None]),
    ],
)
def test_values_are_those_of_sold_houses_unless_they_are_given(client: Client, vary: Any, values: list[Any]) -> None:
    """Quantiles of numbers, the most frequent texts; never one that no house had, and fewer where there are fewer."""
    found = ask(client, vary)
    (name,) = vary
    assert [point["values"][name] for point in found["points"]] == values
    assert found["valuation_date"] == (None if name == "sold" else "2014-10-13")
    if name != "sold":
        again = ask(client, {name: [point["values"][name] for point in found["points"]]})
        assert again == found


def test_the_largest_grid_has_400_points(client: Client) -> None:
    """Two columns of twenty values each, all priced."""
    grid = {"living area": [50 + number for number in range(20)], "lot": list(range(20))}
    points = ask(client, grid, LEAST)["points"]
    assert len(points) == 400
    assert points[-1]["values"] == {"living area": 69, "lot": 19}
    assert points[-1]["predicted_price"] - points[0]["predicted_price"] == pytest.approx(19 * 1000 + 19, abs=0.01)


@pytest.mark.parametrize(
    ("vary", "kind", "place"),
    [
        ({}, "too_short", []),
        ({"rooms": None, "zip": None, "lot": None}, "too_long", []),
        ({"room": [1]}, "extra_forbidden", ["room"]),
        ({"price": [1]}, "extra_forbidden", ["price"]),
        ({"reference": ["a"]}, "extra_forbidden", ["reference"]),
        ({"x" * 500: None}, "extra_forbidden", ["x" * 80]),
        ({"rooms": []}, "too_short", ["rooms"]),
        ({"rooms": [1] * 21}, "too_long", ["rooms"]),
        ({"rooms": 0}, "grid_invalid", ["rooms"]),
        ({"rooms": 21}, "grid_invalid", ["rooms"]),
        ({"rooms": 2.5}, "grid_invalid", ["rooms"]),
        ({"rooms": True}, "grid_invalid", ["rooms"]),
        ({"rooms": "auto"}, "grid_invalid", ["rooms"]),
        ({"rooms": {"from": 1}}, "grid_invalid", ["rooms"]),
        ({"rooms": [3, 51]}, "less_than_equal", ["rooms", 1]),
        ({"rooms": ["3"]}, "float_type", ["rooms", 0]),
        ({"rooms": [None]}, "float_type", ["rooms", 0]),
        ({"heating": ["gas", "wood"]}, "value_error", ["heating", 1]),
        ({"sold": ["yesterday"]}, None, ["sold", 0]),
        ({"zip": [["98039"]]}, None, ["zip", 0]),
    ],
)
def test_a_grid_that_cannot_be_priced_is_refused(client: Client, vary: Any, kind: str | None, place: list[Any]) -> None:
    """Unknown columns, too many or no values, and values that /predict would refuse: each where it stands."""
    (error,) = errors(client, {"house": FULL, "vary": vary})
    assert error[1] == ["body", "vary", *place]
    assert kind in {None, error[0]}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ([], []), (b"null", []), (b"{", []), (b"", []), ({}, ["house"]), ({"house": FULL}, ["vary"]),
        ({"house": [FULL], "vary": {"rooms": [1]}}, ["house"]), ({"house": FULL, "vary": ["rooms"]}, ["vary"]),
        ({"house": FULL, "vary": {"rooms": [1]}, "more": 1}, ["more"]), (FULL, ["sold"]),
        ({"house": {**FULL, "rooms": -1}, "vary": {"rooms": [1]}}, ["house", "rooms"]),
        ({"house": {**FULL, "room": 1}, "vary": {"rooms": [1]}}, ["house", "room"]),
        (b'{"house": {"rooms": 1, "rooms": 2}, "vary": {"rooms": [1]}}', ["rooms"]),
        (b'{"house": {}, "vary": {"rooms": [1], "rooms": [2]}}', ["rooms"]),
        (b'{"house": {}, "vary": {"rooms": NaN}}', ["house", "living area"]),
    ],
)  # fmt: skip
def test_a_body_of_another_form_is_refused(client: Client, body: Any, place: list[Any]) -> None:
    """With what is expected, at the place."""
    assert errors(client, body)[0][1] == ["body", *place]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_are_none_are_refused(client: Client, number: str) -> None:
    """As points and as values, in an answer that is JSON itself."""
    for vary in (f'{{"lot": {number}}}', f'{{"lot": [{number}]}}'):
        assert errors(client, f'{{"house": {json.dumps(FULL)}, "vary": {vary}}}'.encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(vary=st.dictionaries(st.sampled_from([*SOLD, "x"]), JSON, max_size=3) | JSON, house=st.just(FULL) | JSON)
def test_whatever_is_sent_is_answered_or_refused(client: Client, vary: Any, house: Any) -> None:
    """No input is an error of the server's, and an answer has as many points as values."""
    answer = client.post("/what-if", {"house": house, "vary": vary})
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 200:
        assert 1 <= len(answer.json()["points"]) <= 400


def test_the_price_of_the_house_itself_is_on_the_grid(client: Client) -> None:
    """A point with the house's own values has its price."""
    (point,) = ask(client, {"rooms": [4], "living area": [120.5]})["points"]
    assert point["predicted_price"] == FULL_PRICE
