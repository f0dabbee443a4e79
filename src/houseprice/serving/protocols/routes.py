"""An application and a scorer in, the same application with the routes of other protocols out."""

from collections.abc import Callable
from email.message import Message
from importlib.metadata import version as installed
from typing import Any, TypeVar

from anyio.to_thread import run_sync
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from houseprice.bundle.load import Bundle
from houseprice.errors import ServingError
from houseprice.serving.body import read_body
from houseprice.serving.formats.described import table
from houseprice.serving.protocols import open_inference, openapi
from houseprice.serving.protocols.adapter import Answer, Core
from houseprice.serving.protocols.invocations import Invocations
from houseprice.serving.protocols.open_inference import HEADER_LENGTH
from houseprice.serving.scorer import Scorer

INLINE_BYTES = 32 * 2**10
"""Up to here a body is answered on the event loop, in about a millisecond."""

INVOCATIONS = "/invocations"
PING = "/ping"
_T = TypeVar("_T")


def add(app: FastAPI, bundle: Bundle, scorer: Scorer, most_houses: int, most_bytes: int) -> None:
    """Add the routes; `app.state.ready` tells whether requests are wanted.

    Args:
        app: the application.
        bundle: the sealed model, opened.
        scorer: what answers.
        most_houses: how many houses one request may hold.
        most_bytes: how large one body may be.
    """
    core = Core(bundle, scorer, most_houses)
    invocations = Invocations(core)
    _add_invocations(app, core, invocations, most_bytes)
    router = APIRouter(route_class=openapi.ErrorRoute)
    _add_v1(router, app, core, invocations, most_bytes)
    _add_v2(router, app, core)
    _add_infer(router, core, most_bytes)
    app.include_router(router)


def _add_invocations(app: FastAPI, core: Core, invocations: Invocations, most_bytes: int) -> None:
    @app.get(PING, **openapi.PING)
    async def ping() -> Response:
        """Price a golden row again; nothing is said but by the status."""
        return Response(status_code=200 if _is_healthy(core) else 503)

    @app.get("/version", **openapi.VERSION)
    async def version() -> Response:
        """Tell the version of the program, as text."""
        return Response(installed("houseprice"), media_type="text/plain")

    @app.post(INVOCATIONS, **openapi.invocations(table(core.bundle.manifest.schema_, core.bundle.golden["rows"])))
    async def invoke(request: Request) -> Response:
        """Take `dataframe_split`, `dataframe_records`, `instances` or `inputs`, or CSV."""
        kind = Message()
        kind["content-type"] = request.headers.get("content-type", "application/json")
        if kind.get_content_type() == "text/csv":
            header = kind.get_param("header")
            body = await read_body(request, most_bytes)
            content = await _aside(len(body), lambda: invocations.csv(body, str(header) if header else None))
        elif kind.get_content_type() == "application/json" or kind.get_content_subtype().endswith("+json"):
            body = await read_body(request, most_bytes)
            content = await _aside(len(body), lambda: invocations.json(body))
        else:
            raise HTTPException(
                415,
                f'The content type is "{kind.get_content_type()}"; expected "application/json" or "text/csv"; send it '
                "in that header.",
            )
        return Response(content, media_type="application/json")


def _add_v1(router: APIRouter, app: FastAPI, core: Core, invocations: Invocations, most_bytes: int) -> None:
    async def state(model: str) -> Response:
        _same(core, model)
        ready = _is_ready(app, core)
        code, told = ("OK", "") if ready else ("UNAVAILABLE", "The model does not give its own answers; see /health.")
        status = {"error_code": code, "error_message": told}
        state = "AVAILABLE" if ready else "UNLOADING"
        versions = [{"version": core.version, "state": state, "status": status}]
        found = {"name": core.name, "ready": ready, "model_version_status": versions}
        return JSONResponse(found, 200 if ready else 503)

    async def predict(request: Request, model: str) -> Response:
        _same(core, model)
        body = await read_body(request, most_bytes)
        return Response(await _aside(len(body), lambda: invocations.json(body)), media_type="application/json")

    # First the longer path, which the shorter one matches too: who asks it by another method is told its own.
    router.add_api_route("/v1/models/{model}:predict", predict, methods=["POST"], **openapi.V1_PREDICT)
    router.add_api_route("/v1/models/{model}", state, methods=["GET"], **openapi.V1_MODEL)


def _add_v2(router: APIRouter, app: FastAPI, core: Core) -> None:
    async def server() -> dict[str, Any]:
        return {"name": "houseprice", "version": installed("houseprice"), "extensions": ["binary_tensor_data"]}

    async def live() -> dict[str, Any]:
        return {"live": True}

    async def ready() -> Response:
        found = _is_ready(app, core)
        return JSONResponse({"ready": found}, 200 if found else 503)

    async def metadata(model: str) -> dict[str, Any]:
        _same(core, model)
        return open_inference.metadata(core)

    async def metadata_of(model: str, version: str) -> dict[str, Any]:
        _same(core, model, version)
        return open_inference.metadata(core)

    async def model_ready(model: str) -> Response:
        _same(core, model)
        found = _is_ready(app, core)
        return JSONResponse({"name": core.name, "ready": found}, 200 if found else 503)

    async def version_ready(model: str, version: str) -> Response:
        _same(core, model, version)
        return await model_ready(model)

    at, of = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"
    get: dict[str, Any] = {"methods": ["GET"]}
    router.add_api_route("/v2", server, summary="What speaks protocol v2 here", **get, **openapi.V2)
    router.add_api_route("/v2/health/live", live, summary="Does the process answer?", **get, **openapi.V2)
    router.add_api_route("/v2/health/ready", ready, summary="Does it want requests?", **get, **openapi.V2_READY)
    about, asked = "The model's tensors", "Does the model give its own answers?"
    router.add_api_route(at, metadata, summary=about, **get, **openapi.V2_MODEL)
    router.add_api_route(of, metadata_of, include_in_schema=False, **get)
    router.add_api_route(f"{at}/ready", model_ready, summary=asked, **get, **openapi.V2_MODEL_READY)
    router.add_api_route(f"{of}/ready", version_ready, include_in_schema=False, **get)


def _add_infer(router: APIRouter, core: Core, most_bytes: int) -> None:
    async def infer(request: Request, model: str) -> Response:
        _same(core, model)
        body = await read_body(request, most_bytes)
        length = request.headers.get(HEADER_LENGTH)
        answer: Answer = await _aside(len(body), lambda: open_inference.infer(body, length, core))
        return Response(answer.content, media_type=answer.media_type, headers=answer.headers)

    async def infer_of(request: Request, model: str, version: str) -> Response:
        _same(core, model, version)
        return await infer(request, model)

    at = "/v2/models/{model}"
    router.add_api_route(f"{at}/infer", infer, methods=["POST"], **openapi.v2_infer(open_inference.example(core)))
    router.add_api_route(f"{at}/versions/{{version}}/infer", infer_of, methods=["POST"], include_in_schema=False)


async def _aside(size: int, work: Callable[[], _T]) -> _T:
    """Do what is short at once, and what is long in a thread."""
    return work() if size <= INLINE_BYTES else await run_sync(work)


def _same(core: Core, model: str, version: str | None = None) -> None:
    if model != core.name:
        raise HTTPException(404, f'There is no model "{model[:80]}"; expected "{core.name}"; correct the path.')
    if version not in {None, core.version}:
        raise HTTPException(404, f'There is no version "{version!s:.80}"; expected "{core.version}"; correct the path.')


def _is_healthy(core: Core) -> bool:
    try:
        return core.healthy()
    except ServingError:
        return False


def _is_ready(app: FastAPI, core: Core) -> bool:
    return bool(app.state.ready) and _is_healthy(core)
