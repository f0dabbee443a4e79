"""Relative metrics: what they say, and how far their noise reaches."""

import numpy as np
import pytest
from scipy import stats

from houseprice.learning.relative_metrics import error_to_rest, relative_metrics, share
from houseprice.learning.splitting import HOLDOUT
from learning.tables import prices_table

SEED = 0


def test_gains_are_shares_of_a_baselines_error() -> None:
    """Half the error is a gain of a half; as good is none, and worse is below 0."""
    table = prices_table(400)
    rows = table.rows(HOLDOUT)
    y_true = table.prices[rows]
    error = np.random.default_rng(1).normal(0.0, 0.1, len(rows))
    price = y_true * np.exp(error)
    baselines = {"double": y_true * np.exp(2 * error), "same": price, "half": y_true * np.exp(error / 2)}
    found = relative_metrics(table, rows, (price, price * 0.8, price * 1.2), 0.2, baselines, SEED)
    for name, gain in (("double", 0.5), ("same", 0.0), ("half", -1.0)):
        estimate = found[f"gain_over_{name}"]
        assert estimate["value"] == pytest.approx(gain)
        assert estimate["ci95"] == pytest.approx([gain, gain])  # of the same sales, so there is no noise


def test_the_interval_of_a_gain_holds_the_truth_nineteen_times_in_twenty() -> None:
    """Errors of 0.1 against independent ones of 0.2: a gain of a half."""
    held = 0
    for seed in range(100):
        draw = np.random.default_rng(seed)
        table = prices_table(200)
        rows = table.rows(HOLDOUT)
        y_true = table.prices[rows]
        price, other = (y_true * np.exp(draw.normal(0.0, scale, len(rows))) for scale in (0.1, 0.2))
        low, high = relative_metrics(table, rows, (price, price, price), 0.2, {"ridge": other}, SEED)[
            "gain_over_ridge"
        ]["ci95"]
        held += low <= 0.5 <= high
    assert held >= 88


def test_width_is_relative_to_an_interval_of_constant_width() -> None:
    """The same width gives 1."""
    table = prices_table(100)
    rows = table.rows(HOLDOUT)
    price = table.prices[rows]
    ends = price * np.exp(-0.3), price * np.exp(0.3)
    found = relative_metrics(table, rows, (price, *ends), 0.3, {}, SEED)
    assert found["width_to_constant"]["value"] == pytest.approx(1.0)
    assert found["coverage"]["value"] == 1.0


def test_the_slice_that_is_wrong_beyond_its_noise_is_named() -> None:
    """One location of which prices doubled; the others' names are not taken, though their noise is large."""
    table = prices_table(1500)
    rows = table.rows(HOLDOUT)
    places = table.features["place"].to_numpy()[rows]
    noise = np.random.default_rng(2).normal(0.0, 0.1, len(rows))
    price = table.prices[rows] * np.exp(noise + np.log(2.0) * (places == "p3"))
    found = relative_metrics(table, rows, (price, price * 0.8, price * 1.2), 0.2, {}, SEED)["worst_slice"]
    assert found["slice"].endswith("p3")
    assert found["ci95"][0] > 4.0
    fair = relative_metrics(table, rows, (price / price * table.prices[rows] * np.exp(noise),) * 3, 0.2, {}, SEED)
    assert fair["worst_slice"]["ci95"][0] < 1.1


def test_exact_predictions_are_compared_without_dividing_by_nothing() -> None:
    """No error at all, of model and baseline: no gain, no slice worse than the rest."""
    table = prices_table(200)
    rows = table.rows(HOLDOUT)
    price = table.prices[rows]
    found = relative_metrics(table, rows, (price, price, price), 0.2, {"constant": price}, SEED)
    assert found["gain_over_constant"]["value"] == 0.0
    assert found["worst_slice"]["value"] == 1.0


@pytest.mark.parametrize(("true", "of"), [(0, 30), (27, 30), (30, 30), (900, 1000)])
def test_a_share_has_wilsons_interval(true: int, of: int) -> None:
    """The formula of Wilson (1927), and one that is wider when several must hold together."""
    z = stats.norm.ppf(0.975)
    p = true / of
    centre = (p + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z * np.sqrt(p * (1 - p) / of + z**2 / (4 * of**2)) / (1 + z**2 / of)
    inside = np.arange(of) < true
    found = share(inside)
    assert (found.value, found.low, found.high) == pytest.approx((p, centre - half, centre + half), abs=1e-9)
    together = share(inside, compared=5)
    assert together.low <= found.low
    assert together.high >= found.high
    assert together.high - together.low > found.high - found.low


def test_the_worst_of_many_equal_slices_is_not_beyond_its_noise() -> None:
    """Among 90 slices of one market, the interval of the worst holds 1 nineteen times in twenty, or more."""
    missed = 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        squared = draw.standard_t(5, 3000) ** 2
        slices = [np.arange(3000) % 90 == number for number in range(90)]
        missed += any(error_to_rest(squared, chosen, 90).low > 1.0 for chosen in slices)
    assert missed <= 8
