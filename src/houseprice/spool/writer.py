"""Appending to a spool within a limit on the bytes of its folder."""

import errno
import fcntl
import os
import secrets
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from houseprice.errors import SpoolError
from houseprice.spool.segments import folder_bytes, is_at, segment_path

SEGMENT_BYTES = 2 * 2**20
SEGMENT_SECONDS = 60.0
"""Age at which a segment that holds anything is ended, so that the reader can delete it."""
USAGE_SECONDS = 1.0
"""How long the size of the folder, in which others write, too, is taken for known."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class SpoolWriter:
    """Appends lines to a spool of its own; one thread uses it."""

    def __init__(self, folder: Path, limit_bytes: int, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Name the spool; its folder is made with the first line.

        Args:
            folder: where all spools are.
            limit_bytes: what all segments in the folder may have together.
            segment_bytes: size from which on a segment is ended.
        """
        self._folder, self._limit = folder, limit_bytes
        self._segment_bytes = min(segment_bytes, max(limit_bytes // 8, 1))
        self.spool = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(4)}"
        self._descriptor = -1
        self._start = self._size = 0
        self._opened = 0.0
        self._usage, self._usage_until = 0, 0.0

    def append(self, lines: bytes) -> None:
        """Append whole lines, all or none of them.

        Raises:
            SpoolError: The folder has reached its limit (code `spool_limit`), the disk is full (`spool_disk_full`), or
                the folder cannot be written (`spool_unwritable`).
        """
        try:
            self._check_limit(len(lines))
            if self._descriptor >= 0 and not is_at(self._descriptor, self._path):  # somebody has removed it
                self.close()
            if self._descriptor < 0:
                self._open()
            self._write(lines)
        except OSError as err:
            self._failed(err)
        self._usage += len(lines)
        self.rotate()

    def rotate(self) -> None:
        """End the segment if it is large or old."""
        is_old = time.monotonic() - self._opened > SEGMENT_SECONDS
        if self._descriptor >= 0 and (self._size >= self._segment_bytes or is_old):
            self.close()

    def close(self) -> None:
        """End the segment; the next line begins another one."""
        if self._descriptor < 0:
            return
        if not self._size:
            with suppress(OSError):
                self._path.unlink()
        os.close(self._descriptor)
        self._descriptor = -1
        self._start += self._size
        self._size = 0

    @property
    def _path(self) -> Path:
        return segment_path(self._folder, self.spool, self._start)

    def _check_limit(self, size: int) -> None:
        now = time.monotonic()
        if now >= self._usage_until or self._usage + size > self._limit:
            self._usage, self._usage_until = folder_bytes(self._folder), now + USAGE_SECONDS
        if self._usage + size > self._limit:
            raise SpoolError(
                f'The spool in "{self._folder}" has reached its limit of {self._limit} bytes. See why predictions do '
                "not reach the database, or raise the limit.",
                code="spool_limit",
                path=str(self._folder),
                limit_bytes=self._limit,
            )

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path
        while True:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            with suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if is_at(descriptor, path):  # a reader may have taken it for one that was left behind
                break
            os.close(descriptor)
        self._descriptor, self._size, self._opened = descriptor, 0, time.monotonic()

    def _write(self, lines: bytes) -> None:
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._size += len(lines)

    def _failed(self, err: OSError) -> NoReturn:
        """Take back what was written in part, and begin a new segment with the next line."""
        if self._descriptor >= 0:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            self._size = os.fstat(self._descriptor).st_size
            self.close()
        is_full = err.errno in _FULL
        action = "Make room on the disk" if is_full else "Name a folder that this user may write"
        raise SpoolError(
            f'The spool in "{self._folder}" cannot be written ({err.strerror}). {action}.',
            code="spool_disk_full" if is_full else "spool_unwritable",
            path=str(self._folder),
        ) from err
