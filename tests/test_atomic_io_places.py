"""Where files are written and who may read them: umask, links, and what is never replaced."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from houseprice import atomic_io
from houseprice.errors import DataError


def tree(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Set the umask of the process for one test; return it."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def permissions(path: Path) -> int:
    """Return who may do what with a file."""
    return path.stat().st_mode & 0o777


def replace_file(path: Path, content: bytes) -> None:
    """Write through `replace_file`."""
    with atomic_io.replace_file(path) as temporary:
        temporary.write_bytes(content)


def write_one(path: Path, content: bytes) -> None:
    """Write through `write_atomically`."""
    atomic_io.write_atomically({path: content})


WRITERS = [write_one, replace_file, atomic_io.write_durably]
Writer = Callable[[Path, bytes], None]


@pytest.mark.parametrize("write", WRITERS)
def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path, umask: int, write: Writer) -> None:
    """As if it had been written by any other program; folders as well."""
    write(tmp_path / "deep" / "a", b"1")
    assert permissions(tmp_path / "deep" / "a") == 0o666 & ~umask
    assert permissions(tmp_path / "deep") == 0o777 & ~umask


def test_a_new_folder_has_the_permissions_that_the_umask_leaves(tmp_path: Path, umask: int) -> None:
    """And what is written into it."""
    with atomic_io.replace_directory(tmp_path / "bundle") as staging:
        (staging / "a").write_bytes(b"1")
    assert permissions(tmp_path / "bundle") == 0o777 & ~umask
    assert permissions(tmp_path / "bundle" / "a") == 0o666 & ~umask


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o444])
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, write: Writer, mode: int) -> None:
    """What its owner once allowed or forbade stays so."""
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(mode)
    write(tmp_path / "a", b"new")
    assert (permissions(tmp_path / "a"), (tmp_path / "a").read_bytes()) == (mode, b"new")


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_a_link_and_its_target_is_written(tmp_path: Path, write: Writer, exists: bool) -> None:
    """Also through two links, the second into another folder, and when the target is not there yet."""
    target = tmp_path / "other" / "folder" / "real"
    if exists:
        target.parent.mkdir(parents=True)
        target.write_bytes(b"old")
    (tmp_path / "second").symlink_to(target)
    (tmp_path / "first").symlink_to("second")
    write(tmp_path / "first", b"new")
    assert (tmp_path / "first").is_symlink()
    assert (tmp_path / "second").is_symlink()
    assert target.read_bytes() == b"new"
    assert sorted(tree(tmp_path)) == ["first", "other/folder/real", "second"]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("kind", ["fifo", "link to fifo", "socket", "device", "folder", "loop", "pipe"])
def test_what_is_no_regular_file_is_refused_and_stays(tmp_path: Path, write: Writer, kind: str) -> None:
    """A pipe, a device or a folder is never replaced by a file, not even by root."""
    path, code = tmp_path / "place", "not_a_file"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link to fifo":
        os.mkfifo(tmp_path / "fifo")
        path.symlink_to(tmp_path / "fifo")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))
    elif kind == "device":
        path = Path("/dev/null")
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
        code = "path_unwritable"
    else:
        reader, writer = os.pipe()
        path = Path(f"/dev/fd/{writer}")
    before = path.lstat()
    with pytest.raises(DataError) as excinfo:
        write(path, b"x")
    assert (excinfo.value.code, excinfo.value.exit_code, excinfo.value.details["path"]) == (code, 4, str(path))
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
    if kind == "pipe":
        os.close(reader)
        os.close(writer)


def test_one_file_that_cannot_be_replaced_keeps_the_others_as_they_were(tmp_path: Path) -> None:
    """All places are looked at before the first is written."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "old").write_bytes(b"old")
    with pytest.raises(DataError):
        atomic_io.write_atomically({tmp_path / "old": b"new", tmp_path / "fifo": b"x"})
    assert tree(tmp_path) == {"old": b"old"}


def test_two_names_of_one_file_are_refused(tmp_path: Path) -> None:
    """One content would silently be lost."""
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(DataError) as excinfo:
        atomic_io.write_atomically({tmp_path / "a": b"1", tmp_path / "link": b"2"})
    assert excinfo.value.code == "path_repeated"
    assert not tree(tmp_path)


@pytest.mark.parametrize("kind", ["fifo", "file"])
def test_a_folder_takes_the_place_of_nothing_else(tmp_path: Path, kind: str) -> None:
    """What is no folder is refused, by one code."""
    path = tmp_path / "place"
    os.mkfifo(path) if kind == "fifo" else path.write_bytes(b"mine")
    with pytest.raises(DataError) as excinfo, atomic_io.replace_directory(path):
        pytest.fail("the block must not be entered")
    assert excinfo.value.code == "not_a_directory"
    assert not path.is_dir()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_does_not_come_between_files_that_belong_together(tmp_path: Path, number: int) -> None:
    """It is put off until all have their names, and then it arrives."""
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from houseprice import atomic_io\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, stop)\n"
        "rename = Path.replace\n"
        "def replace(self, target):\n"
        "    os.kill(os.getpid(), int(sys.argv[2]))\n"
        "    return rename(self, target)\n"
        "Path.replace = replace\n"
        "home = Path(sys.argv[1])\n"
        "try: atomic_io.write_atomically({home / 'a': b'1', home / 'b': b'2'})\n"
        "except KeyboardInterrupt: sys.exit(130)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path), str(int(number))], check=False, timeout=60)
    assert ended.returncode == 130
    assert tree(tmp_path) == {"a": b"1", "b": b"2"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_does_not_come_between_several_writes_in_a_block(tmp_path: Path, number: int) -> None:
    """Files and folders of one result; the signal arrives when the block is over, and is not lost by an error."""
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from houseprice import atomic_io\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, stop)\n"
        "home = Path(sys.argv[1])\n"
        "try:\n"
        "    with atomic_io.uninterrupted():\n"
        "        atomic_io.write_atomically({home / 'pair': b'new'})\n"
        "        os.kill(os.getpid(), int(sys.argv[2]))\n"
        "        with atomic_io.replace_directory(home / 'bundle') as staging: (staging / 'a').write_bytes(b'new')\n"
        "        1 / 0\n"
        "except KeyboardInterrupt: sys.exit(130)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path), str(int(number))], check=False, timeout=60)
    assert ended.returncode == 130
    assert tree(tmp_path) == {"pair": b"new", "bundle/a": b"new"}


EVERY_LINE = """
import signal, sys
from pathlib import Path
from houseprice import atomic_io, folder_lock

def interrupt(*_): raise KeyboardInterrupt

signal.signal(signal.SIGINT, interrupt)
home, modules = Path(sys.argv[1]), {atomic_io.__file__, folder_lock.__file__}

def lines_until(line):
    seen = 0
    def trace(frame, event, _):
        nonlocal seen
        if frame.f_code.co_filename not in modules: return None
        if event == "line":
            seen += 1
            if seen == line: signal.raise_signal(signal.SIGINT)
        return trace
    sys.settrace(trace)
    try:
        with folder_lock.lock_folders(home / "made" / "locked", home):
            with atomic_io.replace_directory(home / "folder") as staging: (staging / "a").write_bytes(b"new")
            atomic_io.write_atomically({home / "one": b"1", home / "two": b"2"})
            atomic_io.write_durably(home / "three", b"3")
    except KeyboardInterrupt: pass
    finally: sys.settrace(None)
    atomic_io.discard_unfinished()
    return seen

line = 0
while lines_until(line := line + 1) >= line:
    if left := [str(path) for path in home.rglob(".*")]: sys.exit(f"line {line}: {left}")
    if len(list(home.glob("one"))) != len(list(home.glob("two"))): sys.exit(f"line {line}: one without two")
    for path in home.glob("*"):
        if path.is_file(): path.unlink()
print(line)
"""


def test_an_interruption_at_any_line_leaves_neither_lock_nor_temporary_file(tmp_path: Path) -> None:
    """As the command line ends: the locks go with their blocks, and the rest is discarded."""
    words = [sys.executable, "-c", EVERY_LINE, str(tmp_path)]
    ended = subprocess.run(words, check=False, timeout=60, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 150, "the lines of these modules were traced"
