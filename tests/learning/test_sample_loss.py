"""What a sample costs, from the errors of models of all and of half of it."""

import numpy as np
import pytest

from houseprice.learning.sample_loss import sample_loss


def test_the_loss_is_that_of_an_error_that_falls_with_the_number_of_sales() -> None:
    """Squared errors of 0.0100 + 100 / n: 0.0110 with 100,000 sales, 0.0101 with a million."""
    signs = np.where(np.arange(10_000) % 2, 1.0, -1.0)
    found = sample_loss(signs * np.sqrt(0.0110), signs * np.sqrt(0.0120), 100_000, 1_000_000)
    assert found["log_rmse"] == pytest.approx(np.sqrt(0.0110))
    assert found["log_rmse_of_half"] == pytest.approx(np.sqrt(0.0120))
    assert found["loss"] == found["loss_high"] == pytest.approx(np.sqrt(0.0110 / 0.0101) - 1.0)


def test_nothing_is_lost_where_half_does_no_worse() -> None:
    """By chance half may even do better, which is no gain of fewer sales; the interval says what else it may be."""
    draw = np.random.default_rng(0)
    errors = draw.normal(0, 0.1, 5000)
    found = sample_loss(errors, errors * draw.choice([0.9, 1.1], 5000), 1000, 5000)
    assert 0.0 <= found["loss"] < found["loss_high"] < 0.02


def test_all_sales_lose_nothing() -> None:
    """Whatever half of them does."""
    errors = np.full(100, 0.1)
    assert sample_loss(errors, errors * 2.0, 1000, 1000)["loss_high"] == 0.0
