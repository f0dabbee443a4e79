"""The verdict on a model: gates, each with the value that was found and what it had to be."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from houseprice.errors import GateError
from houseprice.learning.training import PriceModel
from houseprice.metrics import Estimate


@dataclass(frozen=True)
class Gate:
    """One condition, the value that was found, and whether it passed.

    Attributes:
        name: of the gate.
        found: value that was judged; None where there is none.
        required: what it had to be.
        passed: whether it was.
        detail: what else is to be known.
        reproducible: whether the same inputs give the same value and detail. What depends on the machine or the
            registry stays out of the manifest, since the same inputs must give the same bytes; whether it passed does
            not.
        accepted: whether it passed because a person said so.
        skipped: whether it could not be judged on these sales; `detail` says why, and it stops no model.
        interval: of the value, with 95 % confidence. A limit counts as missed only when the whole interval misses it:
            the noise of a holdout fails no model.
    """

    name: str
    found: float | None
    required: str
    passed: bool
    detail: str = ""
    reproducible: bool = True
    accepted: bool = False
    interval: tuple[float, float] | None = None
    skipped: bool = False

    @property
    def outcome(self) -> str:
        """`passed`, `failed`, `accepted` or `skipped`."""
        if self.skipped:
            return "skipped"
        return "failed" if not self.passed else "accepted" if self.accepted else "passed"

    @property
    def value(self) -> str:
        """The value that was found, with its interval, for people."""
        interval = " ({:.4g} to {:.4g})".format(*self.interval) if self.interval else ""
        return "unknown" if self.found is None else f"{self.found:.4g}{interval}"

    def as_dict(self, *, for_manifest: bool = False) -> dict[str, Any]:
        """Return its values by name, as JSON can hold them; without its name."""
        finite = self.found is not None and math.isfinite(self.found)
        values: dict[str, Any] = {"found": self.found if finite else None, "required": self.required}
        values |= {"passed": self.passed, "detail": self.detail}
        if self.interval and all(map(math.isfinite, self.interval)):
            values["interval"] = self.interval
        if for_manifest and not self.reproducible:
            values = {"required": self.required, "passed": self.passed}
        return values | {name: True for name in ("accepted", "skipped") if getattr(self, name)}


@dataclass(frozen=True)
class Verdict:
    """All gates together; it passes only when every one does."""

    gates: tuple[Gate, ...]

    @property
    def passed(self) -> bool:
        """Whether the model may be published."""
        return bool(self.gates) and all(gate.passed for gate in self.gates)

    @property
    def is_finite(self) -> bool:
        """Whether every value that was found is finite; a model with others cannot be sealed."""
        return all(gate.found is None or math.isfinite(gate.found) for gate in self.gates)

    @property
    def failed(self) -> tuple[Gate, ...]:
        """The gates that did not pass."""
        return tuple(gate for gate in self.gates if not gate.passed)

    def with_gates(self, *more: Gate) -> "Verdict":
        """Return a verdict with further gates, which replace those of the same names."""
        return Verdict(tuple({gate.name: gate for gate in (*self.gates, *more)}.values()))

    def as_dict(self, *, for_manifest: bool = False) -> dict[str, dict[str, Any]]:
        """Return name → `found`, `required`, `passed`, `detail` and any `interval` of each gate.

        For the manifest, a gate that depends on the machine or the registry has `required` and `passed` only.
        """
        return {gate.name: gate.as_dict(for_manifest=for_manifest) for gate in self.gates}


def verdict_of(model: PriceModel) -> Verdict:
    """Return the verdict that a trained model holds; values that the manifest leaves out are None."""
    kept = model.verdict_.items()
    return Verdict(
        tuple(Gate(name, **{"found": None, **values}, reproducible="found" in values) for name, values in kept)
    )


def failed_error(verdict: Verdict) -> GateError:
    """Return the exception that says which gates failed, and what to do."""
    found = "; ".join(f"{gate.name} is {gate.value}, required {gate.required}" for gate in verdict.failed)
    return GateError(
        f"The model may not be published: {found}; improve it, or change the gates in the configuration.",
        gates=[gate.name for gate in verdict.failed],
    )


def at_most(name: str, found: Estimate | float, limit: float, detail: str = "") -> Gate:
    """Return a gate that passes when the value, or some of its interval, is no higher than the limit."""
    return _gate(name, found, f"at most {limit:g}", (-np.inf, limit), detail)


def skipped(name: str, required: str, reason: str) -> Gate:
    """Return a gate that cannot be judged on these sales."""
    return Gate(name, None, required, passed=True, detail=reason, skipped=True)


def at_least(name: str, found: Estimate | float, limit: float, detail: str = "") -> Gate:
    """Return a gate that passes when the value, or some of its interval, is no lower than the limit."""
    return _gate(name, found, f"at least {limit:g}", (limit, np.inf), detail)


def within(name: str, found: Estimate | float, band: tuple[float, float]) -> Gate:
    """Return a gate that passes when the value, or some of its interval, lies in the band."""
    return _gate(name, found, f"{band[0]:g} to {band[1]:g}", band)


def _gate(name: str, found: Estimate | float, required: str, band: tuple[float, float], detail: str = "") -> Gate:
    """Return a gate that passes when the value, or some of its interval, lies in the band."""
    value, low, high = found if isinstance(found, Estimate) else (found, found, found)
    passed = bool(np.isfinite(value) and low <= band[1] and high >= band[0])
    interval = (float(low), float(high)) if isinstance(found, Estimate) else None
    return Gate(name, float(value), required, passed, detail, interval=interval)
