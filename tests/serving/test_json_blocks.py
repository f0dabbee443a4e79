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
from houseprice.serving.json_blocks import JsonTooLargeError, parse_json
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
