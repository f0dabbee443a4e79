"""Reading of spools, from the offsets that were read before."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from houseprice.spool.segments import Segment, is_at, list_segments, try_lock

CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class Chunk:
    """Some lines of a segment.

    Attributes:
        spool: identifier of the spool.
        lines: whole lines, without their ends.
        end: offset in the spool behind the last of them.
    """

    spool: str
    lines: list[bytes]
    end: int


def read_chunk(segment: Segment, offset: int, most_bytes: int = CHUNK_BYTES) -> Chunk:
    """Return the whole lines of a segment from an offset in its spool on; none behind the last, or if it is gone."""
    begin = max(offset, segment.start)
    try:
        with segment.path.open("rb") as stream:
            stream.seek(begin - segment.start)
            content = stream.read(most_bytes)
            if b"\n" not in content:
                content += stream.readline()
    except FileNotFoundError:
        return Chunk(segment.spool, [], begin)
    end = content.rfind(b"\n") + 1
    return Chunk(segment.spool, content[: end - 1].split(b"\n") if end else [], begin + end)


@dataclass(frozen=True)
class Remains:
    """What is left of a spool's segment that was read to its end.

    Attributes:
        is_deleted: whether its writer has ended it, and it is gone.
        partial_bytes: bytes of a line that was never finished.
    """

    is_deleted: bool
    partial_bytes: int = 0


def delete_if_ended(segment: Segment, offset: int) -> Remains:
    """Delete a segment to which nobody writes any more, unless there are whole lines behind an offset in its spool."""
    try:
        descriptor = os.open(segment.path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return Remains(is_deleted=True)
    try:
        if not try_lock(descriptor) or not is_at(descriptor, segment.path):
            return Remains(is_deleted=False)
        rest = os.pread(descriptor, CHUNK_BYTES, max(offset - segment.start, 0))
        if b"\n" in rest:
            return Remains(is_deleted=False)
        segment.path.unlink()
        return Remains(is_deleted=True, partial_bytes=len(rest))
    finally:
        os.close(descriptor)


class SpoolReader:
    """Yields what is new in a folder of spools, spool by spool.

    Attributes:
        offsets: spool → offset behind what was read.
    """

    def __init__(self, folder: Path, position: Callable[[str], int]) -> None:
        """`position` returns the offset from which on a spool was not read yet, by whoever read it before."""
        self._folder, self._position = folder, position
        self.offsets: dict[str, int] = {}

    def next_chunk(self) -> Chunk | None:
        """Return some lines that were not read yet; None if there are none. `advance` says that they were read."""
        for segment in list_segments(self._folder):
            offset = self.offset(segment.spool)
            if offset <= segment.start or offset < segment.start + _size(segment.path):
                chunk = read_chunk(segment, offset)
                if chunk.lines:
                    return chunk
        return None

    def offset(self, spool: str) -> int:
        """Return the offset behind what was read of a spool."""
        if spool not in self.offsets:
            self.offsets[spool] = self._position(spool)
        return self.offsets[spool]

    def unread_bytes(self) -> int:
        """Return how many bytes were not read yet, as far as this reader knows."""
        return sum(
            max(segment.start + _size(segment.path) - max(self.offsets.get(segment.spool, 0), segment.start), 0)
            for segment in list_segments(self._folder)
        )

    def advance(self, chunk: Chunk) -> None:
        """Note that a chunk was read."""
        self.offsets[chunk.spool] = chunk.end


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
