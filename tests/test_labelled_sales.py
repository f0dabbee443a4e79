"""Sales that a store knows become rows that a training takes."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from houseprice.labelled_sales import sales_table
from houseprice.learning.additional_sales import canonical_schema
from houseprice.learning.csv_reader import read
from houseprice.learning.processing import clean
from houseprice.store import Actual, Store, open_store
from learning.houses import SCHEMA, rules
from stored import prediction

HOUSE = {
    "day": "2026-04-01", "area": 55.5, "rooms": 3.0, "garden": True, "state": "good", "stars": 2.0,
    "quarter": 'the "north", old', "built": 1990.0,
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store with some houses that were asked for and sold."""
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    base = {"predicted_at": datetime(2026, 4, 1, tzinfo=UTC), "currency": "EUR"}
    store.add(
        [
            prediction(request_id="a", reference="p-1", inputs=HOUSE, **base),
            prediction(request_id="b", reference=None, inputs=HOUSE | {"area": 80.0, "garden": False}, **base),
            prediction(request_id="c", reference=None, inputs=None, inputs_hash="0" * 32, **base),
            prediction(request_id="d", reference=None, inputs=HOUSE, **(base | {"currency": "USD"})),
        ]
    )
    store.add_actuals([Actual(500_000.5, date(2026, 5, 1), request_id=name) for name in "abcd"])
    return store


def test_rows_are_what_a_training_takes(store: Store, tmp_path: Path) -> None:
    """Price and day are those of the sale; what cannot be learned from is left out, and counted."""
    table = sales_table(store.labelled(), SCHEMA, "EUR")
    assert (table.sales, table.left_out) == (2, 2)
    path = tmp_path / "sales.csv"
    path.write_bytes(table.content)
    schema = canonical_schema(SCHEMA)
    cleaned = clean(read(path, schema), schema, rules())
    assert cleaned.rejected.is_empty(), cleaned.rejected
    first, second = cleaned.sales.to_dicts()
    assert first == {
        "plot": "p-1", "day": date(2026, 5, 1), "paid": 500_000.5, "area": 55.5, "rooms": 3, "garden": 1,
        "state": "good", "stars": 2, "quarter": 'the "north", old', "built": 1990, "renewed": None, "terms": None,
    }  # fmt: skip
    assert (second["plot"], second["area"], second["garden"]) == (None, 80.0, 0)


def test_without_sales_there_is_a_header(tmp_path: Path) -> None:
    """Nothing was sold yet."""
    table = sales_table(open_store(f"sqlite:///{tmp_path / 'store.db'}").labelled(), SCHEMA, "EUR")
    assert table.content.decode().split("\n") == [",".join(SCHEMA.columns), ""]
    assert (table.sales, table.left_out) == (0, 0)
