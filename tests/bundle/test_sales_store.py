"""Sold houses are read back as they were packed, from bytes that depend on nothing else."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.bundle.sales_store import pack, unpack
from houseprice.errors import ArtifactError

NUMBERS = st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=3, max_size=3)
TEXTS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4), min_size=3, max_size=3)


@given(NUMBERS, NUMBERS, TEXTS)
def test_sales_are_read_back_as_they_were(numbers: list[float], prices: list[float], texts: list[str]) -> None:
    """Every number to the last bit, blanks, and every text."""
    columns = {"an area": np.array(numbers), "ört": np.array(texts, dtype=object)}
    content = pack(columns, np.array(prices))
    found = unpack(content)
    assert list(found.columns) == list(columns)
    np.testing.assert_array_equal(found.columns["an area"], numbers)
    assert found.columns["ört"].tolist() == texts
    np.testing.assert_array_equal(found.prices, prices)
    assert pack(columns, np.array(prices)) == content


@pytest.mark.parametrize(("values", "size"), [([0, 1], 1), ([0, 300], 2), ([0.5, 8], 4), ([0.1, 8], 8), ([1e6, 2], 4)])
def test_a_field_is_as_small_as_its_values_allow(values: list[float], size: int) -> None:
    """A flag takes a byte, an area four, and nothing is rounded."""
    records = np.lib.format.read_array(io.BytesIO(pack({"a": np.array(values, dtype=float)}, np.zeros(2))))
    assert records.dtype["a"].itemsize == size


def test_what_holds_objects_is_never_opened() -> None:
    """A file that would run code when read is refused with a sentence."""
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    for content in (stream.getvalue(), b"", b"\x93NUMPY", pack({}, np.zeros(1))[:-1]):
        with pytest.raises(ArtifactError) as excinfo:
            unpack(content)
        assert excinfo.value.code == "sales_store_invalid"


def test_an_array_without_fields_is_refused() -> None:
    """Prices must be among them."""
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    with pytest.raises(ArtifactError) as excinfo:
        unpack(stream.getvalue())
    assert excinfo.value.code == "sales_store_invalid"
