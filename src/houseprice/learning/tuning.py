"""Feature table and configuration in, better values for it out: a search that can be stopped and resumed.

Optuna's sampler (TPE) proposes, rolling origins and grouped folds within the training rows dispose; the newest sales
are never opened. Every trial learns with fewer trees and centres than the road does, for speed; what is printed is
scaled back to the road's own.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
import yaml

from houseprice.config import Config, Training
from houseprice.learning import tracking
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.splitting import TRAIN, Rows, folds, origins
from houseprice.learning.training import PriceModel

Tell = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""

FOLDS = 3  # of the grouped folds, so that they weigh about as much as the rolling origins
ROUNDS, CENTRES = 500, 800
REACH = 3.0  # a column's sharpness is searched from a third to three times what is configured
SHARES = np.linspace(0.0, 1.0, 101)
Logs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tuned:
    """What a search has found.

    Attributes:
        training: the keys below `training` that are worth keeping, as nested mappings.
        configured, found: the objective with the configured values, and with those.
        trials: how many were finished, those of earlier searches included.
    """

    training: dict[str, Any]
    configured: float
    found: float
    trials: int

    @property
    def yaml(self) -> str:
        """The part of the configuration to keep, below a comment that says what it is worth."""
        said = f"# {self.trials} trials; mean squared log errors added up: {self.configured:.6f} as configured, "
        if not self.training:
            return f"{said}and nothing better was found.\n"
        kept = yaml.safe_dump({"training": self.training}, sort_keys=False)
        return f"{said}{self.found:.6f} with:\n{kept}"


@dataclass(frozen=True)
class Budget:
    """When a search ends: after so many further trials or minutes, whichever is first."""

    trials: int
    minutes: float


@dataclass(frozen=True)
class Search:
    """Where a search is kept: its SQLite file, and MLflow."""

    store: Path
    uri: str


def tune(table: FeatureTable, config: Config, search: Search, budget: Budget, tell: Tell) -> Tuned:
    """Search for better values of `training`, going on where an earlier search of the same table stopped.

    Raises:
        DataError: the training rows cannot be divided.
        TrackingError: MLflow does not answer.
    """
    tracking.connect(search.uri, config.tracking)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search.store.parent.mkdir(parents=True, exist_ok=True)
    asked = f"{table.sha256} {config.training.model_dump_json()} {config.split.model_dump_json()}"
    name = hashlib.sha256(asked.encode()).hexdigest()[:16]
    study = optuna.create_study(
        storage=f"sqlite:///{search.store.resolve()}",
        study_name=name,
        load_if_exists=True,
    )
    # Seeded anew where it goes on, or it would propose the same again.
    study.sampler = optuna.samplers.TPESampler(seed=config.training.seed + len(study.trials))
    if not study.trials:
        study.enqueue_trial(_configured(config.training))
    parent = study.user_attrs.get(search.uri)
    if parent is None:
        told = {"table": table.sha256, "rounds": ROUNDS, "centres": CENTRES}
        parent = tracking.log_trial(search.uri, config.tracking, f"tune {name}", told, {})
        study.set_user_attr(search.uri, parent)

    pairs = _pairs(table, config)
    ends = time.monotonic() + budget.minutes * 60
    for number in range(budget.trials):
        if number and time.monotonic() >= ends:
            break
        tell(_best_so_far(study), number, budget.trials)
        _try(study, table, config, pairs)
        last = study.trials[-1]
        numbers = {"objective": last.value or 0.0, **last.user_attrs}
        tracking.log_trial(search.uri, config.tracking, f"trial {last.number}", last.params, numbers, parent)
    tell("done", budget.trials, budget.trials)
    done = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    best = study.best_trial
    kept = _training(config.training, best.params, best.user_attrs["forest_share"])
    return Tuned(_changes(config.training, kept), _value(done[0]), _value(best), len(done))


def _try(study: optuna.Study, table: FeatureTable, config: Config, pairs: list[list[tuple[Rows, Rows]]]) -> None:
    """Judge one proposal."""
    trial = study.ask()
    proposed = _hurried(_training(config.training, _propose(trial, config.training), config.training.forest_share))
    kinds = [_errors(table, kind, proposed) for kind in pairs]
    # The share of the blend is not searched: for given answers the best one is known.
    blended = [
        [np.mean((forest * share + surface * (1 - share)) ** 2) for share in SHARES] for forest, surface in kinds
    ]
    total = np.sum(blended, axis=0)
    best = int(total.argmin())
    trial.set_user_attr("forest_share", round(float(SHARES[best]), 2))
    trial.set_user_attr("grouped_log_rmse", float(np.sqrt(blended[0][best])))
    trial.set_user_attr("rolling_log_rmse", float(np.sqrt(blended[1][best])))
    study.tell(trial, float(total[best]))


def _pairs(table: FeatureTable, config: Config) -> list[list[tuple[Rows, Rows]]]:
    train, split = table.rows(TRAIN), config.split
    by_parcel = list(folds(table.parcels[train], split.folds, config.training.seed))[:FOLDS]
    by_time = list(origins(table.days[train], table.parcels[train], split.origins))
    return [[(train[learned], train[judged]) for learned, judged in kind] for kind in (by_parcel, by_time)]


def _errors(table: FeatureTable, pairs: list[tuple[Rows, Rows]], training: Training) -> tuple[Logs, Logs]:
    """Give back the log errors of the trees alone and of the surface alone, on all judged rows."""

    def answers() -> Iterator[tuple[Logs, Logs]]:
        for learned, judged in pairs:
            model = PriceModel(training).fit(table.features[learned], table.prices[learned])
            paid = np.log(table.prices[judged])
            alone = []
            for share in (1.0, 0.0):
                model.config = training.model_copy(update={"forest_share": share})
                alone.append(np.log(model.predict(table.features[judged])) - paid)
            yield alone[0], alone[1]

    forests, surfaces = zip(*answers(), strict=True)
    return np.concatenate(forests), np.concatenate(surfaces)


def _configured(training: Training) -> dict[str, Any]:
    boosting, smooth = training.boosting, training.smooth
    names = ("learning_rate", "depth", "l2_leaf_reg", "random_strength", "column_share", "row_share")
    return {name: getattr(boosting, name) for name in names} | {
        "penalty": smooth.penalty,
        "text_penalty": smooth.text_penalty,
        **{f"sharpness.{name}": 1.0 for name in smooth.columns},
    }


def _propose(trial: optuna.Trial, training: Training) -> dict[str, Any]:
    """Ask for a value of everything that is searched; the ranges always hold what is configured."""
    now = _configured(training)

    def number(name: str, low: float, high: float, *, log: bool = False) -> float:
        return trial.suggest_float(name, min(low, now[name]), max(high, now[name]), log=log)

    return {
        "learning_rate": number("learning_rate", 0.02, 0.16, log=True),
        "depth": trial.suggest_int("depth", min(4, now["depth"]), max(7, now["depth"])),
        "l2_leaf_reg": number("l2_leaf_reg", 0.3, 10.0, log=True),
        "random_strength": number("random_strength", 0.0, 2.0),
        "column_share": number("column_share", 0.15, 0.6),
        "row_share": number("row_share", 0.5, 1.0),
        "penalty": number("penalty", 0.03, 1.5, log=True),
        "text_penalty": number("text_penalty", 0.5, 20.0, log=True),
        **{
            f"sharpness.{name}": trial.suggest_float(f"sharpness.{name}", 1 / REACH, REACH, log=True)
            for name in training.smooth.columns
        },
    }


def _training(now: Training, found: dict[str, Any], share: float) -> Training:
    """Give back the configuration with what was found put in; sharpness is found as a factor of the configured one."""
    told = now.model_dump()
    told["forest_share"] = share
    for name, value in found.items():
        part, _, column = name.partition(".")
        if column:
            usual = now.smooth.columns[column].sharpness or now.smooth.sharpness
            told["smooth"]["columns"][column]["sharpness"] = _short(usual * value)
        else:
            told["boosting" if part in told["boosting"] else "smooth"][part] = _short(value)
    return Training.model_validate(told)


def _hurried(training: Training) -> Training:
    """Give back the configuration with fewer trees, each of which learns more, and fewer centres."""
    boosting, smooth = training.boosting, training.smooth
    rounds = min(boosting.rounds, ROUNDS)
    rate = min(boosting.learning_rate * boosting.rounds / rounds, 0.5)
    return training.model_copy(
        update={
            "boosting": boosting.model_copy(update={"rounds": rounds, "learning_rate": rate}),
            "smooth": smooth.with_at_most(CENTRES),
        }
    )


def _changes(before: Training, after: Training) -> dict[str, Any]:
    """Give back what differs, as nested mappings."""

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
    assert trial.value is not None  # noqa: S101 - only finished trials are asked
    return trial.value


def _best_so_far(study: optuna.Study) -> str:
    done = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    return f"best {min(_value(trial) for trial in done):.5f}" if done else "as configured"
