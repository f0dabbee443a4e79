"""JSON is UTF-8; what is not is called by its name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.serving.json_encoding import utf8_json
from houseprice.serving.validation_errors import InvalidRequestError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans())
def test_utf8_is_left_as_it_is(value: object, escaped: bool) -> None:
    """But for a mark before it."""
    text = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    assert utf8_json(text) == text
    assert utf8_json(b"\xef\xbb\xbf" + text) == text


@given(VALUES, st.sampled_from(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]))
def test_other_encodings_are_recognised(value: object, encoding: str) -> None:
    """By their first two bytes, since JSON begins with a character of ASCII."""
    text = json.dumps(value).encode(encoding)
    with pytest.raises(InvalidRequestError) as caught:
        utf8_json(text)
    assert [error.kind for error in caught.value.errors] == ["json_encoding"]
