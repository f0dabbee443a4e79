"""Bytes of a Parquet column in, what its pages say of their size out, without decompressing any.

A file's footer may say anything; a reader makes room for what the header of each page says. Those headers are structs
of Thrift's compact protocol (https://parquet.apache.org/docs/file-format/data-pages/), of which a few numbers are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_UNCOMPRESSED, _COMPRESSED, _DATA, _DATA_2 = 2, 3, 5, 8
_COUNT = 1
_DEEPEST = 8


@dataclass(frozen=True)
class Page:
    """What the header of a page says: bytes when decompressed, and how many values it holds."""

    size: int
    values: int


def pages(body: memoryview, start: int, end: int) -> Iterator[Page]:
    """Give the pages that lie between two places.

    Raises:
        ValueError: there is something else.
    """
    while start < end:
        header = _Struct(body, start)
        found = header.read()
        data = found.get(_DATA) or found.get(_DATA_2) or {}
        if not isinstance(data, dict):
            raise ValueError("a page of an unknown kind")
        numbers = (found.get(_UNCOMPRESSED), found.get(_COMPRESSED), data.get(_COUNT, 0))
        size, held, values = (number if isinstance(number, int) else -1 for number in numbers)
        if min(size, held, values) < 0:
            raise ValueError("a page without its size")
        yield Page(size, values)
        start = header.place + held
    if start > end:
        raise ValueError("a page that goes beyond its column")


class _Struct:
    """One struct, read from a place on; `place` is where it ends."""

    def __init__(self, body: memoryview, place: int) -> None:
        self._body = body
        self.place = place

    def read(self, depth: int = 0) -> dict[int, Any]:
        """Give back field number → value."""
        if depth > _DEEPEST:
            raise ValueError("structs within structs")
        found: dict[int, Any] = {}
        number = 0
        while kind := self._byte():
            number = number + (kind >> 4) if kind >> 4 else self._zigzag()
            found[number] = self._value(kind & 15, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        match kind:
            case 1 | 2:
                return kind == 1
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._zigzag()
            case 7:
                self.place += 8
            case 8:
                length = self._varint()
                self.place += length
            case 9 | 10:
                head = self._byte()
                for _ in range(self._varint() if head >> 4 == 15 else head >> 4):
                    self._value(head & 15, depth + 1)
            case 12:
                return self.read(depth + 1)
            case _:
                raise ValueError("an unknown kind of field")
        return None

    def _byte(self) -> int:
        if not 0 <= self.place < len(self._body):
            raise ValueError("a page that is cut off")
        self.place += 1
        return self._body[self.place - 1]

    def _varint(self) -> int:
        number = shift = 0
        while (byte := self._byte()) & 128:
            number |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("a number without an end")
        return number | byte << shift

    def _zigzag(self) -> int:
        number = self._varint()
        return number >> 1 ^ -(number & 1)
