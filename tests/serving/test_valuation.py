"""What a valuer asks about a price: class, recommendation, agreement, limiting factors and data quality."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import onnx
import pytest
import toy as toys
from batches import CSV, JSON, NDJSON, lines, send
from toy import FULL, FULL_PRICE, LEAST, LEAST_PRICE, Client

from houseprice.bundle import manifest as manifests
from houseprice.bundle import sales_store
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.serving.app import create_app
from houseprice.serving.valuation import confidence_class

ASKED = "/predict?include=valuation"


@pytest.fixture
def client(toy: Bundle) -> Client:
    """Return the API of the toy model."""
    return Client(create_app(toy))


@pytest.fixture
def sealed(tmp_path: Path) -> Callable[..., Client]:
    """Return the API of a toy model that is sealed with other parts."""

    def seal(changes: dict[str, Any] | None = None, **said: Any) -> Client:
        return Client(create_app(open_bundle(toys.seal(tmp_path / "bundle", changes, **said))))

    return seal


def valued(client: Client, house: dict[str, Any]) -> dict[str, Any]:
    """Return the valuation of a house."""
    found: dict[str, Any] = client.post(ASKED, house).json()["valuation"]
    return found


def codes(client: Client, house: dict[str, Any]) -> list[str]:
    """Return the codes of the factors that limit the value of a house."""
    return [factor["code"] for factor in valued(client, house)["limiting_factors"]]


@pytest.mark.parametrize(
    ("fsd", "found"),
    [(0.01, 7), (0.07, 7), (0.0701, 6), (0.1, 6), (0.13, 5), (0.16, 4), (0.2, 3), (0.25, 2), (0.3, 1), (0.301, 0)],
)  # fmt: skip
def test_the_class_follows_from_the_fsd(fsd: float, found: int) -> None:
    """A limit belongs to its class."""
    assert confidence_class(fsd) == found


def test_one_house_has_a_valuation_beside_its_price(client: Client) -> None:
    """All of it, worked out by hand for 151,260 within 121,008 to 189,075; the price itself is the one without."""
    answer = client.post(ASKED, FULL).json()
    valuation = answer.pop("valuation")
    assert answer == client.post("/predict", FULL).json()
    factors = valuation.pop("limiting_factors")
    assert [factor["code"] for factor in factors] == ["sparse_neighbourhood", "old_valuation_date"]
    assert valuation == {
        "display_price": 151_000.0,
        "display_range": [121_000.0, 190_000.0],
        "confidence_class": 5,
        "value_recommended": True,
        "reason": None,
        "max_fsd": 0.25,
        "agreement": {
            "tree_price": pytest.approx(FULL_PRICE * 1.1, abs=0.005),
            "kernel_ridge_price": pytest.approx(FULL_PRICE * 0.88, abs=0.005),
            "ratio": 1.25,
        },
        "data_quality": {"score": 100.0, "missing": [], "unusual": []},
    }


def test_parts_are_asked_for_together(client: Client) -> None:
    """Beside each other, and an unknown one is refused."""
    found = client.post("/predict?include=valuation,comparables", FULL).json()
    assert {"valuation", "comparables"} <= set(found)
    answer = client.post("/predict?include=valuations", FULL)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "include"])


@pytest.mark.parametrize(("limit", "recommended"), [(0.125, True), (0.1249, False)])
def test_a_value_above_the_configured_fsd_is_not_recommended(
    sealed: Callable[..., Client], limit: float, recommended: bool
) -> None:
    """The number is there all the same; the limit is the sealed one."""
    client = sealed(max_fsd=limit)
    answer = client.post(ASKED, FULL).json()
    assert answer["predicted_price"] == FULL_PRICE
    found = answer["valuation"]
    assert (found["value_recommended"], found["max_fsd"]) == (recommended, limit)
    assert (found["reason"] is None) is recommended


def test_a_model_of_one_learner_has_no_agreement(sealed: Callable[..., Client]) -> None:
    """Rather than one of a learner with itself."""
    graph = onnx.load_from_string(toys.graph())
    for output in [one for one in graph.graph.output if one.name.endswith("_price") and one.name != "predicted_price"]:
        graph.graph.output.remove(output)
    found = valued(sealed({manifests.MODEL: graph.SerializeToString()}), FULL)
    assert found["agreement"] is None


def test_what_is_missing_or_unusual_lowers_the_data_quality_by_its_importance(client: Client) -> None:
    """Of 0.862 without the date: lot 0.04 and heating 0.02, state and pool 0.001 each are missing; zip has 0.1."""
    found = valued(client, LEAST)["data_quality"]
    assert found["missing"] == ["lot", "heating", "state", "pool"]
    assert found["score"] == round(100 * (1 - 0.062 / 0.862), 1)
    found = valued(client, {**FULL, "zip": "10115", "rooms": 40})["data_quality"]
    assert (found["missing"], sorted(found["unusual"])) == ([], ["rooms", "zip"])
    assert found["score"] == round(100 * (1 - 0.2 / 0.862), 1)


def test_factors_have_stable_codes(client: Client) -> None:
    """Two values outside training are one factor; what is missing counts where it matters."""
    assert codes(client, {**FULL, "zip": "10115", "rooms": 40})[1:] == ["outside_learned_range", "old_valuation_date"]
    assert "missing_inputs" in codes(client, LEAST)
    assert "missing_inputs" not in codes(client, {**FULL, "state": None})


@pytest.mark.parametrize(("days", "is_old"), [(0, False), (89, False), (92, True)])
def test_an_old_valuation_date_limits_a_value(client: Client, days: int, is_old: bool) -> None:
    """From three months on, counted from today."""
    day = (datetime.now(UTC) - timedelta(days=days)).date().isoformat()
    assert ("old_valuation_date" in codes(client, {**FULL, "sold": day})) is is_old


def test_a_neighbourhood_with_enough_similar_sales_is_not_sparse(sealed: Callable[..., Client]) -> None:
    """Five differ by less than 20 % of the price; of four there are too few."""

    def client(count: int) -> Client:
        sold = {name: values[[0] * count + [3]] for name, values in toys.SOLD.items()}
        return sealed({manifests.SALES: sales_store.pack(sold, toys.PAID[[0] * count + [3]])})

    assert "sparse_neighbourhood" in codes(client(4), FULL)
    assert "sparse_neighbourhood" not in codes(client(5), FULL)


@pytest.mark.parametrize("accept", [JSON, NDJSON])
@pytest.mark.parametrize("kind", [JSON, NDJSON])
@pytest.mark.parametrize("count", [2, 300])
def test_a_batch_has_the_valuation_of_each_house(client: Client, kind: str, accept: str, count: int) -> None:
    """In its order and as the house has it alone, in every JSON."""
    houses = [FULL, LEAST] * (count // 2)
    body = json.dumps(houses).encode() if kind == JSON else lines(houses)
    answer = send(client.app, body, kind, accept, "/batch-predict?include=valuation")
    assert answer.status_code == 200
    found = answer.json()["predictions"] if accept == JSON else [json.loads(line) for line in answer.iter_lines()]
    assert len(found) == count
    assert found[:2] == [client.post(ASKED, house).json() for house in (FULL, LEAST)]
    assert found[-1] == found[1]
    assert found[1]["predicted_price"] == LEAST_PRICE


@pytest.mark.parametrize("accept", ["", "*/*", "text/csv;q=0.5, application/json"])
def test_a_table_is_answered_in_json_where_a_valuation_is_wanted(client: Client, accept: str) -> None:
    """Unless a table is what is accepted best; a table of no house has no valuation."""
    table = b"living area,rooms,zip,grade\n80,3,98039,1\n"
    answer = send(client.app, table, CSV, accept, "/batch-predict?include=valuation")
    assert answer.status_code == 200
    assert answer.json()["predictions"] == [client.post(ASKED, LEAST).json()]
    empty = send(client.app, table.splitlines()[0], CSV, accept, "/batch-predict?include=valuation")
    assert empty.json() == {"predictions": []}


def test_a_table_has_no_room_for_a_valuation(client: Client) -> None:
    """It is refused before anything is priced."""
    answer = send(client.app, json.dumps([FULL]).encode(), JSON, CSV, "/batch-predict?include=valuation")
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "include"])
    answer = send(client.app, json.dumps([FULL]).encode(), JSON, JSON, "/batch-predict?include=explanation")
    assert answer.status_code == 422
