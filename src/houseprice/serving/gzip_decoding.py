"""Decompression of gzip, a little at a time.

A few bytes can stand for very many: no more is decompressed at once than a moment's work, between which other requests
have their turn, and the reader counts what comes out.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator

from fastapi import HTTPException

MAX_MEMBERS = 1000
"""Gzip streams one behind the other, as some programs write them."""
_INPUT = 16 * 2**10
_OUTPUT = 128 * 2**10
_GZIP = 31  # zlib's window, with a gzip header


async def gunzipped(parts: AsyncIterator[bytes], limit: int | None = None) -> AsyncIterator[bytes]:
    """Yield what compressed parts stand for.

    Raises:
        HTTPException: 400, they are no gzip or end too early; 413, there are more than `limit` of them.
    """
    decoder, members, size = zlib.decompressobj(_GZIP), 1, 0
    async for part in parts:
        size += len(part)
        if limit is not None and size > limit:
            raise HTTPException(413, f"The compressed body has more than {limit} bytes, which is the limit.")
        for begin in range(0, len(part), _INPUT):
            rest = part[begin : begin + _INPUT]
            while rest:
                if decoder.eof:
                    decoder, members = zlib.decompressobj(_GZIP), members + 1
                try:
                    found = decoder.decompress(rest, _OUTPUT)
                except zlib.error as err:
                    raise _damaged() from err
                rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                if members > MAX_MEMBERS:
                    raise _damaged()
                if found:
                    yield found
                await asyncio.sleep(0)
    if not decoder.eof:
        raise _damaged()


def _damaged() -> HTTPException:
    return HTTPException(400, "The body is not one whole gzip, as its Content-Encoding says; compress it again.")
