"""What is said of a Ray cluster that cannot be used."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ray_processes import SECONDS, Cluster, Processes, done

from programs import error_code

pytestmark = pytest.mark.ray
SILENT = """
import sys
from houseprice import ray_cluster
from houseprice.errors import ClusterError
ray_cluster.CONNECT_SECONDS = 2.0
try:
    with ray_cluster.connected(sys.argv[1], 1):
        pass
except ClusterError as err:
    print(err.code)
"""


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_nothing_listens(processes: Processes, toy_dir: Path, tmp_path: Path, scheme: str) -> None:
    """Is told at once, where Ray would try for minutes."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # without listening
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        run = processes.predict(
            toy_dir, tmp_path / "x.csv", tmp_path / "y.csv", "--engine", "ray", "--address", address
        )
        code, told = done(run)
    assert (code, error_code(told)) == (18, "ray_unreachable")
    assert len(told.splitlines()) == 1


def test_an_address_that_does_not_answer(processes: Processes) -> None:
    """Is given up after some time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        run = processes.start("python", "-c", SILENT, address)
        out, _ = run.communicate(timeout=SECONDS)
    assert out.split() == ["ray_unreachable"]


def test_an_address_that_is_none(processes: Processes, toy_dir: Path, tmp_path: Path) -> None:
    """Is refused."""
    run = processes.predict(toy_dir, tmp_path / "x.csv", tmp_path / "y.csv", "--engine", "ray", "--address", "nowhere")
    code, told = done(run)
    assert (code, error_code(told)) == (18, "ray_unreachable")


def test_an_address_belongs_to_ray(processes: Processes, toy_dir: Path, tmp_path: Path) -> None:
    """Who names a cluster wants it; the variable may be there for others."""
    run = processes.predict(toy_dir, tmp_path / "x.csv", tmp_path / "y.csv", "--address", "127.0.0.1:1")
    assert done(run)[0] == 2
    variable = processes.start(
        *("houseprice", "predict", "--bundle", toy_dir, "--input", tmp_path / "x.csv", "--output", tmp_path / "y.csv"),
        RAY_ADDRESS="127.0.0.1:1",
    )
    code, told = done(variable)
    assert (code, error_code(told)) == (4, "file_unreadable")


def test_nodes_of_another_version_are_refused(
    own_cluster: Callable[..., Cluster],
    processes: Processes,
    toy_dir: Path,
    tmp_path: Path,
    rows_of: Callable[[int], str],
) -> None:
    """Before anything is priced, since prices could differ."""
    other = tmp_path / "other" / "houseprice-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: houseprice\nVersion: 0.0.1\n")
    cluster = own_cluster(PYTHONPATH=str(other.parent))
    source, output = tmp_path / "houses.csv", tmp_path / "priced.csv"
    source.write_text(rows_of(15_000))
    code, told = done(processes.predict(toy_dir, source, output, "--engine", "ray", "--address", cluster.address))
    assert (code, error_code(told)) == (18, "ray_versions_differ")
    assert "0.0.1" in told
    assert not output.exists()


def test_without_ray_its_name_is_told(toy_dir: Path, tmp_path: Path) -> None:
    """The environment of the other tests has none."""
    words = ["--bundle", toy_dir, "--input", tmp_path / "x.csv", "--output", tmp_path / "y.csv", "--engine", "ray"]
    command = [sys.executable, "-m", "houseprice", "predict", *map(str, words)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (found.returncode, error_code(found.stderr)) == (10, "ray_missing")
    assert "houseprice[ray]" in found.stderr
