"""The store of predictions and prices paid, in SQLite or PostgreSQL by one code path.

`open_store` takes a URL and returns a `Store`; the records that go in and come out are in `records`. Only the process
that records, and commands about the store, import this package: the server writes to a spool instead.
"""

from houseprice.errors import InvalidActualsError, RowError, StoreError
from houseprice.store.database import Store, open_store
from houseprice.store.records import (
    MISSING_BIN,
    UNKNOWN_BIN,
    Actual,
    ActualsResult,
    DailySummary,
    InputCount,
    LabelledPredictions,
    Role,
    StoredPrediction,
    StoreStatus,
    hash_house,
)

__all__ = [
    "MISSING_BIN",
    "UNKNOWN_BIN",
    "Actual",
    "ActualsResult",
    "DailySummary",
    "InputCount",
    "InvalidActualsError",
    "LabelledPredictions",
    "Role",
    "RowError",
    "Store",
    "StoreError",
    "StoreStatus",
    "StoredPrediction",
    "hash_house",
    "open_store",
]
