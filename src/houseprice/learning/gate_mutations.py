"""Defects for the mutation tests of the quality gates: each returns the gates that failed for it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from houseprice.bundle.graph import export_onnx
from houseprice.bundle.load import Columns, Model, read_manifest
from houseprice.errors import HousePriceError
from houseprice.learning import export_gates, gates, model_comparison
from houseprice.learning.conformal import Factors
from houseprice.learning.evaluation import evaluate
from houseprice.learning.features import Preprocessor, engineer
from houseprice.learning.gate_baseline import Baseline, bundle_of, degeneracy, failed_gates, no_progress, one_house
from houseprice.learning.leakage import TrainingSource, detect_leakage
from houseprice.learning.splitting import HOLDOUT, TRAIN
from houseprice.learning.training import PriceModel
from houseprice.learning.verdict import Verdict
from houseprice.schema import Schema

SLOWDOWN = 10
MIN_SPREAD = 0.1  # of the log of a measurement, below which a price per unit of it is the price itself
OF_PLACES = (
    "a supervised encoding fitted on everything",
    "one region's prices doubled in the holdout",
    "a category respelled at serving time",
)
Refusal = Callable[[Path], HousePriceError | None]
"""Tells why `serve` does not start with a bundle; None when it does."""


def _measurement(baseline: Baseline) -> str:
    """Return the number that no value of is 0 or less and that varies most; "" when there is none."""
    features, request = baseline.table.features, baseline.config.schema_.request
    names = [name for name in features.columns if name in request and features.schema[name].is_numeric()]
    spread = {name: float(np.std(np.log(values))) for name in names if (values := features[name].to_numpy()).min() > 0}
    return max(spread, key=lambda name: spread[name]) if spread and max(spread.values()) > MIN_SPREAD else ""


def _place(baseline: Baseline) -> str:
    """Return the text that says where a house is, or else the text with the fewest values; "" when there is none."""
    features, roles = baseline.table.features, baseline.config.schema_.roles()
    texts = [name for name in features.columns if not features.schema[name].is_numeric()]
    return (
        roles["location"]
        if roles.get("location") in texts
        else min(texts, key=lambda name: features[name].n_unique(), default="")
    )


def inapplicable(baseline: Baseline) -> dict[str, str]:
    """Return the mutations that these sales do not allow → why."""
    found: dict[str, str] = {}
    protocol = baseline.table.protocol(baseline.config.split)
    if not _measurement(baseline):
        found["a column derived from the price"] = "no number is above 0 throughout and varies"
    if protocol.kind == "random":
        found["held-out rows among the training rows"] = "the sales are not divided by time"
    if not protocol.grouped:
        found["one parcel on both sides"] = "houses are not kept apart"
    if not baseline.model.trend_.knots:
        found["a market trend that doubles prices in a month"] = "the model has no market trend"
    place = _place(baseline)
    if not place:
        found |= dict.fromkeys(OF_PLACES, "there is no text")
    elif "worst_slice" not in baseline.evaluation.metrics["relative"]:
        found["one region's prices doubled in the holdout"] = "no slice has enough sales"
    return found


def _with_feature(baseline: Baseline, name: str, values: np.ndarray) -> tuple[str, ...]:
    features = baseline.table.features.with_columns(pl.Series(name, values, dtype=pl.Float32))
    leaks = detect_leakage(replace(baseline.table, features=features), baseline.config, None)
    return failed_gates(Verdict((gates.check_leakage(leaks, baseline.rules),)))


def _price_per_area(baseline: Baseline) -> tuple[str, ...]:
    """Divide the price by a measurement, so that both together give it away."""
    area = baseline.table.features[_measurement(baseline)].to_numpy()
    return _with_feature(baseline, "price_per_area", baseline.table.prices / area)


def _noisy_copy(baseline: Baseline) -> tuple[str, ...]:
    noise = np.random.default_rng(2).normal(0.0, 0.03, len(baseline.table.prices))
    return _with_feature(baseline, "list_price", baseline.table.prices * np.exp(noise))


def _known_at_sale(baseline: Baseline) -> tuple[str, ...]:
    schema = baseline.config.schema_
    name = next(name for name in baseline.table.features.columns if name in schema.request)
    columns = schema.columns | {name: schema.columns[name].model_copy(update={"known": "at_sale"})}
    declared = replace(baseline.table, schema=Schema(columns=columns))
    return failed_gates(
        Verdict((gates.check_leakage(detect_leakage(declared, baseline.config, None), baseline.rules),))
    )


def _shuffled(baseline: Baseline) -> tuple[str, ...]:
    schema = baseline.config.schema_
    prices = np.random.default_rng(3).permutation(baseline.table.prices)
    keys = baseline.table.keys.with_columns(pl.Series(schema.target, prices))
    evaluation = evaluate(replace(baseline.table, keys=keys), baseline.config, no_progress)
    return failed_gates(gates.check_metrics(evaluation.metrics, baseline.config))


def _held_out_among_training(baseline: Baseline) -> tuple[str, ...]:
    side = baseline.table.side.copy()
    rows = baseline.table.rows(HOLDOUT)
    side[rows[np.argsort(baseline.table.days[rows])][-5:]] = TRAIN  # the newest, so that the others are no newer
    return failed_gates(Verdict(gates.check_split(replace(baseline.table, side=side), baseline.config)))


def _parcel_on_both_sides(baseline: Baseline) -> tuple[str, ...]:
    parcels = baseline.table.parcels.copy()
    parcels[baseline.table.rows(HOLDOUT)[0]] = parcels[baseline.table.rows(TRAIN)[0]]
    keys = baseline.table.keys.with_columns(pl.Series(baseline.config.schema_.parcel, parcels.tolist()))
    return failed_gates(Verdict(gates.check_split(replace(baseline.table, keys=keys), baseline.config)))


def _supervised_preprocessor(baseline: Baseline) -> tuple[str, ...]:
    schema, config = baseline.config.schema_, baseline.config
    place = _place(baseline)

    def make(sales: pl.DataFrame) -> tuple[pl.DataFrame, Preprocessor]:
        made, fitted = engineer(sales, schema, config.derived, config.split, config.training.seed)
        return made.with_columns(_means(sales, place, schema.target)), fitted

    features = make(baseline.sales)[0].select([*baseline.table.features.columns, "price_of_location"])
    spoiled = replace(baseline.table, features=features)
    leaks = detect_leakage(spoiled, config, TrainingSource(baseline.sales, baseline.preprocessor), make)
    return failed_gates(
        Verdict((gates.check_leakage([leak for leak in leaks if leak.kind == "depends_on_target"], baseline.rules),))
    )


def _means(sales: pl.DataFrame, place: str, target: str) -> pl.Series:
    means = sales.select(pl.col(target).mean().over(place).cast(pl.Float32).alias("price_of_location"))
    return means["price_of_location"]


def _other_preprocessor(baseline: Baseline) -> tuple[str, ...]:
    other = Preprocessor(baseline.config.schema_, baseline.config.derived).fit(baseline.sales.head(100))
    other.feature_table_sha256_ = "0" * 64
    return failed_gates(Verdict((export_gates.check_pair(other, baseline.model),)))


def _changed_threshold(baseline: Baseline) -> tuple[str, ...]:
    trees = baseline.model.trees_
    thresholds = trees.thresholds.copy()
    lower = np.nextafter(thresholds[0, 0], np.float32(-np.inf))
    thresholds[0, 0] = lower - np.float32(np.abs(thresholds[0, 0]) * 0.02 + 0.5)
    changed = _with_parts(baseline.model, trees_=replace(trees, thresholds=thresholds))
    graph = export_onnx(baseline.preprocessor, changed)
    return failed_gates(Verdict(export_gates.check_export(replace(baseline.exported, graph=graph), baseline.config)))


def _with_parts(model: PriceModel, **parts: object) -> PriceModel:
    changed = PriceModel(model.config)
    changed.__dict__.update(model.__dict__ | parts)
    return changed


def _runaway_trend(baseline: Baseline) -> tuple[str, ...]:
    trend = baseline.model.trend_
    knots = (*(knot for knot in trend.knots if knot < trend.newest), trend.newest, trend.newest + 1.0)
    slopes = (*trend.slopes[: len(knots) - 2], np.log(2.0))  # doubles within a month
    wild = replace(trend, knots=knots, slopes=slopes)
    return failed_gates(degeneracy(baseline, _with_parts(baseline.model, trend_=wild)))


def _endless_intervals(baseline: Baseline) -> tuple[str, ...]:
    interval = baseline.model.interval_
    assert interval is not None  # noqa: S101 - evaluate() has measured it
    wide = replace(interval, interval=Factors(interval.interval.house * 30.0, interval.interval.market))
    return failed_gates(degeneracy(baseline, _with_parts(baseline.model, interval_=wide)))


def _halved_intervals(baseline: Baseline) -> tuple[str, ...]:
    price, low, high = baseline.evaluation.predictions
    return failed_gates(baseline.verdict(predictions=(price, np.sqrt(price * low), np.sqrt(price * high))))


def _doubled_region(baseline: Baseline) -> tuple[str, ...]:
    schema, rows = baseline.config.schema_, baseline.table.rows(HOLDOUT)
    places = baseline.table.features[_place(baseline)].to_numpy().astype(str)
    names, counts = np.unique(places[rows], return_counts=True)
    inside = (baseline.table.side == HOLDOUT) & (places == names[counts.argmax()])
    prices = np.where(inside, baseline.table.prices * 2.0, baseline.table.prices)
    return failed_gates(
        baseline.verdict(
            replace(baseline.table, keys=baseline.table.keys.with_columns(pl.Series(schema.target, prices)))
        )
    )


def _respelled(baseline: Baseline) -> tuple[str, ...]:
    place = _place(baseline)
    held = pl.Series(baseline.table.side == HOLDOUT)
    spelled = pl.when(held).then("ZIP " + pl.col(place)).otherwise(pl.col(place)).alias(place)
    changed = replace(baseline.table, features=baseline.table.features.with_columns(spelled))
    return failed_gates(Verdict(gates.check_split(changed, baseline.config)))


def _slower(baseline: Baseline) -> tuple[str, ...]:
    model = Model(baseline.exported.graph)

    class Slower:
        def predict(self, columns: Columns) -> object:
            return [model.predict(columns) for _ in range(SLOWDOWN)][-1]

    return failed_gates(Verdict(gates.check_exported(Slower(), one_house(baseline), 1, 0.0, 1.0, baseline.rules)))


def _better_champion(baseline: Baseline) -> tuple[str, ...]:
    mine = baseline.evaluation.out_of_fold
    better = mine.with_columns(pl.col("log_error") * 0.9)
    return failed_gates(Verdict((gates.check_champion(model_comparison.compare(mine, better)),)))


def _other_champion(baseline: Baseline) -> tuple[str, ...]:
    mine = baseline.evaluation.out_of_fold
    theirs = mine.with_columns(("x" + pl.col("parcel")).alias("parcel")).write_csv().encode()
    comparison = model_comparison.compare_with_champion(mine, model_comparison.Champion("1", theirs), None)
    return failed_gates(Verdict((gates.check_champion(comparison),)))


def _failed_verdict(baseline: Baseline) -> Verdict:
    worse = gates.check_champion(model_comparison.Comparison(0.01, 0.005, 0.015, 3, "planted sales"))
    return Verdict((export_gates.check_pair(baseline.preprocessor, baseline.model), worse))


def _sealed_as_passed(baseline: Baseline) -> tuple[str, ...]:
    judged = _failed_verdict(baseline)
    passed = judged.with_gates(gates.check_champion(None))
    with bundle_of(baseline, passed) as folder:
        return failed_gates(Verdict((export_gates.check_sealed(judged, read_manifest(folder).verdict),)))


def serve_failed(baseline: Baseline, refusal: Refusal) -> tuple[str, ...]:
    """Hand a bundle that failed a gate to the server."""
    with bundle_of(baseline, _failed_verdict(baseline)) as folder:
        return failed_gates(Verdict((export_gates.check_serving(refusal(folder)),)))


MUTATIONS: dict[str, tuple[str, Callable[[Baseline], tuple[str, ...]]]] = {
    "a column derived from the price": ("leakage", _price_per_area),
    "a copy of the price with noise": ("leakage", _noisy_copy),
    "a column known only at the sale": ("leakage", _known_at_sale),
    "the prices shuffled": ("gain_over_constant", _shuffled),
    "held-out rows among the training rows": ("holdout_separation", _held_out_among_training),
    "one parcel on both sides": ("holdout_separation", _parcel_on_both_sides),
    "a supervised encoding fitted on everything": ("leakage", _supervised_preprocessor),
    "a preprocessor of another run": ("pair", _other_preprocessor),
    "one changed threshold in the exported model": ("parity", _changed_threshold),
    "intervals halved": ("coverage", _halved_intervals),
    "intervals from nothing to millions": ("interval_to_error", _endless_intervals),
    "a market trend that doubles prices in a month": ("trend_to_error", _runaway_trend),
    "one region's prices doubled in the holdout": ("worst_slice", _doubled_region),
    "a category respelled at serving time": ("unknown_categories", _respelled),
    "a model ten times slower": ("latency_ratio", _slower),
    "a champion that is better": ("champion_comparison", _better_champion),
    "a champion that cannot be compared": ("champion_comparison", _other_champion),
    "a failed verdict sealed as passed": ("sealed_verdict", _sealed_as_passed),
}
SERVED = ("a failed model served", "serving")
