"""Long JSON is parsed as the parser of the rest does it, and what no request needs is refused before it is built."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hostile_json import HOSTILE, MEGABYTE
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from houseprice.serving import json_blocks
from houseprice.serving.json_blocks import JsonTooLargeError, array_pieces, parse_json
from houseprice.serving.json_duplicate_keys import count_keys, find_duplicate_keys

VALUES = 200_000
TEXTS = st.text(st.characters(codec="utf-8")) | st.sampled_from(['"', "\\", "[", "{}", '{"a":1}', "],[", ":", ""])
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | TEXTS
VALUES_OF_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=30
)


@pytest.fixture(
    autouse=True, scope="module", params=[0, json_blocks.MAX_WHOLE_BYTES], ids=["in blocks", "short ones whole"]
)
def longest_whole(request: pytest.FixtureRequest) -> Iterator[None]:
    """Parse short texts, which are most of these, in blocks as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_blocks, "MAX_WHOLE_BYTES", request.param)
        yield


@given(VALUES_OF_JSON, st.sampled_from([None, 1, "\t"]), st.booleans(), st.integers(1, 4))
@settings(max_examples=400)
def test_the_value_is_that_of_a_parser(value: Any, indent: Any, is_ascii: bool, length: int) -> None:
    """Whatever is nested in what, with any white space; in runs of any length."""
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_blocks, "_RUN", json_blocks.run_pattern(length))
        assert parse_json(text, VALUES) == (value, [])


@given(
    st.binary(max_size=40)
    | st.lists(st.sampled_from(list('[]{},:"\\ 1a')), max_size=14).map(lambda p: "".join(p).encode())
)
@settings(max_examples=1000)
def test_what_a_parser_refuses_is_refused_with_its_place(text: bytes) -> None:
    """The same texts are JSON, and the message has line and column of the whole text."""
    try:
        expected = from_json(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"line \d+ column \d+"):
            parse_json(text, VALUES)
    else:
        assert parse_json(text, VALUES)[0] == expected


def test_an_error_in_a_late_run_has_its_place_in_the_text() -> None:
    """Line and column, as if the text had been parsed as a whole."""
    text = json.dumps([{"a": 1}] * 1000, indent=1).encode() + b"\n"
    broken = text[:-20].replace(b"1", b"1", 1) + text[-20:].replace(b"1", b"x")
    with pytest.raises(ValueError, match="line") as expected:
        from_json(broken)
    with pytest.raises(ValueError, match="line") as found:
        parse_json(broken, VALUES)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize(
    "text",
    [
        b"[" + b'{"a": 1, "b:": ":"},' * 300 + b'{"a": 1, "a": 2}]',
        b'{"x": [' + b"[1],[2]," * 300 + b'[3]], "p": {"q": 1}, "p": 1, "y": {"s": 1, "s": 1}}',
        b'{"x": [0, {"a": 1}, [{"b": 1, "b": 2}]]}',
    ],
    ids=["in a late house", "around tables", "deep"],
)
def test_duplicate_keys_are_found_with_their_place(text: bytes) -> None:
    """Each with the keys and positions that lead to it."""
    expected = find_duplicate_keys(text, count_keys(from_json(text), text.count(b":")))
    assert {one.key for one in expected}
    assert set(parse_json(text, VALUES)[1]) == set(expected)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_structure_takes_little_memory(name: str) -> None:
    """Whatever four megabytes hold, they are refused, or a few times their size is needed."""
    text = HOSTILE[name]
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"line|holds"):
            parse_json(text, VALUES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * MEGABYTE


def test_a_refusal_for_size_is_of_a_kind_of_its_own() -> None:
    """Too many values, or too much that is nested."""
    for text in (HOSTILE["empty arrays"], HOSTILE["pairs of arrays"], HOSTILE["numbers"]):
        with pytest.raises(JsonTooLargeError):
            parse_json(text, 1000)


@given(st.lists(st.dictionaries(TEXTS | st.sampled_from(["},{", "},", '"},{"']), SCALARS | TEXTS)), st.integers(2, 60))
def test_the_pieces_of_an_array_are_the_array(objects: list[dict[str, Any]], size: int) -> None:
    """Unless one of them is no JSON, as when a text holds what looks like the end of an object."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_blocks, "PIECE_BYTES", size)
        try:
            found = [from_json(piece) for piece in array_pieces(b" " + json.dumps(objects).encode() + b"\n")]
        except ValueError:
            return
    assert [one for piece in found for one in piece] == objects


def test_a_plain_array_is_cut_into_pieces() -> None:
    """Of the size that they may have."""
    objects = [{"a": number, "b": "x" * 100} for number in range(2000)]
    pieces = list(array_pieces(json.dumps(objects).encode()))
    assert [one for piece in pieces for one in from_json(piece)] == objects
    assert len(pieces) > 5
    assert max(map(len, pieces)) <= json_blocks.PIECE_BYTES + 2


@pytest.mark.parametrize("text", [b"", b"[", b"]", b"{}", b"1]", HOSTILE["empty objects"], HOSTILE["numbers"]])
def test_what_is_no_array_of_houses_has_no_pieces(text: bytes) -> None:
    """Nor what holds too many objects, or none, in the bytes of one piece."""
    with pytest.raises(ValueError, match=r"array|object"):
        list(array_pieces(text))
