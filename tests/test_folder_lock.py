"""Two runs in one folder: the second is told of the first, and a dead one is in nobody's way."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from houseprice.errors import DataError, FolderLockedError
from houseprice.folder_lock import NAME, lock_folders

HOLD = (
    "import sys\n"
    "from pathlib import Path\n"
    "from houseprice.folder_lock import lock_folders\n"
    "with lock_folders(*map(Path, sys.argv[1:])):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)


@contextmanager
def other_run(*folders: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold folders in another process."""
    words = [sys.executable, "-c", HOLD, *map(str, folders)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_other_run_is_named(tmp_path: Path) -> None:
    """Its process, and since when it has been running, with one code and one exit code."""
    with other_run(tmp_path) as process, pytest.raises(FolderLockedError) as excinfo, lock_folders(tmp_path):
        pytest.fail("the block must not be entered")
    error = excinfo.value
    assert (error.code, error.exit_code) == ("folder_locked", 15)
    assert error.details["pid"] == process.pid
    assert str(process.pid) in str(error)
    since = datetime.fromisoformat(error.details["since"])
    assert timedelta(0) <= datetime.now().astimezone() - since < timedelta(minutes=1)
    assert error.details["path"] == str(tmp_path)


def test_one_folder_of_several_is_enough(tmp_path: Path) -> None:
    """What was locked before it is free again."""
    with other_run(tmp_path / "b"):
        with pytest.raises(FolderLockedError), lock_folders(tmp_path / "a", tmp_path / "b"):
            pytest.fail("the block must not be entered")
        with lock_folders(tmp_path / "a"):
            pass


def test_a_folder_is_known_by_whatever_name(tmp_path: Path) -> None:
    """Through a link, and through a relative path."""
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with other_run(tmp_path / "real"):
        for name in ("link", "real/../real"):
            with pytest.raises(FolderLockedError), lock_folders(tmp_path / name):
                pytest.fail("the block must not be entered")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_died_blocks_nobody(tmp_path: Path, number: signal.Signals) -> None:
    """Its file may be left, its lock is not."""
    with other_run(tmp_path) as process:
        process.send_signal(number)
        process.wait(20)
    with lock_folders(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_child_of_the_run_does_not_hold_its_lock(tmp_path: Path) -> None:
    """What a run has started may outlive it."""
    with lock_folders(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with other_run(tmp_path):
        pass
    child.kill()
    child.wait()
    assert child.stdin
    child.stdin.close()


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """Neither the lock file nor a folder that was made for it alone; what was written into it stays."""
    with lock_folders(tmp_path / "deep" / "er", tmp_path / "kept"):
        assert (tmp_path / "deep" / "er" / NAME).exists()
        (tmp_path / "kept" / "a").write_bytes(b"1")
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "a"]


def test_what_this_process_holds_it_may_hold_again(tmp_path: Path) -> None:
    """The step of a pipeline locks what the pipeline has locked."""
    with lock_folders(tmp_path / "a"):
        with lock_folders(tmp_path / "a", tmp_path / "b"):
            pass
        with pytest.raises(FolderLockedError):
            subprocess_lock(tmp_path / "a")


def subprocess_lock(folder: Path) -> None:
    """Lock a folder in another process; raise what it raised."""
    words = [sys.executable, "-c", HOLD, str(folder)]
    ended = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if "FolderLockedError" in ended.stderr:
        raise FolderLockedError(ended.stderr)


def test_locks_of_two_names_do_not_meet(tmp_path: Path) -> None:
    """A search beside a training locks its own file."""
    with other_run(tmp_path), lock_folders(tmp_path, name=".search.lock"):
        pass


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    """By the code of everything that cannot be written."""
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(DataError) as excinfo, lock_folders(tmp_path / "file"):
        pytest.fail("the block must not be entered")
    assert excinfo.value.code == "path_unwritable"


def test_many_runs_at_once_hold_it_one_after_the_other(tmp_path: Path) -> None:
    """However the removal of one's lock file and the lock of another meet."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from houseprice.errors import FolderLockedError\n"
        "from houseprice.folder_lock import lock_folders\n"
        "home, mark, held = Path(sys.argv[1]), Path(sys.argv[1]) / 'mark', 0\n"
        "while held < 40:\n"
        "    try:\n"
        "        with lock_folders(home):\n"
        "            mark.touch(exist_ok=False)\n"
        "            mark.unlink()\n"
        "            held += 1\n"
        "    except FolderLockedError: pass\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path)]
    runs = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for run in runs:
        _, err = run.communicate(timeout=60)
        assert (run.returncode, err) == (0, "")
    assert not list(tmp_path.iterdir())
