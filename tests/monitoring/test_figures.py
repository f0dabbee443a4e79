"""Figures of realised errors: their values by hand, their intervals by repetition."""

from dataclasses import replace

import numpy as np
import pytest
from made_days import made_sales

from houseprice.metrics import measure, measure_vertical_equity
from houseprice.monitoring.data import LabelledSales
from houseprice.monitoring.figures import MIN_SALES, by_fsd, by_period, by_slice, error_figures
from houseprice.monitoring.profile import ReferenceProfile


def of_prices(paid: list[float], predicted: list[float]) -> LabelledSales:
    """Return sales of these prices, with intervals of a tenth on both sides."""
    price = np.array(predicted)
    return replace(
        made_sales(len(paid)), price_paid=np.array(paid), price=price, low=price * 0.9, high=price * 1.1,
        fsd=np.full(len(paid), 0.06),
    )  # fmt: skip


def test_the_figures_are_those_of_the_metrics() -> None:
    """The same words mean the same in training and in production."""
    sales = made_sales(400, 3)
    found, expected = error_figures(sales), measure(sales.price_paid, sales.price)
    assert found.sales == 400
    assert found.median_ape.value == pytest.approx(expected["median_ape"])
    assert found.within_10.value == pytest.approx(expected["within_10"])
    assert found.bias.value == pytest.approx(expected["bias_log"])
    assert found.cod.value == pytest.approx(expected["cod"])


def test_a_case_worked_by_hand() -> None:
    """Five sales priced from a fifth too low to a fifth too high."""
    found = error_figures(of_prices([100.0] * 5, [80.0, 95.0, 100.0, 105.0, 120.0]))
    assert found.median_ape.value == pytest.approx(0.05)
    assert found.within_10.value == pytest.approx(0.6)
    assert found.coverage.value == pytest.approx(0.6)
    assert found.cod.value == pytest.approx(100 * (0.2 + 0.05 + 0 + 0.05 + 0.2) / 5)
    assert found.vei is None


def test_vertical_equity_is_that_of_the_standard() -> None:
    """By hand: thirty sales in two halves, of which the dear one is priced a tenth below the cheap one."""
    paid = np.concatenate([np.full(15, 100.0), np.full(15, 1000.0)])
    found = measure_vertical_equity(paid, paid * np.repeat([1.0, 0.9], 15))
    assert found is not None
    assert found.value == pytest.approx(100 * (0.9 - 1.0) / 0.95)
    assert (found.low, found.high) == pytest.approx((found.value, found.value))


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 200 samples, about 95 % hold the figures of a very large one."""
    truth = error_figures(made_sales(100_000, 99))
    samples = [error_figures(made_sales(150, seed)) for seed in range(200)]
    for name in ("median_ape", "within_10", "bias", "cod", "coverage", "within_fsd", "mean_fsd"):
        inside = [
            getattr(sample, name).low <= getattr(truth, name).value <= getattr(sample, name).high for sample in samples
        ]
        assert np.mean(inside) > 0.88  # the tails of the made errors are heavy, which the COD feels


def test_months_and_weeks_are_those_of_the_calendar() -> None:
    """2020-01-01 was a Wednesday: its ISO week began two days before."""
    sales = made_sales(5 * 40)
    assert [(group.name, group.sales) for group in by_period(sales, "M")] == [("2020-01", 155), ("2020-02", 45)]
    weeks = by_period(sales, "W")
    assert [group.name for group in weeks][:2] == ["2019-12-30", "2020-01-06"]
    assert sum(group.sales for group in weeks) == 200


def test_few_sales_have_no_figures() -> None:
    """But are counted."""
    (group,) = by_period(made_sales(MIN_SALES - 1), "M")
    assert (group.sales, group.errors) == (MIN_SALES - 1, None)


def test_slices_are_by_price_place_and_map(profile: ReferenceProfile) -> None:
    """Each kind holds every sale once."""
    found = by_slice(profile, made_sales(300))
    assert set(found) == {"price", "location", "map"}
    assert {kind: sum(group.sales for group in groups) for kind, groups in found.items()} == dict.fromkeys(found, 300)


def test_parts_by_expected_error_hold_alike_many() -> None:
    """From the smallest to the largest."""
    groups = by_fsd(made_sales(300))
    assert [group.sales for group in groups] == [60] * 5
    means = [group.errors.mean_fsd.value for group in groups if group.errors]
    assert means == sorted(means)
