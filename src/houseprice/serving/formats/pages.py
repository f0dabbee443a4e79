"""Bytes of a Parquet column in, what its pages say of their size out, without decompressing any.

A file's footer may say anything; a reader makes room for what the header of each page says. Those headers are structs
of Thrift's compact protocol (https://parquet.apache.org/docs/file-format/data-pages/), of which a few numbers are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from houseprice.serving.formats.thrift import Struct

_UNCOMPRESSED, _COMPRESSED, _DATA, _DATA_2 = 2, 3, 5, 8
_COUNT = 1
_ENCODING = {_DATA: 2, _DATA_2: 4}


@dataclass(frozen=True)
class Page:
    """What the header of a page says: bytes when decompressed, how many values it holds, and their encoding."""

    size: int
    values: int
    encoding: int | None


def pages(body: memoryview, start: int, end: int) -> Iterator[Page]:
    """Give the pages that lie between two places.

    Raises:
        ValueError: there is something else.
    """
    while start < end:
        header = Struct(body, start)
        found = header.read()
        kind = _DATA if _DATA in found else _DATA_2
        data = found.get(kind, {})
        if not isinstance(data, dict) or {_DATA, _DATA_2} <= found.keys():
            raise ValueError("a page of an unknown kind")
        numbers = (found.get(_UNCOMPRESSED), found.get(_COMPRESSED), data.get(_COUNT, 0))
        size, held, values = (number if isinstance(number, int) else -1 for number in numbers)
        if min(size, held, values) < 0:
            raise ValueError("a page without its size")
        yield Page(size, values, data.get(_ENCODING[kind]))
        start = header.place + held
    if start > end:
        raise ValueError("a page that goes beyond its column")
