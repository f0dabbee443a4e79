"""Files priced on a Ray cluster, beside the same files priced by one process."""

import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from priced_files import HEAD
from ray_processes import SECONDS, Cluster, Processes, done

from houseprice import batch_prediction
from pipeline import Pipeline
from programs import error_code

pytestmark = pytest.mark.ray
ROWS = 25_000
"""Five blocks."""


@pytest.fixture(scope="module")
def houses(pipe: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table of houses, drawn from those that the shared model has learned from."""
    path = tmp_path_factory.mktemp("houses") / "houses.csv"
    header, *lines = pipe.cleaned.read_text().splitlines()
    path.write_text("\n".join([header, *random.Random(5).choices(lines, k=ROWS)]))  # noqa: S311 - no secret
    return path


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_a_cluster_writes_what_one_process_writes(
    cluster: Cluster, processes: Processes, bundle_dir: Path, houses: Path, tmp_path: Path, suffix: str
) -> None:
    """To the byte and in the same order; nothing else is left."""
    whole, output = tmp_path / f"whole{suffix}", tmp_path / f"priced{suffix}"
    batch_prediction.predict(bundle_dir, houses, whole, workers=1)
    run = processes.predict(bundle_dir, houses, output, "--engine", "ray", "--address", cluster.address)
    assert done(run)[0] == 0
    if suffix == ".parquet":
        assert pl.read_parquet(output).equals(pl.read_parquet(whole))
    else:
        assert output.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {whole.name, output.name}


def test_one_bad_file_does_not_stop_the_others(
    cluster: Cluster, processes: Processes, toy_dir: Path, tmp_path: Path, rows_of: Callable[[int], str]
) -> None:
    """It is told; the others are done, and the same command does not price them again."""
    folder, output, whole = tmp_path / "houses", tmp_path / "priced", tmp_path / "whole"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}.csv").write_text(rows_of(6_000))
    good = sorted(path.name for path in folder.iterdir())
    (folder / "3-bad.csv").write_text(f"{HEAD}\n80,-1,98039,1\n")
    words = ("--engine", "ray", "--address", cluster.address)
    code, errors = done(processes.predict(toy_dir, folder, output, *words))
    assert (code, error_code(errors)) == (4, "inputs_failed")
    assert "[house_invalid]" in errors
    batch_prediction.predict_files(toy_dir, [folder / name for name in good], whole, workers=1)
    assert {name: (output / name).read_bytes() for name in good} == {name: (whole / name).read_bytes() for name in good}
    assert sorted(path.name for path in output.iterdir()) == good
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in output.iterdir()}
    (folder / "3-bad.csv").write_text(rows_of(10))
    assert done(processes.predict(toy_dir, folder, output, *words))[0] == 0
    assert before == {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in before}
    assert (output / "3-bad.csv").exists()


def test_a_full_object_store_spills(
    own_cluster: Callable[[], Cluster],
    processes: Processes,
    toy_dir: Path,
    tmp_path: Path,
    rows_of: Callable[[int], str],
) -> None:
    """Blocks go through it, and find room where others have filled it."""
    cluster = own_cluster()
    cluster.tell("fill")
    source, whole, output = (tmp_path / name for name in ("houses.csv", "whole.csv", "priced.csv"))
    source.write_text(rows_of(100_000))
    batch_prediction.predict(toy_dir, source, whole)
    run = processes.predict(toy_dir, source, output, "--engine", "ray", "--address", cluster.address)
    assert done(run)[0] == 0
    assert output.read_bytes() == whole.read_bytes()
    statistics = processes.start("ray", "memory", "--address", cluster.address, "--stats-only")
    assert "Spilled" in statistics.communicate(timeout=SECONDS)[0]


def test_without_an_address_this_machine_does_it(
    processes: Processes, toy_dir: Path, tmp_path: Path, rows_of: Callable[[int], str]
) -> None:
    """Ray is started for the run, and is gone after it."""
    source, whole, output = (tmp_path / name for name in ("houses.csv", "whole.csv", "priced.csv"))
    source.write_text(rows_of(15_000))
    batch_prediction.predict(toy_dir, source, whole, workers=1)
    assert done(processes.predict(toy_dir, source, output, "--engine", "ray", "--workers", 1))[0] == 0
    assert output.read_bytes() == whole.read_bytes()
    assert processes.find("raylet") == []
