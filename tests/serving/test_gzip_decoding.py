"""Gzip is decompressed whole, and within the limit."""

import gzip
import tracemalloc

import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from houseprice.serving.gzip_decoding import MAX_MEMBERS, gunzip

LIMIT = 2**20


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_what_was_compressed_comes_out(contents: list[bytes]) -> None:
    """Also of several streams one behind the other."""
    assert gunzip(b"".join(map(gzip.compress, contents)), LIMIT) == b"".join(contents)


@pytest.mark.parametrize("level", [0, 9])
def test_long_contents_come_out_whole(level: int) -> None:
    """Whether or not compression makes them smaller; exactly as much as the limit, too."""
    content = bytes(range(256)) * (LIMIT // 256)
    assert gunzip(gzip.compress(content, level), LIMIT) == content


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (gzip.compress(bytes(LIMIT + 1)), 413),
        (gzip.compress(b"") * (MAX_MEMBERS + 1), 400),
        (b"", 400),
        (b"x", 400),
        (gzip.compress(b"x")[:-1], 400),
        (gzip.compress(b"x") + b"y", 400),
    ],
    ids=["too much", "too many", "empty", "something else", "too short", "too long"],  # the bytes hold the time
)
def test_what_is_no_gzip_within_the_limit_is_refused(body: bytes, status: int) -> None:
    """Too much, too many, nothing, something else, too short, too long."""
    with pytest.raises(HTTPException) as caught:
        gunzip(body, LIMIT)
    assert caught.value.status_code == status


def test_no_more_is_decompressed_than_the_limit() -> None:
    """Two hundred megabytes in two hundred kilobytes take no more memory than the limit."""
    bomb = gzip.compress(bytes(200 * LIMIT), 1)
    tracemalloc.start()
    with pytest.raises(HTTPException):
        gunzip(bomb, LIMIT)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 3 * LIMIT
