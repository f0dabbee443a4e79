"""What the page is made from, for the real sales and for a model of few columns."""

import json
from typing import Any

from toy import COLUMNS, Client

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle


def by_name(config: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a configuration by their names."""
    return {column["name"]: column for column in config["columns"]}


def test_the_form_begins_with_a_house_that_has_a_price(county: Client, sealed: Bundle) -> None:
    """The typical house is accepted as it is, and its price is a usual one."""
    config = county.get("/page-config").json()
    house = {column["name"]: column["typical"] for column in config["columns"] if column["typical"] is not None}
    answer = county.post("/predict", house)
    assert answer.status_code == 200
    assert answer.json()["warnings"] == []
    assert answer.json()["valuation_date"] == config["reference_date"]
    assert 300_000 < answer.json()["predicted_price"] < 700_000


def test_it_says_where_the_model_comes_from(county: Client, sealed: Bundle) -> None:
    """Identity, dates and limits are those of the manifest."""
    config, manifest = county.get("/page-config").json(), sealed.manifest
    written = json.loads((sealed.directory / manifests.NAME).read_bytes())
    assert config["manifest_sha256"] == written[manifests.DIGEST]
    assert config["model_version"] == manifest.model_version
    assert (config["currency"], config["coverage"]) == ("USD", manifest.coverage)
    sides = manifest.metrics["sides"]
    assert config["sales"] == {"count": sides["train"] + sides["holdout"], "map": True}
    assert config["sale_count"] == config["sales"]["count"]
    assert config["history"] is True
    assert config["gates_passed"] is manifest.passed


def test_columns_have_what_a_form_needs(county: Client, sealed: Bundle) -> None:
    """All columns of a request, in groups; ranges, levels and categories with their counts."""
    config = county.get("/page-config").json()
    columns = by_name(config)
    assert set(columns) == set(sealed.manifest.schema_.request)
    assert list(dict.fromkeys(column["group"] for column in config["columns"])) == [
        "size", "rooms", "age", "place", "date",
    ]  # fmt: skip
    area = columns["sqft_living"]
    assert (area["kind"], area["role"], area["unit"], area["required"]) == ("number", "living_area", "sq ft", True)
    assert (area["minimum"], area["maximum"]) == (100, 50000)
    assert 100 < area["learned"]["minimum"] < area["learned"]["maximum"] < 50000
    assert [choice["value"] for choice in columns["grade"]["choices"]] == list(range(1, 14))
    assert sum(choice["count"] for choice in columns["grade"]["choices"]) == config["sale_count"]
    places = [choice["count"] for choice in columns["zipcode"]["choices"]]
    assert places == sorted(places, reverse=True)
    assert sum(places) == config["sale_count"]
    assert columns["waterfront"]["typical"] in (True, False)
    assert columns["date"]["typical"] is None
    assert (columns["date"]["minimum"], columns["date"]["required"]) == ("1900-01-01", False)
    assert abs(sum(column["importance"] for column in columns.values()) - 1.0) < 0.01


def test_identifiers_of_houses_are_nowhere(county: Client) -> None:
    """The parcel is no column of the form."""
    assert "id" not in by_name(county.get("/page-config").json())


def test_a_model_without_places_has_no_map(client: Client) -> None:
    """Its columns have no roles; the form is made all the same."""
    config = client.get("/page-config").json()
    assert config["sales"] == {"count": 4, "map": False}
    assert set(by_name(config)) == set(COLUMNS) - {"parcel", "price"}
    assert config["max_rows"] == 100
    answer = client.get("/sales")
    assert (answer.status_code, answer.json()["code"]) == (404, "sales_not_shown")
