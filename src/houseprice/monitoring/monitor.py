"""Everything that is known of a model in production, from its predictions and the prices that were paid."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from houseprice.monitoring.alarms import Alarm
from houseprice.monitoring.data import DailyInputs, DailyPredictions, LabelledSales
from houseprice.monitoring.expected import ExpectedMonth, expected_months
from houseprice.monitoring.figures import ErrorFigures, Group, by_fsd, by_period, by_slice, error_figures
from houseprice.monitoring.input_drift import ColumnDrift, input_drift
from houseprice.monitoring.market import MarketMonth, market_months
from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.shadow import ShadowComparison, compare_with_shadow
from houseprice.monitoring.watching import watch


@dataclass(frozen=True)
class Monitor:
    """What is known of a model in production.

    Attributes:
        profile: what is sealed in its bundle.
        first_day, last_day: of all that is known, ISO; None where nothing is.
        predictions: number of live predictions of the model.
        daily: live predictions of the model by day.
        errors: of all its labelled sales; None where there are none.
        weeks, months, slices, fsd: the same of parts of them.
        expected: expected error by month of the prediction.
        market: market drift and model error by month of the sale.
        drift: of the inputs of late, column by column.
        shadow: the shadow model on the same sales; None without one.
        alarms: all of them, raised or not.
    """

    profile: ReferenceProfile
    first_day: str | None
    last_day: str | None
    predictions: int
    daily: DailyPredictions
    errors: ErrorFigures | None
    weeks: list[Group]
    months: list[Group]
    slices: dict[str, list[Group]]
    fsd: list[Group]
    expected: list[ExpectedMonth]
    market: list[MarketMonth]
    drift: list[ColumnDrift]
    shadow: ShadowComparison | None
    alarms: list[Alarm]

    @property
    def raised(self) -> list[Alarm]:
        """Return the alarms that are raised, the earliest first."""
        return sorted((alarm for alarm in self.alarms if alarm.raised), key=lambda alarm: alarm.raised_on or "")

    def as_dict(self) -> dict[str, Any]:
        """Return all of it for programs."""
        return {
            "model_version": self.profile.model_version,
            "currency": self.profile.currency,
            "first_day": self.first_day,
            "last_day": self.last_day,
            "predictions": self.predictions,
            "labelled": 0 if self.errors is None else self.errors.sales,
            "errors": None if self.errors is None else self.errors.as_dict(),
            "weeks": [group.as_dict() for group in self.weeks],
            "months": [group.as_dict() for group in self.months],
            "slices": {kind: [group.as_dict() for group in groups] for kind, groups in self.slices.items()},
            "fsd": [group.as_dict() for group in self.fsd],
            "expected": [month.as_dict() for month in self.expected],
            "market": [month.as_dict() for month in self.market],
            "inputs": [column.as_dict() for column in self.drift],
            "shadow": None if self.shadow is None else self.shadow.as_dict(),
            "alarms": [alarm.as_dict() for alarm in self.alarms],
        }


def monitor(
    profile: ReferenceProfile,
    sales: LabelledSales,
    predictions: DailyPredictions,
    inputs: DailyInputs,
    shadow_sales: LabelledSales | None = None,
) -> Monitor:
    """Return what is known of the model of the profile; rows of other versions are left out.

    `shadow_sales` are the same sales as a shadow model priced them, whatever its version.
    """
    version = profile.model_version
    own = sales.where(sales.model_version == version)
    daily = predictions.where((predictions.model_version == version) & (predictions.role == "live"))
    counted = inputs.where(inputs.model_version == version)
    days = np.concatenate([own.sale_date.astype("datetime64[D]"), daily.day.astype("datetime64[D]")])
    return Monitor(
        profile=profile,
        first_day=str(days.min()) if len(days) else None,
        last_day=str(days.max()) if len(days) else None,
        predictions=int(daily.count.sum()),
        daily=daily,
        errors=error_figures(own) if len(own) else None,
        weeks=by_period(own, "W"),
        months=by_period(own, "M"),
        slices=by_slice(profile, own),
        fsd=by_fsd(own),
        expected=expected_months(profile, daily, own),
        market=market_months(profile, own),
        drift=input_drift(profile, counted),
        shadow=None if shadow_sales is None else compare_with_shadow(own, shadow_sales),
        alarms=watch(profile, own, daily, counted),
    )
