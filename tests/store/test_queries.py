"""What monitoring reads: labelled sales, live and shadow, and the state of the store."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from houseprice.store import Actual, Store
from stored import NOW, prediction

SALES = [date(2026, 5, 10), date(2026, 5, 20), date(2026, 5, 30)]


@pytest.fixture
def labelled(store: Store) -> Store:
    """Return a store with three sales, two of which a shadow model priced as well."""
    for number, day in enumerate(SALES):
        names = {"request_id": f"request-{number}", "reference": f"house-{number}"}
        store.add([prediction(**names, price=1e5 * (number + 1))])
        if number:
            shadow = {"role": "shadow", "model_version": "shadow", "fsd": None, "valuation_date": None, "inputs": None}
            store.add([prediction(**names, **shadow, price=2e5 * (number + 1))])
        store.add_actuals([Actual(1.5e5 * (number + 1), day, reference=f"house-{number}")])
    store.add([prediction(request_id="unsold", reference="unsold")])
    return store


def test_labelled_sales_are_arrays_in_the_order_of_their_days(labelled: Store) -> None:
    """Each with the type that figures are computed with."""
    found = labelled.labelled()
    assert len(found) == 3
    assert found.request_id.tolist() == ["request-0", "request-1", "request-2"]
    assert found.row.tolist() == [0, 0, 0]
    assert found.sale_date.tolist() == SALES
    assert found.price.tolist() == [1e5, 2e5, 3e5]
    assert found.price_paid.tolist() == [1.5e5, 3e5, 4.5e5]
    assert set(found.predicted_at.tolist()) == {datetime(2026, 5, 1, 9, 30, 0, 123456)}
    assert set(found.recorded_at.tolist()) == {NOW.replace(tzinfo=None)}
    assert set(found.valuation_date.tolist()) == {date(2026, 5, 1)}
    assert (found.low[0], found.high[0], found.fsd[0], found.currency[0]) == (400_000.0, 620_000.0, 0.12, "USD")
    assert found.inputs[0] == {"bedrooms": 3.0, "sqft_living": 1800.0, "zipcode": "98125", "built": "1951-01-01"}
    assert labelled.labelled(with_inputs=False).inputs.tolist() == [None] * 3
    assert found.price.dtype == np.float64
    assert (found.predicted_at.dtype, found.sale_date.dtype) == ("datetime64[us]", "datetime64[D]")


def test_a_shadow_model_is_judged_by_the_same_sales(labelled: Store) -> None:
    """With the houses of the live answers, for theirs are not stored twice."""
    found = labelled.labelled(role="shadow")
    assert found.request_id.tolist() == ["request-1", "request-2"]
    assert found.price.tolist() == [4e5, 6e5]
    assert found.price_paid.tolist() == [3e5, 4.5e5]
    assert found.inputs[0]["bedrooms"] == 3.0
    assert np.isnan(found.fsd).all()
    assert np.isnat(found.valuation_date).all()


def test_labelled_sales_of_some_days(labelled: Store) -> None:
    """From one day to the day before another."""
    days = {"all": (None, None), "from": (SALES[1], None), "until": (None, SALES[1]), "one": (SALES[1], SALES[2])}
    counts = {name: len(labelled.labelled(*bounds)) for name, bounds in days.items()}
    assert counts == {"all": 3, "from": 2, "until": 1, "one": 1}


def test_an_empty_store_gives_empty_arrays(store: Store) -> None:
    """Of the same types."""
    found = store.labelled()
    assert len(found) == 0
    assert (found.price.dtype, found.sale_date.dtype, found.inputs.dtype) == (np.float64, "datetime64[D]", object)
    assert (store.daily_summaries(), store.input_counts()) == ([], [])
    status = store.status()
    assert (status.predictions, status.first, status.last, status.labelled) == (0, None, None, 0)


def test_the_status_counts_what_is_stored(labelled: Store) -> None:
    """And says where it is, of which revision, and how large."""
    labelled.add([prediction(predicted_at=datetime(2026, 6, 1, tzinfo=UTC))])
    labelled.add_actuals([Actual(1e5, SALES[0], reference="house-0")])
    status = labelled.status()
    assert (status.predictions, status.labelled, status.corrections) == (7, 3, 1)
    assert status.first == datetime(2026, 5, 1, 9, 30, 0, 123456, UTC)
    assert status.last == datetime(2026, 6, 1, tzinfo=UTC)
    assert status.bytes > 10_000
