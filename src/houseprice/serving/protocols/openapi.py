"""OpenAPI descriptions of the other protocols' routes, and the shape of their errors."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from houseprice.errors import ServingError
from houseprice.serving.direct_route import DirectRoute
from houseprice.serving.openapi import Reason, Refusal
from houseprice.serving.protocols.adapter import in_one_sentence
from houseprice.serving.protocols.invocations import PARAMETERS, SHAPES
from houseprice.serving.protocols.open_inference import HEADER_LENGTH
from houseprice.serving.validation_errors import BatchTooLargeError, InvalidRequestError

ERROR_PATHS = ("/v1/models", "/v2")
"""Prefixes of the paths whose errors are `{"error": …}`; those of Vertex AI begin with `/v1/endpoints/`."""


class Failure(BaseModel):
    """Why a request of another protocol cannot be answered."""

    error: str


class Prices(BaseModel):
    """A price for each house, or with `details` a prediction as `/batch-predict` returns it."""

    predictions: list[float | dict[str, Any]] = Field(description="In the order of the houses")


class ErrorRoute(DirectRoute):
    """A route whose errors are `{"error": …}`: 400 for the request, 404 for names, 503 for the model.

    Its endpoint is called with the parts of the path, and the request if it has such a parameter.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], model: str = "", **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.direct_path = path.replace("{model}", model)
        self.path_params = {"model": model} if self.direct_path != path else {}
        takes_request = "request" in signature(endpoint).parameters

        async def handle(request: Request) -> Response:
            arguments = {**request.path_params, "request": request} if takes_request else request.path_params
            try:
                answer = await endpoint(**arguments)
            except HTTPException as err:
                return JSONResponse({"error": err.detail}, err.status_code, err.headers)
            except InvalidRequestError as err:
                return JSONResponse({"error": in_one_sentence(err)}, 400)
            except BatchTooLargeError as err:
                return JSONResponse({"error": str(err)}, 413)
            except ServingError as err:
                return JSONResponse({"error": str(err)}, 503)
            return answer if isinstance(answer, Response) else JSONResponse(answer)

        self.respond_by(handle)


_TAGS = ["other protocols"]
_ANY = {"type": "object", "additionalProperties": True}
_NO_MODEL: dict[int | str, dict[str, Any]] = {404: {"model": Failure, "description": "No such model or version"}}
_FAILURES: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "Malformed, or a house that cannot be priced"},
    **_NO_MODEL,
    413: {"model": Failure, "description": "Too many houses or bytes; says the limit"},
    415: {"model": Failure, "description": "Compressed by something other than gzip"},
    503: {"model": Failure, "description": "The model failed"},
}
_RECORDS = {"type": "array", "items": {"$ref": "#/components/schemas/House"}}
_HOUSES = {
    "type": "object",
    "description": (
        f"Houses under exactly one of {', '.join(SHAPES)}, each in the forms that MLflow knows; the schema shows "
        f"records. {' or '.join(PARAMETERS)} with details: true asks for whole predictions."
    ),
    "oneOf": [
        {"properties": {shape: _RECORDS}, "required": [shape], "additionalProperties": False}
        for shape in ("dataframe_records", "instances")
    ],
}


def _body(**kinds: Any) -> dict[str, Any]:
    content = {kind.replace("_", "/", 1).replace("_", "-"): {"schema": schema} for kind, schema in kinds.items()}
    return {"requestBody": {"required": True, "content": content}}


_INVOCATIONS: dict[str, Any] = {
    "summary": "Predictions for MLflow, SageMaker and Vertex AI",
    "tags": _TAGS,
    "response_model": Prices,
    "responses": {
        413: {"model": Reason, "description": "Too many houses or bytes; says the limit"},
        415: {
            "model": Reason,
            "description": "A content type or coding that is not known",
        },
        422: {"model": Refusal, "description": "Malformed, or a house that cannot be priced"},
        503: {"model": Reason, "description": "The model failed"},
    },
}


def invocations(table: dict[str, Any]) -> dict[str, Any]:
    """Return the description of `/invocations`; `table` describes a CSV."""
    lines = {"type": "string", "description": "A house as a JSON object on each line"}
    body = _body(application_json=_HOUSES, text_csv=table, application_jsonlines=lines)
    return {**_INVOCATIONS, "openapi_extra": body}


PING: dict[str, Any] = {
    "summary": "Health check, answered by the status alone",
    "tags": _TAGS,
    "response_class": Response,
    "responses": {503: {"description": "The model fails its health check; `/health` says why"}},
}
VERSION: dict[str, Any] = {
    "summary": "Version of the program",
    "tags": _TAGS,
    "response_class": Response,
    "responses": {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
}
V1_MODEL: dict[str, Any] = {
    "summary": "Status of the model for KServe v1 and TensorFlow Serving",
    "tags": _TAGS,
    "response_model": dict[str, Any],
    "responses": {404: _FAILURES[404], 503: {"model": dict[str, Any], "description": "Not ready"}},
}
V1_MODELS: dict[str, Any] = {
    "summary": "Names of the models, for KServe v1",
    "tags": _TAGS,
    "response_model": dict[str, Any],
}
V1_PREDICT: dict[str, Any] = {
    "summary": "Predictions for KServe v1 and TensorFlow Serving",
    "tags": _TAGS,
    "response_model": Prices,
    "responses": _FAILURES,
    "openapi_extra": _body(application_json=_HOUSES),
}
V2: dict[str, Any] = {"tags": _TAGS, "response_model": dict[str, Any]}
V2_MODEL: dict[str, Any] = {**V2, "responses": _NO_MODEL}
V2_READY: dict[str, Any] = {**V2, "responses": {503: {"model": dict[str, Any], "description": "Not ready"}}}
V2_MODEL_READY: dict[str, Any] = {**V2, "responses": {**V2_READY["responses"], **_NO_MODEL}}


def v2_infer(example: dict[str, Any]) -> dict[str, Any]:
    """Return the description of `/infer`, with a request for one house as its example."""
    body = _body(application_json=_ANY, application_octet_stream={"type": "string", "format": "binary"})
    body["requestBody"]["content"]["application/json"]["example"] = example
    return {
        "summary": "Predictions for the Open Inference Protocol",
        "description": f"One tensor a column, as JSON or as bytes behind the JSON (`{HEADER_LENGTH}`).",
        "tags": _TAGS,
        "response_model": dict[str, Any],
        "responses": {200: {"content": {"application/octet-stream": {}}}, **_FAILURES},
        "openapi_extra": body,
    }
