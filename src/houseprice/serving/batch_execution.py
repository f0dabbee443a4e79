"""How requests are parsed and answered: small ones on the event loop, all others in the worker pool.

A request is small when neither its bytes nor its houses take much longer than one prediction, whatever they hold: the
bytes are counted, and the delimiters in them, since one follows each value but the last of an object, array or row.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from fastapi import Request
from starlette.types import Receive

from houseprice.serving.body import check_coding, header, read_body
from houseprice.serving.gzip_decoding import gunzip
from houseprice.serving.memory_budget import MemoryBudget
from houseprice.serving.micro_batching import MicroBatcher
from houseprice.serving.pacing import Pacer
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House
from houseprice.serving.request_context import current_scope
from houseprice.serving.worker_pool import WorkerPool

SMALL_BYTES = 8 * 2**10
SMALL_HOUSES = 8
"""Houses of one request that share a model call with other requests."""
LONG_BYTES = 256 * 2**10
"""Longer bodies wait in the queue of long work."""

MAX_DIGITS = 16  # of a length

Blocks = Iterable[Sequence[Prediction]]
"""The predictions of many houses, some at a time."""


class ManyHouses(Protocol):
    """A parsed request."""

    @property
    def houses(self) -> list[House]:
        """Its validated houses."""


P = TypeVar("P", bound=ManyHouses)
T = TypeVar("T")


class BatchExecutor:
    """Parses requests, predicts their houses and writes the answers.

    Attributes:
        batcher: predicts the houses of small requests.
        pool: does all else.
        budget: memory for long requests.
        pacer: spreads the splitting of bodies into lines.
    """

    def __init__(self, batcher: MicroBatcher, pool: WorkerPool, budget: MemoryBudget) -> None:
        self.batcher, self.pool, self.budget, self.pacer = batcher, pool, budget, Pacer()
        self._columns = len(batcher.scorer.request.schema.request)
        self._most_commas = 2 * self._columns + 8

    async def read_body(self, request: Request, limit: int) -> bytes:
        """Return the body of a request for many houses, decompressed, as soon as there is memory for it.

        Raises:
            HTTPException: 415 for another coding than gzip, 413 for more than `limit` bytes, 400 for a damaged gzip.
            BusyError: There was no memory, or no thread, for too long.
        """
        is_gzip = check_coding(request)
        await self.reserve(request, limit)
        body = await read_body(request, limit)
        return await self.pool.run(partial(gunzip, body, limit), request.receive) if is_gzip else body

    async def reserve(self, request: Request, limit: int, *, is_streamed: bool = False) -> None:
        """Reserve memory for the body of a request until it has been answered; short ones need none.

        Longer bodies than the limit need none either, unless their beginning is read to be streamed.

        Raises:
            BusyError: There was no memory for too long.
        """
        length = header(request, b"content-length", "")
        is_known = (
            length.isdecimal() and len(length) < MAX_DIGITS and header(request, b"content-encoding", None) is None
        )
        size = int(length) if is_known else limit
        if SMALL_BYTES < size <= limit or (is_streamed and size > limit):
            request.scope["reservation"] = await self.budget.reserve(min(size, limit))

    async def parse(self, body: bytes, parse: Callable[[bytes], T], receive: Receive) -> T:
        """Return what `parse` makes of the body of a request for one house."""
        if len(body) <= SMALL_BYTES and body.count(b",") <= self._most_commas:
            return parse(body)
        return await self.pool.run(partial(parse, body), receive)

    async def answer(
        self,
        body: bytes,
        read: Callable[[bytes], P],
        write: Callable[[P, Blocks], T],
        receive: Receive | None = None,
        *,
        in_pool: bool = False,
    ) -> T:
        """Return what `write` makes of a parsed request and the predictions of its houses.

        `receive` receives the messages of the request, unless it has more of a body; `in_pool` says that to write takes
        long, however few the houses are.
        """
        predict, scope = self.batcher.predict_blocks, current_scope()
        if in_pool or not self._is_small(body, SMALL_HOUSES):
            is_long = len(body) > LONG_BYTES

            def work() -> T:
                parsed = read(body)
                return write(parsed, predict(parsed.houses, scope))

            return await self.pool.run(work, receive, is_long=is_long)
        parsed = read(body)
        if len(parsed.houses) <= SMALL_HOUSES:
            return write(parsed, [await self.batcher.predict_many(parsed.houses)])
        return await self.pool.run(lambda: write(parsed, predict(parsed.houses, scope)), receive)

    def _is_small(self, body: bytes, houses: int) -> bool:
        most = houses * (self._columns + 4)
        return len(body) <= SMALL_BYTES and sum(map(body.count, (b",", b";", b"\t", b"|"))) <= most
