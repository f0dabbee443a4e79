"""What a store holds becomes what monitoring is computed from."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from made_days import VERSION, made_profile

from houseprice.errors import ArtifactError
from houseprice.monitoring.profile import MISSING, UNKNOWN, ReferenceProfile
from houseprice.production_data import daily_inputs, daily_predictions, labelled_sales, monitor_store, profile_of
from houseprice.store import MISSING_BIN, UNKNOWN_BIN, Actual, InputCount, Store, open_store
from stored import Clock, prediction

DAY = date(2026, 5, 1)


@pytest.fixture(scope="module")
def profile() -> ReferenceProfile:
    """Return the profile of a made model in dollars."""
    return replace(made_profile(), currency="USD")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store with three sales that became known in another order than they were made, and a shadow."""
    clock = Clock()
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", clock)
    own = {"model_version": VERSION, "reference": None}
    shadow = {**own, "model_version": "shadow", "role": "shadow"}
    house = {"area": 120.0, "quarter": "a", "rooms": 3}
    store.add(
        [
            prediction(request_id="first", inputs=house, price=400_000.0, fsd=None, repeated=True, **own),
            prediction(request_id="second", inputs=None, price=500_000.0, **own),
            prediction(request_id="foreign", currency="EUR", **own),
            prediction(request_id="second", inputs=None, price=510_000.0, **shadow),
        ]
    )
    for name in ("second", "first", "foreign"):
        clock.now += timedelta(days=1)
        store.add_actuals([Actual(450_000.0, date(2026, 6, 1), request_id=name)])
    return store


def test_sales_are_in_the_order_in_which_they_became_known(store: Store, profile: ReferenceProfile) -> None:
    """Without those of another currency; what is not known of a house is missing."""
    sales = labelled_sales(store.labelled(), profile)
    assert sales.sale.tolist() == ["second/0", "first/0"]
    assert sales.fsd.tolist() == [0.12, profile.errors.mean_fsd]
    assert sales.inputs["quarter"].tolist() == ["", "a"]
    assert np.array_equal(sales.inputs["area"], [np.nan, 120.0], equal_nan=True)
    shadow = labelled_sales(store.labelled(role="shadow"), profile)
    assert (shadow.sale.tolist(), shadow.price.tolist()) == (["second/0"], [510_000.0])


def test_days_have_their_sums(store: Store, profile: ReferenceProfile) -> None:
    """Houses that were asked for again on a day are no other houses."""
    days = daily_predictions(store.daily_summaries(role="live"), profile.currency)
    assert (days.day.tolist(), days.count.tolist(), days.distinct.tolist()) == ([DAY], [2], [1])


def test_counts_are_put_into_their_bins(profile: ReferenceProfile) -> None:
    """Of days, columns and special bins; those of other models and columns are left out."""
    found = [
        InputCount(DAY, VERSION, "rooms", 0, 3),
        InputCount(DAY, VERSION, "rooms", MISSING_BIN, 2),
        InputCount(DAY + timedelta(days=1), VERSION, "quarter", UNKNOWN_BIN, 4),
        InputCount(DAY, "another", "rooms", 0, 7),
        InputCount(DAY, VERSION, "gone", 0, 7),
    ]
    days = daily_inputs(found, profile)
    assert days.day.tolist() == [DAY, DAY + timedelta(days=1)]
    rooms, quarter = days.counts["rooms"], days.counts["quarter"]
    assert (rooms[0, 0], rooms[0, MISSING], rooms.sum()) == (3, 2, 5)
    assert (quarter[1, UNKNOWN], quarter.sum()) == (4, 4)


def test_a_store_is_monitored(store: Store, profile: ReferenceProfile, tmp_path: Path) -> None:
    """Also an empty one."""
    found = monitor_store(store, profile).as_dict()
    assert (found["predictions"], found["labelled"]) == (2, 2)
    assert found["shadow"] is not None
    empty = monitor_store(open_store(f"sqlite:///{tmp_path / 'empty.db'}", lambda: datetime.now(UTC)), profile)
    assert (empty.predictions, empty.errors, empty.raised) == (0, None, [])


def test_an_older_model_may_have_had_other_columns(profile: ReferenceProfile, tmp_path: Path) -> None:
    """Its sales are still there, and their inputs are none of this model's."""
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", Clock())
    older = prediction(request_id="older", model_version="older", inputs={"area": "large", "quarter": 7})
    store.add([older, prediction(request_id="newer", model_version=VERSION, inputs={"area": 90.0})])
    store.add_actuals([Actual(450_000.0, date(2026, 6, 1), request_id=name) for name in ("older", "newer")])
    assert monitor_store(store, profile).as_dict()["labelled"] == 1
    assert np.array_equal(labelled_sales(store.labelled(), profile).inputs["area"], [np.nan, 90.0], equal_nan=True)


def test_the_profile_is_that_of_the_bundle(bundle_dir: Path, tmp_path: Path) -> None:
    """A changed file is noticed, and a missing one."""
    found = profile_of(bundle_dir)
    assert found.errors.sales > 0
    copy = shutil.copytree(bundle_dir, tmp_path / "copy")
    (copy / "reference.json").write_bytes((copy / "reference.json").read_bytes() + b" ")
    with pytest.raises(ArtifactError) as err:
        profile_of(copy)
    assert err.value.code == "bundle_changed"
    (copy / "explanation.json").unlink()
    with pytest.raises(ArtifactError) as err:
        profile_of(copy)
    assert err.value.code == "bundle_not_found"
