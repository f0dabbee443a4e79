"""A bundle that was sealed without its sales: what needs them says so, and everything else works."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import toy as toys
from toy import BACKGROUND, FULL, Client

from houseprice import pipeline
from houseprice.bundle import manifest as manifests
from houseprice.bundle import sales_store
from houseprice.bundle.load import open_bundle
from houseprice.config import Config
from houseprice.evidence.sample_test import describe_sample
from houseprice.release.expected_predictions import ExpectedPredictions
from houseprice.serving.app import create_app
from houseprice.serving.startup import refusal
from pipeline import Pipeline

EMPTY = sales_store.pack({}, np.empty(0))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Return the API of the toy model without its sales."""
    sides = {"sides": {"train": 10, "holdout": 2, "resold": 1}}
    sealed = toys.seal(tmp_path_factory.mktemp("bare") / "bundle", {manifests.SALES: EMPTY}, metrics=sides)
    return Client(create_app(open_bundle(sealed)))


def test_there_is_nothing_to_compare_with(bare: Client) -> None:
    """404 with a code, before the house is looked at."""
    for path in ("/comparables", "/comparables?k=3", "/predict?include=comparables,valuation"):
        answer = bare.post(path, FULL)
        assert (answer.status_code, answer.json()["code"]) == (404, "sales_not_in_bundle")
    assert bare.get("/sales").json()["code"] == "sales_not_shown"
    config = bare.get("/page-config").json()
    assert (config["sales"], config["sale_count"], config["history"]) == (None, 12, True)


def test_a_price_and_its_explanation_are_the_same(bare: Client, client: Client) -> None:
    """They never came from the sales."""
    for path in ("/predict", "/explain", "/history", "/predict?include=explanation"):
        assert bare.post(path, FULL).json() == client.post(path, FULL).json()
    assert bare.post("/batch-predict", BACKGROUND).json() == client.post("/batch-predict", BACKGROUND).json()


def test_a_sparse_neighbourhood_is_not_found(bare: Client, client: Client) -> None:
    """Nor denied: the factor is left out, and all others stay."""
    far = {**FULL, "living area": 4000.0}
    codes = [
        {
            factor["code"]
            for factor in one.post("/predict?include=valuation", far).json()["valuation"]["limiting_factors"]
        }
        for one in (bare, client)
    ]
    assert codes[1] - codes[0] == {"sparse_neighbourhood"}
    assert codes[0] < codes[1]


@pytest.mark.parametrize("column", ["living area", "rooms", "lot", "grade", "zip", "state", "pool", "sold"])
def test_a_grid_of_its_own_comes_from_the_reference(bare: Client, column: str) -> None:
    """Prices are those of the values; how many sales are near is not known."""
    found = bare.post("/what-if", {"house": FULL, "vary": {column: None}})
    if column in ("living area", "rooms", "lot", "grade", "pool"):  # of the toy, without a distribution
        assert found.json()["detail"][0]["type"] == "no_learned_values"
        found = bare.post("/what-if", {"house": FULL, "vary": {column: [1, FULL[column]]}})
        if column == "living area":
            assert found.status_code == 422
            found = bare.post("/what-if", {"house": FULL, "vary": {column: [FULL[column]]}})
    points = found.json()["points"]
    assert {point["sales_near"] for point in points} == {None}
    for point in points:
        house = {**FULL, column: point["values"][column]}
        assert point["predicted_price"] == bare.post("/predict", house).json()["predicted_price"]


def test_a_real_model_is_sealed_without_them(pipe: Pipeline, config: Config, tmp_path: Path) -> None:
    """No price paid is in any of its files; it starts, reproduces its sample, and can be tested as an image."""
    models = shutil.copytree(pipe.models, tmp_path / "models")
    told = pipe.config.model_copy(update={"page": type(config.page)(show_sales=False)})
    sealed = pipeline.make_bundle(told, models, pipe.cleaned, allow_failed=True)
    bundle, whole = open_bundle(sealed), open_bundle(pipe.bundle)
    assert sales_store.unpack(bundle.sales).columns == {}
    assert bundle.sample["prices"] == []
    assert bundle.sample["answers"] == whole.sample["answers"]
    assert bundle.manifest.model_version == whole.manifest.model_version
    texts = {json.dumps(price) for price in whole.sample["prices"]}
    written = "\n".join(path.read_text() for path in sealed.glob("*.json"))
    assert not [text for text in texts if f" {text},\n" in written]
    assert refusal(sealed, allow_red=True) is None
    assert describe_sample(bundle.sample)["published"] is None
    assert ExpectedPredictions.read(sealed, allow_failed=True).sample_prices == []
    served, full = Client(create_app(bundle)), Client(create_app(whole))
    config_of = [one.get("/page-config").json() for one in (served, full)]
    assert config_of[0]["sale_count"] == config_of[1]["sale_count"]
    assert config_of[0]["columns"] == config_of[1]["columns"]
    house = bundle.golden["rows"][0]
    for vary in ({"sqft_living": 5}, {"zipcode": 3}, {"grade": None}):
        grids = [one.post("/what-if", {"house": house, "vary": vary}).json()["points"] for one in (served, full)]
        assert {point["sales_near"] for point in grids[0]} == {None}
        prices = [[point["predicted_price"] for point in grid] for grid in grids]
        assert prices[0] == pytest.approx(prices[1], rel=0.2)
