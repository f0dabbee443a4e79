"""Newline-delimited JSON: houses read in blocks of lines, and a line for each prediction."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from fastapi import HTTPException
from pydantic import TypeAdapter

from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.pacing import Pacer
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House, RequestModel
from houseprice.serving.validation_errors import MAX_ERRORS, BatchTooLargeError, FieldError, InvalidRequestError

BLOCK_LINES = 500
BLOCK_BYTES = 2**20
"""A block ends with whichever comes first; a line may be as long as that."""

STEP_BYTES = 2**14
STEP_SECONDS = 0.0003
"""A step that takes longer holds more lines than houses need, and is paced."""
_BLANK_LINES = 1000
_to_json = TypeAdapter(Prediction).serializer.to_json


@dataclass(frozen=True)
class Line:
    """A line that is not blank: its number from 1, the position of its house from 0, and its bytes."""

    number: int
    house: int
    text: bytes


@dataclass(frozen=True)
class Block:
    """Validated houses in their order, and the error of the one after them, if it has one."""

    houses: list[House]
    refusal: InvalidRequestError | None = None


class Lines:
    """Splits the chunks of a body into lines."""

    def __init__(self, longest: int = BLOCK_BYTES) -> None:
        self._longest = longest
        self._pending: list[bytes] = []
        self._length = 0
        self._number = 0
        self._house = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """Return the lines that a chunk completes.

        Raises:
            HTTPException: 413, a line is too long.
        """
        *ended, rest = chunk.split(b"\n")
        lines = [line for text in ended if (line := self._end(text)) is not None]
        self._keep(rest)
        return lines

    def end(self) -> list[Line]:
        """Return the last line, which needs no line feed."""
        line = self._end(b"")
        return [] if line is None else [line]

    def _keep(self, text: bytes) -> None:
        self._length += len(text)
        if self._length > self._longest:
            raise HTTPException(
                413,
                f"Line {self._number + 1} has more than {self._longest} bytes, which is the limit for one house.",
            )
        if text:
            self._pending.append(text)

    def _end(self, text: bytes) -> Line | None:
        checkpoint()
        self._keep(text)
        whole = b"".join(self._pending)
        self._pending.clear()
        self._length = 0
        self._number += 1
        if not whole.strip():
            return None
        self._house += 1
        return Line(self._number, self._house - 1, whole)


async def blocks(chunks: AsyncIterator[bytes], pacer: Pacer, longest: int = BLOCK_BYTES) -> AsyncIterator[list[Line]]:
    """Yield the lines of a body in blocks, as it arrives; `pacer` spreads the work of all bodies.

    Raises:
        HTTPException: 413, a line is too long; the lines before it have been yielded.
    """
    lines = Lines(min(longest, BLOCK_BYTES))
    block: list[Line] = []
    size = 0
    failed: HTTPException | None = None
    async for chunk in _in_steps(chunks):
        begun = time.perf_counter()
        try:
            found = lines.feed(chunk)
        except HTTPException as err:
            failed = err
            break
        seconds = time.perf_counter() - begun
        await asyncio.sleep(pacer.delay(seconds) if seconds > STEP_SECONDS else 0)
        for line in found:
            block.append(line)
            size += len(line.text)
            if len(block) == BLOCK_LINES or size >= BLOCK_BYTES:
                yield block
                block, size = [], 0
    block += [] if failed else lines.end()
    if block:
        yield block
    if failed:
        raise failed


async def _in_steps(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield chunks in parts whose lines, however many, are found in a few milliseconds."""
    async for chunk in chunks:
        for begin in range(0, len(chunk), STEP_BYTES):
            yield chunk[begin : begin + STEP_BYTES]


def check(lines: Iterable[Line], rules: RequestModel) -> Block:
    """Return the houses of some lines up to the first that cannot be priced, and the errors from there on."""
    houses: list[House] = []
    errors: list[FieldError] = []
    for line in lines:
        checkpoint()
        try:
            house = rules.parse_line(line.text, line.house)
        except InvalidRequestError as err:
            errors += [replace(error, line=line.number) for error in err.errors]
            if len(errors) >= MAX_ERRORS:
                break
        else:
            if not errors:
                houses.append(house)
    return Block(houses, InvalidRequestError(errors) if errors else None)


def read(body: bytes, rules: RequestModel, limit: int, longest: int) -> list[House]:
    """Return the houses of a whole body.

    Raises:
        InvalidRequestError: One of them cannot be priced.
        BatchTooLargeError: There are more than `limit`.
        HTTPException: 413, a line is too long.
    """
    lines = Lines(min(longest, BLOCK_BYTES))
    if body.count(b"\n") > 2 * limit + _BLANK_LINES:  # before they are made
        raise BatchTooLargeError(limit)
    found = lines.feed(body) + lines.end()
    if len(found) > limit:
        raise BatchTooLargeError(limit)
    block = check(found, rules)
    if block.refusal:
        raise block.refusal
    return block.houses


def write(predictions: Sequence[Prediction]) -> bytes:
    """Return a line for each prediction."""
    return b"".join([_to_json(prediction) + b"\n" for prediction in predictions])
