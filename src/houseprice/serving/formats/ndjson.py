"""Lines of JSON in, checked houses out, a block at a time; and a line of JSON for each answer back."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from fastapi import HTTPException
from pydantic import TypeAdapter

from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House, RequestModel
from houseprice.serving.validation_errors import MAX_ERRORS, BatchTooLargeError, FieldError, InvalidRequestError

BLOCK_LINES = 500
BLOCK_BYTES = 2**20
"""A block is full with either; one line may be as long as that."""

_prediction = TypeAdapter(Prediction)


@dataclass(frozen=True)
class Line:
    """A line that holds anything: its number from 1, the position of its house from 0, its bytes."""

    number: int
    house: int
    text: bytes


@dataclass(frozen=True)
class Block:
    """Checked houses in their order, and why the one after them is refused, if it is."""

    houses: list[House]
    refusal: InvalidRequestError | None = None


class Lines:
    """Chunks of a body, put together to lines."""

    def __init__(self, longest: int = BLOCK_BYTES) -> None:
        self._longest = longest
        self._pending: list[bytes] = []
        self._length = 0
        self._number = 0
        self._house = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """Give back the lines that a chunk ends.

        Raises:
            HTTPException: 413, a line is too long.
        """
        *ended, rest = chunk.split(b"\n")
        lines = [line for text in ended if (line := self._end(text)) is not None]
        self._keep(rest)
        return lines

    def end(self) -> list[Line]:
        """Give back the last line, which needs no end."""
        line = self._end(b"")
        return [] if line is None else [line]

    def _keep(self, text: bytes) -> None:
        self._length += len(text)
        if self._length > self._longest:
            raise HTTPException(
                413,
                f"Line {self._number + 1} has more than {self._longest} bytes, which is the limit; put one house on a "
                "line.",
            )
        if text:
            self._pending.append(text)

    def _end(self, text: bytes) -> Line | None:
        self._keep(text)
        whole = b"".join(self._pending)
        self._pending.clear()
        self._length = 0
        self._number += 1
        if not whole.strip():
            return None
        self._house += 1
        return Line(self._number, self._house - 1, whole)


async def blocks(chunks: AsyncIterator[bytes], longest: int = BLOCK_BYTES) -> AsyncIterator[list[Line]]:
    """Give the lines of a body in blocks, as it arrives.

    Raises:
        HTTPException: 413, a line is too long; what stands before it has been given.
    """
    lines = Lines(min(longest, BLOCK_BYTES))
    block: list[Line] = []
    size = 0
    failed: HTTPException | None = None
    async for chunk in chunks:
        try:
            found = lines.feed(chunk)
        except HTTPException as err:
            failed = err
            break
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


def check(lines: Iterable[Line], rules: RequestModel) -> Block:
    """Give back the houses of some lines, up to the first that cannot be priced, and why it and others cannot."""
    houses: list[House] = []
    faults: list[FieldError] = []
    for line in lines:
        try:
            house = rules.parse_line(line.text, line.house)
        except InvalidRequestError as err:
            faults += [replace(fault, line=line.number) for fault in err.errors]
            if len(faults) >= MAX_ERRORS:
                break
        else:
            if not faults:
                houses.append(house)
    return Block(houses, InvalidRequestError(faults) if faults else None)


def read(body: bytes, rules: RequestModel, most: int, longest: int) -> list[House]:
    """Give back the houses of a whole body.

    Raises:
        InvalidRequestError: one of them cannot be priced.
        BatchTooLargeError: there are more than `most`.
        HTTPException: 413, a line is too long.
    """
    lines = Lines(min(longest, BLOCK_BYTES))
    found = lines.feed(body) + lines.end()
    if len(found) > most:
        raise BatchTooLargeError(most)
    block = check(found, rules)
    if block.refusal:
        raise block.refusal
    return block.houses


def write(answers: Sequence[Prediction]) -> bytes:
    """Give back a line for each answer."""
    return b"".join(_prediction.dump_json(answer) + b"\n" for answer in answers)
