"""`POST /explain` and `/comparables`, and the parts that `include` adds to the answer of `/predict`."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import TypeAdapter
from pydantic_core import to_json

from houseprice.bundle.load import Bundle
from houseprice.serving import openapi
from houseprice.serving.batch_execution import BatchExecutor
from houseprice.serving.body import read_json_body
from houseprice.serving.direct_route import BytesResponse, DirectRoute
from houseprice.serving.explain.comparables import ComparableFinder
from houseprice.serving.explain.curve_routes import add_curves
from houseprice.serving.explain.sale_selection import PARAMETERS, read_selection
from houseprice.serving.explain.schemas import Comparables, Explanation
from houseprice.serving.explain.shapley import Explainer
from houseprice.serving.included_parts import included_parts
from houseprice.serving.request import House
from houseprice.serving.valuation import Valuer

PARTS = ("explanation", "comparables", "valuation")
_explanation_to_json = TypeAdapter(Explanation).serializer.to_json
_comparables_to_json = TypeAdapter(Comparables).serializer.to_json


def add_explain(
    app: FastAPI,
    bundle: Bundle,
    executor: BatchExecutor,
    max_bytes: int,
    finder: ComparableFinder,
    valuer: Valuer,
) -> Callable[[Request], Awaitable[Response]]:
    """Add the routes, and return what answers a `/predict` that has a query.

    Explanations and comparisons take milliseconds each, so they run in the worker pool.

    Raises:
        ArtifactError: The bundle lacks what they need.
    """
    batcher, pool = executor.batcher, executor.pool
    rules = batcher.scorer.request
    explainer = Explainer(bundle, rules)

    async def house_of(request: Request) -> House:
        return await executor.parse(await read_json_body(request, max_bytes), rules.parse, request.receive)

    async def explain(request: Request) -> Response:
        house = await house_of(request)
        answer = await pool.run(lambda: _explanation_to_json(explainer.explain(house)), request.receive)
        return BytesResponse(answer)

    async def comparables(request: Request) -> Response:
        finder.require_sales()
        wanted, house = read_selection(request), await house_of(request)
        answer = await pool.run(lambda: _comparables_to_json(finder.find(house, wanted)), request.receive)
        return BytesResponse(answer)

    async def predict(request: Request) -> Response:
        parts = included_parts(request, PARTS)
        if "comparables" in parts:
            finder.require_sales()
        house = await house_of(request)
        prediction = await batcher.predict(house)
        if batcher.spool:
            batcher.spool.record(house, prediction)

        def answer() -> bytes:
            found = asdict(prediction)
            if "explanation" in parts:
                found["explanation"] = explainer.explain(house)
            if "comparables" in parts:
                found["comparables"] = finder.find(house).comparables
            if "valuation" in parts:
                found["valuation"] = valuer.value([house], [prediction])[0]
            return to_json(found)

        return BytesResponse(await pool.run(answer, request.receive) if parts else to_json(prediction))

    add_route = partial(app.router.add_api_route, methods=["POST"], route_class_override=DirectRoute)
    add_route("/explain", explain, **_document("Why a house has its price, column by column", _EXPLAINED, Explanation))
    add_route(
        "/comparables",
        comparables,
        **_document("The sold houses most similar to one", _COMPARED, Comparables, PARAMETERS),
    )
    add_curves(app, bundle, executor, max_bytes, finder)

    return predict


_EXPLAINED = (
    "Shapley values: what each column adds to the price, against representative sold houses. Base price and amounts "
    "add up to the price, to the cent. The same house always gets the same explanation; with another choice of houses "
    "or orders an amount would differ by some tenths of a percent of the price."
)
_COMPARED = (
    "The distance between two houses is what their differences are worth to the model, as a share of the price; the "
    "price paid is carried to the valuation date by the model's market trend, then moved to the attributes of the "
    "house by what the differences are worth to the model. `price` and `adjustments` add up to `adjusted_price`, to "
    "the cent; `reconciled_value` is the mean of the adjusted prices by `weight`, which goes as 1 / (distance² + 0.1²)."
)


def _document(
    summary: str, description: str, answer: type, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "summary": summary,
        "description": description,
        "tags": ["explain"],
        "response_model": answer,
        "responses": {
            **openapi.ERRORS,
            422: {"model": openapi.Refusal, "description": "Invalid house or query"},
            **(
                {
                    404: {
                        "model": openapi.CodedReason,
                        "description": "No such sale (`sale_not_found`), or no sales at all (`sales_not_in_bundle`)",
                    }
                }
                if parameters
                else {}
            ),
        },
        "openapi_extra": openapi.house_body() | ({"parameters": parameters} if parameters else {}),
    }
