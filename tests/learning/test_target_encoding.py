"""Target encoding: scikit-learn's with a fixed smoothing, and out of fold where rows are encoded for training."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import TargetEncoder

from houseprice.learning.target_encoding import GROUPS, cross_fit_encode, fit_target_encoding

Floats = npt.NDArray[np.float64]
NAMES = ["", "north", "south", "Öst", "west"]


def houses(count: int = 500) -> tuple[npt.NDArray[np.str_], Floats]:
    """Return locations, the last of which has a single house, and log prices."""
    draw = np.random.default_rng(0)
    places = draw.choice(NAMES, count)
    places[0] = "alone"
    return places, 12.0 + 0.2 * np.array([len(place) for place in places]) + draw.normal(0.0, 0.3, count)


@pytest.mark.parametrize("weight", [0.0, 1.0, 10.0, 1000.0])
def test_it_is_scikit_learns_less_the_mean_of_all_prices(weight: float) -> None:
    """With `smooth` as the weight, the two differ by the mean only: 0 stands for an average category here."""
    places, log_prices = houses()
    oracle = TargetEncoder(smooth=weight, target_type="continuous").fit(places[:, None], log_prices)
    theirs = dict(zip(oracle.categories_[0].tolist(), oracle.encodings_[0] - log_prices.mean(), strict=True))
    found = fit_target_encoding(places, log_prices, weight)
    assert found == pytest.approx(theirs, abs=1e-12)


def test_an_unknown_category_is_average_in_both() -> None:
    """scikit-learn gives the mean; here there is no entry, and whoever looks it up takes 0."""
    places, log_prices = houses()
    oracle = TargetEncoder(smooth=10.0, target_type="continuous").fit(places[:, None], log_prices)
    assert oracle.transform([["elsewhere"]])[0, 0] - log_prices.mean() == pytest.approx(0.0, abs=1e-12)
    assert "elsewhere" not in fit_target_encoding(places, log_prices, 10.0)


@pytest.mark.parametrize("weight", [0.0, 10.0])
def test_each_row_is_encoded_by_the_other_groups(weight: float) -> None:
    """scikit-learn is the oracle on the groups that are drawn here: it draws others, and cannot be given them."""
    places, log_prices = houses()
    found = cross_fit_encode(places, log_prices, weight, seed=3)
    group = np.random.default_rng(3).permutation(len(places)) % GROUPS
    for number in range(GROUPS):
        others, rows = group != number, group == number
        oracle = TargetEncoder(smooth=weight, target_type="continuous").fit(places[others, None], log_prices[others])
        expected = oracle.transform(places[rows, None])[:, 0] - log_prices[others].mean()
        assert found[rows] == pytest.approx(expected, abs=1e-12)


def test_the_only_house_of_a_category_does_not_tell_its_price() -> None:
    """Its encoding for training is 0 whatever it cost, while the fitted one is of its price."""
    places, log_prices = houses()
    log_prices[0] += 5.0
    assert cross_fit_encode(places, log_prices, 0.0, seed=0)[0] == 0.0
    assert fit_target_encoding(places, log_prices, 0.0)["alone"] > 4.0


@given(st.integers(0, 2**32), st.integers(2, 60))
def test_no_row_is_encoded_by_its_own_price(seed: int, count: int) -> None:
    """Another price of one row changes its own encoding only through the mean of groups that it is not in: not."""
    draw = np.random.default_rng(seed)
    places, log_prices = draw.choice(NAMES, count), draw.normal(12.0, 1.0, count)
    row = int(draw.integers(0, count))
    changed = log_prices.copy()
    changed[row] += 100.0
    before, after = (cross_fit_encode(places, prices, 1.0, seed) for prices in (log_prices, changed))
    assert before[row] == after[row]
