"""Three files in, the page at `/docs` out, with the policy under which a browser runs nothing but what stands in it.

FastAPI's own pages load their scripts from a public network: they fail where there is none, and tell it who reads.
"""

import base64
import hashlib
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse, Response

_HERE = Path(__file__).parent


def add_docs(app: FastAPI) -> None:
    """Serve the page at `/docs`, and lead `/redoc` there; it reads `/openapi.json`."""
    content, policy = page()

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return Response(content, media_type="text/html", headers={"content-security-policy": policy})

    @app.get("/redoc", include_in_schema=False)
    async def redoc() -> RedirectResponse:
        return RedirectResponse("docs")


def page() -> tuple[str, str]:
    """Give back the page, and the policy that goes with it."""
    style, script = ((_HERE / f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    frame = (_HERE / "page.html").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return frame.replace("{{style}}", style).replace("{{script}}", script), policy


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
