"""`POST /batch-predict`: many houses in one of three formats, answered in any of them."""

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from houseprice.bundle.load import Bundle
from houseprice.serving import csv_io
from houseprice.serving.body import check_not_compressed, header, parse_body, read_body
from houseprice.serving.csv_io import CsvColumns, Dialect, Table
from houseprice.serving.direct_route import BytesResponse
from houseprice.serving.formats import ndjson
from houseprice.serving.formats.negotiation import (
    CSV,
    NDJSON,
    Media,
    csv_content_type,
    dialect_of,
    negotiate,
)
from houseprice.serving.formats.streaming import streamed
from houseprice.serving.micro_batching import MAX_BATCH_SIZE, MicroBatcher
from houseprice.serving.prediction import Prediction, Predictions

_predictions = TypeAdapter(Predictions)


class BatchRoute:
    """Predicts many houses, whatever their format."""

    def __init__(self, bundle: Bundle, batcher: MicroBatcher, max_houses: int, max_bytes: int) -> None:
        self._columns = CsvColumns(bundle)
        self._batcher = batcher
        self._rules = batcher.scorer.request
        self._max_houses = max_houses
        self._max_bytes = max_bytes
        self._read_json = self._rules.array_parser(max_houses)

    async def answer(self, request: Request) -> Response:
        """Return the predictions in the format that the request accepts.

        Raises:
            InvalidRequestError: A house cannot be priced, or the body is not what its type says.
            BatchTooLargeError: There are too many houses for a format that is not streamed.
            HTTPException: 406, 413 or 415.
            ServingError: The model failed.
        """
        accept = [str(value, "latin-1") for name, value in request.scope["headers"] if name == b"accept"]
        body, answer = negotiate(header(request, b"content-type", ""), ", ".join(accept))
        if body.format is NDJSON and answer.format is NDJSON:
            check_not_compressed(request)
            return await streamed(request, self._batcher, self._max_bytes, answer.name)
        dialect = Dialect()
        if body.format is CSV:
            dialect = dialect_of(body)
        elif answer.format is CSV:
            dialect = dialect_of(answer, status=406)
        content = await read_body(request, self._max_bytes)
        table = await parse_body(content, lambda content: self._read(content, body, answer, dialect))
        predictions = await self._batcher.predict_many(table.houses)
        is_small = len(predictions) <= MAX_BATCH_SIZE
        content = _write(table, predictions, answer) if is_small else await run_sync(_write, table, predictions, answer)
        media_type = csv_content_type(table.dialect) if answer.format is CSV else answer.name
        return BytesResponse(content, media_type)

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


def _write(table: Table, predictions: list[Prediction], answer: Media) -> bytes:
    if answer.format is CSV:
        return csv_io.write(table, predictions)
    if answer.format is NDJSON:
        return ndjson.write(predictions)
    return _predictions.dump_json(Predictions(predictions))
