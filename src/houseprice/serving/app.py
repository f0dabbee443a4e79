"""Sealed model in, FastAPI application out. The application is a value: nothing happens at import.

Each way of asking is bytes in, bytes out around one scorer; the routes only carry them. Single houses are answered
where they arrive, since the model is faster than a change of thread; large bodies go to a thread.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio.to_thread import run_sync
from fastapi import FastAPI, HTTPException, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from houseprice.bundle.load import Bundle
from houseprice.errors import ServingError
from houseprice.serving import openapi, protocols
from houseprice.serving.access_log import Journal
from houseprice.serving.body import read_json_body
from houseprice.serving.docs.pages import add_docs
from houseprice.serving.explain.routes import add_explain
from houseprice.serving.formats.negotiation import MediaTypeError
from houseprice.serving.formats.routes import BatchRoute
from houseprice.serving.metrics import Metrics
from houseprice.serving.micro_batching import MicroBatcher
from houseprice.serving.middleware import Guard
from houseprice.serving.predict_fast_path import Lean
from houseprice.serving.prediction import Prediction
from houseprice.serving.protocols.openapi import ERROR_PATHS
from houseprice.serving.scorer import Scorer
from houseprice.serving.settings import DEFAULT, Settings
from houseprice.serving.validation_errors import BatchTooLargeError, InvalidRequestError

INLINE_BYTES = 32 * 2**10
"""Up to here a body is answered on the event loop, in about a millisecond."""

_prediction = TypeAdapter(Prediction)


class Api(FastAPI):
    """FastAPI's application with another one before it, which costs a request nothing of what FastAPI does first.

    Attributes:
        front: answers requests, or lets `documented` answer; None leaves them all to FastAPI.
    """

    front: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live."""
        app = self.front if self.front and scope["type"] == "http" else self.documented
        await app(scope, receive, send)

    async def documented(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the routes alone."""
        await super().__call__(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Leave out Starlette's outermost part, which answers what fails: the guard does, and knows a slow client."""
        stack = super().build_middleware_stack()
        return stack.app if isinstance(stack, ServerErrorMiddleware) else stack


def create_app(bundle: Bundle, settings: Settings = DEFAULT, journal: Journal | None = None) -> Api:
    """Give back the API of a sealed model.

    Its `state` holds `scorer`, `batcher`, and `ready`, which says whether it wants requests.

    Args:
        bundle: the sealed model, opened.
        settings: limits and switches.
        journal: where a line is written for each request; None writes none.

    Raises:
        ArtifactError: the model does not fit the schema that was sealed with it.
    """
    metrics = Metrics(bundle.manifest) if settings.metrics else None
    scorer = Scorer(bundle, metrics.priced if metrics else None)
    address = "/openapi.json" if settings.docs else None
    about = openapi.about(bundle.manifest)
    app = Api(**about, openapi_url=address, docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.scorer = scorer
    batcher = app.state.batcher = MicroBatcher(scorer)
    app.state.ready = False
    app.state.journal = journal or Journal(None)
    short = Lean(app.documented, batcher=batcher, max_body_bytes=settings.max_body_bytes)
    app.front = Guard(short, settings=settings, metrics=metrics, journal=app.state.journal)
    if settings.cors_origins:
        asked = ["content-type", "authorization", "x-api-key", "x-request-id"]
        app.front = CORSMiddleware(
            app.front, allow_origins=settings.cors_origins, allow_methods=["GET", "POST"], allow_headers=asked
        )
    _refuse_in_words(app)
    _add_health(app, scorer)
    card = openapi.card(bundle)
    batch = BatchRoute(bundle, batcher, settings.max_rows, settings.max_body_bytes)

    def price_one(body: bytes) -> bytes:
        return _prediction.dump_json(scorer.score([scorer.request.parse(body)])[0])

    async def answered(request: Request, price: Callable[[bytes], bytes]) -> Response:
        body = await read_json_body(request, settings.max_body_bytes)
        content = price(body) if len(body) <= INLINE_BYTES else await run_sync(price, body, abandon_on_cancel=True)
        return Response(content, media_type="application/json")

    predict_with_parts = add_explain(app, bundle, batcher, settings.max_body_bytes)

    @app.post("/predict", **openapi.predict(bundle.manifest))
    async def predict(request: Request) -> Response:
        if request.scope["query_string"]:
            return await predict_with_parts(request)
        return await answered(request, price_one)

    @app.post("/batch-predict", **openapi.batch_predict(bundle, settings.max_rows))
    async def batch_predict(request: Request) -> Response:
        return await batch.answer(request)

    @app.get("/model", **openapi.MODEL)
    async def model() -> Response:
        return Response(card, media_type="application/json")

    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse("docs" if settings.docs else "model")

    if settings.docs:
        add_docs(app)
    if metrics:

        @app.get("/metrics", include_in_schema=False)
        async def told() -> Response:
            content, kind = metrics.text()
            return Response(content, headers={"content-type": kind})

    protocols.add(app, bundle, batcher, settings.max_rows, settings.max_body_bytes)
    openapi.complete(app, scorer.request.json_schema(), has_keys=bool(settings.api_keys))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.ready = True
    yield
    app.state.ready = False
    app.state.journal.flush()


def _refuse_in_words(app: FastAPI) -> None:
    """Turn what can go wrong into the answers that the documentation states."""

    async def unpriceable(_: Request, err: Exception) -> Response:
        faults = err.errors if isinstance(err, InvalidRequestError) else ()
        return JSONResponse({"detail": [fault.detail() for fault in faults]}, 422)

    async def failing(_: Request, err: Exception) -> Response:
        return JSONResponse({"detail": str(err)}, 503)

    async def gone(_: Request, __: Exception) -> Response:
        return Response(status_code=400)  # nobody is there to read it

    async def too_many(_: Request, err: Exception) -> Response:
        return JSONResponse({"detail": str(err)}, 413)

    async def nowhere(request: Request, err: Exception) -> Response:
        if request.scope["path"].startswith(ERROR_PATHS) and isinstance(err, StarletteHTTPException):
            return JSONResponse({"error": err.detail}, err.status_code, err.headers)
        if isinstance(err, MediaTypeError):
            return JSONResponse({"detail": err.detail, "code": err.code}, err.status_code)
        return await http_exception_handler(request, err)  # type: ignore[arg-type]  # it is registered for no other

    app.add_exception_handler(StarletteHTTPException, nowhere)
    app.add_exception_handler(InvalidRequestError, unpriceable)
    app.add_exception_handler(BatchTooLargeError, too_many)
    app.add_exception_handler(ServingError, failing)
    app.add_exception_handler(ClientDisconnect, gone)


def _add_health(app: FastAPI, scorer: Scorer) -> None:
    version = scorer.manifest.model_version

    @app.get("/health", **openapi.HEALTH)
    async def health() -> JSONResponse:
        """Price a golden row again and compare with the sealed answer."""
        try:
            proof = scorer.check_golden_rows(1)[0]
        except ServingError as err:
            return JSONResponse({"status": "failing", "model_version": version, "reason": str(err)}, 503)
        found = {
            "model_version": version,
            "expected": proof.expected,
            "found": proof.found,
            "relative_difference": proof.relative_difference,
            "tolerance": proof.tolerance,
        }
        if proof.holds:
            return JSONResponse({"status": "ok", **found})
        reason = "The model no longer gives the answer that was sealed with it; start again, or seal it again."
        return JSONResponse({"status": "failing", **found, "reason": reason}, 503)

    @app.get("/livez", **openapi.LIVEZ)
    async def livez() -> dict[str, str]:
        """Answer at all."""
        return {"status": "alive"}

    @app.get("/readyz", **openapi.READYZ)
    async def readyz() -> dict[str, str]:
        """Tell whether requests are wanted."""
        if not app.state.ready:
            raise HTTPException(503, "Starting or stopping; ask again in a moment.")
        return {"status": "ready"}
