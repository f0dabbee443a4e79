"""Explanations over HTTP, and the parts that may come with a price."""

import pytest
from toy import FULL, Client


def test_the_route_gives_what_the_page_promises(client: Client) -> None:
    """Base price and amounts add up; a house that cannot be priced is refused in the words of /predict."""
    answer = client.post("/explain", FULL)
    assert answer.status_code == 200
    found = answer.json()
    assert found["currency"] == "EUR"
    assert found["base_price"] + sum(part["amount"] for part in found["contributions"]) == pytest.approx(
        found["predicted_price"], abs=0.001
    )
    assert next(part["values"] for part in found["contributions"] if part["name"] == "sold") == {"sold": "2014-10-13"}
    assert client.post("/explain", {"rooms": 3}).json() == client.post("/predict", {"rooms": 3}).json()
    assert client.post("/explain", FULL, "text/plain").status_code == 415


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", set()), ("other=1", set()), ("include=explanation", {"explanation"}),
        ("include=comparables", {"comparables"}), ("include=comparables,explanation", {"explanation", "comparables"}),
        ("include=explanation&include=comparables", {"explanation", "comparables"}),
        ("include=%20explanation", {"explanation"}),
    ],
)  # fmt: skip
def test_parts_are_added_to_a_price_when_asked_for(client: Client, query: str, keys: set[str]) -> None:
    """The price itself stays as it is; the parts are those of the other two routes."""
    plain = client.post("/predict", FULL).json()
    found = client.post(f"/predict?{query}", FULL).json()
    assert set(found) - set(plain) == keys
    assert {key: found[key] for key in plain} == plain
    if "explanation" in keys:
        assert found["explanation"] == client.post("/explain", FULL).json()
    if "comparables" in keys:
        assert found["comparables"] == client.post("/comparables", FULL).json()["comparables"]


def test_an_empty_part_is_refused(client: Client) -> None:
    """As the documentation says: one word at least."""
    assert client.post("/predict?include=", FULL).status_code == 422
    assert client.post("/predict?include=explanation,", FULL).status_code == 422


def test_an_unknown_part_is_refused_with_the_known_ones(client: Client) -> None:
    """Before the house is looked at."""
    answer = client.post("/predict?include=comparables,explanations", FULL)
    assert answer.status_code == 422
    (error,) = answer.json()["detail"]
    assert error["loc"] == ["query", "include"]
    assert '(did you mean "explanation"?)' in error["msg"]
