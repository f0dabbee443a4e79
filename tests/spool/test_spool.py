"""The spool: lines come out once and whole, whoever died, and the folder keeps its limit."""

import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from houseprice.errors import SpoolError
from houseprice.spool.reader import SpoolReader, delete_if_ended, read_chunk
from houseprice.spool.segments import folder_bytes, list_segments
from houseprice.spool.writer import SpoolWriter

MANY = 2**30


def read_all(folder: Path, position: int = 0) -> list[bytes]:
    """Return all whole lines of a folder."""
    reader = SpoolReader(folder, lambda _: position)
    lines = []
    while chunk := reader.next_chunk():
        lines += chunk.lines
        reader.advance(chunk)
    return lines


def test_lines_come_out_in_their_order_across_segments(tmp_path: Path) -> None:
    """Whatever their sizes are against those of segments and chunks."""
    writer = SpoolWriter(tmp_path, MANY, segment_bytes=1000)
    lines = [bytes([65 + number % 26]) * (number % 400) for number in range(300)]
    for line in lines:
        writer.append(line + b"\n")
    assert len(list_segments(tmp_path)) > 10
    assert read_all(tmp_path) == lines


def test_reading_goes_on_where_it_ended(tmp_path: Path) -> None:
    """By the offset, also in the middle of a later segment."""
    writer = SpoolWriter(tmp_path, MANY, segment_bytes=10)
    for number in range(10):
        writer.append(b"line %d\n" % number)
    first = SpoolReader(tmp_path, lambda _: 0)
    chunk = first.next_chunk()
    assert chunk is not None
    assert read_all(tmp_path, chunk.end) == [b"line %d" % number for number in range(len(chunk.lines), 10)]


def test_a_line_longer_than_a_chunk_is_read_whole(tmp_path: Path) -> None:
    """With the lines around it."""
    writer = SpoolWriter(tmp_path, MANY)
    writer.append(b"a\n" + b"b" * 100 + b"\nc\n")
    (segment,) = list_segments(tmp_path)
    found: list[bytes] = []
    while lines := (chunk := read_chunk(segment, sum(len(line) + 1 for line in found), 4)).lines:
        found += lines
    assert found == [b"a", b"b" * 100, b"c"]
    assert chunk.end == 105


def test_a_segment_is_deleted_when_its_writer_has_ended_and_all_was_read(tmp_path: Path) -> None:
    """Not before: neither while it is written to nor while lines are left."""
    writer = SpoolWriter(tmp_path, MANY)
    writer.append(b"one\n")
    (segment,) = list_segments(tmp_path)
    assert not delete_if_ended(segment, 4).is_deleted
    writer.close()
    assert not delete_if_ended(segment, 0).is_deleted
    assert delete_if_ended(segment, 4).is_deleted
    assert not list(tmp_path.iterdir())


def test_a_killed_writer_loses_nothing_but_its_unfinished_line(tmp_path: Path) -> None:
    """What it appended is read, and the remains are counted and go."""
    program = (
        "import os, pathlib, sys\n"
        "from houseprice.spool.writer import SpoolWriter\n"
        "writer = SpoolWriter(pathlib.Path(sys.argv[1]), 2**30)\n"
        "writer.append(b'one\\ntwo\\n')\n"
        "os.write(writer._descriptor, b'thr')\n"
        "print('there', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        (segment,) = list_segments(tmp_path)
        assert not delete_if_ended(segment, 8).is_deleted
        process.send_signal(signal.SIGKILL)
    assert read_all(tmp_path) == [b"one", b"two"]
    remains = delete_if_ended(segment, 8)
    assert (remains.is_deleted, remains.partial_bytes) == (True, 3)


def test_the_limit_of_the_folder_counts_what_others_wrote(tmp_path: Path) -> None:
    """A line that does not fit is refused whole; there is room again when something was read."""
    other, writer = SpoolWriter(tmp_path, 1000), SpoolWriter(tmp_path, 1000)
    other.append(b"x" * 599 + b"\n")
    writer.append(b"y" * 299 + b"\n")
    with pytest.raises(SpoolError) as err:
        writer.append(b"z" * 199 + b"\n")
    assert err.value.code == "spool_limit"
    assert folder_bytes(tmp_path) == 900
    other.close()
    for segment in list_segments(tmp_path):
        if segment.spool == other.spool:
            delete_if_ended(segment, 600)
    writer.append(b"z" * 199 + b"\n")
    assert folder_bytes(tmp_path) == 500


def test_a_full_disk_takes_no_half_lines(tmp_path: Path) -> None:
    """What was written in part is taken back, and later lines are whole again."""
    program = (
        "import pathlib, resource, signal, sys\n"
        "from houseprice.errors import SpoolError\n"
        "from houseprice.spool.writer import SpoolWriter\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "writer = SpoolWriter(pathlib.Path(sys.argv[1]), 2**30)\n"
        "writer.append(b'a' * 99 + b'\\n')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    writer.append(b'b' * 99 + b'\\n')\n"
        "except SpoolError as err:\n"
        "    print(err.code)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "writer.append(b'c' * 99 + b'\\n')\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, check=True
    )
    assert found.stdout == "spool_disk_full\n"
    assert read_all(tmp_path) == [b"a" * 99, b"c" * 99]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """And as soon as it can be made, lines are written."""
    (tmp_path / "file").write_text("")
    writer = SpoolWriter(tmp_path / "file" / "spool", MANY)
    with pytest.raises(SpoolError) as err:
        writer.append(b"a\n")
    assert (err.value.code, err.value.details["path"]) == ("spool_unwritable", str(tmp_path / "file" / "spool"))
    (tmp_path / "file").unlink()
    writer.append(b"b\n")
    assert read_all(tmp_path / "file" / "spool") == [b"b"]


def test_a_removed_segment_is_noticed(tmp_path: Path) -> None:
    """The next line goes into a new file."""
    writer = SpoolWriter(tmp_path / "spool", MANY)
    writer.append(b"a\n")
    for segment in list_segments(tmp_path / "spool"):
        segment.path.unlink()
    writer.append(b"b\n")
    assert read_all(tmp_path / "spool") == [b"b"]


def test_only_the_owner_reads_the_spool(tmp_path: Path) -> None:
    """It holds what callers sent."""
    writer = SpoolWriter(tmp_path / "spool", MANY)
    writer.append(b"a\n")
    (segment,) = list_segments(tmp_path / "spool")
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    assert stat.S_IMODE(segment.path.stat().st_mode) == 0o600


def test_many_writers_and_one_reader_lose_and_repeat_nothing(tmp_path: Path) -> None:
    """While segments are begun, ended and deleted all the time."""
    per_writer, names = 500, ("a", "b", "c")

    def write(name: str) -> None:
        writer = SpoolWriter(tmp_path, MANY, segment_bytes=50)
        for number in range(per_writer):
            writer.append(f"{name}{number}\n".encode())
        writer.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    reader, found = SpoolReader(tmp_path, lambda _: 0), list[bytes]()
    while any(thread.is_alive() for thread in threads) or list_segments(tmp_path):
        while chunk := reader.next_chunk():
            found += chunk.lines
            reader.advance(chunk)
        for segment in list_segments(tmp_path):
            delete_if_ended(segment, reader.offset(segment.spool))
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(f"{name}{number}".encode() for name in names for number in range(per_writer))
    assert not list(tmp_path.iterdir())
