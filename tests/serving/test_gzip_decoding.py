"""Gzip is decompressed whole, within the limit, and a little at a time."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import anyio
import pytest
from fastapi import HTTPException
from hypothesis import given, settings
from hypothesis import strategies as st

from houseprice.serving.gzip_decoding import MAX_MEMBERS, gunzipped


async def parts(*found: bytes) -> AsyncIterator[bytes]:
    """Give some parts."""
    for part in found:
        yield part


def decoded(*found: bytes, limit: int | None = None) -> bytes:
    """Decompress some parts."""

    async def ask() -> bytes:
        return b"".join([part async for part in gunzipped(parts(*found), limit)])

    return anyio.run(ask)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.data())
def test_what_was_compressed_comes_out(contents: list[bytes], data: st.DataObject) -> None:
    """Also of several streams one behind the other, cut anywhere."""
    whole = b"".join(map(gzip.compress, contents))
    cut = data.draw(st.integers(0, len(whole)))
    assert decoded(whole[:cut], b"", whole[cut:]) == b"".join(contents)


@pytest.mark.parametrize("level", [0, 9])
def test_long_contents_come_out_whole(level: int) -> None:
    """Whether or not compression makes them smaller."""
    content = bytes(range(256)) * 4000
    assert decoded(gzip.compress(content, level)) == content


def test_more_than_the_limit_is_refused_before_it_is_decompressed() -> None:
    """The compressed bytes count as well: they may stand for nothing."""
    empty = gzip.compress(b"")
    for found, limit, status in ((empty * 50, 500, 413), (empty * (MAX_MEMBERS + 1), None, 400), (b"x", 9, 400)):
        with pytest.raises(HTTPException) as caught:
            decoded(found, limit=limit)
        assert caught.value.status_code == status


def test_others_have_their_turn_while_much_is_decompressed() -> None:
    """A hundred megabytes of zeros are many small steps."""

    async def ask() -> tuple[int, int]:
        turns, size, is_done = 0, 0, False

        async def count() -> None:
            nonlocal turns
            while not is_done:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        async for part in gunzipped(parts(gzip.compress(bytes(100 * 2**20), 1))):
            size += len(part)
        is_done = True
        await counting
        return turns, size

    turns, size = anyio.run(ask)
    assert size == 100 * 2**20
    assert turns > 500
