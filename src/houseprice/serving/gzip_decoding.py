"""Decompression of gzip within a limit, in steps: a few bytes can stand for very many."""

import zlib
from io import BytesIO

from fastapi import HTTPException

from houseprice.serving.checkpoints import checkpoint

MAX_MEMBERS = 1000
"""Gzip streams one behind the other, as some programs write them."""
_INPUT = 16 * 2**10
_OUTPUT = 128 * 2**10
_GZIP = 31  # zlib's window, with a gzip header


def gunzip(body: bytes, limit: int) -> bytes:
    """Return what a compressed body stands for.

    Raises:
        HTTPException: 400, it is no gzip or ends too early; 413, it stands for more than `limit` bytes.
    """
    decoder, members, found = zlib.decompressobj(_GZIP), 1, BytesIO()
    for begin in range(0, len(body), _INPUT):
        rest = body[begin : begin + _INPUT]
        while rest:
            if decoder.eof:
                decoder, members = zlib.decompressobj(_GZIP), members + 1
            try:
                found.write(decoder.decompress(rest, _OUTPUT))
            except zlib.error as err:
                raise _damaged() from err
            rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            if members > MAX_MEMBERS:
                raise _damaged()
            if found.tell() > limit:
                raise HTTPException(413, f"The body stands for more than {limit} bytes, which is the limit.")
            checkpoint()
    if not decoder.eof:
        raise _damaged()
    return found.getvalue()


def _damaged() -> HTTPException:
    return HTTPException(400, "The body is not one whole gzip, as its Content-Encoding says; compress it again.")
