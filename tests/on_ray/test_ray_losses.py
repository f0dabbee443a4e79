"""What a run on a Ray cluster does when a part of it is lost: the output is that of a run that lost nothing."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from ray_processes import Cluster, Processes, done, wait_for

from houseprice import batch_prediction
from houseprice.batch_prediction.unfinished import STATE, parts_folder

pytestmark = pytest.mark.ray
ROWS = 200_000
ACTOR = "ray::PricingActor"
CAREFUL = """
from houseprice.batch_prediction import unfinished
from houseprice.cli import main
unfinished.STATE_SECONDS = 0.0
main()
"""
"""The command, which writes down what is finished after each block, and not every five seconds."""


@pytest.fixture(scope="module")
def houses(rows_of: Callable[[int], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that takes some seconds."""
    path = tmp_path_factory.mktemp("houses") / "houses.csv"
    path.write_text(rows_of(ROWS))
    return path


@pytest.fixture(scope="module")
def whole(toy_dir: Path, houses: Path) -> bytes:
    """Return what one machine makes of it."""
    output = houses.with_name("whole.csv")
    batch_prediction.predict(toy_dir, houses, output)
    return output.read_bytes()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return where the prices go."""
    return tmp_path / "priced.csv"


def in_the_middle(output: Path) -> bool:
    """Return whether some rows are written, and not all."""
    with suppress(FileNotFoundError):
        return (parts_folder(output) / "rows").stat().st_size > 1000
    return False


def test_a_killed_process_costs_nothing(
    cluster: Cluster, processes: Processes, toy_dir: Path, houses: Path, whole: bytes, output: Path
) -> None:
    """Its block is priced by another one."""
    run = processes.predict(toy_dir, houses, output, "--engine", "ray", "--address", cluster.address)
    wait_for(lambda: in_the_middle(output))
    for pid in cluster.processes.find(ACTOR):
        os.kill(pid, signal.SIGKILL)
    assert not output.exists()
    assert done(run)[0] == 0
    assert output.read_bytes() == whole


def test_a_lost_node_costs_nothing(
    own_cluster: Callable[[], Cluster], processes: Processes, toy_dir: Path, houses: Path, whole: bytes, output: Path
) -> None:
    """The other node prices what it had; there is no room for a second process."""
    cluster = own_cluster()
    run = processes.predict(toy_dir, houses, output, "--engine", "ray", "--address", cluster.address)
    wait_for(lambda: in_the_middle(output))
    cluster.tell("remove")
    assert not output.exists()
    assert done(run)[0] == 0
    assert output.read_bytes() == whole


def test_a_killed_run_goes_on(
    cluster: Cluster, processes: Processes, toy_dir: Path, houses: Path, whole: bytes, output: Path
) -> None:
    """The same command prices only what is missing."""
    words = ("--input", houses, "--output", output, "--engine", "ray", "--address", cluster.address)
    run = processes.start("python", "-c", CAREFUL, "predict", "--bundle", toy_dir, *words)
    wait_for((parts_folder(output) / STATE).exists)
    run.kill()
    done(run)
    rows = json.loads((parts_folder(output) / STATE).read_text())["rows"]
    assert 0 < rows < ROWS
    code, told = done(processes.start("houseprice", "predict", "--bundle", toy_dir, *words))
    assert code == 0
    assert f"{rows} houses were priced before an interruption" in told
    assert output.read_bytes() == whole


def test_an_interrupted_run_ends(
    cluster: Cluster, processes: Processes, toy_dir: Path, houses: Path, whole: bytes, output: Path
) -> None:
    """SIGTERM is not Ray's, which would end the command in its own way; the same command goes on."""
    words = ("--engine", "ray", "--address", cluster.address)
    run = processes.predict(toy_dir, houses, output, *words)
    wait_for(lambda: in_the_middle(output))
    run.send_signal(signal.SIGTERM)
    assert done(run)[0] == 130
    assert done(processes.predict(toy_dir, houses, output, *words))[0] == 0
    assert output.read_bytes() == whole


def test_a_lost_head_is_the_end_of_a_run_that_goes_on_elsewhere(
    own_cluster: Callable[[], Cluster], processes: Processes, toy_dir: Path, houses: Path, whole: bytes, output: Path
) -> None:
    """It ends, however Ray ends it, and the same command needs no cluster to go on."""
    run = processes.predict(toy_dir, houses, output, "--engine", "ray", "--address", own_cluster().address)
    wait_for(lambda: in_the_middle(output))
    for pid in processes.find("gcs_server"):
        os.kill(pid, signal.SIGKILL)
    done(run)
    assert done(processes.predict(toy_dir, houses, output, "--workers", 2))[0] == 0
    assert output.read_bytes() == whole
