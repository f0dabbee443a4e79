"""Alarms on requests: each fault of a client is found, and named."""

from typing import Any

import numpy as np
import pytest
from made_days import made_inputs, made_predictions, made_profile, made_sales

from houseprice.monitoring.alarms import ALPHAS, FALSE_ALARMS_A_YEAR, Alarm
from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.traffic_alarms import tolerance, traffic_alarms
from houseprice.monitoring.watching import watch

DAYS, SINCE = 45, 15


def raised(profile: ReferenceProfile, change: Any = None, **predictions: Any) -> dict[tuple[str, str], Alarm]:
    """Return (name, about) → alarm, of those that are raised."""
    inputs = made_inputs(profile, DAYS, change, SINCE)
    alarms = traffic_alarms(profile, made_predictions(DAYS, **predictions), inputs)
    return {(alarm.name, alarm.about): alarm for alarm in alarms if alarm.raised}


def some(share: float) -> Any:
    """Return which of a hundred requests a fault touches."""
    return np.arange(100) < 100 * share


def test_days_like_training_are_quiet(profile: ReferenceProfile) -> None:
    """Nothing is found in a year."""
    alarms = traffic_alarms(profile, made_predictions(365), made_inputs(profile, 365))
    assert [alarm.name for alarm in alarms if alarm.raised] == []


@pytest.mark.parametrize(
    ("change", "about", "cause", "detail"),
    [
        (lambda houses: {"area": houses["area"] / 10.7639}, "area", "units", "square metres for square feet"),
        (lambda houses: {"area": houses["area"] * 10.7639}, "area", "units", "square feet for square metres"),
        (lambda houses: {"area": houses["lot"], "lot": houses["area"]}, "area", "swapped", "lot"),
        (lambda houses: {"rooms": np.where(some(0.6), 3.0, houses["rooms"])}, "rooms", "constant", "3"),
        (lambda houses: {"area": np.where(some(0.7), np.nan, houses["area"])}, "area", "missing", ""),
        (lambda houses: {"lat": np.full(100, 41.0)}, "lat", "shifted", None),
    ],
)
def test_a_fault_of_a_column_is_found_and_named(
    profile: ReferenceProfile, change: Any, about: str, cause: str, detail: str | None
) -> None:
    """Within a fortnight, and not before it began."""
    found = raised(profile, change)
    alarm = found["inputs", about]
    assert SINCE < (alarm.raised_after or 0) <= SINCE + 14
    assert alarm.facts["cause"] == cause
    assert detail is None or alarm.facts["found"] == detail
    assert not {name for name, _ in found} & {"dates", "repeats", "expected_error"}


def test_a_new_category_is_found_by_itself(profile: ReferenceProfile) -> None:
    """Three in a hundred are too few to move the column."""
    found = raised(profile, lambda houses: {"quarter": np.where(some(0.03), "new", houses["quarter"]).astype(object)})
    assert list(found) == [("unknown_category", "quarter")]
    assert found["unknown_category", "quarter"].facts["share"] == pytest.approx(0.03, abs=0.01)


def test_a_unit_of_a_few_requests_is_found_by_numbers_that_training_had_not(profile: ReferenceProfile) -> None:
    """Fifteen in a hundred are within what the distribution of a column may change."""
    found = raised(profile, lambda houses: {"area": np.where(some(0.15), houses["area"] / 10.7639, houses["area"])})
    assert set(found) == {("outside_range", "area")}
    alarm = found["outside_range", "area"]
    assert SINCE < (alarm.raised_after or 0) <= SINCE + 14
    assert alarm.facts["cause"] == "units"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("dates", {"misdated": np.where(np.arange(DAYS) < SINCE, 0, 40)}),
        ("repeats", {"distinct": np.where(np.arange(DAYS) < SINCE, 98, 33)}),
        ("expected_error", {"sum_fsd": np.where(np.arange(DAYS) < SINCE, 15.0, 30.0)}),
    ],
)
def test_counts_of_a_day_have_alarms_of_their_own(
    profile: ReferenceProfile, name: str, changed: dict[str, Any]
) -> None:
    """Only the right one is raised."""
    assert [found for found, _ in raised(profile, **changed)] == [name]


def test_what_carries_little_may_change_more() -> None:
    """Half of a column that no price depends on may be otherwise; of one that all depend on, a tenth."""
    profile = made_profile(area=0.6, lot=0.01)
    assert tolerance(profile.columns["area"]) == pytest.approx(0.10)
    assert tolerance(profile.columns["lot"]) == pytest.approx(0.30)


def test_the_alphas_are_those_of_a_false_alarm_in_ten_years(profile: ReferenceProfile) -> None:
    """All alarms of a year together may be false with the allowed probability."""
    alarms = watch(profile, made_sales(50), made_predictions(10), made_inputs(profile, 10))
    assert sum(alarm.alpha for alarm in alarms) == pytest.approx(FALSE_ALARMS_A_YEAR) == pytest.approx(0.1)
    assert [alarm.name for alarm in alarms] == sorted((alarm.name for alarm in alarms), key=list(ALPHAS).index)


def test_another_version_starts_anew(profile: ReferenceProfile) -> None:
    """Evidence against a model that was replaced says nothing against its successor."""
    bad = made_sales(200, shift=0.1, version="replaced")
    alarms = watch(profile, bad, made_predictions(5), made_inputs(profile, 5))
    assert not any(alarm.raised for alarm in alarms)
