"""Commands in one folder at once, and commands that are interrupted: nothing is mixed and nothing is half-written."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml

from houseprice.folder_lock import NAME, lock_folders
from learning.commands import RunCli, files, told_once
from pipeline import Pipeline

Words = Callable[[Pipeline, Path], tuple[object, ...]]
COMMANDS: dict[str, tuple[Words, str]] = {
    "process": (lambda pipe, out: ("--input", pipe.raw, "--output", out / "data" / "cleaned.csv"), "data"),
    "features": (
        lambda pipe, out: (
            "--input", pipe.cleaned, "--output", out / "data" / "f.csv", "--preprocessor", out / "trained" / "p.pkl",
        ),
        "trained",
    ),
    "train": (
        lambda pipe, out: (
            "--data", pipe.featured, "--models-dir", out / "models", "--reports-dir", out / "reports",
        ),
        "reports",
    ),
    "bundle": (lambda pipe, out: ("--models-dir", out / "models", "--data", pipe.cleaned), "models/trained"),
}  # fmt: skip


def hold(folder: Path, name: str = NAME) -> "subprocess.Popen[str]":
    """Hold a folder in another process."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from houseprice.folder_lock import lock_folders\n"
        "with lock_folders(Path(sys.argv[1]), name=sys.argv[2]): print('held', flush=True); sys.stdin.read()\n"
    )
    words = [sys.executable, "-c", code, str(folder), name]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_whose_folder_is_in_use_is_refused_and_changes_nothing(
    little: Pipeline, run_cli: RunCli, tmp_path: Path, command: str
) -> None:
    """Exit code 15, and the process that uses it is named."""
    words, folder = COMMANDS[command]
    with hold(tmp_path / folder) as other:
        before = files(tmp_path)
        code, out, err = run_cli(command, "--config", little.config_file, *words(little, tmp_path))
        assert (code, out) == (15, "")
        assert str(other.pid) in told_once(err)
        assert files(tmp_path) == before
        other.kill()


@pytest.fixture
def own_config(little: Pipeline, tmp_path: Path) -> Path:
    """Return a configuration whose files all lie in a folder of its own."""
    told = yaml.safe_load(little.config_file.read_text())
    told["paths"] = {
        "raw": str(little.raw), "cleaned": str(tmp_path / "home" / "cleaned.csv"),
        "featured": str(tmp_path / "home" / "featured.csv"), "models": str(tmp_path / "home" / "models"),
        "reports": str(tmp_path / "home" / "reports"),
    }  # fmt: skip
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(told))
    return path


def test_a_run_locks_all_its_folders_before_it_begins(own_config: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """It does not find out after the first step that it cannot go on."""
    with hold(tmp_path / "home" / "reports") as other:
        assert run_cli("run", "--config", own_config)[0] == 15
        assert list(files(tmp_path / "home")) == [f"reports/{NAME}"]
        other.kill()


def test_a_second_search_with_one_store_is_refused(little: Pipeline, run_cli: RunCli, tmp_path: Path) -> None:
    """A training beside it is not."""
    words = ("tune", "--config", little.config_file, "--data", little.featured, "--store", tmp_path / "tune.db")
    with hold(tmp_path, ".tune.db.lock") as other:
        assert run_cli(*words)[0] == 15
        with lock_folders(tmp_path):
            pass
        other.kill()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", ["Processing", "Training: "])
def test_an_interrupted_run_ends_soon_and_leaves_whole_files(
    own_config: Path, tmp_path: Path, number: signal.Signals, after: str
) -> None:
    """One line and exit code 130, wherever it was; neither a temporary file nor a lock is left."""
    told = yaml.safe_load(own_config.read_text())
    told["training"]["boosting"] |= {"iterations": 20_000, "depth": 8}
    own_config.write_text(yaml.safe_dump(told))
    environment = {name: value for name, value in os.environ.items() if "MLFLOW" not in name}
    with subprocess.Popen(
        [sys.executable, "-m", "houseprice", "run", "--config", str(own_config)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        home = tmp_path / "home"
        awaited = home / (NAME if after == "Processing" else "featured.csv")
        while not awaited.exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        if after != "Processing":
            time.sleep(4.0)  # into the growing of the trees
        process.send_signal(number)
        start = time.monotonic()
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - start < 8.0
    assert err.strip().splitlines()[-1] == "houseprice: interrupted."
    assert "Traceback" not in err
    left = [path.name for path in home.rglob(".*")] if home.exists() else []
    assert left == []
    assert not (home / "models" / "bundle").exists()


def test_coarse_dates_are_told(little: Pipeline, run_cli: RunCli, tmp_path: Path) -> None:
    """With the share that is held out, which is the nearest possible one."""
    quarters = [f"201{4 + number // 100}-0{1 + number // 34 % 3 * 3}-01" for number in range(300)]
    source = tmp_path / "cleaned.csv"
    pl.read_csv(little.cleaned, infer_schema=False).with_columns(pl.Series("day", quarters)).write_csv(source)
    words = ("features", "--config", little.config_file, "--input", source, "--output", tmp_path / "f.csv", "--json")
    code, out, err = run_cli(*words, "--preprocessor", tmp_path / "p.pkl")
    assert code == 0, err
    assert abs(json.loads(out)["held_out"] - little.config.split.holdout_share) > 0.02
    assert "split.holdout_share" in err
