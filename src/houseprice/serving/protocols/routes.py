"""The routes of the other protocols, added to an application."""

from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import version as installed_version
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from houseprice.bundle.load import Bundle
from houseprice.errors import ServingError
from houseprice.serving.batch_execution import BatchExecutor
from houseprice.serving.body import header
from houseprice.serving.direct_route import BytesResponse, DirectRoute, PartsResponse
from houseprice.serving.formats import negotiation
from houseprice.serving.formats.negotiation import MediaTypeError
from houseprice.serving.formats.openapi import csv_schema
from houseprice.serving.protocols import invocations, open_inference, openapi
from houseprice.serving.protocols.adapter import ProtocolAdapter
from houseprice.serving.protocols.open_inference import HEADER_LENGTH

INVOCATIONS = "/invocations"
PING = "/ping"
_HEADER_LENGTH = HEADER_LENGTH.lower().encode()
AddRoute = Callable[..., None]


def add(app: FastAPI, bundle: Bundle, executor: BatchExecutor, max_houses: int, max_bytes: int) -> None:
    """Add the routes; `app.state.ready` says whether requests are wanted.

    Args:
        app: the application.
        bundle: the model.
        executor: answers.
        max_houses: how many houses one request may hold.
        max_bytes: how large one body may be.
    """
    adapter = ProtocolAdapter(bundle, executor, max_houses)
    _add_invocations(app, adapter, max_bytes)
    route_class: Any = partial(openapi.ErrorRoute, model=adapter.name)
    add_route = partial(app.router.add_api_route, route_class_override=route_class)
    _add_infer(add_route, adapter, max_bytes)
    _add_v1(add_route, app, adapter, max_bytes)
    _add_v2(add_route, app, adapter)


def _add_invocations(app: FastAPI, adapter: ProtocolAdapter, max_bytes: int) -> None:
    @app.get(PING, **openapi.PING)
    async def ping() -> Response:
        """Predict a golden row again; the status says whether the prediction is the stored one."""
        return Response(status_code=200 if _is_healthy(adapter) else 503)

    @app.get("/version", **openapi.VERSION)
    async def version() -> Response:
        """Return the version of the program as text."""
        return Response(_version(), media_type="text/plain")

    golden = adapter.bundle.golden["rows"]

    async def invoke(request: Request) -> Response:
        """Accept `dataframe_split`, `dataframe_records`, `instances` or `inputs`, or CSV, or a house on each line."""
        kind = header(request, b"content-type", "application/json")
        media_type, parameters = negotiation.parse(kind[: negotiation.MAX_CHARACTERS])
        if media_type == "application/json" or media_type.endswith("+json"):
            return await _answer_json(await adapter.executor.read_body(request, max_bytes), adapter, request)
        if media_type in negotiation.CSV.names:
            read = partial(invocations.read_csv, adapter=adapter, header=parameters.get("header"))
        elif media_type in negotiation.NDJSON.names:
            read = partial(invocations.read_lines, adapter=adapter, longest=max_bytes)
        else:
            raise MediaTypeError(
                415,
                "media_type_unsupported",
                f'The content type "{media_type[:80]}" is none of "application/json", "text/csv" and '
                '"application/jsonlines".',
            )
        body = await adapter.executor.read_body(request, max_bytes)
        return PartsResponse(await adapter.executor.answer(body, read, invocations.write, request.receive))

    about = openapi.invocations(csv_schema(adapter.rules.schema, golden))
    app.router.add_api_route(INVOCATIONS, invoke, methods=["POST"], route_class_override=DirectRoute, **about)


def _add_v1(add_route: AddRoute, app: FastAPI, adapter: ProtocolAdapter, max_bytes: int) -> None:
    async def status(model: str) -> Response:
        _check_path(adapter, model)
        ready = _is_ready(app, adapter)
        code, message = ("OK", "") if ready else ("UNAVAILABLE", "The model fails its health check; see /health.")
        state = "AVAILABLE" if ready else "UNLOADING"
        error = {"error_code": code, "error_message": message}
        versions = [{"version": adapter.version, "state": state, "status": error}]
        content = {"name": adapter.name, "ready": ready, "model_version_status": versions}
        return JSONResponse(content, 200 if ready else 503)

    async def predict(request: Request, model: str) -> Response:
        _check_path(adapter, model)
        return await _answer_json(await adapter.executor.read_body(request, max_bytes), adapter, request)

    async def models() -> dict[str, Any]:
        return {"models": [adapter.name]}

    add_route("/v1/models", models, methods=["GET"], **openapi.V1_MODELS)
    # The longer path first, since the shorter one matches it too: another method then gets the right 405.
    add_route("/v1/models/{model}:predict", predict, methods=["POST"], **openapi.V1_PREDICT)
    add_route("/v1/models/{model}", status, methods=["GET"], **openapi.V1_MODEL)


def _add_v2(add_route: AddRoute, app: FastAPI, adapter: ProtocolAdapter) -> None:
    async def server() -> dict[str, Any]:
        return {"name": "houseprice", "version": _version(), "extensions": ["binary_tensor_data"]}

    async def live() -> dict[str, Any]:
        return {"live": True}

    async def ready() -> Response:
        found = _is_ready(app, adapter)
        return JSONResponse({"ready": found}, 200 if found else 503)

    async def metadata(model: str) -> dict[str, Any]:
        _check_path(adapter, model)
        return open_inference.metadata(adapter)

    async def metadata_of(model: str, version: str) -> dict[str, Any]:
        _check_path(adapter, model, version)
        return open_inference.metadata(adapter)

    async def model_ready(model: str) -> Response:
        _check_path(adapter, model)
        found = _is_ready(app, adapter)
        return JSONResponse({"name": adapter.name, "ready": found}, 200 if found else 503)

    async def ready_of(model: str, version: str) -> Response:
        _check_path(adapter, model, version)
        return await model_ready(model)

    latest, versioned = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"
    get: dict[str, Any] = {"methods": ["GET"]}
    add_route("/v2", server, summary="Server metadata", **get, **openapi.V2)
    add_route("/v2/health/live", live, summary="Liveness probe", **get, **openapi.V2)
    add_route("/v2/health/ready", ready, summary="Readiness probe", **get, **openapi.V2_READY)
    add_route(latest, metadata, summary="The model's tensors", **get, **openapi.V2_MODEL)
    add_route(versioned, metadata_of, include_in_schema=False, **get)
    about = "Readiness probe of the model"
    add_route(f"{latest}/ready", model_ready, summary=about, **get, **openapi.V2_MODEL_READY)
    add_route(f"{versioned}/ready", ready_of, include_in_schema=False, **get)


def _add_infer(add_route: AddRoute, adapter: ProtocolAdapter, max_bytes: int) -> None:
    async def infer(request: Request, model: str) -> Response:
        _check_path(adapter, model)
        length = header(request, _HEADER_LENGTH, None)
        body = await adapter.executor.read_body(request, max_bytes)
        answer = await adapter.executor.answer(
            body,
            lambda body: open_inference.read(body, length, adapter),
            lambda parsed, blocks: open_inference.write(parsed, blocks, adapter),
            request.receive,
        )
        if not answer.headers:
            return BytesResponse(answer.content, answer.media_type)
        return Response(answer.content, media_type=answer.media_type, headers=answer.headers)

    async def infer_of(request: Request, model: str, version: str) -> Response:
        _check_path(adapter, model, version)
        return await infer(request, model)

    latest = "/v2/models/{model}"
    example = open_inference.example(adapter)
    add_route(f"{latest}/infer", infer, methods=["POST"], **openapi.v2_infer(example))
    add_route(f"{latest}/versions/{{version}}/infer", infer_of, methods=["POST"], include_in_schema=False)


async def _answer_json(body: bytes, adapter: ProtocolAdapter, request: Request) -> Response:
    read = partial(invocations.read_json, adapter=adapter)
    return PartsResponse(await adapter.executor.answer(body, read, invocations.write, request.receive))


def _check_path(adapter: ProtocolAdapter, model: str, version: str | None = None) -> None:
    if model != adapter.name:
        raise HTTPException(404, f'There is no model "{model[:80]}"; this server has "{adapter.name}".')
    if version not in {None, adapter.version}:
        raise HTTPException(404, f'There is no version "{version!s:.80}"; this server has "{adapter.version}".')


def _is_healthy(adapter: ProtocolAdapter) -> bool:
    try:
        return adapter.is_healthy()
    except ServingError:
        return False


def _is_ready(app: FastAPI, adapter: ProtocolAdapter) -> bool:
    return bool(app.state.ready) and _is_healthy(adapter)


@cache
def _version() -> str:
    """Return the version of the program, which is read from a file."""
    return installed_version("houseprice")
