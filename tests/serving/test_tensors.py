"""Tensors in bytes and in JSON: well-formed ones are read, malformed ones refused."""

import math
import re
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.serving.protocols import tensors
from houseprice.serving.validation_errors import InvalidRequestError

TYPES = [*tensors.NUMERIC, "BYTES"]


def packed(*texts: str) -> bytes:
    """Write texts as the protocol does: each behind its length."""
    return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)


@pytest.mark.parametrize("datatype", tensors.NUMERIC)
def test_numbers_of_every_type_are_read(datatype: str) -> None:
    """Numpy's little-endian bytes of each data type give the values that they were made from."""
    values = np.array([0, 1, 1], dtype=tensors.NUMERIC[datatype])
    found = tensors.from_bytes("x", datatype, values.tobytes(), 3)
    assert found == values.tolist()
    assert {type(value) for value in found} == {type(values.tolist()[0])}


@given(st.lists(st.text()))
def test_texts_come_back(texts: list[str]) -> None:
    """Texts of any length and alphabet are read as they were written."""
    clean = [text.encode("utf-8", "ignore").decode() for text in texts]
    assert tensors.from_bytes("x", "BYTES", packed(*clean), len(clean)) == clean


@given(st.lists(st.floats()))
def test_prices_come_back(values: list[float]) -> None:
    """What is written as FP64 is read as the same numbers, NaN and infinity too."""
    found = tensors.from_bytes("x", "FP64", tensors.to_bytes(values), len(values))
    assert all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(found, values, strict=True))


@given(st.sampled_from([*TYPES, "BF16", ""]), st.binary(max_size=64), st.integers(0, 2**70))
def test_no_bytes_do_harm(datatype: str, content: bytes, count: int) -> None:
    """Whatever is sent gives as many values as were promised, or a refusal: nothing else."""
    try:
        found = tensors.from_bytes("x", datatype, memoryview(content), count)
    except InvalidRequestError:
        return
    assert len(found) == count
    assert count <= len(content)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([*TYPES, "BF16", "INT12"]), json_values, st.integers(0, 4))
def test_no_json_does_harm(datatype: str, data: Any, count: int) -> None:
    """The same holds for a tensor in JSON, and its values are of the data type."""
    try:
        found = tensors.from_json("x", datatype, data, count)
    except InvalidRequestError:
        return
    assert len(found) == count
    allowed = {"BYTES": str, "BOOL": bool | int}.get(datatype, int | float | None)
    assert all(isinstance(value, allowed) for value in found)  # type: ignore[arg-type]  # unions are classes here


@pytest.mark.parametrize(
    ("datatype", "content", "count", "reason"),
    [
        ("FP64", b"\0" * 15, 2, "15 bytes"),
        ("FP64", b"", 10**18, "8000000000000000000"),
        ("BOOL", b"\2", 1, "byte 2"),
        ("BF16", b"\0\0", 1, "'BF16'"),
        ("BYTES", b"\xff\xff\xff\xffab", 1, "4294967295"),
        ("BYTES", b"\1\0\0", 1, "3 bytes"),
        ("BYTES", packed("abcdef"), 2, "text 1 of 2"),
        ("BYTES", packed("a") + b"!", 1, "1 bytes"),
        ("BYTES", packed("a")[:4] + b"\xff", 1, "not UTF-8"),
    ],
)
def test_what_is_malformed_is_named(datatype: str, content: bytes, count: int, reason: str) -> None:
    """Sizes that do not add up, lengths that are cut off, and bytes that are no value are named."""
    with pytest.raises(InvalidRequestError) as caught:
        tensors.from_bytes("x", datatype, content, count)
    assert reason in str(caught.value)


@pytest.mark.parametrize("shape", [[], [-1], [2, 2], [1, 1, 1], [2, 0]])
def test_only_a_column_is_a_shape(shape: list[int]) -> None:
    """[n] and [n, 1] hold one value a house; whatever else is refused."""
    assert tensors.length("x", [3]) == tensors.length("x", [3, 1]) == 3
    with pytest.raises(InvalidRequestError, match=re.escape(str(shape))):
        tensors.length("x", shape)


@pytest.mark.parametrize(
    ("datatype", "data"),
    [("FP64", ["1"]), ("INT32", [1.5]), ("UINT8", [-1]), ("BOOL", [2]), ("BYTES", [1]), ("INT64", [True]), ("FP32", 1)],
)
def test_json_of_another_type_is_refused(datatype: str, data: Any) -> None:
    """A value has to be of the type that its tensor states."""
    with pytest.raises(InvalidRequestError, match="'x'"):
        tensors.from_json("x", datatype, data, 1)


def test_null_is_allowed_where_nan_is() -> None:
    """JSON has no NaN: null stands for it in floats, and nowhere else; [n, 1] may be nested."""
    assert tensors.from_json("x", "FP64", [[1], [None]], 2) == [1, None]
    with pytest.raises(InvalidRequestError):
        tensors.from_json("x", "INT64", [None], 1)
