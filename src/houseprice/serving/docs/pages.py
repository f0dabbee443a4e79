"""Swagger UI and ReDoc, served without a network and under a strict content security policy.

FastAPI's own pages load their scripts from a public network and start them with an inline script. Here the released
files come from the package fastapi-standalone-docs, which ships them with their licences (Apache-2.0 and MIT), and each
page starts them with a static file. Of that package only the files are used: 2.9 MB in the image.
"""

import html
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response

_HERE = Path(__file__).parent
_ASSETS = {
    "/docs/swagger-ui.css": "swagger/swagger-ui.css",
    "/docs/swagger-ui-bundle.js": "swagger/swagger-ui-bundle.js",
    "/docs/swagger-init.js": "",
    "/docs/favicon.png": "fastapi/favicon.png",
    "/redoc/redoc.standalone.js": "redoc/redoc.standalone.js",
    "/redoc/redoc-init.js": "",
    "/redoc/logo-mini.svg": "redoc/logo-mini.svg",
}
"""Path → file in the package, or here."""

PAGES = frozenset({"/docs", "/redoc"})
"""Paths with a content security policy of their own."""
PATHS = PAGES | _ASSETS.keys()

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_REDOC_STYLES = (
    " 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"  # the empty element to which it adds rules
    " 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"  # the scroll bar; it may change with ReDoc
)
"""ReDoc writes two style elements; Swagger UI none, so that neither needs 'unsafe-inline'."""


def add_docs(app: FastAPI) -> None:
    """Add `/docs` and `/redoc`, which read `/openapi.json`, and the files that they load."""
    for path, name, styles in (("/docs", "swagger.html", ""), ("/redoc", "redoc.html", _REDOC_STYLES)):
        content = (_HERE / name).read_text(encoding="utf-8").replace("{{title}}", html.escape(app.title))
        headers = {"content-security-policy": _POLICY.format(styles=styles)}
        _add(app, path, partial(HTMLResponse, content, headers=headers))
    package = find_spec("fastapi_standalone_docs")  # found, not imported: it is written to replace FastAPI's functions
    static = Path(package.origin).parent / "static" if package and package.origin else _HERE
    for path, name in _ASSETS.items():
        _add(app, path, partial(FileResponse, static / name if name else _HERE / Path(path).name))


def _add(app: FastAPI, path: str, respond: Callable[[], Response]) -> None:
    async def get() -> Response:
        return respond()

    app.add_api_route(path, get, include_in_schema=False)
