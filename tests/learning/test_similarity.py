"""What the shop explains and compares with is the trained pair's own view of its sales."""

import json
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from houseprice.bundle import manifest as manifests
from houseprice.bundle import similarity as sealed
from houseprice.bundle.load import Model
from houseprice.bundle.sales_store import unpack
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning import bundling, similarity
from houseprice.learning.features import Preprocessor, columns_of, look_up
from houseprice.learning.kernel_ridge import AdditiveKernelRidge
from houseprice.learning.model_store import MODEL
from houseprice.learning.rbf_kernel import RbfKernel
from houseprice.learning.similarity import BACKGROUND, SimilaritySpace, kernel_herding, rms_gradient
from houseprice.learning.standardisation import Standardisation
from houseprice.learning.training import PriceModel
from pipeline import Pipeline

KERNELS = (
    RbfKernel(np.array([0, 2]), np.array([0.7, 1.5]), np.array([[0.1, -0.2], [1.0, 0.4]]), np.array([0.8, -0.5])),
    RbfKernel(np.array([0, 1, 2]), np.array([0.3, 0.2, 0.1]), np.array([[0.5, 0.1, 0.2]]), np.array([1.3])),
)
REGRESSION = AdditiveKernelRidge(
    Standardisation(dict.fromkeys("abc", "none"), np.zeros(3), np.ones(3), np.full(3, -np.inf), np.full(3, np.inf)),
    KERNELS, np.array([0.2, -0.1, 0.05]), {}, 1.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def pair(little: Pipeline) -> tuple[Preprocessor, PriceModel]:
    """Return the small pipeline's preprocessor and model."""
    preprocessor: Preprocessor = pickle.loads(little.preprocessor.read_bytes())
    model: PriceModel = pickle.loads((little.models / "trained" / MODEL).read_bytes())
    return preprocessor, model


@pytest.fixture(scope="module")
def sold(little: Pipeline, pair: tuple[Preprocessor, PriceModel]) -> tuple[dict[str, Any], Any]:
    """Return the small pipeline's houses and their prices."""
    sales = bundling.read_sales(little.cleaned, pair[0].schema)
    return columns_of(sales, pair[0].schema), sales["paid"].to_numpy().astype(float)


def test_the_rms_gradient_is_that_of_the_regression() -> None:
    """Finite differences of its predictions give the same as the formula."""
    table = np.random.default_rng(3).normal(size=(3, 40))

    def answers(at: Any) -> Any:
        return REGRESSION.predict(FeatureMatrix(("a", "b", "c"), at, {}), look_up)

    step = 1e-6
    for coordinate, found in enumerate(rms_gradient(REGRESSION, table)):
        aside = np.zeros((3, 1))
        aside[coordinate] = step
        slopes = (answers(table + aside) - answers(table - aside)) / (2 * step)
        assert found == pytest.approx(np.sqrt((slopes**2).mean()), rel=1e-6)


def test_kernel_herding_keeps_the_distribution() -> None:
    """Two thirds in one place and a third in another are told so by six houses, whichever order they come in."""
    draw = np.random.default_rng(0)
    table = np.hstack([draw.normal(0, 0.1, (2, 200)), draw.normal(5, 0.1, (2, 100))])
    for order in (np.arange(300), draw.permutation(300)):
        chosen = order[kernel_herding(table[:, order], 6)]
        assert len(set(chosen.tolist())) == 6
        assert (chosen < 200).sum() == 4
    assert sorted(kernel_herding(table[:, :3], 6).tolist()) == [0, 1, 2]


def test_the_sealed_graph_places_houses_as_the_trained_pair_does(
    little: Pipeline, pair: tuple[Preprocessor, PriceModel], sold: tuple[dict[str, Any], Any]
) -> None:
    """Coordinates are named, made of columns that a request has, and the trend is the model's."""
    preprocessor, model = pair
    folder = little.bundle
    places, trend = sealed.Similarity((folder / manifests.SIMILARITY).read_bytes()).coordinates(sold[0])
    surface = model.kernel_ridge_
    drawn = surface.coordinates(model.encode(preprocessor.compute(sold[0]).as_float32()))
    expected = SimilaritySpace(preprocessor, model, rms_gradient(surface, drawn)).compute(sold[0])
    np.testing.assert_allclose(places, expected[0], atol=1e-9)
    np.testing.assert_allclose(trend, model.trend_.predict(preprocessor.compute(sold[0]).as_float32()), atol=1e-9)
    told = json.loads((folder / manifests.EXPLANATION).read_bytes())
    assert len(told["coordinates"]) == len(places)
    assert told["coordinates"] == {"area": ["area"], "built": ["built"], "quarter_effect": ["quarter"]}
    assert len(told["background"]) == BACKGROUND


def test_the_sealed_sales_are_those_learned_from_without_their_parcels(
    little: Pipeline, sold: tuple[dict[str, Any], Any]
) -> None:
    """Every sale is there, as a request would hold it and with its price; nobody's parcel is named."""
    found = unpack((little.bundle / manifests.SALES).read_bytes())
    assert set(found.columns) == set(little.config.schema_.request)
    assert little.config.schema_.parcel not in found.columns
    np.testing.assert_array_equal(found.prices, sold[1])
    for name, values in sold[0].items():
        np.testing.assert_array_equal(found.columns[name], values)


def test_the_same_sales_give_the_same_bytes(
    little: Pipeline, pair: tuple[Preprocessor, PriceModel], sold: tuple[dict[str, Any], Any]
) -> None:
    """What is made anew is what lies sealed in the folder."""
    predictor = Model((little.bundle / manifests.MODEL).read_bytes())
    files, difference = similarity.explanation_files(*pair, *sold, predictor)
    assert 0 <= difference < 1e-9
    for name, content in files.items():
        assert (little.bundle / name).read_bytes() == content


def test_a_graph_that_places_houses_otherwise_is_far_from_the_pair(
    little: Pipeline, pair: tuple[Preprocessor, PriceModel], sold: tuple[dict[str, Any], Any]
) -> None:
    """The graph is held against the pair on every sale."""
    graph = (little.bundle / manifests.SIMILARITY).read_bytes()
    other = SimilaritySpace(*pair, np.full(len(pair[1].kernel_ridge_.standardisation.columns), 0.3))
    assert similarity.measure_parity(graph, other, sold[0]) > 1e-3


def test_without_a_trend_prices_stay_as_they_are(
    pair: tuple[Preprocessor, PriceModel], sold: tuple[dict[str, Any], Any]
) -> None:
    """A model to which time is not known adds nothing on any day."""
    model: Any = pickle.loads(pickle.dumps(pair[1]))
    model.trend_ = replace(model.trend_, knots=(), slopes=())
    _, trend = SimilaritySpace(pair[0], model, np.ones(len(model.kernel_ridge_.standardisation.columns))).compute(
        sold[0]
    )
    assert trend.shape == sold[1].shape
    assert not trend.any()


def test_the_market_index_is_the_trend_by_month(little: Pipeline, sold: tuple[dict[str, Any], Any]) -> None:
    """From the month of the first sale until a year after the newest one; without dates there is none."""
    graph = sealed.Similarity((little.bundle / manifests.SIMILARITY).read_bytes())
    schema = little.config.schema_
    index = similarity.market_index(graph, sold[0], schema)
    months = np.array(list(index), dtype="datetime64[M]")
    days = sold[0]["day"].astype(np.int64).astype("datetime64[D]")
    assert months[0] == days.min().astype("datetime64[M]")
    assert months[-1] == days.max().astype("datetime64[M]") + 12
    assert next(iter(index.values())) == 0.0
    none = {**sold[0], "day": np.full(len(days), np.nan)}
    assert similarity.market_index(graph, none, schema) == {}
