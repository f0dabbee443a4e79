"""A large file is written as it is made, and its digest is known afterwards."""

import errno
import hashlib
from pathlib import Path

import polars as pl
import pytest

from houseprice import atomic_io
from houseprice.digest_writer import DigestWriter
from houseprice.errors import DataError

TABLE = pl.DataFrame({"place": range(100_000), "text": ["é,"] * 100_000})


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    """It is known when a later file of the same call is written."""
    written = DigestWriter(TABLE.write_csv)
    files = {tmp_path / "table": written, tmp_path / "digest": lambda stream: stream.write(written.sha256.encode())}
    atomic_io.write_atomically(files)
    content = (tmp_path / "table").read_bytes()
    assert content == TABLE.write_csv().encode()
    assert (tmp_path / "digest").read_text() == hashlib.sha256(content).hexdigest()


def test_a_disk_without_space_is_told_and_leaves_what_stood_there(tmp_path: Path) -> None:
    """/dev/full takes nothing, and polars hands the fault on."""
    (tmp_path / "old").write_bytes(b"old")

    def onto_a_full_disk(_: object) -> None:
        with Path("/dev/full").open("wb", buffering=0) as full:
            DigestWriter(TABLE.write_csv)(full)  # type: ignore[arg-type]

    with pytest.raises(DataError) as excinfo:
        atomic_io.write_atomically({tmp_path / "old": b"new", tmp_path / "large": onto_a_full_disk})
    assert excinfo.value.code == "path_unwritable"
    assert isinstance(cause := excinfo.value.__cause__, OSError)
    assert cause.errno == errno.ENOSPC
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("old", b"old")]
