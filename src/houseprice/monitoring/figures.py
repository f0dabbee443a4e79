"""Figures of realised errors, each with its 95 % interval and the number of sales behind it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.metrics import Estimate, mean_bounds, measure_vertical_equity, median_bounds, share_bounds
from houseprice.monitoring.data import LabelledSales
from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.slices import price_bands, slices_of

Floats = npt.NDArray[np.float64]
MIN_SALES = 10
"""Sales below which a week, month or slice has no figures: its interval would hold nearly everything."""
WITHIN_FSD = 0.6827
"""Share of the errors that lie within one standard deviation where they are normal."""
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class ErrorFigures:
    """Realised errors of some sales.

    Attributes:
        sales: number of sales.
        median_ape: median absolute error, as a share of the price paid.
        within_10: share priced within 10 %.
        bias: mean of log(predicted / paid); above 0 where predictions are too high.
        cod: coefficient of dispersion, in percent (IAAO, Standard on Ratio Studies).
        vei: vertical equity indicator, in percent; None of few sales.
        coverage: share within the prediction interval.
        within_fsd: share within one forecast standard deviation.
        mean_fsd: mean forecast standard deviation.
    """

    sales: int
    median_ape: Estimate
    within_10: Estimate
    bias: Estimate
    cod: Estimate
    vei: Estimate | None
    coverage: Estimate
    within_fsd: Estimate
    mean_fsd: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Return name → `value`, `low` and `high`, and the number of sales."""
        found: dict[str, Any] = {"sales": self.sales}
        for name in (field.name for field in fields(self) if field.name != "sales"):
            value = getattr(self, name)
            found[name] = None if value is None else estimate_as_dict(value)
        return found


@dataclass(frozen=True)
class Group:
    """Some sales by name, and their errors; none where they are too few."""

    name: str
    sales: int
    errors: ErrorFigures | None

    def as_dict(self) -> dict[str, Any]:
        """Return the figures with the name."""
        return {"name": self.name, "sales": self.sales, **(self.errors.as_dict() if self.errors else {})}


def estimate_as_dict(estimate: Estimate) -> dict[str, float | None]:
    """Return an estimate for JSON, which has no infinity."""
    return {name: round(float(value), 6) if np.isfinite(value) else None for name, value in estimate._asdict().items()}


def error_figures(sales: LabelledSales) -> ErrorFigures:
    """Return the figures of some sales, one at least."""
    count, ratio = len(sales), sales.price / sales.price_paid
    share = np.abs(ratio - 1.0)
    return ErrorFigures(
        count,
        median_bounds(share),
        share_bounds(int((share <= 0.10).sum()), count),
        mean_bounds(-sales.errors),
        dispersion(ratio),
        measure_vertical_equity(sales.price_paid, sales.price),
        share_bounds(int(sales.covered.sum()), count),
        share_bounds(int((np.abs(sales.standardised) <= 1.0).sum()), count),
        mean_bounds(sales.fsd),
    )


def dispersion(ratio: Floats) -> Estimate:
    """Return the coefficient of dispersion of ratios, in percent.

    The interval is that of the mean absolute deviation on the log scale, since its distribution is skewed.
    """
    median = float(np.median(ratio))
    mean, low, _ = mean_bounds(np.abs(ratio - median))
    spread = float(np.exp((mean - low) / mean)) if mean > 0.0 else 1.0
    value = 100.0 * mean / median
    return Estimate(value, value / spread, value * spread)


def by_period(sales: LabelledSales, unit: str) -> list[Group]:
    """Return the figures of each month ("M") or ISO week ("W") of the sale dates, ascending, empty ones left out."""
    days = sales.sale_date.astype("datetime64[D]")
    # A datetime64 week begins on the weekday of 1970-01-01, a Thursday; an ISO week on the Monday before.
    starts = days.astype("datetime64[M]") if unit == "M" else days - (days.astype(np.int64) + 3) % 7
    return [_group(str(start), sales.where(starts == start)) for start in np.unique(starts)]


def by_slice(profile: ReferenceProfile, sales: LabelledSales) -> dict[str, list[Group]]:
    """Return kind of slice → the figures of each slice with sales."""
    found: dict[str, list[Group]] = {}
    for part in [*price_bands(sales), *slices_of(profile, sales)]:
        if part.members.any():
            group = _group(part.name, sales.where(part.members))
            if group.errors and part.kind == "price":  # within a band of prices there are no cheap and dear ones
                group = replace(group, errors=replace(group.errors, vei=None))
            found.setdefault(part.kind, []).append(group)
    return found


def by_fsd(sales: LabelledSales, parts: int = 5) -> list[Group]:
    """Return the figures of parts of equally many sales, from the smallest to the largest expected error."""
    if len(sales) < parts * MIN_SALES:
        return []
    return [_group(_fsd_name(sales.fsd[rows]), sales.where(rows)) for rows in _parts(sales.fsd, parts)]


def _fsd_name(fsd: Floats) -> str:
    return f"{fsd.min():.1%} to {fsd.max():.1%}"


def _parts(values: Floats, parts: int) -> Iterator[npt.NDArray[np.int64]]:
    yield from np.array_split(np.argsort(values, kind="stable"), parts)


def _group(name: str, sales: LabelledSales) -> Group:
    return Group(name, len(sales), error_figures(sales) if len(sales) >= MIN_SALES else None)
