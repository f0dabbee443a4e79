"""Measures of error: what each says, checked by hand and by what must not change it."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from houseprice.metrics import (
    bootstrap,
    mean_bounds,
    measure,
    measure_fsd,
    measure_interval,
    measure_standardised,
    measure_vertical_equity,
    median_bounds,
    share_bounds,
    with_bounds,
)

PRICES = st.lists(st.tuples(st.floats(1e4, 1e7), st.floats(1e4, 1e7)), min_size=2, max_size=30)


def arrays(pairs: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return prices paid and answered."""
    return np.array([paid for paid, _ in pairs]), np.array([answered for _, answered in pairs])


def test_the_measures_are_what_they_are_called() -> None:
    """Two sales, one answered a tenth too high and one a fifth too low."""
    found = measure(np.array([100.0, 200.0]), np.array([110.0, 160.0]))
    logs = np.log([1.1, 0.8])
    assert found["sales"] == 2
    assert found["log_rmse"] == pytest.approx(np.sqrt((logs**2).mean()))
    assert found["bias_log"] == pytest.approx(logs.mean())
    assert found["rmse"] == pytest.approx(np.sqrt((10**2 + 40**2) / 2))
    assert found["mae"] == pytest.approx(25)
    assert found["median_ape"] == pytest.approx(0.15)
    assert found["male"] == pytest.approx((np.log(1.1) + np.log(1.25)) / 2)
    assert [found[f"within_{percent}"] for percent in (5, 10, 15, 20)] == [0.0, 0.5, 0.5, 1.0]
    assert (found["p15_low"], found["p15_high"]) == (0.5, 0.0)
    assert found["cod"] == pytest.approx(100 * 0.15 / 0.95)
    assert found["prd"] == pytest.approx(0.95 / (270 / 300))


def test_a_perfect_answer_has_no_error() -> None:
    """And treats dear houses like cheap ones."""
    paid = np.array([1e5, 2e5, 4e5])
    found = measure(paid, paid)
    assert {name: round(value, 12) for name, value in found.items()} == {
        "sales": 3, "log_rmse": 0, "male": 0, "bias_log": 0, "rmse": 0, "mae": 0, "median_ape": 0,
        "within_5": 1, "within_10": 1, "within_15": 1, "within_20": 1, "p15_low": 0, "p15_high": 0,
        "cod": 0, "prd": 1, "prb": 0,
    }  # fmt: skip


def test_a_prediction_just_fifteen_percent_off_is_neither_too_low_nor_too_high() -> None:
    """Five ratios, worked by hand: one below 0.85, one above 1.15, and both limits belong to what is within."""
    found = measure(np.full(5, 100.0), np.array([84.0, 85.0, 100.0, 115.0, 116.0]))
    assert (found["p15_low"], found["p15_high"], found["within_15"]) == (0.2, 0.2, 0.6)


def test_the_errors_are_those_of_scikit_learn() -> None:
    """Each that has its like there."""
    draw = np.random.default_rng(2)
    paid = np.exp(draw.normal(12.0, 0.4, 500))
    predicted = paid * np.exp(draw.normal(0.02, 0.2, 500))
    found = measure(paid, predicted)
    assert found["male"] == pytest.approx(sklearn.metrics.mean_absolute_error(np.log(paid), np.log(predicted)))
    assert found["log_rmse"] == pytest.approx(sklearn.metrics.root_mean_squared_error(np.log(paid), np.log(predicted)))
    assert found["rmse"] == pytest.approx(sklearn.metrics.root_mean_squared_error(paid, predicted))
    assert found["mae"] == pytest.approx(sklearn.metrics.mean_absolute_error(paid, predicted))
    assert found["median_ape"] == pytest.approx(sklearn.metrics.median_absolute_error(np.ones(500), predicted / paid))


def test_the_assessors_measures_are_those_of_a_case_worked_by_hand() -> None:
    """Five ratios 0.8, 0.9, 1, 1.1 and 1.2 of prices 100 to 500, by IAAO's Standard on Ratio Studies, appendix B.

    COD: mean distance from the median ratio, 0.12. PRD: mean ratio 1 ÷ weighted ratio 1600 / 1500. PRB: slope of
    (ratio − 1) on log₂ of the mean of price and predicted ÷ 1, by hand for the values 90, 190, 300, 420, 550.
    """
    paid = np.array([100.0, 200.0, 300.0, 400.0, 500.0])
    found = measure(paid, paid * [0.8, 0.9, 1.0, 1.1, 1.2])
    assert found["cod"] == pytest.approx(12.0)
    assert found["prd"] == pytest.approx(1.0 / (1600.0 / 1500.0))
    # log₂ 90 = 6.491853, log₂ 190 = 7.569856, log₂ 300 = 8.228819, log₂ 420 = 8.714246, log₂ 550 = 9.103288; mean
    # 8.021612; Σ (x − mean)(ratio − 1) = 0.636726; Σ (x − mean)² = 4.236944.
    assert found["prb"] == pytest.approx(0.150280, abs=1e-6)


def test_prb_does_not_depend_on_the_level_of_the_predictions() -> None:
    """The median ratio is divided out: a fifth too high for every house is no inequity."""
    paid = np.array([100.0, 200.0, 300.0, 400.0, 500.0])
    predicted = paid * [0.8, 0.9, 1.0, 1.1, 1.2]
    assert measure(paid, predicted * 1.2)["prb"] == pytest.approx(measure(paid, predicted)["prb"])
    assert measure(paid, paid * 1.2)["prb"] == pytest.approx(0.0, abs=1e-12)


def test_the_bootstrap_interval_of_a_mean_is_the_textbooks() -> None:
    """1.96 standard errors on both sides, to the noise of 300 draws; and the same for the same seed."""
    values = np.random.default_rng(0).normal(5.0, 2.0, 2000)
    found = bootstrap(lambda rows: {"mean": float(values[rows].mean())}, len(values), seed=3)["mean"]
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert found.value == values.mean()
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half), abs=half / 5)
    assert bootstrap(lambda rows: {"mean": float(values[rows].mean())}, len(values), seed=3)["mean"] == found


def test_every_metric_has_its_interval() -> None:
    """Around its value, but for the number of sales."""
    draw = np.random.default_rng(1)
    paid = np.exp(draw.normal(12.0, 0.4, 500))
    found = with_bounds(paid, paid * np.exp(draw.normal(0.0, 0.2, 500)), seed=0)
    assert set(found["ci95"]) == set(found) - {"sales", "ci95", "vei"}
    assert found["vei"]["ci95"][0] < found["vei"]["value"] < found["vei"]["ci95"][1]
    assert "vei" not in with_bounds(paid[:19], paid[:19], seed=0)
    assert all(low <= found[name] <= high for name, (low, high) in found["ci95"].items())


def test_answers_that_shrink_to_the_middle_show_in_prd_and_prb() -> None:
    """Dear houses answered too low: PRD above 1, PRB below 0; the other way round, the other way round."""
    paid = np.exp(np.linspace(12, 15, 50))
    low = measure(paid, paid**0.8 * 20)
    high = measure(paid, paid**1.2 / 20)
    assert measure(paid * 7, paid**0.8 * 140)["prb"] == pytest.approx(low["prb"])
    assert low["prd"] > 1.03
    assert low["prb"] < -0.05
    assert high["prd"] < 0.98
    assert high["prb"] > 0.05


@given(PRICES, st.floats(0.01, 100))
def test_the_currency_does_not_matter(pairs: list[tuple[float, float]], rate: float) -> None:
    """Ratios and logs are the same in another currency; money is exchanged."""
    paid, answered = arrays(pairs)
    one, other = measure(paid, answered), measure(paid * rate, answered * rate)
    for name in ("rmse", "mae"):
        assert other[name] == pytest.approx(one[name] * rate, abs=1e-6)  # of prices of ten millions, 1e-9 is lost
    for name in ("log_rmse", "bias_log", "median_ape", "cod", "prd"):
        assert other[name] == pytest.approx(one[name], rel=1e-6, abs=1e-9)


@given(PRICES)
def test_the_measures_are_finite_and_in_their_ranges(pairs: list[tuple[float, float]]) -> None:
    """Whatever the prices, no measure is without a number."""
    found = measure(*arrays(pairs))
    assert all(np.isfinite(value) for value in found.values())
    assert found["log_rmse"] >= abs(found["bias_log"]) - 1e-12
    assert found["rmse"] >= found["mae"] * (1 - 1e-12)
    assert 0 <= found["within_5"] <= found["within_10"] <= found["within_15"] <= found["within_20"] <= 1
    assert found["within_15"] + found["p15_low"] + found["p15_high"] == pytest.approx(1.0)


def test_houses_of_one_price_say_nothing_of_dear_and_cheap() -> None:
    """PRB is 0, not a division by zero."""
    assert measure(np.array([1e5, 1e5]), np.array([1e5, 1e5]))["prb"] == 0.0


def test_an_interval_is_measured_by_what_it_holds_and_by_its_width() -> None:
    """Its ends belong to it."""
    found = measure_interval(
        np.array([10.0, 20.0, 31.0, 39.0]), np.array([10.0, 20.0, 20.0, 40.0]),
        np.array([10.0, 10.0, 10.0, 40.0]), np.array([15.0, 20.0, 30.0, 50.0]),
    )  # fmt: skip
    assert found == {"coverage": 0.5, "mean_relative_width": pytest.approx((0.5 + 0.5 + 1.0 + 0.25) / 4)}


def test_the_share_within_one_fsd_is_counted_in_log_price_and_by_fifths() -> None:
    """A hundred sales: of each fifth of the FSD, another number of prices lies within; its ends belong to it."""
    fsd = np.repeat([0.1, 0.2, 0.3, 0.4, 0.5], 20)
    held = np.concatenate([np.arange(20) < within for within in (20, 15, 10, 5, 0)])
    errors = np.where(held, 0.999, 1.001) * np.where(np.arange(100) % 2, fsd, -fsd)
    mixed = np.random.default_rng(0).permutation(100)
    found = measure_fsd(np.exp(errors)[mixed], np.ones(100), fsd[mixed])
    assert found == {
        "within_fsd": 0.5, "within_fsd_by_fifth": [1.0, 0.75, 0.5, 0.25, 0.0], "mean_fsd": pytest.approx(0.3)
    }  # fmt: skip
    assert measure_fsd(np.ones(99), np.ones(99), fsd[:99])["within_fsd_by_fifth"] == []


def test_standardised_errors_are_told_by_their_quantiles() -> None:
    """Normal errors of the forecast size: mean 0, deviation 1."""
    draw = np.random.default_rng(4)
    fsd = draw.uniform(0.05, 0.3, 20_000)
    found = measure_standardised(np.exp(draw.normal(size=20_000) * fsd), np.ones(20_000), fsd)
    assert (found["mean"], found["sd"]) == (pytest.approx(0.0, abs=0.03), pytest.approx(1.0, abs=0.03))
    quantiles = np.array(found["quantiles"])
    assert (np.diff(quantiles) >= 0).all()
    assert np.abs(np.clip(quantiles, -1, 1)).mean() == pytest.approx(
        np.abs(np.clip(draw.normal(size=200_000), -1, 1)).mean(), abs=0.01
    )


@pytest.mark.parametrize("count", [30, 400])
def test_bounds_hold_the_truth_as_often_as_they_say(count: int) -> None:
    """Of 400 samples, about 95 %, fewer of small samples of a skewed distribution."""
    draw = np.random.default_rng(5)
    samples = draw.exponential(size=(400, count))
    medians = [median_bounds(sample) for sample in samples]
    means = [mean_bounds(sample) for sample in samples]
    shares = [share_bounds(int((sample < 0.2).sum()), count) for sample in samples]
    for found, truth in ((medians, np.log(2.0)), (means, 1.0), (shares, 1 - np.exp(-0.2))):
        assert np.mean([one.low <= truth <= one.high for one in found]) == pytest.approx(0.95, abs=0.06)


def test_bounds_of_one_value_say_nothing() -> None:
    """The mean of one sale may be anything; all of few sales may be the median."""
    assert mean_bounds(np.array([0.1])) == (0.1, -np.inf, np.inf)
    assert median_bounds(np.array([0.1, 0.3, 0.2])) == (0.2, 0.1, 0.3)
    low, high = share_bounds(0, 5)[1:]
    assert low == pytest.approx(0.0, abs=1e-12)
    assert 0.3 < high < 0.6
    assert all(share_bounds(0, count).low >= 0.0 and share_bounds(count, count).high <= 1.0 for count in range(1, 100))


@pytest.mark.parametrize(("count", "groups"), [(20, 2), (50, 2), (51, 4), (500, 4), (501, 10)])
def test_vertical_equity_compares_the_outer_groups(count: int, groups: int) -> None:
    """The number of groups is that of the standard: only the cheapest and the dearest of them count."""
    paid = np.linspace(1e5, 1e6, count)
    ratio = np.ones(count)
    ratio[-len(np.array_split(paid, groups)[-1]) :] = 1.02
    found = measure_vertical_equity(paid, paid * ratio)
    assert found is not None
    assert found.value == pytest.approx(2.0 / np.median(ratio), rel=0.01)


def test_vertical_equity_is_that_of_a_case_worked_by_hand() -> None:
    """Twenty sales in halves, ten ratios of 1.05 below and ten of 0.95 above: the median of all is 1, the VEI −10 %."""
    paid = np.repeat([100.0, 200.0], 10)
    found = measure_vertical_equity(paid, paid * np.repeat([1.05, 0.95], 10))
    assert found == pytest.approx((-10.0, -10.0, -10.0))


def test_vertical_equity_groups_by_price_and_prediction_alike() -> None:
    """Noise of prices and as much of predictions is no inequity; grouped by the price alone it would be −40 %."""
    draw = np.random.default_rng(6)
    value = draw.normal(12.0, 0.3, 50_000)
    paid, predicted = (np.exp(value + draw.normal(0.0, 0.2, len(value))) for _ in range(2))
    found = measure_vertical_equity(paid, predicted)
    assert found is not None
    assert found.low < 0.0 < found.high
    assert abs(found.value) < 2.0


def test_vertical_equity_needs_twenty_sales() -> None:
    """With fewer there are no groups."""
    assert measure_vertical_equity(np.ones(19), np.ones(19)) is None
