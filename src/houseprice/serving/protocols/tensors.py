"""Tensors of the Open Inference Protocol as lists of Python values: from JSON and from little-endian bytes.

Sizes are compared before anything is read, so that no header can ask for more memory than its body brought.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from houseprice.serving.protocols.adapter import invalid, quoted

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
"""Data types of a fixed width, as numpy calls them; BYTES is supported as well."""

_PREFIX = 4
"""Bytes of the length before each element of BYTES."""


def length(name: str, shape: Sequence[int]) -> int:
    """Return the number of houses in a shape, `[n]` or `[n, 1]`.

    Raises:
        InvalidRequestError: The shape is not that of a column.
    """
    if len(shape) == 1 and shape[0] >= 0:
        return shape[0]
    if len(shape) not in {1, 2} or any(size < 0 for size in shape) or tuple(shape[1:]) not in {(), (1,)}:
        raise invalid(f"The shape of {quoted(name)} must be [n] or [n, 1], not {shape!s:.80}.")
    return shape[0]


def check(name: str, datatype: str, content: bytes | memoryview, count: int) -> None:
    """Check the size of a tensor's bytes against its shape and data type.

    Raises:
        InvalidRequestError: The data type is not supported, or the size is wrong.
    """
    if datatype == "BYTES":
        if count * _PREFIX > len(content):
            raise invalid(f"{quoted(name)} has {len(content)} bytes, but {count} texts need at least {_PREFIX} each.")
        return
    width = np.dtype(_layout(name, datatype)).itemsize
    if count * width != len(content):
        raise invalid(
            f"{quoted(name)} has {len(content)} bytes, but {count} values of {datatype} need {count * width}."
        )


def from_bytes(name: str, datatype: str, content: bytes | memoryview, count: int) -> list[Any]:
    """Return the values of a tensor's bytes.

    Raises:
        InvalidRequestError: They are malformed.
    """
    check(name, datatype, content, count)
    if datatype == "BYTES":
        return _texts(name, content, count)
    if datatype == "BOOL":
        bits = np.frombuffer(content, dtype=np.uint8)
        if bits.size and bits.max() > 1:
            raise invalid(f"The BOOL tensor {quoted(name)} holds the byte {bits.max()}; its bytes must be 0 or 1.")
        return [bit == 1 for bit in bits.tolist()]
    values: list[Any] = np.frombuffer(content, dtype=_layout(name, datatype)).astype(np.dtype(_wide(datatype))).tolist()
    return values


def from_json(name: str, datatype: str, data: Any, count: int) -> list[Any]:
    """Return the values of a tensor in JSON, flat or one list per house.

    Raises:
        InvalidRequestError: There are more or fewer than the shape says, or one is not of the data type.
    """
    if datatype != "BYTES":
        _layout(name, datatype)
    if not isinstance(data, list) or len(data) != count:
        found = f"{len(data)} values" if isinstance(data, list) else quoted(data)
        raise invalid(f'The "data" of {quoted(name)} must be a list of {count} values, as its shape says, not {found}.')
    flat = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in data]
    fits = _FITS[datatype.rstrip("0123468")]
    for place, value in enumerate(flat):
        if not fits(value):
            raise invalid(
                f"{quoted(name)} holds {quoted(value)} for house {place}, which is not of its datatype {datatype}."
            )
    return flat


def to_bytes(values: Sequence[float]) -> bytes:
    """Return numbers as the bytes of an FP64 tensor."""
    return np.asarray(values, dtype="<f8").tobytes()


def _texts(name: str, content: bytes | memoryview, count: int) -> list[str]:
    texts, at = [], 0
    for place in range(count):
        if at + _PREFIX > len(content):
            raise invalid(f"{quoted(name)} ends before text {place} of {count}.")
        (size,) = struct.unpack_from("<I", content, at)
        at += _PREFIX
        if size > len(content) - at:
            raise invalid(f"Text {place} of {quoted(name)} should have {size} bytes, but {len(content) - at} are left.")
        try:
            texts.append(str(content[at : at + size], "utf-8"))
        except UnicodeDecodeError as err:
            raise invalid(f"Text {place} of {quoted(name)} is not UTF-8.") from err
        at += size
    if at != len(content):
        raise invalid(f"{quoted(name)} has {len(content) - at} bytes too many behind its {count} texts.")
    return texts


def _layout(name: str, datatype: str) -> str:
    if datatype not in NUMERIC:
        raise invalid(f"The datatype {quoted(datatype)} of {quoted(name)} is not one of {', '.join(NUMERIC)} or BYTES.")
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
