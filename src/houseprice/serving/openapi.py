"""OpenAPI descriptions of the routes, apart from the code that answers."""

import json
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from houseprice.bundle.load import Bundle
from houseprice.bundle.manifest import Manifest
from houseprice.schema import currency_in_words
from houseprice.serving.formats import openapi as formats
from houseprice.serving.valuation import ValuedPredictions

TAGS = ("prices", "explain", "page", "model", "operation", "other protocols")
"""In the order of the pages."""
HOUSE = {"$ref": "#/components/schemas/House"}


class Detail(BaseModel):
    """One error in a request."""

    type: str = Field(description="Kind of error, for programs")
    loc: list[str | int] = Field(description="`body`, position of the house in a batch, column")
    msg: str = Field(description="What is wrong and what is allowed")
    input: Any = Field(description="The value that was sent, shortened")


class Refusal(BaseModel):
    """The errors of an invalid request."""

    detail: list[Detail]


class Reason(BaseModel):
    """Why a request cannot be answered."""

    detail: str


class CodedReason(Reason):
    """Why a media type cannot be read or written."""

    code: str = Field(description="Stable name of the reason, for programs")


class Health(BaseModel):
    """Whether the model still gives its stored prediction."""

    status: str = Field(description="`ok` or `failing`")
    model_version: str
    expected: float | None = Field(None, description="Price of a golden row that is stored in the bundle")
    found: float | None = Field(None, description="Price of that row just now")
    relative_difference: float | None = Field(None, description="The largest of price, interval and FSD")
    tolerance: float | None = None
    reason: str | None = Field(None, description="Only when failing")


class State(BaseModel):
    """State of the process."""

    status: str


ERRORS: dict[int | str, dict[str, Any]] = {
    413: {"model": Reason, "description": "Too many houses or bytes; names the limit"},
    414: {"model": Reason, "description": "An address of more than 2 KiB"},
    415: {"model": Reason, "description": "Not application/json, or compressed"},
    422: {"model": Refusal, "description": "A house cannot be priced: column, value, and what is allowed"},
    503: {"model": Reason, "description": "The model failed"},
}
_BATCH_ERRORS: dict[int | str, dict[str, Any]] = {
    **ERRORS,
    406: {"model": CodedReason, "description": "No accepted format can be written"},
    415: {"model": Reason | CodedReason, "description": "A format that cannot be read, or compressed"},
}

HEALTH: dict[str, Any] = {
    "summary": "Health check: does the model give its stored prediction?",
    "tags": ["operation"],
    "response_model": Health,
    "response_model_exclude_none": True,
    "responses": {503: {"model": Health, "description": "It does not, with the reason"}},
}
LIVEZ: dict[str, Any] = {"summary": "Liveness probe", "tags": ["operation"], "response_model": State}
READYZ: dict[str, Any] = {
    "summary": "Readiness probe",
    "tags": ["operation"],
    "response_model": State,
    "responses": {503: {"model": Reason, "description": "Starting or stopping"}},
}
MODEL: dict[str, Any] = {
    "summary": "Manifest and model card: schema, metrics, provenance",
    "tags": ["model"],
    "response_model": dict[str, Any],
}


def _include(*parts: str) -> dict[str, Any]:
    return {
        "name": "include",
        "in": "query",
        "description": "Parts to add to the answer, separated by commas",
        "style": "form",
        "explode": False,
        "schema": {"type": "array", "minItems": 1, "items": {"enum": list(parts)}},
    }


def about(manifest: Manifest) -> dict[str, Any]:
    """Return the metadata of the application."""
    return {
        "title": manifest.project["name"],
        "version": manifest.model_version,
        "summary": f"House prices in {currency_in_words(manifest.project['currency'])} with prediction intervals",
        "description": f"{_trained_on(manifest)} {_functional(manifest)}",
        "openapi_tags": [{"name": tag} for tag in TAGS],
    }


def predict(manifest: Manifest, response_model: type) -> dict[str, Any]:
    """Return the description of the route for one house."""
    return {
        "summary": "The price of one house",
        "description": (
            f"{_functional(manifest)} `prediction_interval` is expected to cover {manifest.coverage:.0%} of the "
            f"prices, and the price ± `fsd` 68 %. {_default_date(manifest)}An unknown category, a value outside the "
            "range of the training data and a missing column that matters are answered with a warning. `include` adds "
            "parts to the answer: `explanation` as from /explain, `comparables` as from /comparables, `valuation` with "
            "what a valuer asks."
        ),
        "tags": ["prices"],
        "response_model": response_model,
        "responses": ERRORS,
        "openapi_extra": {**house_body(), "parameters": [_include("explanation", "comparables", "valuation")]},
    }


def batch_predict(bundle: Bundle, max_houses: int) -> dict[str, Any]:
    """Return the description of the route for many houses.

    The limit is named in words only: to a program that reads `maxItems`, more houses would be an invalid request (422),
    while here they are too many (413).
    """
    table = formats.csv_schema(bundle.manifest.schema_, bundle.golden["rows"])
    return {
        "summary": "The prices of many houses, in their order",
        "description": (
            f"Accepts up to {max_houses} houses, and any number as lines of JSON; one invalid house refuses them all. "
            "The answer has the format that `Accept` asks for, by default that of the request. "
            "`include=valuation` adds what a valuer asks to each prediction in JSON."
        ),
        "tags": ["prices"],
        "response_model": ValuedPredictions,
        "responses": {**_BATCH_ERRORS, 200: {"content": formats.response_content()}},
        "openapi_extra": {
            "requestBody": {"required": True, "content": formats.request_content(HOUSE, table)},
            "parameters": [_include("valuation")],
        },
    }


def house_body() -> dict[str, Any]:
    """Return the description of a request body that is one house."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": HOUSE}}}}


def complete(app: FastAPI, house: dict[str, Any], has_keys: bool) -> None:
    """Add what FastAPI does not know to the document: the schema of a house, and how an API key is sent."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document["components"]["schemas"]["House"] = house
        if has_keys:
            key = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
            document["components"]["securitySchemes"] = {"ApiKey": key}
            document["security"] = [{"ApiKey": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's manual does it


def card(bundle: Bundle) -> bytes:
    """Return the manifest as JSON, with the Markdown of the model card."""
    return json.dumps({**bundle.manifest.model_dump(mode="json"), "card": bundle.card}, ensure_ascii=False).encode()


def _trained_on(manifest: Manifest) -> str:
    return f"Trained on sales up to {day}." if (day := manifest.reference_date) else "Trained on sales without dates."


def _default_date(manifest: Manifest) -> str:
    if manifest.reference_date is None:
        return ""
    return (
        f"Without `{manifest.schema_.sale_date}` the price is for {manifest.reference_date}, the newest sale in the "
        "training data. "
    )


def _functional(manifest: Manifest) -> str:
    return (
        "`predicted_price` is the median: half of such houses sell for less, half for more."
        if manifest.functional == "median"
        else f"`predicted_price` is the {manifest.functional} of the prices of such houses."
    )
