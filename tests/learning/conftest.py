"""A small pipeline: made houses of another trade's columns, written as people write them, learned from in a moment."""

import copy
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from houseprice import pipeline
from houseprice.config import Tracking, load
from houseprice.learning import tracking
from learning.commands import RunCli
from learning.houses import SCHEMA, written
from learning.markets import Road, configuration, run
from learning.pages import QUALITY, EvaluatedModel, evaluate_made_houses
from pipeline import Pipeline, make_once, quick_config


def sold(count: int, first: date = date(2014, 5, 2), prefix: str = "0", seed: int = 7) -> list[dict[str, str]]:
    """Return houses with prices that hang together, as they are typed: decimal commas, other dates, yes and no."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        area, rooms = draw.uniform(40, 250), int(draw.integers(1, 7))
        quarter = str(draw.choice(["north", "south", "Öst"]))
        crossed = (area > 120) != (quarter == "north")  # what straight lines cannot follow
        log = 8 + 0.8 * np.log(area) + 0.5 * crossed + draw.normal(0, 0.12)
        built = int(draw.integers(1920, 2014))
        rows.append(
            {
                "plot": f"{prefix}{number % (count - 20)}",  # the newest twenty were sold before
                "day": (first + timedelta(days=number)).strftime("%d.%m.%Y"),
                "paid": f"{np.exp(log):.2f}".replace(".", ","), "area": f"{area:.1f}".replace(".", ","),
                "rooms": str(rooms) if number % 9 else "", "garden": "yes" if draw.random() < 0.5 else "no",
                "state": str(draw.choice(["poor", "fair", "good", ""])), "stars": str(draw.integers(1, 4)),
                "quarter": quarter, "built": str(built), "renewed": "0" if draw.random() < 0.7 else "2014",
                "terms": str(draw.choice(["cash", "loan"])),
            }
        )  # fmt: skip
    return rows


def little_config(text: str) -> dict[str, Any]:
    """Return the project's configuration with the made houses' columns and the smallest model that is one."""
    told = yaml.safe_load(quick_config(text))
    told["data"] |= {"file": {"separator": ";"}, "form": {"decimal": ",", "dates": ["%d.%m.%Y"]}}
    told["data"]["columns"] = SCHEMA.model_dump(mode="json", exclude_none=True)["columns"]
    told["features"]["derived"] = ["months_since_first_sale", "age_at_sale", "living_area_per_room"]
    told["training"]["boosting"] |= {"iterations": 25, "learning_rate": 0.3, "depth": 4, "feature_fraction": 1.0}
    told["training"] |= {"tree_share": 0.95}  # the surface cannot follow either
    told["training"]["trend"] = {"knots_months": [], "horizon_months": 3}
    columns = {"area": {"transform": "log"}, "built": {}}
    told["training"]["kernel_ridge"] |= {
        "centres": 20,
        "columns": columns,
        "categories": ["quarter"],
        "additional_kernels": [],
    }
    told["tracking"] |= {"retries": 2, "retry_seconds": 0.1}
    return dict(told)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an MLflow database without a run; to make one takes seconds, to copy it a moment."""

    def make(home: Path) -> Path:
        path = home / "mlflow.db"
        assert tracking.champion(f"sqlite:///{path}", Tracking(experiment="e", registered_model="m")) is None
        return path

    return make_once(tmp_path_factory, "store", make)


@pytest.fixture(scope="session")
def little(tmp_path_factory: pytest.TempPathFactory, root: Path, empty_store: Path) -> Pipeline:
    """Go the small pipeline once; not to be changed."""

    def make(home: Path) -> Pipeline:
        shutil.copy(empty_store, home)
        raw, config_file = home / "raw.csv", home / "config.yaml"
        raw.write_bytes(b"\xef\xbb\xbf" + written(sold(300), ";").encode())
        config_file.write_text(yaml.safe_dump(little_config((root / "configs/model_config.yaml").read_text())))
        config = load(config_file)
        cleaned, featured, models, reports = (
            home / "cleaned.csv",
            home / "featured.csv",
            home / "models",
            home / "reports",
        )
        pipeline.process(config, raw, cleaned)
        pipeline.make_features(config, cleaned, featured, models / "trained" / "preprocessor.pkl")
        trained = pipeline.train(config, featured, models, reports, None, lambda what, done, of: None)
        return Pipeline(raw, config_file, config, cleaned, featured, models, reports, trained)

    return make_once(tmp_path_factory, "little", make)


@pytest.fixture
def before_training(little: Pipeline, empty_store: Path, tmp_path: Path) -> Pipeline:
    """Return a small pipeline of one's own that was gone up to the features."""
    home = tmp_path / "home"
    for source in (little.config_file, little.cleaned, little.featured, empty_store):
        home.mkdir(exist_ok=True)
        shutil.copy(source, home)
    (home / "models" / "trained").mkdir(parents=True)
    shutil.copy(little.preprocessor, home / "models" / "trained")
    return replace(
        little, config_file=home / "config.yaml", cleaned=home / "cleaned.csv", featured=home / "featured.csv",
        models=home / "models", reports=home / "reports",
    )  # fmt: skip


@pytest.fixture
def after_training(little: Pipeline, before_training: Pipeline) -> Pipeline:
    """Return a small pipeline of one's own that was gone to the end; its champion is the registry's."""
    shutil.copytree(little.models, before_training.models, dirs_exist_ok=True)
    shutil.copy(little.models.parent / "mlflow.db", before_training.models.parent)
    return before_training


@pytest.fixture
def configured(little: Pipeline, tmp_path: Path) -> Callable[..., Path]:
    """Write the little configuration with some values changed, by dotted key; return its path."""

    def one(**changed: Any) -> Path:
        told = copy.deepcopy(yaml.safe_load(little.config_file.read_text()))
        for dotted, value in changed.items():
            *parents, last = dotted.split("__")
            place = told
            for name in parents:
                place = place[name]
            place[last] = value
        path = tmp_path / "changed.yaml"
        path.write_text(yaml.safe_dump(told))
        return path

    return one


@pytest.fixture
def run_cli(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> RunCli:
    """Type a command; return its exit code and what it printed on both streams."""
    for name in ("MLFLOW_TRACKING_URI", "HOUSEPRICE_MLFLOW_TRACKING_URI", "HOUSEPRICE_CONFIG", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    return run_cli


@pytest.fixture
def road(tmp_path: Path, empty_store: Path) -> Road:
    """Run the whole pipeline on some sales; return where everything lies."""

    def one(table: pl.DataFrame, **more: Any) -> Pipeline:
        shutil.copy(empty_store, tmp_path)
        return run(tmp_path, table, configuration(table.columns, **more))

    return one


@pytest.fixture(scope="session")
def evaluated(root: Path) -> EvaluatedModel:
    """Return a model of houses with every role that the report uses, and with names that try to break out of it."""
    text = (root / "configs/model_config.yaml").read_text()
    return evaluate_made_houses(text, derived=("months_since_first_sale", "age_at_sale"))


@pytest.fixture(scope="session")
def page(evaluated: EvaluatedModel) -> str:
    """Return the report of that model."""
    return evaluated.page(quality=QUALITY)
