"""Structs of Thrift's compact protocol: what is written is read, and nothing in them takes long."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.serving.formats.thrift import Struct


def read(*parts: int) -> dict[int, object]:
    """Read a struct of these bytes."""
    return Struct(memoryview(bytes(parts))).read()


def varint(number: int) -> bytes:
    """Write a number as Thrift does."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def zigzag(number: int) -> bytes:
    """Write a number that may be negative."""
    return varint(number << 1 ^ number >> 63)


@given(st.dictionaries(st.integers(1, 2**15 - 1), st.integers(-(2**63), 2**63 - 1), max_size=8))
def test_numbers_come_back(fields: dict[int, int]) -> None:
    """Whatever their fields are called."""
    body = b"".join(bytes([6]) + zigzag(name) + zigzag(value) for name, value in fields.items()) + b"\0"
    struct = Struct(memoryview(body))
    assert struct.read() == fields
    assert struct.place == len(body)


def test_every_kind_is_read_or_passed_over() -> None:
    """Flags, a byte, a text, a number with a point, lists of numbers, of flags and of structs, a struct."""
    found = read(
        *(0x11, 0x12, 0x13, 7, 0x18, 2, 65, 66, 0x17, *range(8)),
        *(0x19, 0x25, 2, 4, 0x19, 0x22, 1, 2, 0x19, 0x1C, 0x15, 6, 0, 0x1C, 0x15, 8, 0, 0x15, 10, 0),
    )
    assert found == {1: True, 2: False, 3: 7, 4: None, 5: None, 6: [1, 2], 7: [1, 2], 8: [{1: 3}], 9: {1: 4}, 10: 5}


@pytest.mark.parametrize(
    "kind", [0xF1, 0xF2, 0xF3, 0xF5, 0xF7, 0xF8, 0xF9, 0xFC], ids=lambda kind: f"of kind {kind & 15}"
)
def test_a_list_that_says_it_is_endless_is_refused_at_once(kind: int) -> None:
    """Its values would have to be there."""
    begin = time.perf_counter()
    with pytest.raises(ValueError, match="cut off"):
        Struct(memoryview(bytes([0x19, kind]) + varint(2**62) + b"\x01" * 50)).read()
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (0x15,),
        (0x18, 9, 1),
        (0x17, 1),
        (0x1B, 0),
        (0x1D,),
        (0x15, *[0x80] * 12),
        (0x1C,) * 90_000,
        (0x19,) * 90_000,
    ],
    ids=[
        "nothing",
        "no value",
        "short text",
        "short number",
        "a map",
        "no kind",
        "endless number",
        "structs too deep",
        "lists too deep",
    ],
)
def test_what_is_none_is_refused(parts: tuple[int, ...]) -> None:
    """With a reason."""
    with pytest.raises(ValueError, match=r"cut off|unknown kind|without an end|within each other"):
        read(*parts)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(body: bytes) -> None:
    """A struct, or a reason."""
    struct = Struct(memoryview(body))
    try:
        struct.read()
    except ValueError:
        return
    assert 0 < struct.place <= len(body)
