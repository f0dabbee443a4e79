"""Segment files: their names, who still writes to them, and how much room they take."""

import fcntl
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".v1.ndjson"
"""The version is that of the lines; readers leave files of other versions alone."""
_NAME = re.compile(r"([0-9A-Za-z]+-[0-9]+-[0-9a-f]+)\.([0-9]{20})" + re.escape(SUFFIX))


@dataclass(frozen=True, order=True)
class Segment:
    """A part of a spool.

    Attributes:
        spool: identifier of the spool.
        start: offset of the segment's first byte in the spool.
        path: its file.
    """

    spool: str
    start: int
    path: Path


def segment_path(folder: Path, spool: str, start: int) -> Path:
    """Return the path of the segment of a spool that begins at an offset."""
    return folder / f"{spool}.{start:020d}{SUFFIX}"


def list_segments(folder: Path) -> list[Segment]:
    """Return the segments in a folder, those of each spool in their order; none where there is no folder."""
    try:
        named = [(path, _NAME.fullmatch(path.name)) for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(Segment(name[1], int(name[2]), path) for path, name in named if name)


def folder_bytes(folder: Path) -> int:
    """Return how many bytes all segments in a folder have."""
    total = 0
    for segment in list_segments(folder):
        with suppress(FileNotFoundError):  # it has been read meanwhile
            total += segment.path.stat().st_size
    return total


def try_lock(descriptor: int) -> bool:
    """Return whether nobody else holds a segment; then this process does, until it closes the file.

    A writer holds its segment while it writes, so a lock that is free belongs to one that has ended, however it did.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a file system without locks, where nothing is known
        return False
    return True


def is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file is still the one at its path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
