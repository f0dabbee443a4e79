"""Quality gates: the conditions that a model must meet before it may be published."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np
import polars as pl

from houseprice.bundle.export import check_parity
from houseprice.bundle.load import Model
from houseprice.bundle.manifest import MODEL
from houseprice.config import Config, Gates
from houseprice.learning.evaluation import Evaluation
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import columns_of
from houseprice.learning.latency import latency_ratio
from houseprice.learning.leakage import Leak, TrainingSource, detect_leakage, drop_waived
from houseprice.learning.metrics import Estimate
from houseprice.learning.model_comparison import Comparison
from houseprice.learning.splitting import HOLDOUT, TRAIN
from houseprice.learning.training import PriceModel


@dataclass(frozen=True)
class Gate:
    """One condition, the value that was found, and whether it passed.

    With the `interval` of the value (95 %), a limit counts as missed only when the whole interval misses it: the noise
    of a holdout fails no model.

    `in_manifest` tells whether it is written into the manifest of the bundle: what is about the bundle itself, or
    depends on the machine or the registry, is not, because the same inputs must give the same bytes.
    """

    name: str
    found: float
    required: str
    passed: bool
    detail: str = ""
    in_manifest: bool = True
    interval: tuple[float, float] | None = None


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
        """Return name → `found`, `interval`, `required`, `passed` and `detail` of each gate."""
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
    holdout, rolling, relative = metrics["holdout"], metrics["rolling_origin"], metrics["relative"]
    (low, high), (lowest, highest) = (found["ci95"]["log_rmse"] for found in (holdout, rolling))
    growth = Estimate(holdout["log_rmse"] / rolling["log_rmse"], low / highest, high / lowest)
    gates = [
        _within("log_rmse", _of_holdout(holdout, "log_rmse"), (rules.min_log_rmse, rules.max_log_rmse)),
        _at_most("median_ape", _of_holdout(holdout, "median_ape"), rules.max_median_ape),
        _at_most("error_growth", growth, rules.max_error_growth),
        _at_least("gain_over_constant", _relative(relative, "gain_over_constant"), rules.min_gain_over_constant),
        _at_least("gain_over_ridge", _relative(relative, "gain_over_ridge"), rules.min_gain_over_ridge),
        _within("coverage", _relative(relative, "coverage"), rules.coverage),
        _at_most("width_to_constant", _relative(relative, "width_to_constant"), rules.max_width_to_constant),
        _at_most("cod", _of_holdout(holdout, "cod"), rules.max_cod),
        _within("prd", _of_holdout(holdout, "prd"), rules.prd),
        _within("prb", _of_holdout(holdout, "prb"), rules.prb),
    ]
    if by_price := relative.get("coverage_by_price"):
        found = _relative(relative, "coverage_by_price")
        gates.append(_at_least("coverage_by_price", found, rules.min_coverage_by_price, by_price["slice"]))
    if worst := relative.get("worst_slice"):
        found = _relative(relative, "worst_slice")
        gates.append(_at_most("worst_slice", found, rules.max_worst_slice_ratio, worst["slice"]))
    return Verdict(tuple(gates))


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


def check_degeneracy(model: PriceModel, features: pl.DataFrame, metrics: dict[str, Any], rules: Gates) -> Verdict:
    """Check that the model to publish predicts something usable for every sale, today and when its trend ends.

    Widths and trend are in units of the holdout's log-RMSE, which says how far a price can be from its prediction.
    """
    error = float(metrics["holdout"]["log_rmse"])
    price, low, high = model.predict_interval(features)
    with np.errstate(all="ignore"):
        half_width = np.log(high / low) / 2.0
    usable = np.isfinite(half_width) & np.isfinite(price) & (low > 0.0) & (low <= price) & (price <= high)
    verdict = Verdict((_at_most("unusable_predictions", float((~usable).sum()), 0),))
    if not verdict.passed:
        return verdict
    return verdict.with_gates(
        _within("interval_to_error", float(np.median(half_width)) / error, rules.interval_to_error),
        _at_most("widest_interval_to_error", float(half_width.max()) / error, rules.max_widest_interval_to_error),
        _at_most("trend_to_error", abs(model.trend_.extrapolated) / error, rules.max_trend_to_error),
    )


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
    gates = (
        _at_most("parity", worst, limit),
        _at_most("model_bytes", float(size), rules.max_model_bytes),
        _at_most("latency_ratio", latency_ratio(lambda: model.predict(columns)), rules.max_latency_ratio),
    )
    return tuple(replace(gate, in_manifest=False) for gate in gates)


def _of_holdout(holdout: dict[str, Any], name: str) -> Estimate:
    return Estimate(holdout[name], *holdout["ci95"][name])


def _relative(relative: dict[str, Any], name: str) -> Estimate:
    return Estimate(relative[name]["value"], *relative[name]["ci95"])


def _at_most(name: str, found: Estimate | float, limit: float, detail: str = "") -> Gate:
    return _gate(name, found, f"at most {limit:g}", (-np.inf, limit), detail)


def _at_least(name: str, found: Estimate | float, limit: float, detail: str = "") -> Gate:
    return _gate(name, found, f"at least {limit:g}", (limit, np.inf), detail)


def _within(name: str, found: Estimate | float, band: tuple[float, float]) -> Gate:
    return _gate(name, found, f"{band[0]:g} to {band[1]:g}", band)


def _gate(name: str, found: Estimate | float, required: str, band: tuple[float, float], detail: str = "") -> Gate:
    """Return a gate that passes when the value, or some of its interval, lies in the band."""
    value, low, high = found if isinstance(found, Estimate) else (found, found, found)
    passed = bool(np.isfinite(value) and low <= band[1] and high >= band[0])
    interval = (float(low), float(high)) if isinstance(found, Estimate) else None
    return Gate(name, float(value), required, passed, detail, interval=interval)
