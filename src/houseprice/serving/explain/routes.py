"""`POST /explain` and `/comparables`, and the parts that `include` adds to the answer of `/predict`."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from anyio.to_thread import run_sync
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from pydantic import TypeAdapter
from pydantic_core import to_json

from houseprice.bundle.load import Bundle
from houseprice.errors import nearest
from houseprice.serving import openapi
from houseprice.serving.body import parse_body, read_json_body
from houseprice.serving.explain.comparables import DEFAULT_COUNT, MAX_COUNT, ComparableFinder
from houseprice.serving.explain.schemas import Comparables, Explanation
from houseprice.serving.explain.shapley import Explainer
from houseprice.serving.micro_batching import MicroBatcher
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House

PARTS = ("explanation", "comparables")
_explanation, _comparables = TypeAdapter(Explanation), TypeAdapter(Comparables)
_prediction = TypeAdapter(Prediction)
_K: dict[str, Any] = {
    "name": "k",
    "in": "query",
    "description": "How many",
    "schema": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT, "default": DEFAULT_COUNT},
}


def add_explain(
    app: FastAPI, bundle: Bundle, batcher: MicroBatcher, max_bytes: int
) -> Callable[[Request], Awaitable[Response]]:
    """Add the routes, and return what answers a `/predict` that has a query.

    Explanations and comparisons take milliseconds each, so they run in worker threads.

    Raises:
        ArtifactError: The bundle lacks what they need.
    """
    rules = batcher.scorer.request
    explainer, finder = Explainer(bundle, rules), ComparableFinder(bundle)

    async def house_of(request: Request) -> House:
        return await parse_body(await read_json_body(request, max_bytes), rules.parse)

    @app.post("/explain", **_document("Why a house has its price, column by column", _EXPLAINED, Explanation))
    async def explain(request: Request) -> Response:
        explanation = await run_sync(explainer.explain, await house_of(request))
        return Response(_explanation.dump_json(explanation), media_type="application/json")

    @app.post("/comparables", **_document("The sold houses most similar to one", _COMPARED, Comparables, [_K]))
    async def comparables(request: Request) -> Response:
        count = _count(request)
        found = await run_sync(finder.find, await house_of(request), count)
        return Response(_comparables.dump_json(found), media_type="application/json")

    async def predict(request: Request) -> Response:
        parts = _included(request)
        house = await house_of(request)
        prediction = await batcher.predict(house)
        if not parts:
            return Response(_prediction.dump_json(prediction), media_type="application/json")
        answer: dict[str, Any] = _prediction.dump_python(prediction, mode="json")
        if "explanation" in parts:
            answer["explanation"] = _explanation.dump_python(await run_sync(explainer.explain, house), mode="json")
        if "comparables" in parts:
            found = _comparables.dump_python(await run_sync(finder.find, house), mode="json")
            answer["comparables"] = found["comparables"]
        return Response(to_json(answer), media_type="application/json")

    return predict


def _query(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.url.query, keep_blank_values=True)


def _included(request: Request) -> set[str]:
    """Return the parts that `include` asks for."""
    found = _query(request).get("include", [])
    value = ",".join(found)
    parts = [part.strip() for part in value.split(",")] if found else []
    for part in parts:
        if part not in PARTS:
            hint = nearest(part[:40], PARTS)
            message = f'"{part[:40]}" is not a part of an answer{hint}; known are {" and ".join(PARTS)}.'
            raise _invalid("include", message, value)
    return set(parts)


def _count(request: Request) -> int:
    """Return how many sales `k` asks for."""
    value = _query(request).get("k", [str(DEFAULT_COUNT)])[-1]
    if not (value.isascii() and value.isdecimal() and len(value) < 5 and 1 <= int(value) <= MAX_COUNT):
        raise _invalid("k", f'"k" must be a whole number from 1 to {MAX_COUNT}, not "{value[:40]}".', value)
    return int(value)


def _invalid(name: str, message: str, value: str) -> HTTPException:
    detail = {"type": "value_error", "loc": ["query", name], "msg": message, "input": value[:80]}
    return HTTPException(422, [detail])


_EXPLAINED = (
    "Shapley values: what each column adds to the price, against representative sold houses. Base price and amounts "
    "add up to the price, to the cent. The same house always gets the same explanation; with another choice of houses "
    "or orders an amount would differ by some tenths of a percent of the price."
)
_COMPARED = (
    "The distance between two houses is what their differences are worth to the model, as a share of the price; the "
    "price paid is carried to the valuation date by the model's market trend."
)


def _document(
    summary: str, description: str, answer: type, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "summary": summary,
        "description": description,
        "tags": ["explain"],
        "response_model": answer,
        "responses": {**openapi.ERRORS, 422: {"model": openapi.Refusal, "description": "Invalid house or query"}},
        "openapi_extra": openapi.house_body() | ({"parameters": parameters} if parameters else {}),
    }
