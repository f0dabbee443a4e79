"""The value of a house month by month."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_adjustments import undated_bundle
from toy import FULL, FULL_PRICE, MARKET_INDEX, Client

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.serving.app import create_app
from houseprice.serving.explain.history import Historian
from houseprice.serving.scorer import Scorer


def test_a_house_is_valued_in_the_middle_of_each_learned_month(client: Client) -> None:
    """As /predict values it on that day; months after the newest sale are not learned."""
    answer = client.post("/history", FULL)
    assert answer.status_code == 200
    found = answer.json()
    assert [month["month"] for month in found["history"]] == list(MARKET_INDEX)[:-1]
    for month in found["history"]:
        assert month["valuation_date"] == f"{month['month']}-15"
        priced = client.post("/predict", {**FULL, "sold": month["valuation_date"]}).json()
        assert {key: priced[key] for key in ("predicted_price", "prediction_interval")} == {
            key: month[key] for key in ("predicted_price", "prediction_interval")
        }
        assert month["market_index"] == pytest.approx(100 * np.exp(MARKET_INDEX[month["month"]]), abs=0.006)
    assert found["history"][0]["predicted_price"] == FULL_PRICE + 20
    assert (found["coverage"], found["currency"], found["model_version"]) == (0.9, "EUR", "0123456789ab")


def test_the_valuation_date_of_the_request_has_no_effect(client: Client) -> None:
    """Neither has its absence."""
    undated = {name: value for name, value in FULL.items() if name != "sold"}
    assert client.post("/history", undated).json() == client.post("/history", FULL).json()


def test_many_months_are_traced_in_blocks(toy: Bundle) -> None:
    """Fifty years, each month once and in order."""
    months = [f"{year}-{month:02}" for year in range(1965, 2015) for month in range(1, 13)]
    historian = Historian(replace(toy, explanation={**toy.explanation, "market_index": dict.fromkeys(months, 0.5)}))
    found = historian.trace(Scorer(toy).request.validate([FULL])[0]).history
    assert [value.month for value in found] == months
    prices = [value.predicted_price for value in found]
    assert prices == sorted(prices)


def test_a_model_without_dates_has_no_history(tmp_path: Path) -> None:
    """It is refused with a type for programs, and every other route answers."""
    client = Client(create_app(undated_bundle(tmp_path, ("area",))))
    answer = client.post("/history", {"area": 3})
    assert answer.status_code == 422
    assert [error["type"] for error in answer.json()["detail"]] == ["sale_dates_missing"]
    assert client.post("/comparables", {"area": 3}).status_code == 200
    assert client.post("/what-if", {"house": {"area": 3}, "vary": {"area": [1, 2]}}).status_code == 200


def test_a_house_that_cannot_be_priced_has_no_history(client: Client) -> None:
    """In the words of /predict."""
    assert client.post("/history", {"rooms": 3}).json() == client.post("/predict", {"rooms": 3}).json()


def test_real_prices_follow_the_market_index(bundle_dir: Path) -> None:
    """From month to month, a house gains what the index gains: the model's trend is the same for all houses."""
    bundle = open_bundle(bundle_dir)
    historian, rules = Historian(bundle), Scorer(bundle).request
    for house in rules.validate(bundle.sample["rows"][:5]):
        found = historian.trace(house).history
        assert found[-1].month == str(bundle.manifest.reference_date)[:7]
        gained = np.diff(np.log([value.predicted_price for value in found]))
        market = np.diff(np.log([value.market_index for value in found]))
        assert gained == pytest.approx(market, abs=0.02)
