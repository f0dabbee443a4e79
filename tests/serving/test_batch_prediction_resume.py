"""Runs of `houseprice predict` that were interrupted or killed, and continued."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import polars as pl
import pytest
from priced_files import HEAD, ROW
from toy import seal

from houseprice import batch_prediction
from houseprice.batch_prediction import Progress, tables, unfinished
from houseprice.batch_prediction.blocks import PricedBlock
from houseprice.errors import DataError

WAIT_SECONDS = 60.0


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let some dozens of rows be a large file, and each block be written down."""
    monkeypatch.setattr(tables, "BLOCK_ROWS", 10)
    monkeypatch.setattr(unfinished, "STATE_SECONDS", 0.0)


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """Return a file of 97 different houses."""
    path = tmp_path / "houses.csv"
    path.write_text("\n".join([HEAD, *(f"{20 + number},3,98039,1" for number in range(97))]))
    return path


class Interrupted:
    """Interrupts a run after some rows, as Ctrl-C does."""

    def __init__(self, rows: int) -> None:
        self._rows = rows

    def __call__(self, progress: Progress) -> None:
        """Raise what Ctrl-C raises."""
        if progress.rows >= self._rows:
            raise KeyboardInterrupt


def interrupt(bundle: Path, source: Path, output: Path, *, workers: int = 1, rows: int = 40) -> list[str]:
    """Interrupt a run; return what it said."""
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        batch_prediction.predict(bundle, source, output, Interrupted(rows), said.append, workers=workers)
    return said


def go_on(bundle: Path, source: Path, output: Path, *, workers: int = 1) -> tuple[int, list[str]]:
    """Run to the end; return how many rows were done after the first block, and what was said."""
    seen: list[Progress] = []
    said: list[str] = []
    done = batch_prediction.predict(bundle, source, output, seen.append, said.append, workers=workers)
    assert done.rows == 97
    return seen[0].rows, said


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.usefixtures("small_blocks")
def test_an_interrupted_run_goes_on_where_it_was(
    toy_dir: Path, houses: Path, tmp_path: Path, suffix: str, workers: int
) -> None:
    """The output is that of a run that nobody interrupted, and nothing else is left; both say what they keep."""
    output, whole = tmp_path / f"priced{suffix}", tmp_path / f"whole{suffix}"
    batch_prediction.predict(toy_dir, houses, whole, workers=1)
    (said,) = interrupt(toy_dir, houses, output, workers=workers)
    assert "40 houses" in said
    assert str(unfinished.parts_folder(output)) in said
    assert not output.exists()
    first, (found,) = go_on(toy_dir, houses, output, workers=workers)
    assert first == 50
    assert "40 houses" in found
    if suffix == ".parquet":
        assert pl.read_parquet(output).equals(pl.read_parquet(whole))
    else:
        assert output.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"houses.csv", output.name, whole.name}


CHANGES: dict[str, Callable[[Path, Path], object]] = {
    "another input": lambda source, _: source.write_text(source.read_text().replace("30,3", "31,3")),
    "a touched input": lambda source, _: os.utime(source, (1, 1)),
    "another model": lambda _, bundle: (shutil.rmtree(bundle), seal(bundle, verdict={"cod": {"passed": True}})),
    "rows lost": lambda source, _: (source.with_name("priced.csv.parts") / "rows").write_text("x"),
    "no state": lambda source, _: (source.with_name("priced.csv.parts") / "state.json").unlink(),
    "half a state": lambda source, _: (source.with_name("priced.csv.parts") / "state.json").write_text('{"key"'),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.usefixtures("small_blocks")
def test_rows_of_something_else_are_not_taken(toy_dir: Path, houses: Path, tmp_path: Path, change: str) -> None:
    """All houses are priced anew; when the rows were of something else, that is said."""
    bundle, output = tmp_path / "bundle", tmp_path / "priced.csv"
    shutil.copytree(toy_dir, bundle)
    interrupt(bundle, houses, output)
    CHANGES[change](houses, bundle)
    first, said = go_on(bundle, houses, output)
    assert first == 10
    assert len(said) == (change not in ("no state", "half a state"))
    batch_prediction.predict(bundle, houses, tmp_path / "whole.csv")
    assert output.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not unfinished.parts_folder(output).exists()


@pytest.mark.usefixtures("small_blocks")
def test_rows_beyond_the_state_are_written_again(toy_dir: Path, houses: Path, tmp_path: Path) -> None:
    """A kill between the rows and the state leaves more rows than the state counts."""
    output = tmp_path / "priced.csv"
    interrupt(toy_dir, houses, output)
    with (unfinished.parts_folder(output) / "rows").open("ab") as stream:
        stream.write(b"half a ro")
    go_on(toy_dir, houses, output)
    batch_prediction.predict(toy_dir, houses, tmp_path / "whole.csv")
    assert output.read_bytes() == (tmp_path / "whole.csv").read_bytes()


class InterruptedBlock:
    """A block whose rows are written, and then the run is interrupted before it has counted them."""

    content = b"b\n"

    @property
    def rows(self) -> int:
        """Raise what Ctrl-C raises."""
        raise KeyboardInterrupt


@pytest.mark.parametrize("output_format", ["CSV", "Parquet"])
def test_rows_that_were_not_counted_are_written_again(tmp_path: Path, output_format: str) -> None:
    """Wherever the interruption comes, no block is there twice."""
    output, key = tmp_path / "priced", {"input": "a"}
    unfinished_output = unfinished.UnfinishedOutput(output, output_format, b"head\n", key)
    unfinished_output.append(PricedBlock(1, 0, b"a\n"))
    with pytest.raises(KeyboardInterrupt):
        unfinished_output.append(cast(PricedBlock, InterruptedBlock()))
    assert unfinished_output.keep()
    again = unfinished.UnfinishedOutput(output, output_format, b"head\n", key)
    assert (again.state.blocks, again.state.rows) == (1, 1)
    again.append(PricedBlock(1, 0, b"b\n"))
    assert again.keep()
    rows = b"".join(path.read_bytes() for path in sorted(again.folder.iterdir()) if path.name != unfinished.STATE)
    assert rows.replace(b"head\n", b"") == b"a\nb\n"


@pytest.mark.usefixtures("small_blocks")
def test_an_error_leaves_no_rows(toy_dir: Path, houses: Path, tmp_path: Path) -> None:
    """Since the input must change before it can be priced."""
    houses.write_text(f"{houses.read_text()}\n80,-1,98039,1\n")
    with pytest.raises(DataError) as caught:
        batch_prediction.predict(toy_dir, houses, tmp_path / "priced.csv", workers=1)
    assert caught.value.code == "house_invalid"
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv"]


def test_of_a_small_file_nothing_is_kept(toy_dir: Path, source: Path, tmp_path: Path) -> None:
    """It is priced again in no time."""
    assert interrupt(toy_dir, source, tmp_path / "priced.csv", rows=1) == []
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv"]


@pytest.mark.usefixtures("small_blocks")
def test_a_full_disk_is_an_error(toy_dir: Path, houses: Path, tmp_path: Path) -> None:
    """The code says so, and nothing is left that would fill it."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal_before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
        with pytest.raises(DataError, match=r"priced\.csv") as caught:
            batch_prediction.predict(toy_dir, houses, tmp_path / "priced.csv", workers=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, signal_before)
    assert caught.value.code == "path_unwritable"
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv"]


PRELUDE = (
    "import sys\n"
    "from houseprice.batch_prediction import unfinished\n"
    "unfinished.STATE_SECONDS = 0.0\n"
    "from houseprice.cli import main\n"
    "main(sys.argv[1:])\n"
)


def state_of(output: Path) -> int:
    """Return how many blocks of an output are finished."""
    try:
        return int(json.loads((unfinished.parts_folder(output) / "state.json").read_text())["blocks"])
    except FileNotFoundError:
        return 0


def processes_of(bundle: Path) -> list[int]:
    """Return the processes that have a bundle on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.fsencode(bundle) in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_command_goes_on_after_a_signal(toy_dir: Path, tmp_path: Path, number: signal.Signals) -> None:
    """No process is left; the second call writes what one call would have written, and prices only the rest."""
    bundle, source, output = tmp_path / "bundle", tmp_path / "houses.csv", tmp_path / "priced.csv"
    shutil.copytree(toy_dir, bundle)
    source.write_text("\n".join([HEAD, *([ROW] * 250_000)]))
    words = ["predict", "--bundle", str(bundle), "--input", str(source), "--output", str(output), "--workers", "2"]
    with subprocess.Popen([sys.executable, "-c", PRELUDE, *words], stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + WAIT_SECONDS
        while state_of(output) < 5:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        _, told = process.communicate(timeout=30)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    assert not output.exists()
    finished = state_of(output)
    assert 5 <= finished < 50
    deadline = time.monotonic() + WAIT_SECONDS
    while processes_of(bundle):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    if number != signal.SIGKILL:
        assert "priced.csv.parts" in told
        assert told.splitlines()[-1] == "houseprice: interrupted."
    again = subprocess.run([sys.executable, "-m", "houseprice", *words], capture_output=True, text=True, check=True)
    assert f"{finished * tables.BLOCK_ROWS} houses were priced before" in again.stderr
    whole = tmp_path / "whole.csv"
    assert batch_prediction.predict(bundle, source, whole, workers=1).rows == 250_000
    assert output.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"bundle", "houses.csv", "priced.csv", "whole.csv"}
