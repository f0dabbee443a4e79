"""`POST /batch-predict` in, its answer out: the body in one of five formats, the answer in one, around one scorer."""

from collections.abc import Sequence

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from houseprice.bundle.load import Bundle
from houseprice.serving.body import check_not_compressed, read_body
from houseprice.serving.formats import ndjson, separated
from houseprice.serving.formats.negotiation import CSV, LINES, PARQUET, Media, sent, wanted
from houseprice.serving.formats.rows import Listed, Rows
from houseprice.serving.formats.separated import Dialect, declared
from houseprice.serving.formats.streaming import streamed
from houseprice.serving.prediction import Prediction, Predictions
from houseprice.serving.scorer import Scorer

INLINE_BYTES = 32 * 2**10
"""Up to here a body is answered on the event loop, in about a millisecond."""

_predictions = TypeAdapter(Predictions)


class Batch:
    """Many houses, in whatever format they come."""

    def __init__(self, bundle: Bundle, scorer: Scorer, most_houses: int, most_bytes: int) -> None:
        self._bundle = bundle
        self._scorer = scorer
        self._most = most_houses
        self._most_bytes = most_bytes
        self._read_json = scorer.request.array_parser(most_houses)

    async def answer(self, request: Request) -> Response:
        """Give back the answer to a request, in the format that it accepts.

        Raises:
            InvalidRequestError: it holds a house that cannot be priced, or is not what it says.
            BatchTooLargeError: it holds too many houses for a format that is not streamed.
            HTTPException: 406, 413 or 415, with the reason.
            ServingError: the model failed.
        """
        body = sent(request.headers.get("content-type"))
        answer = wanted(", ".join(request.headers.getlist("accept")), body)
        if body.format is LINES and answer.format is LINES:
            check_not_compressed(request)
            return await streamed(request, self._scorer, self._most_bytes, answer.name)
        dialect = declared(body.parameters) if body.format is CSV else Dialect()
        if answer.format is CSV and body.format is not CSV:
            dialect = declared(answer.parameters, status=406)
        content = await read_body(request, self._most_bytes)
        at_once = len(content) <= INLINE_BYTES and not (body.format.columnar or answer.format.columnar)
        asked = content, body, answer, dialect
        return self._answer(*asked) if at_once else await run_sync(self._answer, *asked, abandon_on_cancel=True)

    def _answer(self, content: bytes, body: Media, answer: Media, dialect: Dialect) -> Response:
        rows, dialect = self._read(content, body, dialect)
        answers = self._scorer.score(rows.houses)
        kind = dialect.content_type if answer.format is CSV else answer.name
        written = _write(rows, answers, answer, dialect)
        return Response(written, headers={"content-type": kind})

    def _read(self, content: bytes, body: Media, dialect: Dialect) -> tuple[Rows, Dialect]:
        rules, most = self._scorer.request, self._most
        if body.format is CSV:
            return separated.read(content, dialect, self._bundle, rules, most)
        if body.format.columnar:
            from houseprice.serving.formats import columnar

            read = columnar.read_parquet if body.format is PARQUET else columnar.read_arrow
            return read(content, rules, most, self._most_bytes), dialect
        if body.format is LINES:
            return Listed(ndjson.read(content, rules, most, self._most_bytes), rules.schema), dialect
        return Listed(self._read_json(content), rules.schema), dialect


def _write(rows: Rows, answers: Sequence[Prediction], answer: Media, dialect: Dialect) -> bytes:
    if answer.format is CSV:
        return separated.write(rows, answers, dialect)
    if answer.format.columnar:
        from houseprice.serving.formats import columnar

        return (columnar.write_parquet if answer.format is PARQUET else columnar.write_arrow)(rows, answers)
    if answer.format is LINES:
        return ndjson.write(answers)
    return _predictions.dump_json(Predictions(list(answers)))
