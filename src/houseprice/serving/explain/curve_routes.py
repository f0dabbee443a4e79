"""`POST /history` and `/what-if`: the prices of one house over time, and over a grid of its columns."""

from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from houseprice.bundle.load import Bundle
from houseprice.serving import openapi
from houseprice.serving.batch_execution import BatchExecutor
from houseprice.serving.body import read_json_body
from houseprice.serving.direct_route import BytesResponse, DirectRoute
from houseprice.serving.explain.comparables import ComparableFinder
from houseprice.serving.explain.grid_request import MAX_COLUMNS, MAX_VALUES
from houseprice.serving.explain.history import Historian, History
from houseprice.serving.explain.what_if import WhatIf, WhatIfCalculator

_history_to_json = TypeAdapter(History).serializer.to_json
_what_if_to_json = TypeAdapter(WhatIf).serializer.to_json


def add_curves(app: FastAPI, bundle: Bundle, executor: BatchExecutor, max_bytes: int, finder: ComparableFinder) -> None:
    """Add the routes; all of their work is done in the worker pool."""
    pool, rules = executor.pool, executor.batcher.scorer.request
    historian, calculator = Historian(bundle), WhatIfCalculator(bundle, rules, finder)

    async def history(request: Request) -> Response:
        body = await read_json_body(request, max_bytes)
        answer = await pool.run(lambda: _history_to_json(historian.trace(rules.parse(body))), request.receive)
        return BytesResponse(answer)

    async def what_if(request: Request) -> Response:
        body = await read_json_body(request, max_bytes)
        return BytesResponse(await pool.run(lambda: _what_if_to_json(calculator.answer(body)), request.receive))

    add_route = partial(
        app.router.add_api_route,
        methods=["POST"],
        route_class_override=DirectRoute,
        tags=["explain"],
    )
    errors: dict[int | str, dict[str, Any]] = openapi.ERRORS
    add_route(
        "/history",
        history,
        summary="The value of one house, month by month",
        description="The house as it is, valued in the middle of each month from the first sale to the newest, and the "
        "market index; 422 with the type `sale_dates_missing` where the model has learned from sales without dates.",
        response_model=History,
        responses=errors,
        openapi_extra=openapi.house_body(),
    )
    add_route(
        "/what-if",
        what_if,
        summary="Prices of one house over a grid of one or two columns",
        description="Each column takes the values that are given, or so many quantiles of the sold houses; "
        "`sales_near` is the number of sales that differ from a point by less than `near_distance` of its price.",
        response_model=WhatIf,
        responses=errors,
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": _body(rules, bundle)}}}
        },
    )


def _body(rules: Any, bundle: Bundle) -> dict[str, Any]:
    """Return the JSON schema of a house and a grid."""
    columns = rules.json_schema()["properties"]
    points = [{"type": "integer", "minimum": 1, "maximum": MAX_VALUES}, {"type": "null"}]
    vary = {
        name: {"anyOf": [{"type": "array", "minItems": 1, "maxItems": MAX_VALUES, "items": columns[name]}, *points]}
        for name in rules.schema.request
        if name in bundle.model.inputs
    }
    return {
        "type": "object",
        "required": ["house", "vary"],
        "additionalProperties": False,
        "properties": {
            "house": openapi.HOUSE,
            "vary": {
                "type": "object",
                "description": "Column → its values, or the number of points of an automatic grid; null for the usual",
                "minProperties": 1,
                "maxProperties": MAX_COLUMNS,
                "additionalProperties": False,
                "properties": vary,
            },
        },
    }
