"""The values of one tensor in, a list of Python values out, and back: as JSON, and as little-endian bytes.

What was sent is believed in nothing: sizes are compared before anything is read, so that no header can ask for more
memory than its body brought.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from houseprice.serving.protocols.adapter import quoted, refuse

NUMERIC = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
"""Data types of one width each; BYTES is the other one that is read."""

_PREFIX = 4
"""Bytes that tell the length of each element of BYTES."""


def length(name: str, shape: Sequence[int]) -> int:
    """Give back how many houses a shape holds: `[n]` and `[n, 1]` are columns.

    Raises:
        InvalidRequestError: it is no column.
    """
    if len(shape) not in {1, 2} or any(size < 0 for size in shape) or tuple(shape[1:]) not in {(), (1,)}:
        raise refuse(f"{quoted(name)} has the shape {shape!s:.80}; expected [n] or [n, 1], one value a house; send it.")
    return shape[0]


def check(name: str, datatype: str, content: bytes | memoryview, count: int) -> None:
    """Compare the size of a tensor's bytes with what its header promises, before any of them is read.

    Raises:
        InvalidRequestError: the data type is none that is read, or the size cannot be right.
    """
    if datatype == "BYTES":
        if count * _PREFIX > len(content):
            raise refuse(
                f"{quoted(name)} brings {len(content)} bytes; expected at least {_PREFIX} for each of {count} texts; "
                "correct its shape or its data."
            )
        return
    width = np.dtype(_layout(name, datatype)).itemsize
    if count * width != len(content):
        raise refuse(
            f"{quoted(name)} brings {len(content)} bytes; expected {count * width} for {count} values of {datatype}; "
            "correct its shape, its datatype or its data."
        )


def from_bytes(name: str, datatype: str, content: bytes | memoryview, count: int) -> list[Any]:
    """Give back the values that a tensor's bytes hold.

    Raises:
        InvalidRequestError: they are malformed.
    """
    check(name, datatype, content, count)
    if datatype == "BYTES":
        return _texts(name, content, count)
    if datatype == "BOOL":
        bits = np.frombuffer(content, dtype=np.uint8)
        if bits.size and bits.max() > 1:
            raise refuse(f"{quoted(name)} holds the byte {bits.max()}; expected 0 or 1 in a BOOL; send one of them.")
        return [bit == 1 for bit in bits.tolist()]
    values: list[Any] = np.frombuffer(content, dtype=_layout(name, datatype)).astype(np.dtype(_wide(datatype))).tolist()
    return values


def from_json(name: str, datatype: str, data: Any, count: int) -> list[Any]:
    """Give back the values of a tensor that stands in JSON, flat or a list a house; null in a float is NaN.

    Raises:
        InvalidRequestError: there are more or fewer than the shape says, or one is not of the data type.
    """
    if datatype != "BYTES":
        _layout(name, datatype)
    if not isinstance(data, list) or len(data) != count:
        found = f"{len(data)} values" if isinstance(data, list) else quoted(data)
        raise refuse(
            f'The "data" of {quoted(name)} is {found}; expected a list of {count}, as its shape says; send it.'
        )
    flat = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in data]
    fits = _FITS[datatype.rstrip("0123468")]
    for place, value in enumerate(flat):
        if not fits(value):
            raise refuse(
                f"{quoted(name)} holds {quoted(value)} for house {place}; expected values of its datatype {datatype}; "
                "correct one of them."
            )
    return flat


def to_bytes(values: Sequence[float]) -> bytes:
    """Give back numbers as the bytes of an FP64 tensor."""
    return np.asarray(values, dtype="<f8").tobytes()


def _texts(name: str, content: bytes | memoryview, count: int) -> list[str]:
    texts, at = [], 0
    for place in range(count):
        if at + _PREFIX > len(content):
            raise refuse(f"{quoted(name)} ends before text {place}; expected {count} texts; send all its bytes.")
        (size,) = struct.unpack_from("<I", content, at)
        at += _PREFIX
        if size > len(content) - at:
            raise refuse(
                f"{quoted(name)} says that text {place} has {size} bytes, and {len(content) - at} are left; expected "
                "each text behind its length; correct the length."
            )
        try:
            texts.append(str(content[at : at + size], "utf-8"))
        except UnicodeDecodeError as err:
            raise refuse(
                f"{quoted(name)} holds a text {place} that is not UTF-8; expected UTF-8; encode it so."
            ) from err
        at += size
    if at != len(content):
        raise refuse(
            f"{quoted(name)} brings {len(content) - at} bytes behind its {count} texts; expected none; correct the "
            "shape."
        )
    return texts


def _layout(name: str, datatype: str) -> str:
    if datatype not in NUMERIC:
        raise refuse(
            f"{quoted(name)} is of the datatype {quoted(datatype)}; expected {', '.join(NUMERIC)} or BYTES; send it so."
        )
    return NUMERIC[datatype]


def _wide(datatype: str) -> str:
    return "<f8" if datatype.startswith("FP") else NUMERIC[datatype]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_FITS: dict[str, Callable[[Any], bool]] = {
    "BYTES": lambda value: isinstance(value, str),
    "BOOL": lambda value: isinstance(value, bool) or (_is_whole(value) and value in (0, 1)),
    "INT": _is_whole,
    "UINT": lambda value: _is_whole(value) and value >= 0,
    "FP": lambda value: value is None or isinstance(value, float) or _is_whole(value),
}
