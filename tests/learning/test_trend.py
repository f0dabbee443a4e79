"""The market trend: followed where many sales carry it, and never led by the noise of a few."""

import tracemalloc
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from houseprice.config.training import TrendRules
from houseprice.learning.derived_features import DAYS_A_MONTH
from houseprice.learning.trend import Trend, fit_trend, piece_knots, usable_knots
from houseprice.learning.trend_design import TIME

Floats = npt.NDArray[np.float64]
KNOTS = (4.0, 8.0)
HORIZON = 3.0
RULES = TrendRules(knots_months=KNOTS, horizon_months=HORIZON)
AUTO: Literal["auto"] = "auto"
STAMPED = [0.0, 31.0, 59.0, 90.0, 120.0, 151.0, 181.0, 212.0]
"""Days of sales that are known by their month only."""


def market(days: Floats, noise: float = 0.15, monthly: float = 0.0, seed: int = 0) -> tuple[pl.DataFrame, Floats]:
    """Return houses sold on some days, and their log prices in a market that rises by so much a month."""
    draw = np.random.default_rng(seed)
    area = draw.uniform(40.0, 250.0, len(days))
    place = draw.choice(["north", "south", "west"], len(days))
    months = days / DAYS_A_MONTH
    features = pl.DataFrame({"area": area, "place": place, TIME: months})
    return features, 8.0 + 0.004 * area + monthly * months + draw.normal(0.0, noise, len(days))


def level(trend: Trend, month: float) -> float:
    """Return the factor that the trend puts on a price of some month."""
    return float(np.exp(trend.predict({TIME: np.array([month])})[0]))


def just_past_a_knot() -> dict[str, Floats]:
    """Return days of sales whose end, beginning or middle tempts a line into the noise of a few."""
    draw = np.random.default_rng(1)
    year = np.sort(draw.integers(0, 365, 400)).astype(float)
    return {
        "five stamped months that end at day 123": np.repeat([0.0, 31.0, 61.0, 92.0, 123.0], 80),
        "five stamped months that end at day 122": np.repeat([0.0, 31.0, 61.0, 92.0, 122.0], 20),
        "one sale long after all others": np.append(year[year < 120], 240.0),
        "twenty sales on one day after a knot": np.append(year[year < 121], np.full(20, 150.0)),
        "a daily market that ends days after a knot": year[year < 127],
        "a daily market that begins days before a knot": np.append(0.0, year[year > 117]),
        "a week of sales": np.repeat(np.arange(7.0), 40),
        "two days of sales": np.repeat([0.0, 1.0], 150),
        "nine stamped months, the newest at the second knot": np.repeat([*STAMPED, 244.0], 15),
        "a gap between the knots": np.concatenate([year[year < 110], year[year > 250]]),
    }


@pytest.mark.parametrize("rules", [RULES, AUTO], ids=["set", "auto"])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", list(just_past_a_knot()))
def test_a_flat_market_stays_flat_wherever_its_sales_end(
    kind: str, seed: int, rules: TrendRules | Literal["auto"]
) -> None:
    """Three months past the newest sale, and at any time before, prices are within a seventh of what they were."""
    days = just_past_a_knot()[kind]
    trend = fit_trend(*market(days, seed=seed), rules, penalty=10.0)
    if not trend.knots:
        return
    start, end = np.sort(days)[30] / DAYS_A_MONTH, days.max() / DAYS_A_MONTH + 2 * HORIZON
    usual = level(trend, float(np.median(days)) / DAYS_A_MONTH)
    grid = [level(trend, month) / usual for month in np.linspace(start, end, 60)]
    assert 0.86 < min(grid) <= max(grid) < 1.16


@pytest.mark.parametrize("days", [np.repeat(STAMPED, 400), np.arange(0.0, 240.0, 0.05)], ids=["stamped", "daily"])
def test_a_rising_market_is_followed_and_carried_on(days: Floats) -> None:
    """Half a percent a month is found within a tenth of it, and most of it goes on for the horizon."""
    trend = fit_trend(*market(days, noise=0.01, monthly=0.005), RULES, penalty=10.0)
    newest = days.max() / DAYS_A_MONTH
    for month in (newest / 2, newest):
        assert np.log(level(trend, month)) == pytest.approx(0.005 * month, rel=0.1)
    assert 0.5 < trend.extrapolated / (0.005 * HORIZON) < 1.1, "seven months do not promise that it goes on for ever"
    assert level(trend, newest + HORIZON) == level(trend, newest + 100.0)
    assert trend.extrapolated == pytest.approx(np.log(level(trend, 99.0) / level(trend, trend.newest)))


def test_a_market_that_turns_is_followed_around_its_knots() -> None:
    """Up for four months, level for four, down from then on."""
    days = np.arange(0.0, 365.0, 0.1)
    features, log_prices = market(days, noise=0.05)
    months = days / DAYS_A_MONTH
    log_prices += 0.02 * np.minimum(months, 4.0) - 0.01 * np.maximum(months - 8.0, 0.0)
    trend = fit_trend(features, log_prices, RULES, penalty=10.0)
    assert trend.knots[:3] == (0.0, *KNOTS)
    assert trend.slopes[:3] == pytest.approx([0.02, 0.0, -0.01], abs=0.002)


@pytest.mark.parametrize("seed", range(5))
def test_past_the_newest_sale_the_trend_moves_no_further_than_before_it(seed: int) -> None:
    """However steep its last piece is."""
    draw = np.random.default_rng(seed)
    days = np.sort(draw.uniform(0.0, 160.0, 400))
    features, log_prices = market(days, noise=0.3, seed=seed)
    log_prices += np.where(days > 121.8, 0.2 * (days - 121.8) / DAYS_A_MONTH, 0.0)
    trend = fit_trend(features, log_prices, TrendRules(knots_months=KNOTS, horizon_months=24.0), penalty=10.0)
    newest = trend.newest
    before = trend.predict({TIME: np.linspace(0.0, newest, 500)})
    assert newest < trend.last_month <= newest + 24.0
    assert abs(trend.extrapolated) <= float(np.ptp(before)) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("days", "knots", "used"),
    [
        (np.arange(0.0, 365.0), (4.0, 8.0), (0.0, 4.0, 8.0)),
        (np.arange(0.0, 365.0), (8.0, 4.0), (0.0, 4.0, 8.0)),
        (np.arange(0.0, 250.0), (4.0, 8.0), (0.0, 4.0)),  # the second has six days
        (np.arange(0.0, 280.0), (4.0, 8.0), (0.0, 4.0, 8.0)),
        (np.arange(0.0, 365.0), (0.5, 8.0), (0.0, 8.0)),  # the first comes after a fortnight
        (np.arange(0.0, 365.0), (4.0, 4.5, 8.0), (0.0, 4.0, 8.0)),
        (np.arange(0.0, 365.0), (50.0,), (0.0,)),
        (np.arange(0.0, 365.0, 5.0), (4.0, 10.5), (0.0,)),  # 49 sales before, 24 after
        (np.arange(0.0, 29.0), (), ()),
        (np.repeat([0.0, 90.0], 100), (), ()),
        (np.arange(0.0, 280.0, 10.0), (), ()),
        (np.full(100, 0.0), (4.0,), ()),
    ],
)  # fmt: skip
def test_a_knot_needs_months_days_and_sales_on_both_sides(
    days: Floats, knots: tuple[float, ...], used: tuple[float, ...]
) -> None:
    """A month, three days and thirty sales; where all sales together have less, there is no trend."""
    assert usable_knots(days / DAYS_A_MONTH, knots) == used


@pytest.mark.parametrize("stamped", [False, True])
def test_decades_of_sales_have_as_many_knots_as_they_carry(stamped: bool) -> None:
    """Without a configured one, and with one a year; a market of ups and downs is followed, by days or by quarters."""
    days = np.random.default_rng(6).uniform(0.0, 29 * 365.0, 12_000)
    if stamped:
        days = np.round(days / 91.3) * 91.3
    features, log_prices = market(days, noise=0.3)
    months = days / DAYS_A_MONTH
    cycle = 0.3 * np.sin(months / 20.0) + 0.004 * months
    yearly = RULES.model_copy(update={"knots_every_months": 12.0})
    errors = [
        np.std(cycle - fit_trend(features, log_prices + cycle, rules, penalty=10.0).predict({TIME: months}))
        for rules in (AUTO, yearly, RULES)
    ]
    assert max(errors[:2]) < 0.05
    assert errors[2] > 0.2


def test_the_pieces_of_a_daily_market_end_with_its_newest_sale() -> None:
    """A month or more each; a hand-set knot that sales do not carry is left out."""
    days = np.arange(0.0, 365.0, 0.1)
    found = piece_knots(days / DAYS_A_MONTH, AUTO)
    assert (found[0], found[-1]) == (0.0, pytest.approx(12.0, abs=0.2))
    assert 8 <= len(found) <= 12
    assert min(np.diff(found)) >= 1.0
    assert piece_knots(days / DAYS_A_MONTH, TrendRules(knots_months=(4.0, 11.9), horizon_months=3.0))[:-1] == (0.0, 4.0)


@pytest.mark.parametrize("rules", [AUTO, RULES])
def test_the_standard_error_is_what_markets_move_by(rules: TrendRules | Literal["auto"]) -> None:
    """Of 60 markets that wander by 1 % a month, the shift after some months is within its 90 % interval."""
    held = []
    for seed in range(60):
        draw = np.random.default_rng(seed)
        walk = np.cumsum(np.append(0.0, draw.normal(0.0, 0.01, 30)))
        days = draw.uniform(0.0, 18.0, 1500) * DAYS_A_MONTH
        features, log_prices = market(days, seed=seed)
        log_prices += np.interp(days / DAYS_A_MONTH, np.arange(31), walk)
        trend = fit_trend(features, log_prices, rules, penalty=10.0)
        middle = np.interp(days / DAYS_A_MONTH, np.arange(31), walk).mean()
        ahead = 18.0 + np.array([1.0, 2.0, 5.0])
        at, mean = trend.predict({TIME: ahead}), trend.predict({TIME: days / DAYS_A_MONTH}).mean()
        missed = np.interp(ahead, np.arange(31), walk) - middle - (at - mean)
        held.append(np.abs(missed) <= 1.645 * np.sqrt(trend.forecast_variance({TIME: ahead})))
    assert 0.8 < np.mean(held) < 0.99


@pytest.mark.parametrize("days", [np.arange(0.0, 400.0), np.repeat([0.0, 1.0], 150), np.full(80, 3.0)])
def test_the_variance_grows_with_the_months_since_the_newest_sale(days: Floats) -> None:
    """Without end, in a market of days as well; before the newest sale it is constant, and small."""
    trend = fit_trend(*market(days), AUTO, penalty=10.0)
    months = trend.newest + np.array([-50.0, 0.0, 0.5, 3.0, 12.0, 60.0, 1000.0])
    variance = np.asarray(trend.forecast_variance({TIME: months}))
    assert variance[0] == variance[1] < 0.03**2
    assert (np.diff(variance[1:]) > 0.0).all()
    assert 0.02 < np.sqrt(variance[4]) < 0.2
    assert np.isfinite(variance).all()


def test_a_text_of_thousands_of_levels_takes_little_memory() -> None:
    """The indicators of 40,000 sales of 4,000 streets would fill 1.3 GB."""
    days = np.random.default_rng(4).uniform(0.0, 365.0, 40_000)
    features, log_prices = market(days, monthly=0.01)
    streets = np.arange(len(days)) % 4000
    features = features.with_columns(pl.Series("street", [f"street {number}" for number in streets]))
    tracemalloc.start()
    trend = fit_trend(features, log_prices + streets / 4000, RULES, penalty=10.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6
    assert level(trend, 11.0) == pytest.approx(np.exp(0.11), rel=0.02)


def test_without_a_time_feature_there_is_no_trend() -> None:
    """And predictions stay as they are."""
    features, log_prices = market(np.arange(365.0))
    assert fit_trend(features.drop(TIME), log_prices, RULES, penalty=10.0) == Trend()
    assert Trend().predict({}) == 0.0
    assert Trend().forecast_variance({}) == 0.0
    assert Trend().extrapolated == 0.0
