"""Files and folders that appear whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice import atomic_io
from houseprice.errors import DataError


def tree(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@given(st.dictionaries(st.sampled_from(["a", "b", "deep/er/c"]), st.binary(max_size=100), min_size=1))
def test_files_land_together_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes]
) -> None:
    """Folders are made where they lack, and nothing else is left behind."""
    home = tmp_path_factory.mktemp("land")
    for _ in range(2):  # the second time over what stands there
        atomic_io.write_atomically({home / name: content for name, content in contents.items()})
        assert tree(home) == contents


def test_what_endures_is_for_whom_it_should_be(tmp_path: Path) -> None:
    """Whole, with the rights that were asked for, and nothing beside it, the second time as well."""
    for content in (b"old", b"new"):
        atomic_io.write_durably(tmp_path / "deep" / "a", content, mode=0o600)
        assert tree(tmp_path) == {"deep/a": content}
    assert (tmp_path / "deep" / "a").stat().st_mode & 0o777 == 0o600


CODES = {"folder": "not_a_file", "file/below": "path_unwritable"}


@pytest.mark.parametrize("blocked", CODES)
def test_what_cannot_endure_is_said(tmp_path: Path, blocked: str) -> None:
    """With the name of the file that was to be written, and without a beginning of it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"in the way")
    with pytest.raises(DataError, match=f'"{tmp_path / blocked}"') as excinfo:
        atomic_io.write_durably(tmp_path / blocked, b"x")
    assert excinfo.value.code == CODES[blocked]
    assert tree(tmp_path) == {"file": b"in the way"}


@pytest.mark.parametrize("blocked", CODES)
def test_nothing_lands_when_one_cannot(tmp_path: Path, blocked: str) -> None:
    """A folder or a file in the way of the last one leaves the first one as it was."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"in the way")
    (tmp_path / "old").write_bytes(b"old")
    with pytest.raises(DataError, match=f'"{tmp_path / blocked}"') as excinfo:
        atomic_io.write_atomically({tmp_path / "old": b"new", tmp_path / blocked: b"x"})
    assert excinfo.value.code == CODES[blocked]
    assert tree(tmp_path) == {"file": b"in the way", "old": b"old"}


@pytest.mark.parametrize(
    "call",
    [
        "write_atomically({home / 'small': b'new', home / 'large': bytes(5000)})",
        "write_durably(home / 'large', bytes(5000))",
    ],
    ids=["write_atomically", "write_durably"],
)
def test_a_full_disk_leaves_what_stood_there(tmp_path: Path, call: str) -> None:
    """A write that fails half way is told with the file's own name, and its beginning is taken away."""
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from houseprice import atomic_io\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "home = Path(sys.argv[1])\n"
        f"atomic_io.{call}\n"
    )
    (tmp_path / "small").write_bytes(b"old")
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert f'DataError: "{tmp_path / "large"}" cannot be written (File too large)' in ended.stderr
    assert tree(tmp_path) == {"small": b"old"}


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    """Files of the old folder that the new one lacks are gone."""
    place = tmp_path / "deep" / "bundle"
    for name in ("first", "second"):
        with atomic_io.replace_directory(place) as staging:
            assert staging.parent == place.parent
            (staging / name).write_bytes(b"x")
        assert tree(tmp_path) == {f"deep/bundle/{name}": b"x"}
    assert place.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("fault", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_a_block_that_ends_badly_leaves_the_old_folder(tmp_path: Path, fault: BaseException) -> None:
    """Neither half of the new folder nor a trace of it is left."""
    place = tmp_path / "bundle"
    with atomic_io.replace_directory(place) as staging:
        (staging / "a").write_bytes(b"old")

    def fill() -> None:
        with atomic_io.replace_directory(place) as staging:
            (staging / "a").write_bytes(b"new")
            raise fault

    with pytest.raises(type(fault)):
        fill()
    assert tree(tmp_path) == {"bundle/a": b"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_full_disk_in_a_block_is_told_with_a_sentence(tmp_path: Path) -> None:
    """What the system refuses while the folder is filled is an error of ours, and nothing appears."""
    with (
        pytest.raises(DataError, match="bundle"),
        atomic_io.replace_directory(tmp_path / "bundle") as staging,
    ):
        (staging / "no" / "such" / "folder").write_bytes(b"x")
    assert not list(tmp_path.iterdir())


def test_a_swap_that_fails_half_way_brings_the_old_folder_back(tmp_path: Path) -> None:
    """Between taking the old one away and putting the new one in its place, too."""
    place = tmp_path / "bundle"
    with atomic_io.replace_directory(place) as staging:
        (staging / "a").write_bytes(b"old")
    with pytest.raises(DataError, match=str(tmp_path)), atomic_io.replace_directory(place) as staging:
        staging.rmdir()
    assert tree(tmp_path) == {"bundle/a": b"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_file_in_the_way_of_a_folder_is_told_and_kept(tmp_path: Path) -> None:
    """A file is never thrown away for a folder."""
    for place in (tmp_path / "bundle", tmp_path / "bundle" / "below"):
        (tmp_path / "bundle").write_bytes(b"mine")
        with pytest.raises(DataError, match=str(tmp_path)), atomic_io.replace_directory(place):
            pytest.fail("the block must not be entered")
    assert tree(tmp_path) == {"bundle": b"mine"}


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    """What a link leads to is replaced, and nothing dangles."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "bundle"
    link.symlink_to(tmp_path / "real")
    with atomic_io.replace_directory(link) as staging:
        (staging / "a").write_bytes(b"x")
    assert link.is_symlink()
    assert (link / "a").read_bytes() == b"x"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "real"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_kill_in_the_middle_leaves_the_old_folder_whole(tmp_path: Path, number: signal.Signals) -> None:
    """Whatever ends the process, the folder's name never stands for half a folder."""
    place = tmp_path / "bundle"
    with atomic_io.replace_directory(place) as staging:
        (staging / "a").write_bytes(b"old")
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from houseprice import atomic_io\n"
        "with atomic_io.replace_directory(Path(sys.argv[1])) as staging:\n"
        "    (staging / 'a').write_bytes(b'new')\n"
        "    os.kill(os.getpid(), int(sys.argv[2]))\n"
        "    sys.stdin.read()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(place), str(int(number))], stdin=subprocess.PIPE, check=False, timeout=60
    )
    assert ended.returncode == -number
    assert tree(place) == {"a": b"old"}
    with atomic_io.replace_directory(place) as staging:  # and the next one is not in trouble
        (staging / "a").write_bytes(b"new")
    assert tree(place) == {"a": b"new"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_told(tmp_path: Path) -> None:
    """No right to write is a sentence, not a traceback."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(DataError, match="Permission denied"), atomic_io.replace_directory(tmp_path / "bundle"):
            pytest.fail("the block must not be entered")
        with pytest.raises(DataError, match="Permission denied"):
            atomic_io.write_atomically({tmp_path / "a": b"x"})
    finally:
        tmp_path.chmod(0o700)
