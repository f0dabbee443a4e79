"""Feature table and configuration in, better values out: the newest sales stay shut, and a search can go on."""

import shutil
from pathlib import Path

import numpy as np
import optuna
import pytest
import yaml

from houseprice.cli import main
from houseprice.config import Training
from houseprice.learning import feature_table, tuning
from houseprice.learning.splitting import TRAIN
from pipeline import Pipeline

pytestmark = pytest.mark.long


def quiet(what: str, done: int, of: int) -> None:
    """Hear what is told, and say nothing."""


@pytest.fixture(scope="module")
def searched(pipe: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> tuple[tuning.Search, tuning.Tuned]:
    """Search twice: one trial, and going on with one more."""
    home = tmp_path_factory.mktemp("tune")
    search = tuning.Search(home / "reports" / "tune.db", f"sqlite:///{home / 'mlflow.db'}")
    features = feature_table.read(pipe.featured, pipe.config.schema_)
    first = tuning.tune(features, pipe.config, search, tuning.Budget(1, 10.0), quiet)
    assert first.trials == 1
    assert first.found == first.configured
    return search, tuning.tune(features, pipe.config, search, tuning.Budget(1, 10.0), quiet)


def test_a_search_goes_on_where_it_stopped(searched: tuple[tuning.Search, tuning.Tuned]) -> None:
    """A second search of the same table adds its trials to those of the first, and never ends worse."""
    search, tuned = searched
    assert tuned.trials == 2
    assert tuned.found <= tuned.configured
    storage = f"sqlite:///{search.store}"
    (name,) = optuna.get_all_study_names(storage)
    first, second = optuna.load_study(study_name=name, storage=storage).trials
    assert first.params != second.params
    assert set(first.user_attrs) == {"tree_share", "grouped_log_rmse", "rolling_log_rmse"}


def test_what_is_printed_fits_into_the_configuration(
    searched: tuple[tuning.Search, tuning.Tuned], pipe: Pipeline
) -> None:
    """The part to keep holds only keys that the configuration knows, and only what differs."""
    _, tuned = searched
    told = yaml.safe_load(tuned.yaml) or {"training": {}}
    now = pipe.config.training.model_dump()
    for key, value in told["training"].items():
        assert value != now[key]
        now[key] = {**now[key], **value} if isinstance(value, dict) and key == "boosting" else now[key]
    Training.model_validate(now)


def test_trials_are_runs_below_that_of_their_search(
    searched: tuple[tuning.Search, tuning.Tuned], pipe: Pipeline
) -> None:
    """MLflow shows the search as one run with each trial nested in it."""
    from mlflow import MlflowClient  # noqa: TID251 - looks at what tracking.py wrote

    search, _ = searched
    client = MlflowClient(search.uri)
    experiment = client.get_experiment_by_name(pipe.config.tracking.experiment)
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    trials = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(trials) == 2
    assert all(run.data.metrics["objective"] > 0 for run in trials)


def test_the_newest_sales_are_never_opened(pipe: Pipeline) -> None:
    """Every row that the search learns from or judges with is a training row."""
    features = feature_table.read(pipe.featured, pipe.config.schema_)
    kinds = tuning._pairs(features, pipe.config)
    seen = {int(row) for kind in kinds for pair in kind for rows in pair for row in rows}
    assert seen <= set(np.flatnonzero(features.side == TRAIN).tolist())


def test_the_command_prints_what_to_keep(pipe: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`houseprice tune` says what was found, on stdout, and how far it is, on stderr."""
    featured = shutil.copy(pipe.featured, tmp_path / "featured.csv")
    asked = ["tune", "--config", str(pipe.config_file), "--data", str(featured), "--trials", "1"]
    with pytest.raises(SystemExit) as ended:
        main([*asked, "--store", str(tmp_path / "reports" / "tune.db")])
    out, err = capsys.readouterr()
    assert ended.value.code == 0, err
    assert out.startswith("# 1 trials")
    assert "Tuning: 1 of 1" in err
