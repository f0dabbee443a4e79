"""`GET /monitor`: what is known of the model in production, as the recorder finds it."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response

from houseprice.serving import openapi
from houseprice.serving.recorder_client import RETRY_SECONDS, RecorderAwayError, ask_recorder

MONITOR = "/monitor"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The page has styles in its elements, and neither scripts nor anything that is loaded."""


def add_monitor(app: FastAPI, folder: Path) -> None:
    """Add the route; `folder` is that of the spool, where the recorder listens."""

    @app.get(MONITOR, **_documented())
    async def monitor(request: Request) -> Response:
        as_json = "application/json" in request.headers.get("accept", "")
        try:
            status, content = await ask_recorder(folder, "monitor", b"json" if as_json else b"html")
        except RecorderAwayError as err:
            raise HTTPException(503, str(err), {"Retry-After": str(RETRY_SECONDS)}) from err
        if status != 200:
            headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else None
            return Response(content, status, headers, "application/json")
        media_type = "application/json" if as_json else "text/html"
        return Response(content, headers={"content-security-policy": _POLICY}, media_type=media_type)


def _documented() -> dict[str, Any]:
    return {
        "summary": "Realised errors and alarms of the model in production",
        "description": (
            "A page without scripts, or JSON where `Accept` asks for it: realised and expected errors, drift of market "
            "and inputs, the shadow model and all alarms, of a minute ago at most; every figure with its 95 % interval "
            "and the number of sales behind it."
        ),
        "tags": ["model"],
        "response_class": Response,
        "responses": {
            200: {
                "description": "What is known",
                "content": {
                    "text/html": {"schema": {"type": "string"}},
                    "application/json": {"schema": {"type": "object"}},
                },
            },
            404: {"model": openapi.Reason, "description": "The model was exported without what to compare with"},
            503: {"model": openapi.Reason, "description": "The database or the recorder is away; retry later"},
        },
    }
