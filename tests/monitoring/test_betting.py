"""The evidence grows where the null fails, and may be looked at as often as one likes where it holds."""

import numpy as np
import pytest

from houseprice.monitoring.betting import adaptive_log_wealth, best_bet, log_mean, restarted_log_wealth


def test_wealth_is_what_the_bets_won() -> None:
    """By hand: 0.6 are bet from the start, win a half and lose a half; the rest is kept."""
    found = restarted_log_wealth(np.array([1.0, -1.0]), np.array([0.5, 0.5]), block=10)
    assert np.exp(found) == pytest.approx([0.6 * 1.5 + 0.4, 0.6 * 1.5 * 0.5 + 0.4])


def test_a_later_bettor_does_not_pay_for_the_quiet_time() -> None:
    """After many losing bets, winning ones are seen within a few dozen."""
    payoffs = np.concatenate([np.tile([0.5, -0.6], 500), np.full(60, 0.5)])
    found = restarted_log_wealth(payoffs, np.full(len(payoffs), 0.8), block=25)
    assert found[999] > np.log(0.01)
    assert found[-1] > np.log(1000.0)


def test_wealth_is_not_lost_to_roundings_of_many_bettors() -> None:
    """Whatever is staked, the sum of all shares stays 1 where every bet is a draw."""
    found = restarted_log_wealth(np.zeros(5000), np.full(5000, 0.5), block=25)
    assert found == pytest.approx(np.zeros(5000), abs=1e-9)


@pytest.mark.parametrize("mean", [0.1, 0.05])
def test_looking_all_the_time_raises_few_false_alarms(mean: float) -> None:
    """Of 400 bettors against a true null, at most about 5 % ever reach 20 within 500 values."""
    draw = np.random.default_rng(2)
    reached = [
        adaptive_log_wealth((draw.random(500) < mean).astype(float), 0.1, 0.2).max() >= np.log(20.0) for _ in range(400)
    ]
    assert np.mean(reached) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


def test_a_false_null_is_found() -> None:
    """Twice as many misses as are allowed, also after a long time without."""
    draw = np.random.default_rng(3)
    values = np.concatenate([draw.random(2000) < 0.1, draw.random(300) < 0.25]).astype(float)
    found = adaptive_log_wealth(values, 0.1, 0.2)
    assert found[1999] < np.log(20.0)
    assert found[-1] > np.log(1000.0)


def test_the_bet_is_never_on_less_and_never_on_all() -> None:
    """It is 0 below the bound, that of a coin above it, and leaves a tenth of the wealth in the worst case."""
    assert best_bet(0.1, 0.01, 0.2) == 0.0
    assert best_bet(0.3, 0.21, 0.2) == pytest.approx((0.3 - 0.2) / (0.2 * 0.8))
    assert 1.0 - best_bet(0.99, 0.0, 0.2) * 0.2 == pytest.approx(0.1)


def test_the_mean_of_bettors_is_taken_of_their_wealth() -> None:
    """And stays finite where one has won beyond all numbers."""
    assert np.exp(log_mean(np.log([[1.0], [3.0]]))) == pytest.approx([2.0])
    assert log_mean(np.array([[2000.0], [0.0]])) == pytest.approx([2000.0 - np.log(2.0)])
