"""The FastAPI application of a model.

It is made by a function, and nothing happens at import. Every route predicts through one `MicroBatcher`.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.responses import JSONResponse, Response
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from houseprice.bundle.load import Bundle
from houseprice.errors import ServingError
from houseprice.serving import json_logging, openapi, protocols
from houseprice.serving.access_log import AccessLog
from houseprice.serving.actuals import add_actuals
from houseprice.serving.batch_execution import BatchExecutor
from houseprice.serving.body import read_json_body
from houseprice.serving.coded_error import CodedHTTPError
from houseprice.serving.cors import CorsMiddleware, PreflightMiddleware
from houseprice.serving.direct_route import BytesResponse, DirectRoute, dispatch_directly
from houseprice.serving.docs.pages import add_docs
from houseprice.serving.explain.comparables import ComparableFinder
from houseprice.serving.explain.routes import add_explain
from houseprice.serving.explain.schemas import PredictionWithParts
from houseprice.serving.formats.routes import BatchRoute
from houseprice.serving.memory_budget import MemoryBudget, default_budget
from houseprice.serving.metrics import Metrics
from houseprice.serving.micro_batching import MicroBatcher
from houseprice.serving.middleware import AdmissionMiddleware, ObservabilityMiddleware, TimeoutMiddleware
from houseprice.serving.monitor import add_monitor
from houseprice.serving.page.routes import add_page
from houseprice.serving.prediction import Prediction
from houseprice.serving.prediction_spool import spool_of
from houseprice.serving.protocols.openapi import ERROR_PATHS
from houseprice.serving.protocols.platforms import HEALTH_VARIABLE
from houseprice.serving.scorer import Scorer
from houseprice.serving.settings import DEFAULT, Settings
from houseprice.serving.validation_errors import BatchTooLargeError, InvalidRequestError
from houseprice.serving.valuation import Valuer
from houseprice.serving.worker_pool import WorkerPool

_log = logging.getLogger(__name__)
_NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False}  # looked up for every request otherwise
_to_json = TypeAdapter(Prediction).serializer.to_json


class Api(FastAPI):
    """FastAPI with a short way to direct routes, and without the outer parts that our middleware replaces."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return the middleware around the direct routes, and around FastAPI's router for all others."""
        handlers = self.exception_handlers
        app: ASGIApp = ExceptionMiddleware(AsyncExitStackMiddleware(self.router), handlers)
        if not self.root_path:
            app = dispatch_directly(self.routes, app, handlers)
        for middleware in reversed(self.user_middleware):
            app = middleware.cls(app, *middleware.args, **middleware.kwargs)
        return app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, past FastAPI's and Starlette's own preparations for each; they do all else."""
        try:
            if scope["type"] != "http" or self.root_path or self.middleware_stack is None:
                await super().__call__(scope, receive, send)
                return
            scope["app"] = self
            await self.middleware_stack(scope, receive, send)
        finally:
            if reservation := scope.get("reservation"):
                reservation.release()


def create_app(bundle: Bundle, settings: Settings = DEFAULT) -> Api:
    """Return the API of a model.

    Its `state` holds `scorer` and `ready`, which says whether requests are wanted.

    Args:
        bundle: the model.
        settings: limits and switches.

    Raises:
        ArtifactError: The model does not fit the schema in its bundle.
    """
    metrics = Metrics(bundle.manifest, settings.spool_folder if settings.store else None) if settings.metrics else None
    scorer = Scorer(bundle, metrics.count_predictions if metrics else None)
    openapi_url = "/openapi.json" if settings.docs else None
    about = openapi.about(bundle.manifest)
    app = Api(
        **about,
        openapi_url=openapi_url,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        telemetry=_NO_TELEMETRY,
        redirect_slashes=False,  # to where the Host header says
        servers=[{"url": settings.root_path}] if settings.root_path else None,
    )
    app.state.scorer, app.state.ready = scorer, False
    spool = app.state.spool = spool_of(bundle.manifest.schema_, settings, metrics)
    batcher = MicroBatcher(scorer, spool)
    budget = MemoryBudget(default_budget(settings.workers, settings.memory_limit_bytes), settings.queue_timeout_seconds)
    executor = BatchExecutor(batcher, WorkerPool(settings.heavy_threads, settings.queue_timeout_seconds), budget)
    house_bytes = settings.max_body_bytes or scorer.request.house_bytes
    batch_bytes = max(house_bytes, settings.max_body_bytes or scorer.request.max_bytes(settings.max_rows))
    app.state.on_drop = metrics.log_lines_dropped.inc if metrics else None
    _add_exception_handlers(app)
    finder = ComparableFinder(bundle)
    page_paths = add_page(app, bundle, scorer, finder, executor.pool, settings)
    _add_middleware(app, settings, metrics, page_paths)
    valuer = Valuer(bundle, finder)
    predict_with = add_explain(app, bundle, executor, house_bytes, finder, valuer)

    async def predict(request: Request) -> Response:
        if request.scope["query_string"] and "include" in request.query_params:
            return await predict_with(request)
        body = await read_json_body(request, house_bytes)
        house = await executor.parse(body, scorer.request.parse, request.receive)
        prediction = await batcher.predict(house)
        answer = _to_json(prediction)
        if spool and not spool.record_exchange(request.scope, body, answer):
            spool.record(house, prediction)
        return BytesResponse(answer)

    app.router.add_api_route(
        "/predict",
        predict,
        methods=["POST"],
        route_class_override=DirectRoute,
        **openapi.predict(bundle.manifest, PredictionWithParts),
    )
    batch = BatchRoute(bundle, executor, settings.max_rows, batch_bytes, valuer)
    app.router.add_api_route(
        "/batch-predict",
        batch.answer,
        methods=["POST"],
        route_class_override=DirectRoute,
        **openapi.batch_predict(bundle, settings.max_rows),
    )
    protocols.add(app, bundle, executor, settings.max_rows, batch_bytes)
    if settings.store:
        add_actuals(app, executor, settings.spool_folder, settings.max_rows)
        add_monitor(app, settings.spool_folder)
    _add_health(app, scorer)
    card = openapi.card(bundle)

    @app.get("/model", **openapi.MODEL)
    async def model() -> Response:
        return Response(card, media_type="application/json")

    if settings.docs:
        add_docs(app)
    if metrics:

        async def exposition(_: Request) -> Response:
            return BytesResponse(*metrics.exposition())

        app.router.add_api_route("/metrics", exposition, route_class_override=DirectRoute, include_in_schema=False)

    openapi.complete(app, scorer.request.json_schema(), has_keys=bool(settings.api_keys))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.ready = True
    if app.state.on_drop:  # now that logging is configured
        json_logging.on_drop(app.state.on_drop)
    if not getattr(app.state, "page_built", True):
        _log.info("page_not_built", extra={"fields": {"root": "docs", "build": "make page"}})
    if app.state.spool:
        app.state.spool.start()
    with _not_ready_on_signal(app):
        yield
    app.state.ready = False
    if app.state.spool:
        await asyncio.to_thread(app.state.spool.close)
    json_logging.flush()  # a worker ends by the signal that stopped it, and writes nothing after this


@contextmanager
def _not_ready_on_signal(app: FastAPI) -> Iterator[None]:
    """Fail the readiness probe from the first signal to stop on; uvicorn tells the application only at the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {sig: signal.getsignal(sig) for sig in (signal.SIGTERM, signal.SIGINT)}

    def stop(sig: int, frame: FrameType | None) -> None:
        app.state.ready = False
        _log.info("stopping", extra={"fields": {"signal": signal.Signals(sig).name}})
        handler = before[signal.Signals(sig)]
        if callable(handler):
            handler(sig, frame)

    for sig in before:
        signal.signal(sig, stop)
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)


def _add_middleware(app: FastAPI, settings: Settings, metrics: Metrics | None, open_paths: frozenset[str]) -> None:
    """Add the middleware, the innermost first; `open_paths` need no API key."""
    if settings.cors_origins:
        app.add_middleware(PreflightMiddleware, origins=settings.cors_origins)
    app.add_middleware(TimeoutMiddleware, settings=settings)
    health_path = os.environ.get(HEALTH_VARIABLE, "")
    app.add_middleware(AdmissionMiddleware, settings=settings, health_path=health_path, open_paths=open_paths)
    if settings.cors_origins:
        app.add_middleware(CorsMiddleware, origins=settings.cors_origins)
    access_log = AccessLog(settings.access_log)
    app.add_middleware(ObservabilityMiddleware, access_log=access_log, metrics=metrics, root_path=settings.root_path)


def _add_exception_handlers(app: FastAPI) -> None:
    """Turn exceptions into the documented errors."""

    async def invalid(_: Request, err: Exception) -> Response:
        errors = err.errors if isinstance(err, InvalidRequestError) else ()
        return JSONResponse({"detail": [error.detail() for error in errors]}, 422)

    async def too_large(_: Request, err: Exception) -> Response:
        return JSONResponse({"detail": str(err)}, 413)

    async def failed(_: Request, err: Exception) -> Response:
        return JSONResponse({"detail": str(err)}, 503)

    async def disconnected(_: Request, __: Exception) -> Response:
        return Response(status_code=400)  # nobody reads it

    async def http_error(request: Request, err: Exception) -> Response:
        if request.scope["path"].startswith(ERROR_PATHS) and isinstance(err, StarletteHTTPException):
            return JSONResponse({"error": err.detail}, err.status_code, err.headers)
        if isinstance(err, CodedHTTPError):
            return JSONResponse({"detail": err.detail, "code": err.code}, err.status_code)
        return await http_exception_handler(request, err)  # type: ignore[arg-type]  # it is registered for no other

    app.add_exception_handler(StarletteHTTPException, http_error)
    app.add_exception_handler(InvalidRequestError, invalid)
    app.add_exception_handler(BatchTooLargeError, too_large)
    app.add_exception_handler(ServingError, failed)
    app.add_exception_handler(ClientDisconnect, disconnected)


def _add_health(app: FastAPI, scorer: Scorer) -> None:
    version = scorer.manifest.model_version

    @app.get("/health", **openapi.HEALTH)
    async def health() -> JSONResponse:
        """Predict a golden row again and compare with the stored prediction."""
        try:
            check = scorer.check_health()
        except ServingError as err:
            return JSONResponse({"status": "failing", "model_version": version, "reason": str(err)}, 503)
        content = {
            "model_version": version,
            "expected": check.expected,
            "found": check.found,
            "relative_difference": check.relative_difference,
            "tolerance": check.tolerance,
        }
        if check.passed:
            return JSONResponse({"status": "ok", **content})
        reason = "The model no longer reproduces its golden prediction; restart the server, or build the bundle again."
        return JSONResponse({"status": "failing", **content, "reason": reason}, 503)

    async def livez(_: Request) -> Response:
        """Liveness probe: the process answers."""
        return BytesResponse(b'{"status":"alive"}')

    app.router.add_api_route("/livez", livez, route_class_override=DirectRoute, **openapi.LIVEZ)

    @app.get("/readyz", **openapi.READYZ)
    async def readyz() -> dict[str, str]:
        """Readiness probe: requests are wanted."""
        if not app.state.ready:
            raise HTTPException(503, "Starting or stopping; retry in a moment.")
        return {"status": "ready"}
