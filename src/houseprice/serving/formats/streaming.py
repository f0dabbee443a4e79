"""Streaming of newline-delimited JSON: lines are predicted while more arrive, so that memory holds a few blocks.

An error in the first block has the usual status and body. Later the answer has begun: then it ends, after the
predictions of all houses before, with a line that holds what the body of the error would have held.
"""

import json
import zlib
from collections import deque
from collections.abc import AsyncIterator

import anyio
from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from houseprice.errors import DataError, ServingError
from houseprice.serving.batch_execution import SMALL_BYTES, BatchExecutor, Blocks
from houseprice.serving.body import check_coding, read_beginning, received, too_large
from houseprice.serving.direct_route import BytesResponse
from houseprice.serving.formats import ndjson
from houseprice.serving.formats.ndjson import Block, Line
from houseprice.serving.memory_budget import Reservation
from houseprice.serving.validation_errors import InvalidRequestError

MAX_BUFFERED = 8 * 2**20
"""Bytes of answers, compressed, that are kept for a client which sends everything before it reads."""
_UNCOMPRESSED = 2**20
"""Bytes that are kept without compression, since they are soon sent."""


async def streamed(request: Request, executor: BatchExecutor, max_bytes: int, media_type: str) -> Response:
    """Return an answer that begins when the request was read, or more than `max_bytes` of it.

    Some proxies forward no more of a request once its answer has begun.

    Raises:
        InvalidRequestError: A house of the first block cannot be priced.
        HTTPException: 413, a line of the first block is too long; as `BatchExecutor.read_body`.
        ServingError: The model failed at the first block.
    """
    rest = received(request)
    if check_coding(request):
        begin, is_whole = await executor.read_body(request, max_bytes), True
    else:
        await executor.reserve(request, max_bytes, is_streamed=True)
        begin, is_whole = await read_beginning(rest, max_bytes)
    is_short = is_whole and len(begin) <= SMALL_BYTES
    chunks = _chain(begin, None if is_whole else rest, request.scope.get("reservation"))
    answers = _answers(chunks, executor, max_bytes)
    del begin
    if is_short or request.scope["http_version"] == "1.0":
        if not is_whole:  # HTTP/1.0 knows no answer of unknown length but one that ends with its connection
            raise too_large(max_bytes)
        return BytesResponse(b"".join([part async for part in answers]), media_type)
    return _Streamed(await anext(answers, b""), answers, media_type, Reservation(executor.budget, 0))


async def _chain(
    begin: bytes, rest: AsyncIterator[bytes] | None, reservation: Reservation | None
) -> AsyncIterator[bytes]:
    """Yield the beginning, whose reservation ends when all of it was taken, and the rest."""
    yield begin
    del begin
    if reservation:
        reservation.resize(0)
    if rest:
        async for part in rest:
            yield part


async def _answers(chunks: AsyncIterator[bytes], executor: BatchExecutor, max_bytes: int) -> AsyncIterator[bytes]:
    begun = False
    try:
        async for lines in ndjson.blocks(chunks, executor.pacer, max_bytes):
            answer, refusal = await _answer(lines, executor, must_be_valid=not begun)
            yield answer
            begun = True
            if refusal:
                raise refusal
    except (DataError, ServingError, HTTPException) as err:
        if not begun:
            raise
        yield _last(err)


async def _answer(
    lines: list[Line], executor: BatchExecutor, *, must_be_valid: bool
) -> tuple[bytes, InvalidRequestError | None]:
    """Return the answer to the houses of a block before the first that cannot be priced, and its error."""
    rules = executor.batcher.scorer.request

    def read(_: bytes) -> Block:
        block = ndjson.check(lines, rules)
        if block.refusal and must_be_valid:
            raise block.refusal
        return block

    def write(block: Block, blocks: Blocks) -> tuple[bytes, InvalidRequestError | None]:
        return b"".join(map(ndjson.write, blocks)), block.refusal

    return await executor.answer(b"\n".join([line.text for line in lines]), read, write)


def _last(err: Exception) -> bytes:
    if isinstance(err, InvalidRequestError):
        detail: object = [error.detail() for error in err.errors]
    else:
        detail = err.detail if isinstance(err, HTTPException) else str(err)
    return json.dumps({"detail": detail}, ensure_ascii=False).encode() + b"\n"


class _Streamed(Response):
    """A response that does not read the request, as Starlette's own does to notice a disconnect."""

    def __init__(self, first: bytes, rest: AsyncIterator[bytes], media_type: str, reservation: Reservation) -> None:
        self._reservation = reservation
        self.status_code = 200
        self.background = None
        self.media_type = media_type
        self.body = first
        self._rest = rest
        self.init_headers()
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - read elsewhere
        backlog = _Backlog(self._reservation)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._fill, backlog)
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                async for content in backlog.taken():
                    await send({"type": "http.response.body", "body": content, "more_body": True})
        finally:
            self._reservation.release()
        if backlog.failure is None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif not isinstance(backlog.failure, ClientDisconnect):
            raise backlog.failure  # outside of the task group, which would wrap it

    async def _fill(self, backlog: "_Backlog") -> None:
        await backlog.put(bytes(self.body))
        try:
            async for content in self._rest:
                await backlog.put(content)
        except Exception as err:  # noqa: BLE001 - raised by the task that sends
            backlog.failure = err
        finally:
            backlog.close()


class _Backlog:
    """A bounded buffer of bytes between two tasks; while all requests hold more than their budget, it grows no more.

    Attributes:
        failure: the exception that ended the writing task.
    """

    def __init__(self, reservation: Reservation, limit: int = MAX_BUFFERED) -> None:
        self._reservation = reservation
        self.failure: Exception | None = None
        self._limit = limit
        self._held: deque[tuple[bytes, bool]] = deque()
        self._size = 0
        self._closed = False
        self._changed = anyio.Event()

    async def put(self, content: bytes) -> None:
        """Add bytes as soon as there is room."""
        while self._size > self._limit or (self._size > _UNCOMPRESSED and self._reservation.is_over):
            await self._changed.wait()
        behind = self._size > _UNCOMPRESSED
        kept = zlib.compress(content, 1) if behind else content
        self._size += len(kept)
        self._reservation.resize(self._size)
        self._held.append((kept, behind))
        self._wake()

    def close(self) -> None:
        """Mark the end."""
        self._closed = True
        self._wake()

    async def taken(self) -> AsyncIterator[bytes]:
        """Yield what was added, until the end."""
        while self._held or not self._closed:
            if not self._held:
                await self._changed.wait()
                continue
            kept, behind = self._held.popleft()
            self._size -= len(kept)
            self._reservation.resize(self._size)
            self._wake()
            yield zlib.decompress(kept) if behind else kept

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
