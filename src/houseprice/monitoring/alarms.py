"""Alarms: one e-process each, with a null of its own and a share of the false alarms that are allowed.

An alarm is raised when its evidence reaches 1/alpha. The alphas of all alarms add up to `FALSE_ALARMS_A_YEAR`, and
evidence starts anew with each model version and after a year, so that looking every day for ten years raises one false
alarm at most, on average, as long as the nulls hold.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
FALSE_ALARMS_A_YEAR = 0.1
ALPHAS = {
    "market_above": 0.048,
    "market_below": 0.02,
    "coverage": 0.006,
    "error_scale": 0.006,
    "slice": 0.008,
    "inputs": 0.005,
    "unknown_category": 0.002,
    "outside_range": 0.002,
    "expected_error": 0.001,
    "dates": 0.001,
    "repeats": 0.001,
}
"""Name of an alarm → its alpha, which its columns share. Errors have a heavier tail above, so that needs more."""
EPOCH_DAYS = 365


@dataclass(frozen=True)
class Alarm:
    """An e-process and what it says by now.

    Attributes:
        name: which null is tested, a key of `ALPHAS`.
        about: direction, column or slice that it is about; empty where there is but one.
        alpha: probability that it is ever raised within a year although the null holds.
        days: day of each observation, ascending.
        log_evidence: natural log of the e-process after each.
        detail: what was found, a sentence; empty unless raised.
        facts: the same for programs, with a `cause` where one is recognised.
    """

    name: str
    about: str
    alpha: float
    days: Days
    log_evidence: Floats
    detail: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def observations(self) -> int:
        """Number of observations that were bet on."""
        return len(self.log_evidence)

    @property
    def raised_after(self) -> int | None:
        """Number of observations after which it was raised; None while it is not."""
        reached = np.flatnonzero(self.log_evidence >= -np.log(self.alpha))
        return int(reached[0]) + 1 if len(reached) else None

    @property
    def raised(self) -> bool:
        """Whether the evidence has reached 1/alpha."""
        return self.raised_after is not None

    @property
    def raised_on(self) -> str | None:
        """Day on which it was raised, ISO."""
        return None if self.raised_after is None else str(self.days[self.raised_after - 1].astype("datetime64[D]"))

    def window(self, longest: int) -> slice:
        """Return the observations that raised it: from its least evidence before on, up to `longest` after it."""
        after = self.raised_after or self.observations
        start = after - int(self.log_evidence[:after][::-1].argmin()) if after else 0
        return slice(min(start, after - 1), after + longest)

    @property
    def level(self) -> float:
        """Largest evidence so far, as a share of what raises the alarm, both on the log scale; 1 raises it."""
        most = float(self.log_evidence.max()) if self.observations else 0.0
        return max(most, 0.0) / -float(np.log(self.alpha))

    def as_dict(self) -> dict[str, Any]:
        """Return what programs need to know of it."""
        most = float(self.log_evidence.max()) if self.observations else 0.0
        return {
            "name": self.name,
            "about": self.about,
            "raised": self.raised,
            "raised_on": self.raised_on,
            "raised_after": self.raised_after,
            "observations": self.observations,
            "log10_evidence": round(most / float(np.log(10.0)), 3),
            "log10_needed": round(-float(np.log10(self.alpha)), 3),
            "detail": self.detail,
            **self.facts,
        }


def by_epoch(days: Days, evidence: Callable[[npt.NDArray[np.int64]], Floats]) -> Floats:
    """Return the log evidence of all observations, which starts anew each year after the first.

    `evidence` gives that of the observations at some positions.
    """
    if not len(days):
        return np.zeros(0)
    epochs = (days.astype("datetime64[D]") - days[0].astype("datetime64[D]")).astype(np.int64) // EPOCH_DAYS
    return np.concatenate([evidence(np.flatnonzero(epochs == epoch)) for epoch in np.unique(epochs)])
