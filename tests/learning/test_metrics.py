"""Measures of error: what each says, checked by hand and by what must not change it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.learning.metrics import measure, measure_interval

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
    assert (found["within_10"], found["within_20"]) == (pytest.approx(0.5), pytest.approx(1.0))
    assert found["cod"] == pytest.approx(100 * 0.15 / 0.95)
    assert found["prd"] == pytest.approx(0.95 / (270 / 300))


def test_a_perfect_answer_has_no_error() -> None:
    """And treats dear houses like cheap ones."""
    paid = np.array([1e5, 2e5, 4e5])
    found = measure(paid, paid)
    assert {name: round(value, 12) for name, value in found.items()} == {
        "sales": 3, "log_rmse": 0, "bias_log": 0, "rmse": 0, "mae": 0, "median_ape": 0, "within_10": 1, "within_20": 1,
        "cod": 0, "prd": 1, "prb": 0,
    }  # fmt: skip


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
        assert other[name] == pytest.approx(one[name] * rate)
    for name in ("log_rmse", "bias_log", "median_ape", "cod", "prd"):
        assert other[name] == pytest.approx(one[name], rel=1e-6, abs=1e-9)


@given(PRICES)
def test_the_measures_are_finite_and_in_their_ranges(pairs: list[tuple[float, float]]) -> None:
    """Whatever the prices, no measure is without a number."""
    found = measure(*arrays(pairs))
    assert all(np.isfinite(value) for value in found.values())
    assert found["log_rmse"] >= abs(found["bias_log"]) - 1e-12
    assert found["rmse"] >= found["mae"] * (1 - 1e-12)
    assert 0 <= found["within_10"] <= found["within_20"] <= 1


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
