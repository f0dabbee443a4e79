"""An application in, the same with explanations and comparable sales out: two routes, and `include` on /predict."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from anyio.to_thread import run_sync
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from houseprice.bundle.load import Bundle
from houseprice.errors import nearest
from houseprice.serving import openapi
from houseprice.serving.body import read_json_body
from houseprice.serving.explain.comparables import DEFAULT, MOST, Comparer
from houseprice.serving.explain.schemas import Comparables, Explanation
from houseprice.serving.explain.shapley import Explainer
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House
from houseprice.serving.scorer import Scorer

KNOWN = ("explanation", "comparables")
_explanation, _comparables = TypeAdapter(Explanation), TypeAdapter(Comparables)
_answer: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
_prediction = TypeAdapter(Prediction)
_K: dict[str, Any] = {
    "name": "k",
    "in": "query",
    "description": "How many",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT},
}


def add_insight(
    app: FastAPI, bundle: Bundle, scorer: Scorer, most_bytes: int
) -> Callable[[Request], Awaitable[Response]]:
    """Add the routes; give back what answers a /predict that has a query.

    Raises:
        ArtifactError: what explanations and comparisons need cannot be read from the sealed folder.
    """
    explainer, comparer = Explainer(bundle, scorer.request), Comparer(bundle)

    async def answered(request: Request, answer: Callable[[House], bytes]) -> Response:
        body = await read_json_body(request, most_bytes)
        content = await run_sync(lambda: answer(scorer.request.parse(body)))  # so that others are not kept waiting
        return Response(content, media_type="application/json")

    @app.post("/explain", **_document("Why a house has its price, column by column", _EXPLAINED, Explanation))
    async def explain(request: Request) -> Response:
        return await answered(request, lambda house: _explanation.dump_json(explainer.explain(house)))

    @app.post("/comparables", **_document("The sold houses most like this one", _COMPARED, Comparables, [_K]))
    async def comparables(request: Request) -> Response:
        count = _count(request)
        return await answered(request, lambda house: _comparables.dump_json(comparer.compare(house, count)))

    async def predicted(request: Request) -> Response:
        wanted = _included(request)

        def answer(house: House) -> bytes:
            found = _prediction.dump_python(scorer.score([house])[0], mode="json")
            if "explanation" in wanted:
                found["explanation"] = _explanation.dump_python(explainer.explain(house), mode="json")
            if "comparables" in wanted:
                found["comparables"] = _comparables.dump_python(comparer.compare(house), mode="json")["comparables"]
            return _answer.dump_json(found)

        return await answered(request, answer)

    return predicted


def _query(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.url.query, keep_blank_values=True)


def _included(request: Request) -> set[str]:
    """Give back what `include` asks for."""
    found = _query(request).get("include", [])
    said = ",".join(found)
    words = [word.strip() for word in said.split(",")] if found else []
    for word in words:
        if word not in KNOWN:
            hint = nearest(word[:40], KNOWN)
            raise _refused("include", f'"{word[:40]}" cannot be included{hint}; expected {" or ".join(KNOWN)}.', said)
    return set(words)


def _count(request: Request) -> int:
    """Give back how many are asked for by `k`."""
    said = _query(request).get("k", [str(DEFAULT)])[-1]
    if not (said.isascii() and said.isdecimal() and len(said) < 5 and 1 <= int(said) <= MOST):
        raise _refused("k", f'"k" is "{said[:40]}"; expected a whole number from 1 to {MOST}.', said)
    return int(said)


def _refused(name: str, message: str, said: str) -> HTTPException:
    detail = {"type": "value_error", "loc": ["query", name], "msg": message, "input": said[:80]}
    return HTTPException(422, [detail])


_EXPLAINED = (
    "Shapley values: what each column does to the price, against sold houses that stand for all others. Base price and "
    "amounts add up to the price, to the cent. The same house gets the same explanation; another choice of houses or "
    "orders would move an amount by some tenths of a percent of the price."
)
_COMPARED = (
    "The houses are as far apart as their differences are worth to the model, as shares of a price; what was paid is "
    "carried to the valuation date by the model's market trend."
)


def _document(
    summary: str, description: str, answer: type, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    house = {"application/json": {"schema": {"$ref": "#/components/schemas/House"}}}
    return {
        "summary": summary,
        "description": description,
        "tags": ["insight"],
        "response_model": answer,
        "responses": {
            413: {"model": openapi.Reason, "description": "Too many bytes; says the limit"},
            415: {"model": openapi.Reason, "description": "Not application/json, or compressed"},
            422: {"model": openapi.Refusal, "description": "A house that cannot be priced, or a wrong query"},
            503: {"model": openapi.Reason, "description": "The model no longer answers as it should"},
        },
        "openapi_extra": {"requestBody": {"required": True, "content": house}}
        | ({"parameters": parameters} if parameters else {}),
    }
