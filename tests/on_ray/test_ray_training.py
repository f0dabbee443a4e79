"""Training and search on a Ray cluster, beside the same by one process: the model is equal to the last bit."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from ray_processes import Cluster, Processes, done, wait_for

from pipeline import Pipeline

pytestmark = pytest.mark.ray
EVERY = 8
"""Of so many sales one is learned from."""
TASK = "ray::TaskActor"


class Trainings:
    """Trains with the features of some sales, as processes."""

    def __init__(self, folder: Path, pipe: Pipeline) -> None:
        self.folder, self._config = folder, pipe.config_file
        header, *lines = pipe.cleaned.read_text().splitlines()
        self._clean, self._featured = folder / "clean.csv", folder / "featured.csv"
        self._clean.write_text("\n".join([header, *lines[::EVERY], ""]))

    def start(self, processes: Processes, name: str, *words: str) -> "Callable[[], tuple[int, str]]":
        """Start a training whose models lie in a folder of that name; return what waits for its end."""
        models = self.folder / name / "models"
        pickled = models / "trained" / "preprocessor.pkl"
        config = ("--config", self._config)
        paths = ("--input", self._clean, "--output", self._featured, "--preprocessor", pickled)
        code, told = done(processes.start("houseprice", "features", *config, *paths))
        assert code == 0, told
        data = ("--data", self._featured, "--models-dir", models)
        run = processes.start("houseprice", "train", *config, *data, "--json", *words)
        return lambda: done(run)

    def tune(self, processes: Processes, name: str, *words: str) -> dict[str, object]:
        """Return what a search of one trial says."""
        data = ("--config", self._config, "--data", self._featured, "--store", self.folder / name / "tune.db")
        run = processes.start("houseprice", "tune", *data, "--trials", "1", "--json", *words)
        found, told = run.communicate()
        assert run.returncode == 0, told
        return dict(json.loads(found))

    def model(self, name: str) -> tuple[bytes, bytes]:
        """Return the pickle of a model, and the manifest of its bundle, wherever the verdict put them."""
        (pickle,) = (self.folder / name / "models").rglob("house_price_model.pkl")
        (manifest,) = (self.folder / name / "models").rglob("manifest.json")
        return pickle.read_bytes(), manifest.read_bytes()


@pytest.fixture(scope="module")
def trainings(pipe: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Trainings:
    """Return trainings of which one, by this machine alone, is done: `alone`."""
    made, processes = Trainings(tmp_path_factory.mktemp("trainings"), pipe), Processes()
    try:
        code, told = made.start(processes, "alone")()
        assert code in (0, 6), told
    finally:
        processes.end()
    return made


def test_a_cluster_trains_the_same_model(cluster: Cluster, processes: Processes, trainings: Trainings) -> None:
    """Pickle and manifest, and so every number that was measured, are those of one process."""
    code, told = trainings.start(processes, "cluster", "--engine", "ray", "--address", cluster.address)()
    assert code in (0, 6), told
    assert trainings.model("cluster") == trainings.model("alone")


def test_killed_tasks_are_done_again(cluster: Cluster, processes: Processes, trainings: Trainings) -> None:
    """To the same model."""
    ended = trainings.start(processes, "killed", "--engine", "ray", "--address", cluster.address)
    wait_for(lambda: cluster.processes.find(TASK))
    for pid in cluster.processes.find(TASK):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    code, told = ended()
    assert code in (0, 6), told
    assert trainings.model("killed") == trainings.model("alone")


def test_a_lost_node_costs_nothing_of_the_model(
    own_cluster: Callable[[], Cluster], processes: Processes, trainings: Trainings
) -> None:
    """The other node does what it had to do."""
    cluster = own_cluster()
    ended = trainings.start(processes, "lost", "--engine", "ray", "--address", cluster.address)
    wait_for(lambda: len(cluster.processes.find(TASK)) == 2)
    cluster.tell("remove")
    code, told = ended()
    assert code in (0, 6), told
    assert trainings.model("lost") == trainings.model("alone")


def test_a_search_on_a_cluster_finds_the_same(cluster: Cluster, processes: Processes, trainings: Trainings) -> None:
    """Its fits are tasks; of a cluster of two cores, one trial at a time."""
    words = ("--engine", "ray", "--address", cluster.address)
    assert trainings.tune(processes, "tuned-there", *words) == trainings.tune(processes, "tuned-here")
