"""`POST /batch-predict`: many houses in one of three formats, answered in any of them."""

from collections.abc import Sequence
from itertools import islice

from fastapi import Request
from fastapi.responses import Response

from houseprice.bundle.load import Bundle
from houseprice.serving import csv_io
from houseprice.serving.batch_execution import BatchExecutor, Blocks
from houseprice.serving.body import header
from houseprice.serving.csv_dialect import Dialect
from houseprice.serving.csv_io import Table
from houseprice.serving.csv_reader import CsvColumns
from houseprice.serving.direct_route import PartsResponse
from houseprice.serving.formats import ndjson
from houseprice.serving.formats.negotiation import (
    CSV,
    JSON,
    NDJSON,
    Media,
    accepted,
    csv_content_type,
    dialect_of,
    negotiate,
)
from houseprice.serving.formats.streaming import streamed
from houseprice.serving.included_parts import included_parts, invalid_query
from houseprice.serving.prediction import as_predictions, predictions_as_json
from houseprice.serving.request import House
from houseprice.serving.valuation import Valuer, valued_as_json

PARTS = ("valuation",)


class BatchRoute:
    """Predicts many houses, whatever their format."""

    def __init__(
        self, bundle: Bundle, executor: BatchExecutor, max_houses: int, max_bytes: int, valuer: Valuer
    ) -> None:
        self._valuer = valuer
        self._columns = CsvColumns(bundle, keeps_reference=True)
        self._executor = executor
        self._rules = executor.batcher.scorer.request
        self._max_houses = max_houses
        self._max_bytes = max_bytes
        self._read_json = self._rules.array_parser(max_houses)

    async def answer(self, request: Request) -> Response:
        """Return the predictions in the format that the request accepts.

        Raises:
            InvalidRequestError: A house cannot be priced, or the body is not what its type says.
            BatchTooLargeError: There are too many houses for a format that is not streamed.
            HTTPException: 406, 413 or 415; 422 for a part that is not known, or that a table has no room for.
            ServingError: The model failed.
        """
        accept = [str(value, "latin-1") for name, value in request.scope["headers"] if name == b"accept"]
        body, answer = negotiate(header(request, b"content-type", ""), ", ".join(accept))
        parts = included_parts(request, PARTS) if request.scope["query_string"] else set()
        if parts and answer.format is CSV:  # perhaps only since the body is one
            answer = accepted(", ".join(accept), Media(JSON, JSON.names[0]))
        if parts and answer.format is CSV:
            message = "A table has no room for a valuation; ask for application/json or application/x-ndjson."
            raise invalid_query("include", message, "valuation")
        if body.format is NDJSON and answer.format is NDJSON and not parts:
            return await streamed(request, self._executor, self._max_bytes, answer.name)
        dialect = Dialect()
        if body.format is CSV:
            dialect = dialect_of(body)
        elif answer.format is CSV:
            dialect = dialect_of(answer, status=406)
        content = await self._executor.read_body(request, self._max_bytes)

        def read(content: bytes) -> Table:
            return self._read(content, body, answer, dialect)

        def write(table: Table, blocks: Blocks) -> PartsResponse:
            media_type = csv_content_type(table.dialect) if answer.format is CSV else answer.name
            if parts:
                return PartsResponse(self._valued(table.houses, blocks, answer), media_type)
            return PartsResponse(_parts(table, blocks, answer), media_type)

        return await self._executor.answer(content, read, write, request.receive, in_pool=bool(parts))

    def _valued(self, houses: Sequence[House], blocks: Blocks, answer: Media) -> list[bytes]:
        """Return predictions with their valuations, in parts."""
        rest, lines = iter(houses), []
        for block in blocks:
            valuations = self._valuer.value(list(islice(rest, len(block))), block)
            lines.append([valued_as_json(*both) for both in zip(block, valuations, strict=True)])
        if answer.format is NDJSON:
            return [b"".join(line + b"\n" for line in block) for block in lines]
        return as_predictions([b",".join(block) for block in lines])

    def _read(self, content: bytes, body: Media, answer: Media, dialect: Dialect) -> Table:
        if body.format is CSV:
            return csv_io.read(content, self._columns, self._rules, self._max_houses, dialect)
        if body.format is NDJSON:
            houses = ndjson.read(content, self._rules, self._max_houses, self._max_bytes)
        else:
            houses = self._read_json(content)
        if answer.format is CSV:
            return csv_io.table_of(houses, self._rules.schema, dialect)
        return Table(houses, (), (), dialect)


def _parts(table: Table, blocks: Blocks, answer: Media) -> list[bytes]:
    if answer.format is CSV:
        return csv_io.write(table, blocks)
    return [ndjson.write(block) for block in blocks] if answer.format is NDJSON else predictions_as_json(blocks)
