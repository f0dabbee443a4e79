"""Sold houses are compared in the model's own terms, and their prices carried to the day asked for."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy import FULL, LEAST, PAID, SOLD, Client

from houseprice.bundle import sales_store
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.bundle.similarity import Similarity
from houseprice.errors import ArtifactError, ServingError
from houseprice.serving.explain.comparables import ComparableFinder
from houseprice.serving.explain.comparison import kilometres
from houseprice.serving.explain.sale_selection import SaleSelection
from houseprice.serving.request import is_optional
from houseprice.serving.scorer import Scorer


def test_the_nearest_come_first_with_prices_of_the_day_asked_for(toy: Bundle) -> None:
    """Distances and time-adjusted prices follow from the toy's coordinates: a hundredth of the area and so on."""
    house = Scorer(toy).request.validate([{**FULL, "sold": "2014-10-23"}])[0]
    found = ComparableFinder(toy).find(house, SaleSelection(20))
    assert found.valuation_date == "2014-10-23"
    assert [sale.distance for sale in found.comparables] == pytest.approx(
        [0, 0.025, np.hypot(np.hypot(0.405, 0.02), 0.5), np.hypot(np.hypot(1.795, 0.1), 0.5)], abs=6e-5
    )
    same, like, *_ = found.comparables
    assert (same.sale_date, same.price) == ("2014-10-13", 151000.0)
    assert same.time_adjusted_price == pytest.approx(151000 * np.exp(0.001 * 10), abs=0.006)
    assert like.time_adjusted_price == pytest.approx(149000 * np.exp(0.001 * (16366 - 16400)), abs=0.006)
    assert same.different_in == []
    assert like.different_in == ["living area (118 sq m against 120.5 sq m)"] or "living area" in like.alike_in[0]


def test_reasons_are_told_in_words(toy: Bundle) -> None:
    """What they have in common first, then what sets them apart most; the day of the sale is no reason."""
    last = ComparableFinder(toy).find(Scorer(toy).request.validate([FULL])[0], SaleSelection(4)).comparables[-1]
    assert last.alike_in == []
    assert last.different_in == [
        "living area (300 sq m against 120.5 sq m)", "zip (98039 against 98178)", "rooms (9 against 4)",
    ]  # fmt: skip
    assert last.text.startswith("Alike in little; different in living area (300 sq m against 120.5 sq m), zip (")


def test_the_sold_house_is_shown_as_a_request_holds_it(toy: Bundle) -> None:
    """Flags, dates and blanks as JSON has them; no parcel and no second price."""
    rules = Scorer(toy).request
    for sale in ComparableFinder(toy).find(rules.validate([FULL])[0], SaleSelection(4)).comparables:
        assert set(sale.house) == set(SOLD) - {"sold"}
        assert rules.parse(json.dumps({**sale.house, "sold": sale.sale_date}).encode())
    blank = ComparableFinder(toy).find(rules.validate([FULL])[0], SaleSelection(4)).comparables[1].house
    assert blank["pool"] is None
    assert blank["heating"] is None


def test_of_equally_near_houses_the_newest_comes_first(toy: Bundle) -> None:
    """Whatever the order in which they were sealed, and however few are asked for."""
    days = np.array([16400.0, 16500.0, 16356.0, 16450.0])
    twins = {**{name: values[[0, 0, 0, 0]] for name, values in SOLD.items()}, "sold": days}
    finder = ComparableFinder(replace(toy, sales=sales_store.pack(twins, PAID)))
    house = Scorer(toy).request.validate([FULL])[0]
    everyone = [sale.sale_date for sale in finder.find(house, SaleSelection(4)).comparables]
    assert everyone == sorted(everyone, reverse=True)
    assert [sale.sale_date for sale in finder.find(house, SaleSelection(1)).comparables] == everyone[:1]


def test_real_houses_are_compared_as_the_graph_places_them(bundle_dir: Path) -> None:
    """Nobody left out is nearer than those that are shown; a house that was sold finds itself first."""
    bundle = open_bundle(bundle_dir)
    finder, rules = ComparableFinder(bundle), Scorer(bundle).request
    sold = sales_store.unpack(bundle.sales)
    places, _ = Similarity(bundle.similarity).coordinates(sold.columns)
    for row in (3, 500, 1700):
        apart = np.sqrt(((places - places[:, [row]]) ** 2).sum(axis=0))
        described = {name: values[row] for name, values in sold.columns.items()}
        day = date.fromordinal(int(described["date"]) + date(1970, 1, 1).toordinal())
        found = finder.find({**described, "date": day}, SaleSelection(8)).comparables
        assert rules.validate([{**sale.house, "date": sale.sale_date} for sale in found])
        assert [sale.distance for sale in found] == pytest.approx(np.sort(apart)[:8], abs=2e-3)
        assert found[0].distance == pytest.approx(0, abs=2e-3)
        assert sold.prices[row] in [sale.price for sale in found]
        assert all("km away" in " ".join([*sale.alike_in, *sale.different_in]) for sale in found[:1])


def test_nothing_is_alike_in_what_is_not_given(bundle_dir: Path) -> None:
    """The model takes the usual value for what is left out, which a person would not call alike."""
    bundle = open_bundle(bundle_dir)
    finder, rules = ComparableFinder(bundle), Scorer(bundle).request
    needed = {name for name in rules.schema.request if not is_optional(rules.schema, name)}
    for house in bundle.sample["rows"][:5]:
        found = finder.find(rules.validate([{name: house[name] for name in needed}])[0])
        alike = [text for sale in found.comparables for text in sale.alike_in]
        assert not [text for text in alike if " and " not in text and text.endswith("against not given)")]


def test_prices_of_like_houses_say_what_a_house_is_worth(bundle_dir: Path) -> None:
    """The middle of five adjusted prices is far nearer to what was paid than the middle of all: likeness means it."""
    bundle = open_bundle(bundle_dir)
    finder, everyone = ComparableFinder(bundle), np.log(np.median(sales_store.unpack(bundle.sales).prices))
    houses, paid = Scorer(bundle).request.validate(bundle.sample["rows"]), np.log(bundle.sample["prices"])
    found = [
        np.median(
            [sale.adjusted_price for sale in finder.find(house, SaleSelection(6)).comparables if sale.distance > 0][:5]
        )
        for house in houses
    ]
    assert np.std(np.log(found) - paid) < 0.6 * np.std(paid - everyone)


@pytest.mark.parametrize(
    "changed",
    [
        {"sales": b""},
        {"sales": sales_store.pack({"rooms": np.ones(2)}, np.ones(2))},
        {"similarity": b"no graph"},
        {"explanation": {"coordinates": {"a": ["rooms"]}}},
        {"explanation": {"coordinates": {"a": ["rooms"], "b": ["zip"], "c": ["parcel"]}}},
        {"explanation": {}},
    ],
)
def test_what_cannot_be_compared_with_is_refused_at_the_start(toy: Bundle, changed: dict[str, Any]) -> None:
    """Whole files that do not fit each other are an error of the bundle."""
    with pytest.raises(ArtifactError) as caught:
        ComparableFinder(replace(toy, **changed))
    assert caught.value.code in {"comparables_invalid", "sales_store_invalid", "graph_not_runnable"}


def test_a_graph_that_fails_is_told_as_such(toy: Bundle) -> None:
    """As when the model fails: 503, with the cause."""
    finder = ComparableFinder(toy)
    finder._similarity._session = None
    with pytest.raises(ServingError) as caught:
        finder.find(Scorer(toy).request.validate([FULL])[0])
    assert caught.value.code == "similarity_failed"


def test_a_distance_on_earth_is_that_of_the_map() -> None:
    """A degree of latitude, and Seattle to Tacoma."""
    assert kilometres((47.0, -122.0), (48.0, -122.0)) == pytest.approx(111.195, abs=0.001)
    assert kilometres((47.6062, -122.3321), (47.2529, -122.4443)) == pytest.approx(40.2, abs=0.1)
    assert kilometres((0.0, 10.0), (0.0, 10.0)) == 0.0


def test_the_route_gives_as_many_as_are_asked_for(client: Client) -> None:
    """Five when nothing is count; all there are when fewer were sold."""
    for query, count in (("", 4), ("?k=1", 1), ("?k=20", 4)):
        answer = client.post(f"/comparables{query}", LEAST)
        assert answer.status_code == 200
        assert len(answer.json()["comparables"]) == count
    assert answer.json()["valuation_date"] == "2015-05-27"
    assert answer.json()["currency"] == "EUR"


@pytest.mark.parametrize("count", ["0", "21", "-1", "five", "", "1.5", "9" * 99])
def test_another_count_is_refused(client: Client, count: str) -> None:
    """In a sentence, at the place where FastAPI would tell it."""
    answer = client.post(f"/comparables?k={count}", LEAST)
    assert answer.status_code == 422
    (error,) = answer.json()["detail"]
    assert error["loc"] == ["query", "k"]
    assert "20" in error["msg"]


def test_sales_are_taken_out_and_chosen_by_their_identifiers(client: Client) -> None:
    """What is left keeps its identifiers and adjustments; the weights are shared anew, and the value with them."""

    def ask(query: str) -> Any:
        return client.post(f"/comparables{query}", FULL).json()

    everyone = ask("")
    ids = [sale["id"] for sale in everyone["comparables"]]
    assert len(set(ids)) == 4
    rest = ask(f"?exclude={ids[0]},{ids[2]}")
    assert [sale["id"] for sale in rest["comparables"]] == [ids[1], ids[3]]
    for kept in rest["comparables"]:
        before = next(sale for sale in everyone["comparables"] if sale["id"] == kept["id"])
        assert {**kept, "weight": before["weight"]} == before
    assert rest["reconciled_value"] != everyone["reconciled_value"]
    for query in (f"include={ids[3]}&include={ids[1]}", f"include={ids[1]},{ids[3]},{ids[1]}"):
        assert ask(f"?{query}") == rest
    assert ask(f"?include={ids[1]},{ids[2]},{ids[3]}&exclude={ids[2]}") == rest
    assert [sale["id"] for sale in ask(f"?k=1&include={ids[3]},{ids[1]}")["comparables"]] == [ids[1]]
    none = ask(f"?exclude={','.join(ids)}")
    assert (none["comparables"], none["reconciled_value"]) == ([], None)


def test_the_reconciled_value_can_be_worked_out_from_the_answer(client: Client) -> None:
    """The weights add up to 1, go as 1 / (d² + 0.1²), and give the value."""
    for query in ("", "?k=1", "?k=2"):
        found = client.post(f"/comparables{query}", FULL).json()
        sales = found["comparables"]
        assert sum(round(sale["weight"] * 10_000) for sale in sales) == 10_000
        raw = [1 / (sale["distance"] ** 2 + 0.01) for sale in sales]
        assert [sale["weight"] for sale in sales] == pytest.approx([one / sum(raw) for one in raw], abs=2e-4)
        value = sum(sale["weight"] * sale["adjusted_price"] for sale in sales)
        assert found["reconciled_value"] == pytest.approx(value, abs=0.006)


@pytest.mark.parametrize("name", ["include", "exclude"])
@pytest.mark.parametrize("value", ["", "1", "0123456789AB", "0123456789abc", "0123456789ab,", "../../etc", "%00" * 12])
def test_an_identifier_of_another_form_is_refused(client: Client, name: str, value: str) -> None:
    """Before the house is looked at."""
    answer = client.post(f"/comparables?{name}={value}", {})
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["detail"]] == [["query", name]]


@pytest.mark.parametrize(("name", "most"), [("include", 20), ("exclude", 100)])
def test_too_many_identifiers_are_refused(client: Client, name: str, most: int) -> None:
    """So many may be named; whether they are known is looked at afterwards."""
    for count, status in ((most, 404), (most + 1, 422)):
        query = ",".join(f"{number:012x}" for number in range(count))
        assert client.post(f"/comparables?{name}={query}", LEAST).status_code == status


@pytest.mark.parametrize("name", ["include", "exclude"])
def test_an_unknown_sale_is_not_found(client: Client, name: str) -> None:
    """With a code, since another model may know it."""
    answer = client.post(f"/comparables?{name}=0123456789ab", LEAST)
    assert answer.status_code == 404
    assert answer.json()["code"] == "sale_not_found"


def test_a_house_that_cannot_be_priced_cannot_be_compared(client: Client) -> None:
    """In the words of /predict."""
    assert client.post("/comparables", {"rooms": 3}).json() == client.post("/predict", {"rooms": 3}).json()
