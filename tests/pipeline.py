"""A whole pipe that tests share: where each of its files lies, and how to go it in a hurry."""

from __future__ import annotations

import fcntl
import os
import pickle
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import yaml

if TYPE_CHECKING:  # learning takes seconds to import, and not every process learns
    from collections.abc import Callable

    import pytest

    from houseprice import pipeline
    from houseprice.config import Config

Made = TypeVar("Made")


@dataclass(frozen=True)
class Pipeline:
    """A pipe that was gone once, with every file where its step wrote it."""

    raw: Path
    config_file: Path
    config: Config
    cleaned: Path
    featured: Path
    models: Path
    reports: Path
    trained: pipeline.TrainingResult

    @property
    def preprocessor(self) -> Path:
        """Path of the fitted preprocessor."""
        return self.models / "trained" / "preprocessor.pkl"

    @property
    def bundle(self) -> Path:
        """Path of the bundle."""
        return self.models / "bundle"


def with_hand_set(text: str) -> str:
    """Return a configuration with hyperparameters set by hand, for which nothing is searched."""
    start, end = text.index("\ntraining:"), text.index("\ninterval:")
    values = Path(__file__).with_name("hand_set.yaml").read_text(encoding="utf-8")
    return f"{text[:start]}\ntraining:\n{textwrap.indent(values, '  ')}{text[end:]}"


def quick_config(text: str) -> str:
    """Return a configuration with few trees, centres and folds, and gates that such a model can pass."""
    told = yaml.safe_load(with_hand_set(text))
    told["split"] |= {"folds": 2, "origins": 2}
    told["training"]["boosting"] |= {"iterations": 60, "learning_rate": 0.2}
    kernel_ridge = told["training"]["kernel_ridge"]
    kernels = [kernel | {"centres": 100} for kernel in kernel_ridge["additional_kernels"]]
    kernel_ridge |= {"centres": 200, "additional_kernels": kernels}
    told["training"]["robust_weights"] |= {"centres": 50}
    told["gates"] |= {
        "max_log_rmse": 0.3,
        "max_median_ape": 0.25,
        "min_gain_over_constant": 0.1,
        "min_gain_over_ridge": 0.0,
        "coverage": [0.5, 1.0],
        "min_coverage_by_price": 0.3,
        "max_width_to_constant": 2.0,
        "max_error_growth": 2.0,
        "max_worst_slice_ratio": 10.0,
        "max_cod": 40.0,
        "prd": [0.5, 2.0],
        "prb": [-1.0, 1.0],
        "vei": [-100.0, 100.0],
        "max_unknown_categories": 1.0,
        "interval_to_error": [0.1, 20.0],
        "max_widest_interval_to_error": 100.0,
        "max_trend_to_error": 5.0,
        "max_latency_ratio": 100.0,
    }
    return yaml.safe_dump(told, sort_keys=False)


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Made]) -> Made:
    """Return what is made in a folder of that name; the first process of a test run makes it, the others read it.

    A test run is a session, or all that share the folder in the variable TESTS_MADE_ONCE.
    """
    base = factory.getbasetemp()
    session = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = Path(os.environ.get("TESTS_MADE_ONCE", session)) / name
    home.mkdir(exist_ok=True)
    kept = home / ".made"
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(make(home)))
    made: Made = pickle.loads(kept.read_bytes())
    return made
