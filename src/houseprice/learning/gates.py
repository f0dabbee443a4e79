"""Quality gates: the conditions that a model must meet before it may be published."""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np

from houseprice.bundle.export import check_parity
from houseprice.bundle.load import Model
from houseprice.bundle.manifest import MODEL
from houseprice.config import Config, Gates
from houseprice.learning.evaluation import Evaluation
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import columns_of
from houseprice.learning.leakage import Leak, TrainingSource, detect_leakage, drop_waived
from houseprice.learning.model_comparison import Comparison
from houseprice.learning.splitting import HOLDOUT, TRAIN
from houseprice.learning.training import PriceModel


@dataclass(frozen=True)
class Gate:
    """One condition, the value that was found, and whether it passed.

    `in_manifest` tells whether it is written into the manifest of the bundle: what is about the bundle itself, or
    depends on the machine or the registry, is not, because the same inputs must give the same bytes.
    """

    name: str
    found: float
    required: str
    passed: bool
    detail: str = ""
    in_manifest: bool = True


@dataclass(frozen=True)
class Verdict:
    """All gates together; it passes only when every one does."""

    gates: tuple[Gate, ...]

    @property
    def passed(self) -> bool:
        """Whether the model may be published."""
        return bool(self.gates) and all(gate.passed for gate in self.gates)

    @property
    def failed(self) -> tuple[Gate, ...]:
        """The gates that did not pass."""
        return tuple(gate for gate in self.gates if not gate.passed)

    def with_gates(self, *more: Gate) -> "Verdict":
        """Return a verdict with further gates."""
        return Verdict((*self.gates, *more))

    def as_dict(self, *, for_manifest: bool = False) -> dict[str, dict[str, Any]]:
        """Return name → `found`, `required`, `passed` and `detail` of each gate."""
        return {
            gate.name: {key: value for key, value in asdict(gate).items() if key not in ("name", "in_manifest")}
            for gate in self.gates
            if gate.in_manifest or not for_manifest
        }


class Predictor(Protocol):
    """A model that predicts; the exported one, or a replacement for it."""

    def predict(self, columns: Any) -> Any:
        """Return the predictions."""


def evaluate_gates(
    table: FeatureTable,
    evaluation: Evaluation,
    config: Config,
    source: TrainingSource | None,
    comparison: Comparison | None,
) -> Verdict:
    """Return the verdict on an evaluated model, before it is exported."""
    leaks = detect_leakage(table, config, source)
    return check_metrics(evaluation.metrics, config.gates).with_gates(
        *check_split(table, config.gates), check_leakage(leaks, config.gates), *check_champion(comparison)
    )


def check_metrics(metrics: dict[str, Any], rules: Gates) -> Verdict:
    """Return the verdict on the metrics of the holdout; NaN passes nothing."""
    holdout = metrics["holdout"]
    error = holdout["log_rmse"]
    slices = metrics["slices"]

    def gain(name: str) -> float:
        return 1.0 - float(error) / float(metrics["baselines"][name]["log_rmse"])

    by_price = [values["coverage"] for name, values in slices.items() if name.startswith("price,")]
    width = holdout["mean_relative_width"] / holdout["constant_width"]["mean_relative_width"]
    worst = metrics["worst_slice"]
    worst_error = slices[worst]["log_rmse"] if worst else error
    return Verdict(
        (
            _within("log_rmse", error, (rules.min_log_rmse, rules.max_log_rmse)),
            _at_most("median_ape", holdout["median_ape"], rules.max_median_ape),
            _at_least("gain_over_constant", gain("constant"), rules.min_gain_over_constant),
            _at_least("gain_over_ridge", gain("ridge"), rules.min_gain_over_ridge),
            _within("coverage", holdout["coverage"], rules.coverage),
            _at_least("coverage_by_price", min(by_price, default=holdout["coverage"]), rules.min_coverage_by_price),
            _at_most("width_to_constant", width, rules.max_width_to_constant),
            _at_most("worst_slice", worst_error, rules.max_worst_slice_log_rmse, worst),
            _at_most("cod", holdout["cod"], rules.max_cod),
            _within("prd", holdout["prd"], rules.prd),
            _within("prb", holdout["prb"], rules.prb),
        )
    )


def check_split(table: FeatureTable, rules: Gates) -> tuple[Gate, ...]:
    """Check that the holdout is separate from the training sales, and that training knows its categories."""
    train, holdout = table.rows(TRAIN), table.rows(HOLDOUT)
    shared = np.isin(table.parcels[holdout], table.parcels[train])
    early = table.days[holdout] <= table.days[train].max()
    mixed = shared | early
    unknown = np.zeros(len(holdout), dtype=bool)
    for name, kind in table.features.schema.items():
        if not kind.is_numeric():
            categories = table.features[name].to_numpy().astype(str)
            unknown |= ~np.isin(categories[holdout], categories[train])
    detail = (
        f"{int(shared.sum())} share a parcel with training sales, {int(early.sum())} are no newer"
        if mixed.any()
        else ""
    )
    return (
        _at_most("holdout_separation", float(mixed.sum()), 0, detail),
        _at_most("unknown_categories", float(unknown.mean()), rules.max_unknown_categories),
    )


def check_leakage(leaks: Iterable[Leak], rules: Gates) -> Gate:
    """Check that no column leaks the price, except those that are waived with a reason."""
    remaining = drop_waived(list(leaks), rules.leakage.waivers)
    return _at_most("leakage", float(len(remaining)), 0, "; ".join(leak.reason for leak in remaining))


def check_champion(comparison: Comparison | None) -> tuple[Gate, ...]:
    """Check that the model is not worse than the champion on paired folds; no gate where there is no champion."""
    if comparison is None:
        return ()
    interval = f"95 % within {comparison.low:+.2e} to {comparison.high:+.2e}"
    detail = f"difference of the squared log error {comparison.difference:+.2e}, {interval}"
    gate = _at_most("champion_comparison", comparison.low, 0.0, detail)
    return (replace(gate, in_manifest=False),)


def check_bundle(
    content: dict[str, bytes], source: TrainingSource, model: PriceModel, config: Config
) -> tuple[Gate, ...]:
    """Check the exported model against the trained pair, on every row of the sales.

    Raises:
        ParityError: It predicts otherwise than the trained pair.
    """
    exported = Model(content[MODEL])
    columns = columns_of(source.sales, source.preprocessor.schema)
    expected = model.predict_interval(source.preprocessor.transform(source.sales))
    limit = config.bundle.max_relative_difference
    worst = check_parity(exported, columns, expected, limit)
    one_house = {name: values[:1] for name, values in columns.items()}
    return check_exported(exported, one_house, len(content[MODEL]), worst, limit, config.gates)


def check_exported(
    model: Predictor, columns: Any, size: int, worst: float, limit: float, rules: Gates
) -> tuple[Gate, ...]:
    """Check parity, size and latency of the exported model; `columns` hold one house."""
    seconds = np.inf
    for _ in range(7):  # the best of a few: other load on the machine only ever adds
        started = time.perf_counter()
        for _ in range(40):
            model.predict(columns)
        seconds = min(seconds, (time.perf_counter() - started) / 40)
    gates = (
        _at_most("parity", worst, limit),
        _at_most("model_bytes", float(size), rules.max_model_bytes),
        _at_most("latency_microseconds", seconds * 1e6, rules.max_latency_microseconds),
    )
    return tuple(replace(gate, in_manifest=False) for gate in gates)


def _at_most(name: str, found: float, limit: float, detail: str = "") -> Gate:
    return Gate(name, float(found), f"at most {limit:g}", bool(found <= limit), detail)


def _at_least(name: str, found: float, limit: float) -> Gate:
    return Gate(name, float(found), f"at least {limit:g}", bool(found >= limit))


def _within(name: str, found: float, band: tuple[float, float]) -> Gate:
    low, high = band
    return Gate(name, float(found), f"{low:g} to {high:g}", bool(low <= found <= high))
