"""Bytes of a Parquet file in, what its footer says of its columns out, read without a library.

Readers of Parquet trust the footer. Before one may see a file, its groups of rows, the places of their columns and
their encodings are read here (https://parquet.apache.org/docs/file-format/metadata/); pyarrow's own way to ask for them
ends the process when a histogram in the footer has another length than it expects.
"""

from dataclasses import dataclass
from typing import Any

from houseprice.serving.formats.thrift import Struct

MARK = b"PAR1"
MOST_BYTES = 2**19
"""Bytes of a footer, of which each may become an empty struct that takes a hundred times as much."""
_ROWS, _GROUPS = 3, 4
_COLUMNS, _ROWS_OF_GROUP = 1, 3
_COLUMN = 3
_ENCODINGS, _VALUES, _COMPRESSED, _DATA_PAGE, _DICTIONARY_PAGE = 2, 5, 7, 9, 11


@dataclass(frozen=True)
class Column:
    """A column of a group of rows: how many values it holds, where its pages lie, and how they are encoded."""

    values: int
    start: int
    end: int
    encodings: tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """A group of rows, and its columns."""

    rows: int
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Footer:
    """What a file says of itself."""

    rows: int
    groups: tuple[Group, ...]


def read(body: memoryview) -> Footer:
    """Give back what the footer says.

    Raises:
        ValueError: there is none, it is encrypted or larger than is sensible, or it says what cannot be.
    """
    length = int.from_bytes(body[-8:-4], "little")
    if len(body) < 12 or body[:4] != MARK or body[-4:] != MARK or not 0 < length <= len(body) - 12:
        raise ValueError("no footer between the marks of one")
    if length > MOST_BYTES:
        raise ValueError(f"a footer of more than {MOST_BYTES} bytes")
    told = Struct(body[len(body) - 8 - length : len(body) - 8]).read()
    groups = tuple(
        Group(_number(group, _ROWS_OF_GROUP), tuple(map(_column, _structs(group, _COLUMNS))))
        for group in _structs(told, _GROUPS)
    )
    return Footer(_number(told, _ROWS), groups)


def _column(told: dict[int, Any]) -> Column:
    about = told.get(_COLUMN)
    if not isinstance(about, dict):
        raise ValueError("a column without its description")
    starts = [place for name in (_DATA_PAGE, _DICTIONARY_PAGE) if (place := _number(about, name, 0))]
    start = min(starts, default=0)
    encodings = about.get(_ENCODINGS)
    if not _are(encodings, int):
        raise ValueError("a column without its encodings")
    return Column(_number(about, _VALUES), start, start + _number(about, _COMPRESSED), tuple(encodings or ()))


def _structs(told: dict[int, Any], name: int) -> list[dict[int, Any]]:
    found = told.get(name)
    if not _are(found, dict):
        raise ValueError("no list where one belongs")
    return list(found or ())


def _are(found: Any, kind: type) -> bool:
    return isinstance(found, list) and all(isinstance(one, kind) for one in found)


def _number(told: dict[int, Any], name: int, default: int | None = None) -> int:
    found = told.get(name, default)
    if not isinstance(found, int) or found < 0:
        raise ValueError("no number where one belongs")
    return found
