"""Quality gates: the conditions that a model must meet before it may be published."""

import math
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import polars as pl

from houseprice.config import Config, Gates
from houseprice.errors import DataError
from houseprice.learning.evaluation import Evaluation
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.latency import latency_ratio
from houseprice.learning.leakage import Leak, TrainingSource, detect_leakage, drop_waived
from houseprice.learning.model_comparison import Comparison, NotComparable
from houseprice.learning.relative_metrics import share
from houseprice.learning.rolling_origins import NORMAL_95
from houseprice.learning.splitting import HOLDOUT, TRAIN, Rows, split_rows
from houseprice.learning.training import PriceModel
from houseprice.learning.trend import Trend
from houseprice.learning.trend_design import TIME
from houseprice.learning.verdict import Gate, Verdict, at_least, at_most, skipped, within
from houseprice.learning.vertical_equity import check_vertical_equity
from houseprice.metrics import Estimate

COVERAGE_MARGIN, PRICE_COVERAGE_MARGIN = 0.03, 0.1
"""How far the coverage may be from the wanted one, overall, and below it in a fifth of the prices."""
WIDTH_TO_CONSTANT = 1.15
"""How wide the interval may be on average, relative to one of constant width."""
CHAMPION_GATE = "champion_comparison"
UNKNOWN_MARGIN = 0.05
"""Share of houses with an unknown category, beyond that within the training sales."""


class Predictor(Protocol):
    """A model that predicts; the exported one, or a replacement for it."""

    def predict(self, columns: Any) -> Any:
        """Return the predictions."""


def evaluate_gates(
    table: FeatureTable,
    evaluation: Evaluation,
    config: Config,
    source: TrainingSource | None,
    champion: Gate,
) -> Verdict:
    """Return the verdict on an evaluated model, before it is exported; `champion` is that of `check_champion`."""
    leaks = detect_leakage(table, config, source)
    return check_metrics(evaluation.metrics, config).with_gates(
        *check_split(table, config), check_leakage(leaks, config.gates), champion, check_size(table, config)
    )


def check_metrics(metrics: dict[str, Any], config: Config) -> Verdict:
    """Return the verdict on the metrics of the holdout; NaN passes nothing.

    Ceilings that are not configured are not judged. Without a configured limit, the gain over the constant must be
    above 0 with its whole interval, so that a model which has learned nothing fails even on few sales.
    """
    rules, holdout, relative = config.gates, metrics["holdout"], metrics["relative"]
    constant, ridge = (_relative(relative, f"gain_over_{name}") for name in ("constant", "ridge"))
    wanted = config.interval.coverage
    gates = [*_ceilings(holdout, rules), _error_growth(metrics, rules)]
    if rules.min_gain_over_constant is None:
        proven = replace(at_least("gain_over_constant", constant, 0.0), required="above 0 with 95 % confidence")
        gates.append(replace(proven, passed=bool(np.isfinite(constant.value) and constant.low > 0.0)))
    else:
        gates.append(at_least("gain_over_constant", constant, rules.min_gain_over_constant))
    gates += [
        at_least("gain_over_ridge", ridge, rules.min_gain_over_ridge or 0.0),
        within("coverage", _coverage(metrics), rules.coverage or _around(wanted, COVERAGE_MARGIN)),
        _width(metrics, config),
        *check_vertical_equity(metrics, rules),
    ]
    if by_price := relative.get("coverage_by_price"):
        found, least = _relative(relative, "coverage_by_price"), rules.min_coverage_by_price
        least = max(wanted - PRICE_COVERAGE_MARGIN, 0.0) if least is None else least
        gates.append(at_least("coverage_by_price", found, least, by_price["slice"]))
    if worst := relative.get("worst_slice"):
        found = _relative(relative, "worst_slice")
        gates.append(at_most("worst_slice", found, rules.max_worst_slice_ratio, worst["slice"]))
    return Verdict(tuple(gates))


def _width(metrics: dict[str, Any], config: Config) -> Gate:
    """Return the gate of the interval's mean width, relative to that of an interval of constant width."""
    name, limit = "width_to_constant", config.gates.max_width_to_constant
    if limit is None and metrics["sides"]["train"] < config.interval.few_sales:
        return skipped(
            name, "any width", f"with fewer than {config.interval.few_sales:,} training sales it is meant to be wide"
        )
    return at_most(name, _relative(metrics["relative"], name), WIDTH_TO_CONSTANT if limit is None else limit)


def _ceilings(holdout: dict[str, Any], rules: Gates) -> list[Gate]:
    """Return the gates with a limit that fits one market only, as far as there is one."""
    gates = []
    if rules.max_log_rmse is not None or rules.min_log_rmse is not None:
        highest = np.inf if rules.max_log_rmse is None else rules.max_log_rmse
        gates.append(within("log_rmse", _of_holdout(holdout, "log_rmse"), (rules.min_log_rmse or 0.0, highest)))
    if rules.max_median_ape is not None:
        gates.append(at_most("median_ape", _of_holdout(holdout, "median_ape"), rules.max_median_ape))
    if rules.max_cod is not None:
        gates.append(at_most("cod", _of_holdout(holdout, "cod"), rules.max_cod))
    return gates


def _error_growth(metrics: dict[str, Any], rules: Gates) -> Gate:
    """Compare the error of the newest sales with that of the rolling origins."""
    if "rolling_origin" not in metrics:
        reason = "the sales are not divided by time, so that no error can grow with it"
        if metrics["protocol"]["kind"] == "time":
            reason = "the dates are too coarse for rolling origins"
        return skipped("error_growth", f"at most {rules.max_error_growth:g}", reason)
    holdout, rolling = metrics["holdout"], metrics["rolling_origin"]
    (low, high), (lowest, highest) = (found["ci95"]["log_rmse"] for found in (holdout, rolling))
    growth = Estimate(holdout["log_rmse"] / rolling["log_rmse"], low / highest, high / lowest)
    return at_most("error_growth", growth, rules.max_error_growth)


def check_split(table: FeatureTable, config: Config) -> tuple[Gate, ...]:
    """Check that the holdout is separate from the training sales, and that training knows its categories.

    Categories that training lacks are normal where there are many of them: without a configured limit, the holdout may
    have as many of them as training sales have that were held out in the same way, and `UNKNOWN_MARGIN` more.
    """
    protocol, train, holdout = table.protocol(config.split), table.rows(TRAIN), table.rows(HOLDOUT)
    shared = np.isin(table.parcels[holdout], table.parcels[train]) & protocol.grouped
    if table.unsampled is not None:
        shared |= table.unsampled.have_learned(holdout) & protocol.grouped
    early = (table.days[holdout] <= table.days[train].max()) & (protocol.kind == "time")
    mixed = shared | early
    detail = (
        f"{int(shared.sum())} share a parcel with training sales, {int(early.sum())} are no newer"
        if mixed.any()
        else ""
    )
    limit = config.gates.max_unknown_categories
    if limit is None:
        limit = min(_usual_unknown_share(table, config) + UNKNOWN_MARGIN, 1.0)
    return (
        at_most("holdout_separation", float(mixed.sum()), 0, detail),
        at_most("unknown_categories", _unknown_share(table, train, holdout), limit),
    )


def _usual_unknown_share(table: FeatureTable, config: Config) -> float:
    """Return the share among training sales that are held out as the holdout was, at the high end of its interval."""
    train = table.rows(TRAIN)
    protocol = table.protocol(config.split)
    try:
        inner = split_rows(table.days[train], table.parcels[train], protocol, config.split, config.training.seed)
    except DataError:  # of one day only
        return 1.0
    return _unknown_share(table, train[inner == TRAIN], train[inner == HOLDOUT]).high


def _unknown_share(table: FeatureTable, train: Rows, rows: Rows) -> Estimate:
    """Return the share of some rows that have a category which the training rows lack."""
    unknown = np.zeros(len(rows), dtype=bool)
    for name, kind in table.features.schema.items():
        if not kind.is_numeric():
            categories = table.features[name].to_numpy().astype(str)
            known = categories[train]
            if table.unsampled is not None:
                known = np.append(known, table.unsampled.categories(name, int(table.days[train].max())))
            unknown |= ~np.isin(categories[rows], known) & (categories[rows] != "")
    return share(unknown)


def check_size(table: FeatureTable, config: Config) -> Gate:
    """Say how many sales the model was trained on, and whether that is little for its interval; it never fails."""
    sales, few = len(table.rows(TRAIN)), config.interval.few_sales
    detail = (
        f"little: with fewer than {few:,} training sales errors and intervals are known roughly, and the interval is "
        "wide, calibrated on repeated folds"
        if sales < few
        else ""
    )
    return Gate("training_sales", float(sales), "any number", passed=True, detail=detail)


def check_leakage(leaks: Iterable[Leak], rules: Gates) -> Gate:
    """Check that no column leaks the price, except those that are waived with a reason."""
    remaining = drop_waived(list(leaks), rules.leakage.waivers)
    return at_most("leakage", float(len(remaining)), 0, "; ".join(leak.reason for leak in remaining))


def check_champion(comparison: Comparison | NotComparable | None, *, accept_uncomparable: bool = False) -> Gate:
    """Check that the model is not worse than the champion; None says that there is no champion.

    A champion with which it cannot be compared fails the gate unless a person accepts that.
    """
    name, required = CHAMPION_GATE, "not worse than the champion"
    if comparison is None:
        return Gate(name, None, required, passed=True, detail="there is no champion", reproducible=False)
    if isinstance(comparison, NotComparable):
        detail = f"cannot be compared with the champion: {comparison.reason}"
        accepted = accept_uncomparable
        return Gate(name, None, required, passed=accepted, detail=detail, reproducible=accepted, accepted=accepted)
    interval = f"95 % within {comparison.low:+.2e} to {comparison.high:+.2e}"
    detail = f"difference of the squared log error {comparison.difference:+.2e}, {interval}, on {comparison.basis}"
    return Gate(name, comparison.low, required, bool(comparison.low <= 0.0), detail, reproducible=False)


def check_degeneracy(model: PriceModel, features: pl.DataFrame, metrics: dict[str, Any], rules: Gates) -> Verdict:
    """Check that the model to publish predicts something usable for every sale, today and when its trend ends.

    Widths and trend are in units of the holdout's log-RMSE, which says how far a price can be from its prediction.
    """
    error = float(metrics["holdout"]["log_rmse"])
    price, low, high = model.predict_interval(features)
    with np.errstate(all="ignore"):
        half_width = np.log(high / low) / 2.0
    usable = np.isfinite(half_width) & np.isfinite(price) & (low > 0.0) & (low <= price) & (price <= high)
    verdict = Verdict((at_most("unusable_predictions", float((~usable).sum()), 0),))
    if not verdict.passed:
        return verdict
    trend = at_most("trend_to_error", _furthest_trend(model.trend_) / error, rules.max_trend_to_error)
    if not model.trend_.knots:
        trend = skipped("trend_to_error", trend.required, "the model has no market trend")
    return verdict.with_gates(
        within("interval_to_error", float(np.median(half_width)) / error, rules.interval_to_error),
        at_most("widest_interval_to_error", float(half_width.max()) / error, rules.max_widest_interval_to_error),
        trend,
    )


def _furthest_trend(trend: Trend) -> float:
    """Return how far the market is extrapolated, or might be by its standard error, whichever is more, in log price."""
    end = {TIME: np.array([trend.last_month])}
    return max(abs(trend.extrapolated), float(np.sqrt(np.max(trend.forecast_variance(end)))))


def check_exported(
    model: Predictor, columns: Any, size: int, worst: float, limit: float, rules: Gates
) -> tuple[Gate, ...]:
    """Check parity, size and latency of the exported model; `columns` hold one house."""
    gates = [at_most("parity", worst, limit)]
    if rules.max_model_bytes is not None:
        gates.append(at_most("model_bytes", float(size), rules.max_model_bytes))
    if rules.max_latency_ratio is not None:
        ratio = latency_ratio(lambda: model.predict(columns))
        gates.append(at_most("latency_ratio", ratio, rules.max_latency_ratio))
    return tuple(replace(gate, reproducible=gate.name == "model_bytes") for gate in gates)


def _of_holdout(holdout: dict[str, Any], name: str) -> Estimate:
    return Estimate(holdout[name], *holdout["ci95"][name])


def _coverage(metrics: dict[str, Any]) -> Estimate:
    """Return the coverage with an interval for the noise of the holdout, of the calibration, and of periods.

    Its share of n sales, given a quantile of m scores, has about the variance p(1−p)(1/n + 1/m): Vovk 2012,
    "Conditional validity of inductive conformal predictors", proposition 2a. The sales of one period err together, and
    the holdout is one: its coverage has the variance between the rolling origins as well, beyond the noise of each.
    """
    value, low, high = _relative(metrics["relative"], "coverage")
    calibrated_on = metrics["rolling_origin" if "rolling_origin" in metrics else "grouped_folds"]
    wider = math.sqrt(1.0 + metrics["holdout"]["sales"] / calibrated_on["sales"])
    of_periods = NORMAL_95 * math.sqrt(_variance_between(calibrated_on.get("origins", {}).values()))
    below, above = (math.hypot(end * wider, of_periods) for end in (value - low, high - value))
    return Estimate(value, float(np.clip(value - below, 0.0, 1.0)), float(np.clip(value + above, 0.0, 1.0)))


def _variance_between(origins: Collection[dict[str, float]]) -> float:
    """Return how much the coverage varies from one rolling origin to the next, beyond what so many sales let expect."""
    if len(origins) < 2:
        return 0.0
    coverage, sales = (np.array([origin[name] for origin in origins]) for name in ("coverage", "sales"))
    return max(float(coverage.var(ddof=1) - (coverage * (1.0 - coverage) / sales).mean()), 0.0)


def _relative(relative: dict[str, Any], name: str) -> Estimate:
    return Estimate(relative[name]["value"], *relative[name]["ci95"])


def _around(wanted: float, margin: float) -> tuple[float, float]:
    return max(wanted - margin, 0.0), min(wanted + margin, 1.0)
