"""What OpenAPI says of each route, kept out of the way of the routes themselves."""

import json
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from houseprice.bundle.load import Bundle
from houseprice.bundle.manifest import Manifest
from houseprice.serving.explain.schemas import Whole
from houseprice.serving.formats import openapi as formats
from houseprice.serving.prediction import Predictions


class Detail(BaseModel):
    """One thing that is wrong with what was sent."""

    type: str = Field(description="Kind of error, for programs")
    loc: list[str | int] = Field(description="`body`, position of the house in a batch, column")
    msg: str = Field(description="What was found and what was expected")
    input: Any = Field(description="What was sent, shortened")


class Refusal(BaseModel):
    """Why a request cannot be answered with a price."""

    detail: list[Detail]


class Reason(BaseModel):
    """Why a request cannot be answered."""

    detail: str


class Health(BaseModel):
    """Whether the model still gives its own answer."""

    status: str = Field(description="`ok` or `failing`")
    model_version: str
    expected: float | None = Field(None, description="Price of a golden row that was sealed with the model")
    found: float | None = Field(None, description="Price of that row just now")
    relative_difference: float | None = Field(None, description="Largest, of price and interval")
    tolerance: float | None = None
    reason: str | None = Field(None, description="Only when failing")


class State(BaseModel):
    """How the process is."""

    status: str


_FAILING = {"model": Reason, "description": "The model no longer answers as it should"}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    413: {"model": Reason, "description": "Too many houses or bytes; says the limit"},
    415: {"model": Reason, "description": "Not application/json, or compressed"},
    422: {"model": Refusal, "description": "A house that cannot be priced: column, what was sent, what is allowed"},
    503: _FAILING,
}
_BATCH_REFUSALS: dict[int | str, dict[str, Any]] = {
    406: {"model": Reason, "description": "No format that is accepted can be written"},
    415: {"model": Reason, "description": "No format that can be read, or compressed by Content-Encoding"},
}

HEALTH: dict[str, Any] = {
    "summary": "Does the model give its own answers?",
    "tags": ["operation"],
    "response_model": Health,
    "response_model_exclude_none": True,
    "responses": {503: {"model": Health, "description": "It does not, or cannot answer; with the reason"}},
}
LIVEZ: dict[str, Any] = {"summary": "Does the process answer?", "tags": ["operation"], "response_model": State}
READYZ: dict[str, Any] = {
    "summary": "Does it want requests?",
    "tags": ["operation"],
    "response_model": State,
    "responses": {503: {"model": Reason, "description": "Starting or stopping"}},
}
INCLUDE: dict[str, Any] = {
    "name": "include",
    "in": "query",
    "description": "Parts to add to the answer, with commas between",
    "style": "form",
    "explode": False,
    "schema": {"type": "array", "minItems": 1, "items": {"enum": ["explanation", "comparables"]}},
}
MODEL: dict[str, Any] = {
    "summary": "The model's card as JSON: schema, honest numbers, origin",
    "tags": ["model"],
    "response_model": dict[str, Any],
}


def about(manifest: Manifest) -> dict[str, Any]:
    """Give back what the application says of itself."""
    return {
        "title": manifest.project["name"],
        "version": manifest.model_version,
        "summary": f"Prices of houses in {manifest.project['currency']}, with an interval",
        "description": f"Learned from sales up to {manifest.reference_date}. {_functional(manifest)}",
    }


def predict(manifest: Manifest) -> dict[str, Any]:
    """Describe the route for one house."""
    return {
        "summary": "The price of one house",
        "description": (
            f"{_functional(manifest)} `prediction_interval` is made to hold {manifest.coverage:.0%} of the prices. "
            f"Without `{manifest.schema_.sale_date}` the price is for {manifest.reference_date}, the newest sale that "
            "was learned from. A category that the model does not know, a value outside the range that it learned from "
            "and a missing column that matters are answered, with a warning. `include` adds parts to the answer: "
            "`explanation` as /explain gives it, `comparables` as in that of /comparables."
        ),
        "tags": ["prices"],
        "response_model": Whole,
        "responses": _REFUSALS,
        "openapi_extra": {**_body({"$ref": "#/components/schemas/House"}), "parameters": [INCLUDE]},
    }


def batch_predict(bundle: Bundle, most_houses: int) -> dict[str, Any]:
    """Describe the route for many houses.

    How many are taken at once is said in words alone: to a program that reads `maxItems`, more are a mistake in what
    they hold, and here they are too many (413).
    """
    table = formats.csv_schema(bundle.manifest.schema_, bundle.golden["rows"])
    content = formats.request_content({"$ref": "#/components/schemas/House"}, table)
    return {
        "summary": "The prices of many houses, in their order",
        "description": (
            f"Takes up to {most_houses} houses, and any number as lines of JSON; one that cannot be priced refuses "
            "them all. The answer has the format that `Accept` asks for, by default that of the request."
        ),
        "tags": ["prices"],
        "response_model": Predictions,
        "responses": {**_REFUSALS, **_BATCH_REFUSALS, 200: {"content": formats.response_content()}},
        "openapi_extra": {"requestBody": {"required": True, "content": content}},
    }


def add_house(app: FastAPI, house: dict[str, Any]) -> None:
    """Put the schema of a house, which the routes read by themselves, among FastAPI's own."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        document["components"]["schemas"]["House"] = house
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's manual does it


def card(bundle: Bundle) -> bytes:
    """Give back what the model says of itself, as JSON, with the Markdown of its card."""
    return json.dumps({**bundle.manifest.model_dump(mode="json"), "card": bundle.card}, ensure_ascii=False).encode()


def _functional(manifest: Manifest) -> str:
    return (
        "`predicted_price` is the median: half of such houses sell for less, half for more."
        if manifest.functional == "median"
        else f"`predicted_price` is the {manifest.functional} of the prices that such houses sell for."
    )


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
