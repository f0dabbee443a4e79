"""Which fault explains a change of a column: the likeliest, and none where none does."""

from typing import Any

import numpy as np
import pytest
from made_days import houses

from houseprice.monitoring.input_faults import Fault, find_fault
from houseprice.monitoring.profile import ReferenceProfile


def found(profile: ReferenceProfile, name: str, change: Any) -> Fault:
    """Return what explains the counts of a column after a change of a thousand houses."""
    columns = houses(np.random.default_rng(3), 1000)
    columns |= change(columns)
    return find_fault(name, {some: column.count(columns[some]) for some, column in profile.columns.items()},
                      profile.columns)  # fmt: skip


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_the_share_that_a_fault_touches_is_told(profile: ReferenceProfile, share: float) -> None:
    """To a tenth or so."""
    touched = np.arange(1000) < 1000 * share
    fault = found(profile, "area", lambda some: {"area": np.where(touched, some["area"] / 10.7639, some["area"])})
    assert (fault.cause, fault.detail) == ("units", "square metres for square feet")
    assert fault.touched == pytest.approx(share, abs=0.11)


def test_two_swapped_columns_name_each_other(profile: ReferenceProfile) -> None:
    """A column that merely looks like another one is not taken for swapped with it."""
    both = lambda some: {"area": some["lot"], "lot": some["area"]}  # noqa: E731
    assert (found(profile, "area", both).cause, found(profile, "area", both).detail) == ("swapped", "lot")
    assert (found(profile, "lot", both).cause, found(profile, "lot", both).detail) == ("swapped", "area")
    one = found(profile, "area", lambda some: {"area": some["lot"]})
    assert one.cause != "swapped"


def test_a_latitude_is_never_converted(profile: ReferenceProfile) -> None:
    """Houses elsewhere are houses elsewhere."""
    assert found(profile, "lat", lambda some: {"lat": some["lat"] / 3.28}).cause == "shifted"


def test_a_change_of_its_own_is_shifted(profile: ReferenceProfile) -> None:
    """With the bin that gained most."""
    fault = found(profile, "rooms", lambda some: {"rooms": np.where(some["rooms"] < 4, 6.0, some["rooms"])})
    assert fault.cause in ("shifted", "constant")
    assert fault.detail == "6"
    assert "6" in fault.sentence("rooms")


@pytest.mark.parametrize("value", [np.nan, ""])
def test_blanks_are_missing(profile: ReferenceProfile, value: Any) -> None:
    """Of numbers and of texts."""
    name = "quarter" if value == "" else "area"
    blank = np.full(1000, value, dtype=object if value == "" else float)
    assert found(profile, name, lambda _: {name: blank}).cause == "missing"
    assert found(profile, "quarter", lambda _: {"quarter": np.full(1000, "z", dtype=object)}).cause == "unknown"
