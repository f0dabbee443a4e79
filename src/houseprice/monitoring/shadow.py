"""The shadow model beside the live one, on sales that both have priced."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.metrics import Estimate, mean_bounds, share_bounds
from houseprice.monitoring.betting import adaptive_log_wealth
from houseprice.monitoring.data import LabelledSales
from houseprice.monitoring.figures import ErrorFigures, error_figures, estimate_as_dict

LARGEST = 0.5
"""Difference of two absolute log errors from which on one sale counts no more than another."""
ALPHA = 0.05
"""Probability that a shadow model that is no better is ever called better."""


@dataclass(frozen=True)
class ShadowComparison:
    """Two models on the same sales.

    Attributes:
        sales: priced by both.
        live, shadow: their errors.
        gain: mean of the live model's absolute log error less the shadow's; above 0 where the shadow is better.
        closer: share of the sales that the shadow priced more closely.
        better_after: sales after which the shadow was better beyond doubt, however often one looked; None if not yet.
        log10_evidence: that it is better.
    """

    sales: int
    live: ErrorFigures
    shadow: ErrorFigures
    gain: Estimate
    closer: Estimate
    better_after: int | None
    log10_evidence: float

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        return {
            "sales": self.sales,
            "live": self.live.as_dict(),
            "shadow": self.shadow.as_dict(),
            "gain": estimate_as_dict(self.gain),
            "closer": estimate_as_dict(self.closer),
            "better_after": self.better_after,
            "log10_evidence": round(self.log10_evidence, 3),
        }


def compare_with_shadow(live: LabelledSales, shadow: LabelledSales) -> ShadowComparison | None:
    """Return the comparison on the sales that both have priced; None where there are none.

    The evidence is an e-process against the null that the shadow's error is not smaller on average: a sale is worth the
    difference of the two errors, cut off at `LARGEST`.
    """
    place = {sale: row for row, sale in enumerate(shadow.sale.tolist())}
    pairs = [(row, place[sale]) for row, sale in enumerate(live.sale.tolist()) if sale in place]
    if not pairs:
        return None
    rows: npt.NDArray[np.int64] = np.array(pairs)
    ours, theirs = live.where(rows[:, 0]), shadow.where(rows[:, 1])
    gain = np.abs(ours.errors) - np.abs(theirs.errors)
    values = np.clip(gain / LARGEST, -1.0, 1.0) / 2.0 + 0.5
    evidence = adaptive_log_wealth(values, 0.5, 0.52, memory=500.0)
    reached = np.flatnonzero(evidence >= -np.log(ALPHA))
    return ShadowComparison(
        len(rows),
        error_figures(ours),
        error_figures(theirs),
        mean_bounds(gain),
        share_bounds(int((gain > 0).sum()), len(rows)),
        int(reached[0]) + 1 if len(reached) else None,
        float(evidence.max() / np.log(10.0)),
    )
