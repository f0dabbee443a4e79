"""Metadata of an Arrow message in, its rows and its size when decompressed out, without decompressing it.

The metadata is a FlatBuffer (https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format), of which
a few numbers are read; in front of each compressed buffer stands its size, for which a reader makes room.
"""

import struct
from dataclasses import dataclass

_HEADER, _DATA = 2, 1
_LENGTH, _BUFFERS, _COMPRESSION = 0, 2, 3


@dataclass(frozen=True)
class Size:
    """Rows of a batch, and the bytes of its buffers when decompressed."""

    rows: int
    bytes: int


def size(metadata: bytes, body: memoryview, dictionary: bool) -> Size:
    """Give back the size of a record batch, or of a dictionary.

    Raises:
        ValueError: the metadata are none, or point to what is not there.
    """
    try:
        table = _Table(metadata, 0).table(_HEADER)
        batch = table.table(_DATA) if dictionary else table
        buffers = batch.pairs(_BUFFERS)
        compressed = batch.has(_COMPRESSION)
        held = [_held(body, start, length) if compressed and length else length for start, length in buffers]
        found = Size(batch.long(_LENGTH), sum(held))
    except (struct.error, IndexError) as err:
        raise ValueError("a message that is cut off") from err
    if found.rows < 0 or min(held, default=0) < 0:
        raise ValueError("a batch of a negative size")
    return found


def _held(body: memoryview, start: int, length: int) -> int:
    said = int(struct.unpack_from("<q", body, start)[0])
    return length - 8 if said == -1 else said


class _Table:
    """A table of a FlatBuffer; `place` is where an offset to it stands."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._place = place + self._number("<I", place)
        self._fields = self._place - self._number("<i", self._place)

    def has(self, field: int) -> bool:
        """Tell whether a field is there."""
        return self._at(field) is not None

    def table(self, field: int) -> "_Table":
        """Give back a table within."""
        return _Table(self._data, self._there(field))

    def long(self, field: int) -> int:
        """Give back a number, 0 by default."""
        place = self._at(field)
        return 0 if place is None else self._number("<q", place)

    def pairs(self, field: int) -> list[tuple[int, int]]:
        """Give back a list of pairs of numbers."""
        if (place := self._at(field)) is None:
            return []
        place += self._number("<I", place)
        count = self._number("<I", place)
        if count > len(self._data):
            raise IndexError(count)
        return [struct.unpack_from("<qq", self._data, place + 4 + 16 * index) for index in range(count)]

    def _there(self, field: int) -> int:
        if (place := self._at(field)) is None:
            raise IndexError(field)
        return place

    def _at(self, field: int) -> int | None:
        entry = 4 + 2 * field
        if entry >= self._number("<H", self._fields):
            return None
        offset = self._number("<H", self._fields + entry)
        return self._place + offset if offset else None

    def _number(self, kind: str, place: int) -> int:
        if place < 0:
            raise IndexError(place)
        return int(struct.unpack_from(kind, self._data, place)[0])
