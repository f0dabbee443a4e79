"""Alarms on prices paid: each finds its own fault, and keeps quiet otherwise."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_days import FIRST, made_sales

from houseprice.monitoring.alarms import Alarm
from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.sales_alarms import outside_training, sales_alarms


def raised(profile: ReferenceProfile, *args: Any, **more: Any) -> dict[str, Alarm]:
    """Return name → alarm, of those that are raised for some made sales."""
    return {alarm.name: alarm for alarm in sales_alarms(profile, made_sales(*args, **more)) if alarm.raised}


def test_two_years_without_change_are_quiet(profile: ReferenceProfile) -> None:
    """Three times."""
    assert [list(raised(profile, 3650, seed)) for seed in range(3)] == [[], [], []]


@pytest.mark.parametrize(("factor", "name"), [(1.07, "market_above"), (0.93, "market_below")])
def test_a_market_shift_is_found_within_a_hundred_sales(profile: ReferenceProfile, factor: float, name: str) -> None:
    """In nine of ten runs, and told from errors of the model."""
    found = [raised(profile, 100, seed, shift=np.log(factor)) for seed in range(30)]
    assert sum(name in alarms for alarms in found) >= 27
    assert all(set(alarms) <= {name} for alarms in found)
    shifts = [alarms[name].facts["shift"] for alarms in found if name in alarms]
    assert np.median(shifts) == pytest.approx(np.log(factor), abs=0.015)


def test_a_shift_after_a_long_quiet_time_is_found_as_well(profile: ReferenceProfile) -> None:
    """What was lost on quiet days need not be won back."""
    later = np.where(np.arange(1300) >= 1000, np.log(1.06), 0.0)
    (alarm,) = raised(profile, 1300, 4, shift=later).values()
    assert alarm.name == "market_above"
    assert 1000 < (alarm.raised_after or 0) < 1250
    assert alarm.raised_on == str(FIRST + ((alarm.raised_after or 0) - 1) // 5)


def test_narrow_intervals_are_found_by_their_coverage(profile: ReferenceProfile) -> None:
    """The market has nothing to do with it."""
    found = raised(profile, 400, 1, width=0.6)
    assert found["coverage"].facts["coverage"] < 0.85
    assert not {"market_above", "market_below", "slice"} & set(found)


def test_larger_errors_are_found_by_their_scale(profile: ReferenceProfile) -> None:
    """Twice as much noise around the same level."""
    noise = np.random.default_rng(9).normal(0.0, 0.25, 400)
    found = raised(profile, 400, 1, shift=noise)
    assert found["error_scale"].facts["ratio"] > 1.3
    assert not {"market_above", "market_below"} & set(found)


def test_a_region_that_moves_by_itself_is_named(profile: ReferenceProfile) -> None:
    """By its category or its place on the map; the market as a whole is not blamed."""
    found = raised(profile, 1500, 3, shift=lambda columns: np.where(columns["quarter"] == "d", np.log(1.15), 0.0))
    assert found["slice"].facts["slice"] in ("quarter d", "the south, west")
    assert found["slice"].facts["shift"] == pytest.approx(np.log(1.15), abs=0.06)


def test_prices_that_become_known_late_are_taken_as_they_come(profile: ReferenceProfile) -> None:
    """A sale of years ago neither begins a year nor moves the day of an alarm."""
    sales = made_sales(400, 2, shift=0.1)
    days = sales.sale_date.copy()
    days[[10, 50]] -= 900
    late = sales_alarms(profile, replace(sales, sale_date=days))
    assert [alarm.as_dict() for alarm in late] == [alarm.as_dict() for alarm in sales_alarms(profile, sales)]


def test_without_sales_nothing_is_raised(profile: ReferenceProfile) -> None:
    """There is no evidence."""
    alarms = sales_alarms(profile, made_sales(0))
    assert len(alarms) == 5
    assert not any(alarm.raised or alarm.observations for alarm in alarms)
    assert [alarm.as_dict()["log10_evidence"] for alarm in alarms] == [0.0] * 5


def test_a_fault_of_units_is_not_taken_for_a_market(profile: ReferenceProfile) -> None:
    """Prices of houses whose area was in another unit are far from the predictions; coverage and scale see it."""
    wrong = np.arange(400) % 3 == 0
    area = made_sales(400).inputs["area"]
    sales = made_sales(400, area=np.where(wrong, area / 10.7639, area), shift=np.where(wrong, 0.6, 0.0))
    assert outside_training(profile, sales).sum() == pytest.approx(wrong.sum(), rel=0.1)
    raised = {alarm.name for alarm in sales_alarms(profile, sales) if alarm.raised}
    assert raised == {"coverage", "error_scale"}
