"""Honest numbers, probes and a sealed model in, verdict out: may this model be published?"""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np

from houseprice.config import Gates
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.leakage import Leak, unwaived
from houseprice.learning.model_comparison import Comparison
from houseprice.learning.splitting import HOLDOUT, TRAIN


@dataclass(frozen=True)
class Gate:
    """One demand, what was found, and whether it holds.

    `sealed` tells whether it is written into the sealed manifest: what is about the sealed folder itself, or depends on
    the machine or the registry, is not, because the same inputs must give the same bytes.
    """

    name: str
    found: float
    required: str
    passed: bool
    detail: str = ""
    sealed: bool = True


@dataclass(frozen=True)
class Verdict:
    """All demands together: green only when every one is."""

    gates: tuple[Gate, ...]

    @property
    def passed(self) -> bool:
        """Whether the model may be published."""
        return bool(self.gates) and all(gate.passed for gate in self.gates)

    @property
    def red(self) -> tuple[Gate, ...]:
        """The demands that do not hold."""
        return tuple(gate for gate in self.gates if not gate.passed)

    def with_gates(self, *more: Gate) -> "Verdict":
        """Give back a verdict with further demands."""
        return Verdict((*self.gates, *more))

    def as_dict(self, *, to_seal: bool = False) -> dict[str, dict[str, Any]]:
        """Give back name → what was found, what is required, whether it passed."""
        return {
            gate.name: {key: value for key, value in asdict(gate).items() if key not in ("name", "sealed")}
            for gate in self.gates
            if gate.sealed or not to_seal
        }


class Answering(Protocol):
    """A model that answers houses; the sealed one, or one that stands in for it."""

    def predict(self, columns: Any) -> Any:
        """Give back the answers."""


def judge(metrics: dict[str, Any], rules: Gates) -> Verdict:
    """Give back the verdict on the newest sales; a number that is not a number passes nothing."""
    holdout = metrics["holdout"]
    error = holdout["log_rmse"]
    slices = metrics["slices"]

    def gain(name: str) -> float:
        return 1.0 - float(error) / float(metrics["baselines"][name]["log_rmse"])

    by_price = [found["coverage"] for name, found in slices.items() if name.startswith("price,")]
    wide = holdout["mean_relative_width"] / holdout["constant_width"]["mean_relative_width"]
    worst = metrics["worst_slice"]
    worst_error = slices[worst]["log_rmse"] if worst else error
    return Verdict(
        (
            _band("error", error, (rules.min_log_rmse, rules.max_log_rmse)),
            _at_most("median_error_share", holdout["median_ape"], rules.max_median_ape),
            _at_least("gain_over_constant", gain("constant"), rules.min_gain_over_constant),
            _at_least("gain_over_ridge", gain("ridge"), rules.min_gain_over_ridge),
            _band("coverage", holdout["coverage"], rules.coverage),
            _at_least("coverage_by_price", min(by_price, default=holdout["coverage"]), rules.min_coverage_by_price),
            _at_most("width_to_constant", wide, rules.max_width_to_constant),
            _at_most("worst_slice", worst_error, rules.max_worst_slice_log_rmse, worst),
            _at_most("cod", holdout["cod"], rules.max_cod),
            _band("prd", holdout["prd"], rules.prd),
            _band("prb", holdout["prb"], rules.prb),
        )
    )


def judge_sides(table: FeatureTable, rules: Gates) -> tuple[Gate, ...]:
    """Judge whether the newest sales were really kept apart, and whether they speak the training sales' language."""
    train, holdout = table.rows(TRAIN), table.rows(HOLDOUT)
    shared = np.isin(table.parcels[holdout], table.parcels[train])
    early = table.days[holdout] <= table.days[train].max()
    mixed = shared | early
    unknown = np.zeros(len(holdout), dtype=bool)
    for name, kind in table.features.schema.items():
        if not kind.is_numeric():
            texts = table.features[name].to_numpy().astype(str)
            unknown |= ~np.isin(texts[holdout], texts[train])
    detail = (
        f"{int(shared.sum())} share a parcel with training sales, {int(early.sum())} are no newer"
        if mixed.any()
        else ""
    )
    return (
        _at_most("held_out_apart", float(mixed.sum()), 0, detail),
        _at_most("unknown_texts", float(unknown.mean()), rules.max_unknown_texts),
    )


def judge_leaks(leaks: Iterable[Leak], rules: Gates) -> Gate:
    """Judge what the probes found, but for what is waived with a reason."""
    found = unwaived(list(leaks), rules.leaks.waivers)
    return _at_most("leaks", float(len(found)), 0, "; ".join(leak.reason for leak in found))


def judge_sealed(
    model: Answering, columns: Any, size: int, worst: float, limit: float, rules: Gates
) -> tuple[Gate, ...]:
    """Judge the exported model: parity, bytes, and the time of one row; `columns` hold one house."""
    best = np.inf
    for _ in range(7):  # the best of a few: what the machine does beside it only ever adds
        started = time.perf_counter()
        for _ in range(40):
            model.predict(columns)
        best = min(best, (time.perf_counter() - started) / 40)
    speed = _at_most("row_microseconds", best * 1e6, rules.max_row_microseconds)
    demands = (_at_most("parity", worst, limit), _at_most("model_bytes", float(size), rules.max_model_bytes), speed)
    return tuple(replace(gate, sealed=False) for gate in demands)


def judge_champion(comparison: Comparison | None) -> tuple[Gate, ...]:
    """Judge the model against the champion on paired folds; no champion, no demand."""
    if comparison is None:
        return ()
    within = f"95 % within {comparison.low:+.2e} to {comparison.high:+.2e}"
    detail = f"difference of the squared log error {comparison.difference:+.2e}, {within}"
    gate = _at_most("no_worse_than_champion", comparison.low, 0.0, detail)
    return (replace(gate, sealed=False),)


def _at_most(name: str, found: float, limit: float, detail: str = "") -> Gate:
    return Gate(name, float(found), f"at most {limit:g}", bool(found <= limit), detail)


def _at_least(name: str, found: float, limit: float) -> Gate:
    return Gate(name, float(found), f"at least {limit:g}", bool(found >= limit))


def _band(name: str, found: float, band: tuple[float, float]) -> Gate:
    low, high = band
    return Gate(name, float(found), f"{low:g} to {high:g}", bool(low <= found <= high))
