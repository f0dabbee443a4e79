"""Gates in, proof that they gate out: defects are planted one by one, and the right gate must go red for each.

It runs on some of the sales with few trees. What only says how good a model is (error, coverage, slices, speed) is set
by the same small model without a defect, so that a defect, and not the hurry, is what turns a gate red.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from houseprice.bundle.export import compare
from houseprice.bundle.graph import export_onnx
from houseprice.bundle.load import Columns, Model
from houseprice.config import Config, Gates
from houseprice.errors import ArtifactError, ParityError
from houseprice.learning import bundling, feature_table, gates, judging, model_comparison
from houseprice.learning.evaluation import Evaluation, evaluate, measure_newest
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import Preprocessor, columns_of, engineer
from houseprice.learning.gates import Verdict
from houseprice.learning.slices import Answers
from houseprice.learning.splitting import HOLDOUT, TRAIN
from houseprice.learning.training import PriceModel
from houseprice.schema import Schema

PARCELS = 4  # every so manieth parcel is kept
SLOWER = 10


@dataclass(frozen=True)
class Ground:
    """What defects are planted into: sales, features, a small model and gates that it passes."""

    config: Config
    sales: pl.DataFrame
    table: FeatureTable
    preprocessor: Preprocessor
    evaluation: Evaluation
    model: PriceModel
    columns: Columns

    @property
    def rules(self) -> Gates:
        """The gates."""
        return self.config.gates

    def verdict(self, prices_from: FeatureTable | None = None, answers: Answers | None = None) -> Verdict:
        """Judge the newest sales again, with other prices or other answers."""
        given, found = prices_from or self.table, answers or self.evaluation.answers
        metrics = measure_newest(given, self.config, found, self.evaluation.constant_width)
        return gates.judge(self.evaluation.metrics | metrics, self.rules)


@dataclass(frozen=True)
class Result:
    """One defect, the gate that must go red for it, what did, and whether that was it."""

    defect: str
    gate: str
    red: tuple[str, ...]

    @property
    def killed(self) -> bool:
        """Whether the right gate went red."""
        return self.gate in self.red


def prepare(sales: pl.DataFrame, config: Config) -> Ground:
    """Give back the ground: a small model of some of the sales, with gates set around what it reaches."""
    schema = config.schema_
    kept = sales.filter(sales[schema.parcel].hash(seed=0) % PARCELS == 0)
    small = config.training.boosting.model_copy(update={"rounds": 150, "learning_rate": 0.15})
    few = config.training.smooth.with_at_most(300)
    training = config.training.model_copy(update={"boosting": small, "smooth": few, "refit": False})
    split = config.split.model_copy(update={"folds": 3, "origins": 2})
    hurried = config.model_copy(update={"training": training, "split": split})
    made, preprocessor = engineer(kept, schema, config.features.derived, config.split.holdout_share)
    features = feature_table.parse(feature_table.write(made, "0" * 64), "planting", schema)
    evaluation = evaluate(features, hurried, _quietly)
    evaluation.model.made_from_ = preprocessor.made_ = features.sha256
    ground = Ground(hurried, kept, features, preprocessor, evaluation, evaluation.model, columns_of(kept, schema))
    return replace(ground, config=hurried.model_copy(update={"gates": _around(ground)}))


def plant(ground: Ground) -> list[Result]:
    """Give back what each planted defect turned red; the first is none, which must turn nothing red.

    Raises:
        ArtifactError: the ground itself cannot be exported.
    """
    nothing = Result("(none)", "", _red(_all_gates(ground)))
    return [nothing, *(Result(name, gate, defect(ground)) for name, (gate, defect) in DEFECTS.items())]


def _quietly(what: str, done: int, of: int) -> None:
    """Tell nobody how far a small model is."""


def _around(ground: Ground) -> Gates:
    """Give back gates that the small model passes by a little, where a gate is about how good a model is."""
    found = ground.evaluation.metrics
    held = found["holdout"]
    worst = found["slices"][found["worst_slice"]]["log_rmse"]
    by_price = min(value["coverage"] for name, value in found["slices"].items() if name.startswith("price,"))
    speed = gates.judge_sealed(_graph(ground), _one(ground), 1, 0.0, 1.0, ground.rules)[-1].found
    return ground.rules.model_copy(
        update={
            "max_log_rmse": held["log_rmse"] * 1.1,
            "max_median_ape": held["median_ape"] * 1.1,
            "coverage": (held["coverage"] - 0.03, held["coverage"] + 0.03),
            "min_coverage_by_price": by_price - 0.05,
            "max_width_to_constant": 1.2,
            "max_worst_slice_log_rmse": worst * 1.2,
            "max_cod": held["cod"] * 1.1,
            "prd": (held["prd"] - 0.02, held["prd"] + 0.02),
            "prb": (held["prb"] - 0.03, held["prb"] + 0.03),
            "min_gain_over_ridge": 0.0,
            "max_row_microseconds": speed * 3,
        }
    )


def _red(verdict: Verdict) -> tuple[str, ...]:
    return tuple(gate.name for gate in verdict.red)


def _graph(ground: Ground) -> Model:
    return Model(export_onnx(ground.preprocessor, ground.model))


def _one(ground: Ground) -> dict[str, object]:
    return {name: values[:1] for name, values in ground.columns.items()}


def _all_gates(ground: Ground) -> Verdict:
    source = judging.Source(ground.sales, ground.preprocessor)
    verdict = judging.judge(ground.table, ground.evaluation, ground.config, source, None)
    return verdict.with_gates(*gates.judge_sealed(_graph(ground), _one(ground), 1, 0.0, 1.0, ground.rules))


def _with_feature(ground: Ground, name: str, values: np.ndarray) -> tuple[str, ...]:
    features = ground.table.features.with_columns(pl.Series(name, values, dtype=pl.Float32))
    leaks = judging.probe(replace(ground.table, features=features), ground.config, None)
    return _red(Verdict((gates.judge_leaks(leaks, ground.rules),)))


def _price_per_area(ground: Ground) -> tuple[str, ...]:
    area = ground.table.features[ground.config.schema_.named("living_area")].to_numpy()
    return _with_feature(ground, "price_per_area", ground.table.prices / area)


def _noisy_copy(ground: Ground) -> tuple[str, ...]:
    noise = np.random.default_rng(2).normal(0.0, 0.03, len(ground.table.prices))
    return _with_feature(ground, "list_price", ground.table.prices * np.exp(noise))


def _known_at_sale(ground: Ground) -> tuple[str, ...]:
    schema = ground.config.schema_
    name = schema.named("living_area")
    columns = schema.columns | {name: schema.columns[name].model_copy(update={"known": "at_sale"})}
    declared = replace(ground.table, schema=Schema(columns=columns))
    return _red(Verdict((gates.judge_leaks(judging.probe(declared, ground.config, None), ground.rules),)))


def _shuffled(ground: Ground) -> tuple[str, ...]:
    schema = ground.config.schema_
    prices = np.random.default_rng(3).permutation(ground.table.prices)
    keys = ground.table.keys.with_columns(pl.Series(schema.target, prices))
    evaluation = evaluate(replace(ground.table, keys=keys), ground.config, _quietly)
    return _red(gates.judge(evaluation.metrics, ground.rules))


def _held_out_among_training(ground: Ground) -> tuple[str, ...]:
    side = ground.table.side.copy()
    side[ground.table.rows(HOLDOUT)[:5]] = TRAIN
    return _red(Verdict(gates.judge_sides(replace(ground.table, side=side), ground.rules)))


def _parcel_on_both_sides(ground: Ground) -> tuple[str, ...]:
    parcels = ground.table.parcels.copy()
    parcels[ground.table.rows(HOLDOUT)[0]] = parcels[ground.table.rows(TRAIN)[0]]
    keys = ground.table.keys.with_columns(pl.Series(ground.config.schema_.parcel, parcels.tolist()))
    return _red(Verdict(gates.judge_sides(replace(ground.table, keys=keys), ground.rules)))


def _supervised_preprocessor(ground: Ground) -> tuple[str, ...]:
    schema, config = ground.config.schema_, ground.config
    place = schema.named("location")

    def make(sales: pl.DataFrame) -> tuple[pl.DataFrame, Preprocessor]:
        made, fitted = engineer(sales, schema, config.features.derived, config.split.holdout_share)
        return made.with_columns(_means(sales, place, schema.target)), fitted

    features = make(ground.sales)[0].select([*ground.table.features.columns, "price_of_location"])
    spoiled = replace(ground.table, features=features)
    leaks = judging.probe(spoiled, config, judging.Source(ground.sales, ground.preprocessor), make)
    return _red(Verdict((gates.judge_leaks([leak for leak in leaks if "replaced" in leak.reason], ground.rules),)))


def _means(sales: pl.DataFrame, place: str, target: str) -> pl.Series:
    means = sales.select(pl.col(target).mean().over(place).cast(pl.Float32).alias("price_of_location"))
    return means["price_of_location"]


def _other_preprocessor(ground: Ground) -> tuple[str, ...]:
    other = Preprocessor(ground.config.schema_, ground.config.features.derived).fit(ground.sales.head(100))
    other.made_ = "0" * 64
    try:
        bundling.check_pair(other, ground.model)
    except ArtifactError:
        return ("pair",)
    return ()


def _changed_threshold(ground: Ground) -> tuple[str, ...]:
    forest = ground.model.forest_
    borders = forest.borders.copy()
    borders[0, 0] = np.nextafter(borders[0, 0], np.float32(-np.inf)) - np.float32(np.abs(borders[0, 0]) * 0.02 + 0.5)
    changed = PriceModel(ground.model.config)
    changed.__dict__.update(ground.model.__dict__ | {"forest_": replace(forest, borders=borders)})
    expected = ground.model.predict_interval(ground.preprocessor.transform(ground.sales))
    try:
        compare(
            Model(export_onnx(ground.preprocessor, changed)),
            ground.columns,
            expected,
            ground.config.bundle.max_relative_difference,
        )
    except ParityError:
        return ("parity",)
    return ()


def _halved_intervals(ground: Ground) -> tuple[str, ...]:
    price, low, high = ground.evaluation.answers
    return _red(ground.verdict(answers=(price, np.sqrt(price * low), np.sqrt(price * high))))


def _doubled_region(ground: Ground) -> tuple[str, ...]:
    schema, rows = ground.config.schema_, ground.table.rows(HOLDOUT)
    places = ground.table.features[schema.named("location")].to_numpy().astype(str)
    names, counts = np.unique(places[rows], return_counts=True)
    inside = (ground.table.side == HOLDOUT) & (places == names[counts.argmax()])
    prices = np.where(inside, ground.table.prices * 2.0, ground.table.prices)
    return _red(
        ground.verdict(replace(ground.table, keys=ground.table.keys.with_columns(pl.Series(schema.target, prices))))
    )


def _respelled(ground: Ground) -> tuple[str, ...]:
    place = ground.config.schema_.named("location")
    held = pl.Series(ground.table.side == HOLDOUT)
    spelled = pl.when(held).then("ZIP " + pl.col(place)).otherwise(pl.col(place)).alias(place)
    changed = replace(ground.table, features=ground.table.features.with_columns(spelled))
    return _red(Verdict(gates.judge_sides(changed, ground.rules)))


def _slower(ground: Ground) -> tuple[str, ...]:
    model = _graph(ground)

    class Slower:
        def predict(self, columns: Columns) -> object:
            return [model.predict(columns) for _ in range(SLOWER)][-1]

    return _red(Verdict(gates.judge_sealed(Slower(), _one(ground), 1, 0.0, 1.0, ground.rules)))


def _better_champion(ground: Ground) -> tuple[str, ...]:
    mine = ground.evaluation.out_of_fold
    better = mine.with_columns(pl.col("log_error") * 0.9)
    return _red(Verdict(gates.judge_champion(model_comparison.compare(mine, better))))


DEFECTS: dict[str, tuple[str, Callable[[Ground], tuple[str, ...]]]] = {
    "a column derived from the price": ("leaks", _price_per_area),
    "a copy of the price with noise": ("leaks", _noisy_copy),
    "a column known only at the sale": ("leaks", _known_at_sale),
    "the prices shuffled": ("gain_over_constant", _shuffled),
    "held-out rows among the training rows": ("held_out_apart", _held_out_among_training),
    "one parcel on both sides": ("held_out_apart", _parcel_on_both_sides),
    "a supervised encoding fitted on everything": ("leaks", _supervised_preprocessor),
    "a preprocessor of another run": ("pair", _other_preprocessor),
    "one changed threshold in the exported model": ("parity", _changed_threshold),
    "intervals halved": ("coverage", _halved_intervals),
    "one region's prices doubled in the holdout": ("worst_slice", _doubled_region),
    "a category respelled at serving time": ("unknown_texts", _respelled),
    "a model ten times slower": ("row_microseconds", _slower),
    "a champion that is better": ("no_worse_than_champion", _better_champion),
}
