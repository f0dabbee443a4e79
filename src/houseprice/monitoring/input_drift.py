"""How far the requests of late are from the training sales, column by column, weighted by what each column carries."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.metrics import Estimate, share_bounds
from houseprice.monitoring.data import DailyInputs
from houseprice.monitoring.figures import estimate_as_dict
from houseprice.monitoring.profile import MISSING, UNKNOWN, ColumnProfile, ReferenceProfile

Floats = npt.NDArray[np.float64]
RECENT_DAYS = 30
MATTERS = 0.02
"""Weight × distance from which on a drift matters: about so much of what explains prices is not as it was."""


@dataclass(frozen=True)
class ColumnDrift:
    """One column of the requests of late beside the training sales.

    Attributes:
        name: of the column.
        weight: its share of what all columns carry in explanations.
        requests: number of requests.
        distance: total variation distance of their distribution from that of training, with a 95 % interval.
        by_chance: distance that as many requests like training stay below in 99 of 100 cases.
        impact: weight × distance.
        unknown: share of requests with a category that training has not seen; None of numbers.
        missing: share without a value, in requests and in training.
        moved: the bin that gained most, and by how much of all requests.
        shares: of the requests by bin, and of training.
    """

    name: str
    weight: float
    requests: int
    distance: Estimate
    by_chance: float
    unknown: Estimate | None
    missing: tuple[float, float]
    moved: tuple[str, float]
    shares: tuple[Floats, Floats]

    @property
    def impact(self) -> float:
        """Return what the drift matters."""
        return self.weight * self.distance.value

    @property
    def verdict(self) -> str:
        """Return `by_chance`, `small` or `matters`."""
        if self.distance.value <= self.by_chance:
            return "by_chance"
        return "matters" if self.impact >= MATTERS else "small"

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        return {
            "column": self.name,
            "weight": self.weight,
            "requests": self.requests,
            "distance": estimate_as_dict(self.distance),
            "by_chance": round(self.by_chance, 6),
            "impact": round(self.impact, 6),
            "verdict": self.verdict,
            "unknown": None if self.unknown is None else estimate_as_dict(self.unknown),
            "missing": round(self.missing[0], 6),
            "missing_in_training": round(self.missing[1], 6),
            "moved": self.moved[0],
        }


def input_drift(profile: ReferenceProfile, inputs: DailyInputs) -> list[ColumnDrift]:
    """Return the drift of each column over the newest `RECENT_DAYS` days, the one that matters most first."""
    if not len(inputs):
        return []
    recent = inputs.where(inputs.day > inputs.day.max() - RECENT_DAYS)
    found = [
        _drift(profile.columns[name], counts.sum(axis=0))
        for name, counts in recent.counts.items()
        if name in profile.columns and counts.sum()
    ]
    return sorted(found, key=lambda drift: -drift.impact)


def _drift(column: ColumnProfile, counts: npt.NDArray[np.int64]) -> ColumnDrift:
    requests = int(counts.sum())
    shares = counts / requests
    moved = shares - column.shares
    distance = float(np.abs(moved).sum() / 2.0)
    # A request moves the distance by at most 1/n, so it stays near its mean (McDiarmid 1989), which is at most this.
    mean = float(np.sqrt(column.shares * (1.0 - column.shares) / (2.0 * np.pi * requests)).sum())
    half = float(np.sqrt(np.log(2.0 / 0.05) / (2.0 * requests)))
    most = int(moved.argmax())
    return ColumnDrift(
        column.name,
        column.weight,
        requests,
        Estimate(distance, max(distance - half, 0.0), min(distance + half, 1.0)),
        mean + float(np.sqrt(np.log(100.0) / (2.0 * requests))),
        share_bounds(int(counts[UNKNOWN]), requests) if column.is_text else None,
        (float(shares[MISSING]), float(column.shares[MISSING])),
        (column.bin_name(most), float(moved[most])),
        (shares, column.shares),
    )
