"""Days of production made from real sales: requests, predictions by the real model, and prices that were paid later.

Requests are drawn from the sales that the model was fitted on, and prices become known of houses that were held out,
so that without a fault nothing has changed but by chance.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.config import Config
from houseprice.learning import bundling
from houseprice.learning.features import columns_of
from houseprice.learning.splitting import HOLDOUT, split_sales
from houseprice.metrics import measure_standardised
from houseprice.monitoring.data import MISDATED_DAYS, DailyInputs, DailyPredictions, LabelledSales
from houseprice.monitoring.profile import ReferenceProfile, read_profile

Columns = dict[str, npt.NDArray[Any]]
Change = Callable[[Columns, npt.NDArray[np.int64], np.random.Generator], Columns]
"""Changes columns of requests, given the day of each (0 is the first) and a generator."""
FIRST = np.datetime64("2015-06-01")


@dataclass(frozen=True)
class Production:
    """What is made of each day.

    Attributes:
        days: how many.
        requests: a day.
        labelled: prices that become known a day.
        change: what happens to the columns of requests.
        paid: log of what the price is multiplied by, given the columns and the day of each sale.
        width: factor of the width of the intervals.
        copies: how often each request is sent.
        clock_days: by how much the valuation dates are off.
    """

    days: int
    requests: int = 60
    labelled: int = 5
    change: Change = lambda columns, _, __: columns
    paid: Callable[[Columns, npt.NDArray[np.int64]], Any] = lambda _, __: 0.0
    width: float = 1.0
    copies: int = 1
    clock_days: Callable[[npt.NDArray[np.int64]], Any] = lambda day: np.zeros(len(day))


@dataclass
class World:
    """A bundle, the sales it was fitted on, and held-out sales with what was paid."""

    bundle: Bundle
    profile: ReferenceProfile
    requests: Columns
    held_out: Columns
    paid: npt.NDArray[np.float64]
    places: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)

    def make(self, plan: Production, seed: int) -> tuple[LabelledSales, DailyPredictions, DailyInputs]:
        """Return some days of production."""
        draw = np.random.default_rng(seed)
        inputs, predictions = self._traffic(plan, draw)
        return self._labelled(plan, draw), predictions, inputs

    def _labelled(self, plan: Production, draw: np.random.Generator) -> LabelledSales:
        day = np.repeat(np.arange(plan.days), plan.labelled)
        return self._labelled_rows(draw.integers(0, len(self.paid), len(day)), day, plan, draw)

    def _labelled_rows(self, rows: Any, day: Any, plan: Production, draw: np.random.Generator) -> LabelledSales:
        columns = {name: values[rows] for name, values in self.held_out.items()}
        factor = np.exp(plan.paid(columns, day))
        asked = plan.change({name: values.copy() for name, values in columns.items()}, day, draw)
        price, low, high, fsd = self.predict(asked)
        low, high = (price * (end / price) ** plan.width for end in (low, high))
        return LabelledSales(
            sale=np.arange(len(day)).astype(str).astype(object),
            predicted_at=(FIRST + day - 20).astype("datetime64[s]"),
            sale_date=FIRST + day,
            price_paid=self.paid[rows] * factor,
            price=price,
            low=low,
            high=high,
            fsd=fsd * plan.width,
            model_version=np.full(len(day), self.profile.model_version, dtype=object),
            inputs=asked,
        )

    @cached_property
    def known(self) -> LabelledSales:
        """All held-out sales as labelled sales, once each."""
        count = len(self.paid)
        return self._labelled_rows(
            np.arange(count), np.zeros(count, dtype=np.int64), Production(1), np.random.default_rng(0)
        )

    def _traffic(self, plan: Production, draw: np.random.Generator) -> tuple[DailyInputs, DailyPredictions]:
        day = np.repeat(np.arange(plan.days), plan.requests)
        rows = draw.integers(0, len(next(iter(self.requests.values()))), len(day))
        columns = {name: values[rows] for name, values in self.requests.items()}
        asked = plan.change(columns, day, draw)
        same = {name: asked[name] is columns[name] for name in asked}
        whole = all(same.values())
        price, _, _, fsd = (values[rows] for values in self._answers) if whole else self.predict(asked)
        fsd = fsd * plan.width
        counts = {
            name: self._counts(name, asked[name], rows if same[name] else None, plan) * plan.copies
            for name in self.profile.columns
        }
        off = np.abs(plan.clock_days(np.arange(plan.days))) > MISDATED_DAYS
        dates = FIRST + np.arange(plan.days)
        version = np.full(plan.days, self.profile.model_version, dtype=object)
        asked_a_day = np.full(plan.days, plan.requests * plan.copies)

        def by_day(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            return values.reshape(plan.days, plan.requests).sum(axis=1) * plan.copies

        predictions = DailyPredictions(
            day=dates, model_version=version, role=np.full(plan.days, "live", dtype=object), count=asked_a_day,
            distinct=np.full(plan.days, plan.requests), sum_log_price=by_day(np.log(price)), sum_fsd=by_day(fsd),
            with_warnings=np.zeros(plan.days, dtype=np.int64), dated=asked_a_day // 2,
            misdated=np.where(off, asked_a_day // 2, 0),
        )  # fmt: skip
        return DailyInputs(dates, version, counts), predictions

    def predict(self, columns: Mapping[str, npt.NDArray[Any]]) -> tuple[npt.NDArray[np.float64], ...]:
        """Return price, low, high and FSD by the model."""
        found = self.bundle.model.predict(columns)
        return found.price, found.low, found.high, found.fsd

    @cached_property
    def _answers(self) -> tuple[npt.NDArray[np.float64], ...]:
        return self.predict(self.requests)

    def _counts(self, name: str, values: Any, rows: Any, plan: Production) -> npt.NDArray[np.int64]:
        """Return the counts by day and bin; of unchanged requests the bins are looked up."""
        column, bins = self.profile.columns[name], len(self.profile.columns[name].shares)
        if rows is not None and name not in self.places:
            self.places[name] = column.places(self.requests[name])
        place = column.places(values) if rows is None else self.places[name][rows]
        place = np.repeat(np.arange(plan.days), plan.requests) * bins + place
        return np.bincount(place, minlength=plan.days * bins).reshape(plan.days, bins)


def halves(world: World) -> list[World]:
    """Return two worlds, each with the sealed errors of one half of the held-out sales and the prices of the other.

    What was sealed is then as uncertain as it is in production, where new sales are others than the held-out ones.
    """
    rows = np.array_split(np.random.default_rng(0).permutation(len(world.paid)), 2)
    found = []
    for sealed, paid in (rows, rows[::-1]):
        sales, held = world.known.where(sealed), {name: values[paid] for name, values in world.held_out.items()}
        about = measure_standardised(sales.price_paid, sales.price, sales.fsd)
        errors = replace(
            world.profile.errors, sales=len(sales), found_coverage=float(sales.covered.mean()),
            mean_fsd=float(sales.fsd.mean()), sd=about["sd"], quantiles=np.array(about["quantiles"]),
        )  # fmt: skip
        profile = replace(world.profile, errors=errors)
        found.append(World(world.bundle, profile, world.requests, held, world.paid[paid]))
    return found


def open_world(directory: Path, config: Config, processed: Path) -> World:
    """Return the world of a bundle that was not fitted on its newest sales (`training.refit: false`)."""
    bundle = open_bundle(directory)
    sales = bundling.read_sales(processed, config.schema_)
    side = split_sales(sales, config.schema_, config.split, config.training.seed)
    columns, held = columns_of(sales, config.schema_), np.flatnonzero(side == HOLDOUT)
    profile = read_profile(bundle.reference, bundle.explanation, json.loads((directory / "manifest.json").read_bytes()))
    prices = sales[config.schema_.target].cast(pl.Float64).to_numpy()
    others = np.flatnonzero(side != HOLDOUT)
    return World(
        bundle, profile, {name: values[others] for name, values in columns.items()},
        {name: values[held] for name, values in columns.items()}, prices[held],
    )  # fmt: skip
