"""Sales of a market as a model in production meets them: requests, answers in a store, and prices paid later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from houseprice.bundle.load import open_bundle
from houseprice.config import Config
from houseprice.monitoring.monitor import Monitor
from houseprice.production_data import monitor_store, profile_of
from houseprice.recording.input_counts import input_counter
from houseprice.serving.prediction import Prediction
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import InvalidRequestError
from houseprice.store import Actual, StoredPrediction, open_store

NOTICE, LAG = timedelta(days=14), timedelta(days=7)
"""Time from request to sale, and from sale to the day on which its price is known."""
SQUARE_FEET = 10.7639
"""Of a square metre."""


@dataclass(frozen=True)
class Faults:
    """What is planted.

    Attributes:
        units: days between which some requests have their areas in square metres.
        share: of the requests of these days that have.
        moved: day from which on prices paid are higher.
        by: how much, as a share.
    """

    units: tuple[date, date]
    share: float
    moved: date
    by: float


@dataclass(frozen=True)
class Sale:
    """A house that is asked for and sold; `house` is what the request holds."""

    request_id: str
    parcel: str
    asked: date
    sold: date
    paid: float
    house: dict[str, Any]


def sales_of(config: Config, sales: pl.DataFrame, first: date, faults: Faults) -> Iterator[Sale]:
    """Yield the sales from a day on, in the order of their days."""
    schema, draw = config.schema_, np.random.default_rng(2015)
    areas = [name for name, column in schema.request.items() if column.unit == "sq ft"]
    later = sales.filter(pl.col(str(schema.sale_date)) >= first).sort(str(schema.sale_date), maintain_order=True)
    for number, row in enumerate(later.to_dicts()):
        sold = row[schema.sale_date]
        asked = sold - NOTICE
        house = {name: row[name] for name in schema.request if row[name] is not None}
        house[str(schema.sale_date)] = asked.isoformat()
        if faults.units[0] <= asked < faults.units[1] and draw.random() < faults.share:
            house |= {name: round(house[name] / SQUARE_FEET, 1) for name in areas if name in house}
        paid = row[schema.target] * (1.0 + faults.by * (sold >= faults.moved))
        yield Sale(f"sale-{number}", row[schema.parcel], asked, sold, round(paid, 2), house)


@dataclass
class Clock:
    """The time that the store sees."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        """Return that time."""
        return self.now


class Production:
    """A model that answers, its store and its clock.

    Attributes:
        refused: requests that broke the rules of the model, and so have no answer.
    """

    def __init__(self, bundle: Path, url: str) -> None:
        self._clock = Clock()
        self._store = open_store(url, self._clock)
        self.refused: set[str] = set()
        self.deploy(bundle)

    def deploy(self, bundle: Path) -> None:
        """Put a bundle into production."""
        content = open_bundle(bundle)
        self._scorer, self._profile = Scorer(content), profile_of(bundle)
        self._counter = input_counter(bundle, content.manifest.model_version)
        self.version = content.manifest.model_version

    def answer(self, sales: Sequence[Sale], shadow: Path | None = None) -> None:
        """Answer the requests of some sales, beside another model if there is one."""
        scorers = [("live", self._scorer)] + ([("shadow", Scorer(open_bundle(shadow)))] if shadow else [])
        houses = {sale.request_id: house for sale in sales if (house := self._validated(sale))}
        asked = [sale for sale in sales if sale.request_id in houses]
        for role, scorer in scorers:
            found = scorer.score(list(houses.values()))
            records = [_record(sale, one, role) for sale, one in zip(asked, found, strict=True)]
            self._store.add(records, None, self._counter.count(records) if role == "live" else [])

    def pay(self, sales: Sequence[Sale]) -> None:
        """Take the prices that were paid, each some days after its sale."""
        answered = [sale for sale in sales if sale.request_id not in self.refused]
        for day in sorted({sale.sold for sale in answered}):
            self._clock.now = _at(day + LAG)
            self._store.add_actuals(
                [Actual(sale.paid, day, request_id=sale.request_id) for sale in answered if sale.sold == day]
            )

    def monitor(self) -> Monitor:
        """Return what is known of the model in production."""
        return monitor_store(self._store, self._profile)

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _validated(self, sale: Sale) -> Any:
        try:
            (house,) = self._scorer.request.validate([sale.house])
        except InvalidRequestError:
            self.refused.add(sale.request_id)
            return None
        return house


def _record(sale: Sale, found: Prediction, role: Any) -> StoredPrediction:
    low, high = found.prediction_interval
    return StoredPrediction(
        request_id=sale.request_id, row=0, reference=sale.parcel, predicted_at=_at(sale.asked),
        model_version=found.model_version, role=role, price=found.predicted_price, low=low, high=high,
        fsd=found.fsd, currency=found.currency,
        valuation_date=sale.asked, warnings=[], inputs=sale.house, inputs_hash=None, dated=True,
    )  # fmt: skip


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
