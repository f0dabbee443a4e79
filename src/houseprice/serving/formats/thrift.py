"""Bytes of a struct in Thrift's compact protocol in, its fields by number out; nothing in them can take long.

Parquet's footer and the headers of its pages are such structs. See
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

from typing import Any

_DEEPEST = 16
_TRUE, _FALSE, _BYTE = 1, 2, 3
_SHORT, _INT, _LONG, _DOUBLE = 4, 5, 6, 7
_BYTES, _LIST, _SET, _STRUCT = 8, 9, 10, 12


class Struct:
    """One struct, read from a place on.

    Attributes:
        place: where the next byte is read; after `read`, where the struct ended.
    """

    def __init__(self, body: memoryview, place: int = 0) -> None:
        self._body = body
        self.place = place

    def read(self, depth: int = 0) -> dict[int, Any]:
        """Give back field number → value: a number, a bool, a list, a dict for a struct, and None for anything else.

        Raises:
            ValueError: it is cut off, goes too deep, or is none.
        """
        found: dict[int, Any] = {}
        number = 0
        while kind := self._byte():
            number = number + (kind >> 4) if kind >> 4 else self._zigzag()
            kind &= 15
            found[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("structs or lists within each other")
        if kind in (_SHORT, _INT, _LONG):
            return self._zigzag()
        if kind in (_TRUE, _FALSE, _BYTE):  # in a list, a flag takes a byte
            return self._byte()
        if kind == _STRUCT:
            return self.read(depth + 1)
        if kind in (_LIST, _SET):
            head = self._byte()
            count = self._varint() if head >> 4 == 15 else head >> 4
            return [self._value(head & 15, depth + 1) for _ in range(self._held(count))]
        if kind not in (_BYTES, _DOUBLE):
            raise ValueError("an unknown kind of field")
        length = 8 if kind == _DOUBLE else self._varint()  # which moves the place
        self.place += self._held(length)
        return None

    def _held(self, count: int) -> int:
        """Give back a number of values or bytes for which there is room: each takes a byte at least."""
        if count > len(self._body) - self.place:
            raise ValueError("a list or a text that is cut off")
        return count

    def _byte(self) -> int:
        if not 0 <= self.place < len(self._body):
            raise ValueError("a struct that is cut off")
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
