"""A fitted model: what it answers, and what its answers hang on."""

import copy
import pickle

import numpy as np
import polars as pl
import pytest

from houseprice.bundle.golden import LEARNERS
from houseprice.learning import feature_table as tables
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import matrix
from houseprice.learning.splitting import TRAIN
from houseprice.learning.training import PriceModel
from pipeline import Pipeline

TIME = "months_since_first_sale"


@pytest.fixture(scope="module")
def table(little: Pipeline) -> FeatureTable:
    """Return the small pipeline's features."""
    return tables.read(little.featured, little.config.schema_)


@pytest.fixture(scope="module")
def model(little: Pipeline, table: FeatureTable) -> PriceModel:
    """Return a model of the training sales."""
    rows = table.rows(TRAIN)
    return PriceModel(little.config.training).fit(table.features[rows], table.prices[rows])


def test_answers_are_prices(model: PriceModel, table: FeatureTable) -> None:
    """Positive, finite, of the size of those that were paid."""
    answers = model.predict(table.features)
    assert np.isfinite(answers).all()
    assert (answers > 0).all()
    assert np.median(answers) == pytest.approx(np.median(table.prices), rel=0.2)


def test_a_house_has_one_answer_alone_or_among_others(model: PriceModel, table: FeatureTable) -> None:
    """However many stand beside it, and in which order."""
    together = model.predict(table.features)
    turned = model.predict(table.features.reverse())[::-1]
    many = model.predict(pl.concat([table.features] * 9))
    assert turned == pytest.approx(together, rel=1e-12)
    assert many[-table.features.height :] == pytest.approx(together, rel=1e-12)
    for row in (0, 100, table.features.height - 1):
        assert model.predict(table.features[[row]]) == pytest.approx(together[[row]], rel=1e-12)


def test_more_columns_and_another_order_of_them_change_nothing(model: PriceModel, table: FeatureTable) -> None:
    """Features are found by name."""
    other = table.features.select(pl.lit(5.0, pl.Float32).alias("more"), *reversed(table.features.columns))
    assert model.predict(other).tobytes() == model.predict(table.features).tobytes()


def test_the_slope_moves_prices_away_from_their_mean(model: PriceModel, table: FeatureTable) -> None:
    """By the same share of their distance, without the market's part, for all houses and for each part of the blend."""
    steep = copy.copy(model)
    steep.found_ = model.found_.model_copy(update={"blend_slope": 1.1})
    before, after = (one.predict_all(table.features) for one in (model, steep))
    level = model.trend_.predict(matrix(table.features)) + model.mean_
    for name in ("predicted_price", *LEARNERS):
        assert np.log(after[name]) - level == pytest.approx(1.1 * (np.log(before[name]) - level), abs=1e-12)


def test_an_unknown_text_is_answered(model: PriceModel, table: FeatureTable) -> None:
    """By what else is known of the house."""
    answers = model.predict(table.features.with_columns(quarter=pl.lit("nowhere"), state=pl.lit("")))
    assert np.isfinite(answers).all()


def test_a_larger_house_is_dearer(model: PriceModel, table: FeatureTable) -> None:
    """Twice the area, with all else alike, on the whole."""
    small = table.features.with_columns(area=pl.lit(60.0, pl.Float32))
    large = table.features.with_columns(area=pl.lit(115.0, pl.Float32))
    assert np.median(model.predict(large) / model.predict(small)) > 1.2


def test_a_model_survives_its_pickle(model: PriceModel, table: FeatureTable) -> None:
    """The same answers to the last bit."""
    again = pickle.loads(pickle.dumps(model, protocol=5))
    assert again.predict(table.features).tobytes() == model.predict(table.features).tobytes()


def test_the_market_past_the_data_is_carried_on_and_then_held(model: PriceModel, table: FeatureTable) -> None:
    """For the configured months, and not a day further: nobody knows the market of the year 2100."""
    last = float(table.features[TIME].to_numpy()[table.rows(TRAIN)].max())
    horizon = model.config.trend.horizon_months
    house = table.features[:1]

    def at(month: float) -> float:
        return float(model.predict(house.with_columns(pl.lit(month, pl.Float32).alias(TIME)))[0])

    assert at(last + horizon / 2) != at(last)
    assert at(last + horizon + 1.0) == at(last + horizon + 1000.0)
    assert at(last + horizon + 1.0) == pytest.approx(at(last + horizon), rel=1e-6)


def test_a_model_without_time_has_no_trend(little: Pipeline, table: FeatureTable) -> None:
    """When the column of time is not among the derived ones, prices are learned all the same."""
    rows = table.rows(TRAIN)
    features = table.features.drop(TIME)
    answers = PriceModel(little.config.training).fit(features[rows], table.prices[rows]).predict(features)
    assert np.isfinite(answers).all()


def test_importance_is_shared_out_among_features(model: PriceModel, table: FeatureTable) -> None:
    """All shares are one together."""
    shares = model.feature_importance()
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-6)
    known = {*table.features.columns, *(f"{name}_target_encoding" for name in [*table.features.columns, "all_texts"])}
    assert set(shares) <= known
