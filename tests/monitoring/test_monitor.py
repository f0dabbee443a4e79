"""All that is known of a model: what was expected, what came, the market, the inputs, the shadow."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_days import made_inputs, made_predictions, made_sales

from houseprice.monitoring.expected import expected_months
from houseprice.monitoring.input_drift import input_drift
from houseprice.monitoring.market import market_months
from houseprice.monitoring.monitor import monitor
from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.shadow import compare_with_shadow


def test_a_moved_market_is_told_from_a_worse_model(profile: ReferenceProfile) -> None:
    """The level moves with the one, the spread with the other."""
    moved = market_months(profile, made_sales(600, 1, shift=0.06))
    noise = np.random.default_rng(0).normal(0.0, 0.2, 600)
    worse = market_months(profile, made_sales(600, 1, shift=noise))
    assert all(month.drift.low < 0.06 < month.drift.high for month in moved[:3])
    assert all(month.model_error.low < 1.1 for month in moved)
    assert all(month.drift.low < 0.0 < month.drift.high for month in worse)
    assert all(month.model_error.low > 1.1 for month in worse[:3])


def test_a_fault_of_units_moves_no_market(profile: ReferenceProfile) -> None:
    """What was paid for a house whose area was in another unit says nothing of the level."""
    wrong, area = np.arange(300) % 3 == 0, made_sales(300, 1).inputs["area"]
    faulty = made_sales(300, 1, area=np.where(wrong, area / 10.7639, area), shift=np.where(wrong, 0.8, 0.0))
    assert all(month.drift.low < 0.0 < month.drift.high for month in market_months(profile, faulty))


def test_the_found_index_is_the_sealed_one_and_its_drift(profile: ReferenceProfile) -> None:
    """Months that the bundle knows nothing of have none."""
    january, february, march, *_ = market_months(profile, made_sales(600, 1))
    assert january.index == 0.026
    assert january.found_index is not None
    assert january.found_index.value == pytest.approx(0.026 + january.drift.value)
    assert (february.index, march.index) == (0.028, None)


def test_what_was_expected_is_held_against_what_came(profile: ReferenceProfile) -> None:
    """By the month of the prediction, which is earlier than that of the sale."""
    sales = made_sales(400, 2)
    found = expected_months(profile, made_predictions(60), sales)
    assert [month.month for month in found] == ["2020-01", "2020-02"]
    january = found[0]
    assert january.predictions == 3100
    assert january.mean_fsd == pytest.approx(0.15)
    assert january.expected == pytest.approx(0.085 * 0.15 / profile.errors.mean_fsd)
    assert january.ratio is not None
    assert january.ratio.low < 1.0 < january.ratio.high
    assert january.sales == int((sales.predicted_at.astype("datetime64[M]") == np.datetime64("2020-01")).sum())


@pytest.mark.parametrize("requests", [30, 3000])
def test_the_threshold_of_drift_is_that_of_the_number_of_requests(profile: ReferenceProfile, requests: int) -> None:
    """Few requests like training are farther from it by chance than many."""
    days = made_inputs(profile, 30)
    few = replace(days, counts={name: counts[: requests // 100 or 1] for name, counts in days.counts.items()},
                  day=days.day[: requests // 100 or 1], model_version=days.model_version[: requests // 100 or 1],
                  )  # fmt: skip
    found = input_drift(profile, few)
    assert [column.verdict for column in found] == ["by_chance"] * len(profile.columns)
    assert all(column.distance.low <= column.distance.value <= column.distance.high for column in found)


def test_the_drift_that_matters_comes_first(profile: ReferenceProfile) -> None:
    """Where it is and what it is, with new categories."""
    days = made_inputs(profile, 40, lambda houses: {"rooms": np.full(100, 7.0)})
    first, *others = input_drift(profile, days)
    assert (first.name, first.verdict, first.moved[0]) == ("rooms", "matters", "7")
    assert {column.verdict for column in others} == {"by_chance"}
    assert next(column for column in others if column.name == "quarter").unknown is not None


def test_a_better_shadow_is_found_on_paired_sales(profile: ReferenceProfile) -> None:
    """One that halves the errors is; one that is as good, and one of other sales, are not."""
    live = made_sales(300, 6)
    better = live.where(np.arange(300)[::-1])
    better = replace(better, price=better.price_paid * (better.price / better.price_paid) ** 0.5)
    found = compare_with_shadow(live, better)
    assert found is not None
    assert found.sales == 300
    assert found.gain.low > 0.0
    assert (found.better_after or 999) < 300
    same = compare_with_shadow(live, live)
    assert same is not None
    assert same.better_after is None
    assert compare_with_shadow(live, replace(live, sale=np.full(300, "another", dtype=object))) is None


def test_everything_stands_in_one_dict_for_programs(profile: ReferenceProfile) -> None:
    """JSON without infinities; the figures that scripts ask for have the names that the issue gives them."""
    sales = made_sales(300, 1, shift=0.1)
    found = monitor(profile, sales, made_predictions(60), made_inputs(profile, 60), sales)
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert (told["predictions"], told["labelled"]) == (6000, 300)
    assert told["errors"]["median_ape"]["low"] < told["errors"]["median_ape"]["value"]
    assert next(alarm["name"] for alarm in told["alarms"] if alarm["raised"]) == "market_above"
    assert found.raised[0].name == "market_above"


def test_a_model_that_nobody_asked_has_a_monitor(profile: ReferenceProfile) -> None:
    """With nothing in it."""
    nothing = monitor(profile, made_sales(0), made_predictions(0), made_inputs(profile, 1).where(np.arange(0)))
    told = nothing.as_dict()
    assert (told["predictions"], told["labelled"], told["errors"], told["first_day"]) == (0, 0, None, None)
    assert nothing.raised == []
