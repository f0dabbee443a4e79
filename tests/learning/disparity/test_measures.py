"""What is compared, against values counted by hand."""

import numpy as np
import pytest

from houseprice.config import DisparityLimits
from houseprice.learning.disparity.measures import describe, measures, values_of_sales
from learning.disparity.made_sales import sales_of

PAID = np.full(5, 100.0)
PREDICTED = np.array([80.0, 100.0, 110.0, 120.0, 100.0])
HALF = float(np.exp(1.64 * 0.15))


def test_a_table_of_the_groups_shows_what_a_person_would_count() -> None:
    """One sale in five is predicted more than 15 % too low, one too high."""
    found = describe(sales_of(PAID, PREDICTED, None, np.full(5, "p")).predictions)
    assert (found["sales"], found["median_ratio"], found["p15_low"], found["p15_high"]) == (5, 1.0, 0.2, 0.2)
    assert found["bias_log"] == pytest.approx(np.log([0.8, 1.1, 1.2]).sum() / 5)
    assert found["cod"] == pytest.approx(100 * (0.2 + 0.1 + 0.2) / 5)
    assert found["coverage"] == 1.0
    assert found["mean_relative_width"] == pytest.approx(HALF - 1.0 / HALF)


def test_values_are_compared_within_a_period() -> None:
    """What all sales of a period have in common is taken out, and the mean of all put back."""
    predicted = PREDICTED * np.array([1.0, 1.5, 1.0, 1.5, 1.0])  # the second period is 50 % too high
    sales = sales_of(PAID, predicted, None, np.full(5, "p")).predictions
    values = values_of_sales(sales, np.zeros(5, dtype=np.int64))
    names = [one.name for one in measures(DisparityLimits())]
    bias = values[:, names.index("bias_log")]
    assert bias.mean() == pytest.approx(np.log(predicted / PAID).mean())
    assert bias[[0, 2, 4]].mean() == pytest.approx(bias[[1, 3]].mean())
    assert values.shape == (5, len(names))


def test_dispersion_is_around_the_median_of_the_group() -> None:
    """So that a group which is off as a whole is not called dispersed."""
    sales = sales_of(np.full(4, 100.0), np.array([200.0, 200.0, 90.0, 110.0]), None, np.full(4, "p")).predictions
    sales = sales.with_columns(period=sales["period"].replace("b", "a"))
    dispersion = values_of_sales(sales, np.array([0, 0, 1, 1]))[:, 3]
    assert dispersion[:2] == pytest.approx(0.0)
    assert (dispersion[2:] > 0.09).all()
