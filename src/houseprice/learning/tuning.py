"""Hyperparameter search, which can be stopped and resumed.

Optuna's TPE sampler proposes values; rolling origins and grouped folds within the training rows evaluate them, and the
holdout is never used. Every trial fits fewer trees and centres than the pipeline, for speed; what is printed is scaled
back to the configured numbers.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
import yaml

from houseprice.config import Config, FoundTraining
from houseprice.learning import tracking
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.fitting import found_training, places
from houseprice.learning.side_by_side import side_by_side
from houseprice.learning.splitting import TRAIN, Rows, folds, origins
from houseprice.learning.training import PriceModel

ProgressCallback = Callable[[str, int, int], None]
"""Called with the current step, the number of finished steps and the total."""

FOLDS = 3  # of the grouped folds, so that they weigh about as much as the rolling origins
ITERATIONS, CENTRES = 500, 800
MAX_FACTOR = 3.0  # inverse lengthscales are searched from a third to three times the configured ones
SHARES = np.linspace(0.0, 1.0, 101)
Logs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tuned:
    """Result of a search.

    Attributes:
        training: the keys below `training` to change, as nested mappings.
        configured, found: the objective with the configured values, and with those.
        trials: number of finished trials, those of earlier searches included.
    """

    training: dict[str, Any]
    configured: float
    found: float
    trials: int

    @property
    def yaml(self) -> str:
        """The part of the configuration to change, below a comment with the objective."""
        comment = f"# {self.trials} trials; sum of the mean squared log errors {self.configured:.6f} as configured, "
        if not self.training:
            return f"{comment}no improvement.\n"
        kept = yaml.safe_dump({"training": self.training}, sort_keys=False)
        return f"{comment}{self.found:.6f} with:\n{kept}"


@dataclass(frozen=True)
class Budget:
    """Limits of a search, in further trials and minutes, whichever is reached first.

    So many trials run at once.
    """

    trials: int
    minutes: float
    at_once: int = 1


@dataclass(frozen=True)
class Search:
    """Storage of a search: its SQLite file, and MLflow."""

    store: Path
    uri: str


def tune(table: FeatureTable, config: Config, search: Search, budget: Budget, progress: ProgressCallback) -> Tuned:
    """Search for better values of `training`, resuming an earlier search of the same table.

    The fits of a trial run side by side, and so do as many trials as the budget says; the more, the less does each
    know of the others.

    Raises:
        DataError: The training rows cannot be split.
        TrackingError: MLflow does not answer.
    """
    now = found_training(table, table.rows(TRAIN), config)
    tracking.connect(search.uri, config.tracking)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search.store.parent.mkdir(parents=True, exist_ok=True)
    identity = f"{table.sha256} {now.model_dump_json()} {config.split.model_dump_json()}"
    name = hashlib.sha256(identity.encode()).hexdigest()[:16]
    study = optuna.create_study(
        storage=f"sqlite:///{search.store.resolve()}",
        study_name=name,
        load_if_exists=True,
    )
    # Another seed when resuming, or it would propose the same values again.
    seed, several = config.training.seed + len(study.trials), budget.at_once > 1
    study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=several)
    if not study.trials:
        study.enqueue_trial(_configured(now))
    server = tracking.parse_uri(search.uri).uri
    parent = study.user_attrs.get(server)
    if parent is None:
        values = {"table": table.sha256, "iterations": ITERATIONS, "centres": CENTRES}
        parent = tracking.log_trial(search.uri, config.tracking, f"tune {name}", values, {})
        study.set_user_attr(server, parent)

    pairs = _pairs(table, config)
    ends = time.monotonic() + budget.minutes * 60
    for number in range(0, budget.trials, budget.at_once):
        if number and time.monotonic() >= ends:
            break
        progress(_best_so_far(study), number, budget.trials)
        for trial in _try(study, table, now, pairs, min(budget.at_once, budget.trials - number)):
            numbers = {"objective": trial.value or 0.0, **trial.user_attrs}
            tracking.log_trial(search.uri, config.tracking, f"trial {trial.number}", trial.params, numbers, parent)
    progress("done", budget.trials, budget.trials)
    done = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    best = study.best_trial
    kept = _training(now, best.params, best.user_attrs["tree_share"])
    return Tuned(_changes(now, kept), _value(done[0]), _value(best), len(done))


def _try(
    study: optuna.Study, table: FeatureTable, now: FoundTraining, pairs: list[list[tuple[Rows, Rows]]], count: int
) -> list[optuna.trial.FrozenTrial]:
    """Evaluate so many proposals at once; return the finished trials."""
    trials = [study.ask() for _ in range(count)]
    proposed = [_reduced(_training(now, _propose(trial, now), now.tree_share)) for trial in trials]
    tasks = [
        partial(_errors, table, *pair, training.model_copy(update={"threads": 1}))
        for training in proposed
        for kind in pairs
        for pair in kind
    ]
    found = side_by_side(tasks, now.threads)
    for trial in trials:
        kinds = [
            [np.concatenate(errors) for errors in zip(*(next(found) for _ in kind), strict=True)] for kind in pairs
        ]
        # The share of the trees is not searched: for given predictions the best one is known.
        blended = [
            [np.mean((trees * share + kernel * (1 - share)) ** 2) for share in SHARES] for trees, kernel in kinds
        ]
        total = np.sum(blended, axis=0)
        best = int(total.argmin())
        trial.set_user_attr("tree_share", round(float(SHARES[best]), 2))
        trial.set_user_attr("grouped_log_rmse", float(np.sqrt(blended[0][best])))
        trial.set_user_attr("rolling_log_rmse", float(np.sqrt(blended[1][best])))
        study.tell(trial, float(total[best]))
    return study.trials[-count:]


def _pairs(table: FeatureTable, config: Config) -> list[list[tuple[Rows, Rows]]]:
    train, split = table.rows(TRAIN), config.split
    by_parcel = list(folds(table.parcels[train], split.folds, config.training.seed))[:FOLDS]
    by_time = list(origins(table.days[train], table.parcels[train], split.origins))
    return [[(train[learn], train[validate]) for learn, validate in kind] for kind in (by_parcel, by_time)]


def _blended(errors: list[tuple[Logs, Logs]]) -> list[float]:
    """Return the mean squared error for each share of the trees, which is not searched: the best one is known."""
    trees, kernel = (np.concatenate(part) for part in zip(*errors, strict=True))
    return [float(np.mean((trees * share + kernel * (1 - share)) ** 2)) for share in SHARES]


def _errors(table: FeatureTable, learn: Rows, validate: Rows, training: FoundTraining) -> tuple[Logs, Logs]:
    """Return the log errors of the trees alone and of the kernel ridge regression alone, on some validation rows."""
    model = PriceModel(training, places(table.schema)).fit(table.features[learn], table.prices[learn])
    y_true = np.log(table.prices[validate])
    alone = []
    for share in (1.0, 0.0):
        model.found_ = training.model_copy(update={"tree_share": share, "linear_share": 0.0})
        alone.append(np.log(model.predict(table.features[validate])) - y_true)
    return alone[0], alone[1]


def _configured(training: FoundTraining) -> dict[str, Any]:
    boosting, kernel_ridge = training.boosting, training.kernel_ridge
    names = ("learning_rate", "depth", "l2_leaf_reg", "random_strength", "feature_fraction", "row_fraction")
    return {name: getattr(boosting, name) for name in names} | {
        "penalty": kernel_ridge.penalty,
        "category_penalty": kernel_ridge.category_penalty,
        **{f"inverse_lengthscale.{name}": 1.0 for name in kernel_ridge.columns},
    }


def _propose(trial: optuna.Trial, training: FoundTraining) -> dict[str, Any]:
    """Suggest a value of every searched option; the ranges always include the configured one."""
    now = _configured(training)

    def number(name: str, low: float, high: float, *, log: bool = False) -> float:
        return trial.suggest_float(name, min(low, now[name]), max(high, now[name]), log=log)

    return {
        "learning_rate": number("learning_rate", 0.02, 0.16, log=True),
        "depth": trial.suggest_int("depth", min(4, now["depth"]), max(7, now["depth"])),
        "l2_leaf_reg": number("l2_leaf_reg", 0.3, 10.0, log=True),
        "random_strength": number("random_strength", 0.0, 2.0),
        "feature_fraction": number("feature_fraction", 0.15, 0.6),
        "row_fraction": number("row_fraction", 0.5, 1.0),
        "penalty": number("penalty", 0.03, 1.5, log=True),
        "category_penalty": number("category_penalty", 0.5, 20.0, log=True),
        **{
            f"inverse_lengthscale.{name}": trial.suggest_float(
                f"inverse_lengthscale.{name}", 1 / MAX_FACTOR, MAX_FACTOR, log=True
            )
            for name in training.kernel_ridge.columns
        },
    }


def _training(now: FoundTraining, found: dict[str, Any], share: float) -> FoundTraining:
    """Return the configuration with the found values; inverse lengthscales are factors of the configured ones."""
    values = now.model_dump()
    values |= {"tree_share": share, "linear_share": 0.0}
    for name, value in found.items():
        part, _, column = name.partition(".")
        if column:
            configured = now.kernel_ridge.columns[column].inverse_lengthscale or now.kernel_ridge.inverse_lengthscale
            values["kernel_ridge"]["columns"][column]["inverse_lengthscale"] = _short(configured * value)
        else:
            values["boosting" if part in values["boosting"] else "kernel_ridge"][part] = _short(value)
    return FoundTraining.model_validate(values)


def _reduced(training: FoundTraining) -> FoundTraining:
    """Return the configuration with fewer trees at a higher learning rate, and fewer centres."""
    boosting, kernel_ridge = training.boosting, training.kernel_ridge
    iterations = min(boosting.iterations, ITERATIONS)
    rate = min(boosting.learning_rate * boosting.iterations / iterations, 0.5)
    return training.model_copy(
        update={
            "boosting": boosting.model_copy(update={"iterations": iterations, "learning_rate": rate}),
            "kernel_ridge": kernel_ridge.with_at_most(CENTRES),
        }
    )


def _changes(before: FoundTraining, after: FoundTraining) -> dict[str, Any]:
    """Return the differences as nested mappings."""

    def differing(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in new.items():
            if isinstance(value, dict):
                if below := differing(old[key], value):
                    found[key] = below
            elif value != old[key]:
                found[key] = value
        return found

    return differing(before.model_dump(), after.model_dump())


def _short(value: Any) -> Any:
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _value(trial: optuna.trial.FrozenTrial) -> float:
    assert trial.value is not None  # noqa: S101 - only finished trials are identity
    return trial.value


def _best_so_far(study: optuna.Study) -> str:
    done = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    return f"best {min(_value(trial) for trial in done):.5f}" if done else "as configured"
