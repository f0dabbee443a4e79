"""The page at `/` with its files, and the documented routes that it reads: `/page-config` and `/sales`."""

import gzip
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from houseprice.bundle.load import Bundle
from houseprice.bundle.manifest import sha256
from houseprice.serving import openapi
from houseprice.serving.coded_error import CodedHTTPError
from houseprice.serving.direct_route import DirectRoute
from houseprice.serving.explain.comparables import ComparableFinder
from houseprice.serving.page.built_page import ASSETS, INDEX, PageFile, accepted_codings, read_built
from houseprice.serving.page.packed_sales import VERSION, pack_sales, places_of
from houseprice.serving.page.page_config import PageConfig, page_config
from houseprice.serving.page.responses import cacheable, is_current
from houseprice.serving.scorer import Scorer
from houseprice.serving.settings import Settings
from houseprice.serving.worker_pool import WorkerPool

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
_REVALIDATED = "private, no-cache"
_FOR_EVER = "public, max-age=31536000, immutable"


def add_page(
    app: FastAPI, bundle: Bundle, scorer: Scorer, finder: ComparableFinder, pool: WorkerPool, settings: Settings
) -> frozenset[str]:
    """Add the page, its files and its two routes; return the paths of the files, which need no API key.

    Without the built page, `/` leads to the documentation.
    """
    files = read_built() if settings.page else {}
    _add_root(app, files.get(INDEX), settings)
    if not settings.page:
        return frozenset()
    app.state.page_built = bool(files)
    _add_config(app, partial(_config_file, bundle, scorer, finder, settings.max_rows), pool)
    _add_sales(app, bundle, finder, pool)
    assets = {name: file for name, file in files.items() if name != INDEX}

    async def asset(name: str, request: Request) -> Response:
        if name not in assets:
            raise HTTPException(404, "Not Found")
        return _file(request, assets[name], {"cache-control": _FOR_EVER})

    app.add_api_route(f"/{ASSETS}/{{name}}", asset, include_in_schema=False)
    return frozenset(f"/{ASSETS}/{name}" for name in assets)


def _add_root(app: FastAPI, index: PageFile | None, settings: Settings) -> None:
    prefix = settings.root_path.encode()

    async def root(request: Request) -> Response:
        if prefix and request.scope.get("raw_path") == prefix:  # the page's own addresses are relative to a folder
            return RedirectResponse(f"{settings.root_path}/")
        if index is None:
            return RedirectResponse("docs" if settings.docs else "model")
        headers = {"cache-control": "no-cache", "content-security-policy": POLICY}
        return _file(request, index, headers)

    app.router.add_api_route("/", root, route_class_override=DirectRoute, include_in_schema=False)


def _file(request: Request, file: PageFile, headers: dict[str, str]) -> Response:
    coding, content = file.accepted(request.headers.get("accept-encoding", ""))
    headers |= {"etag": file.etag, "vary": "accept-encoding"} | ({"content-encoding": coding} if coding else {})
    return cacheable(request, content, headers, file.media_type)


def _config_file(bundle: Bundle, scorer: Scorer, finder: ComparableFinder, max_rows: int) -> PageFile:
    has_map = places_of(finder.sales, bundle.manifest.schema_) is not None
    content = page_config(bundle, scorer, finder.sale_count, max_rows, has_map=has_map).model_dump_json().encode()
    variants = {"": content, "gzip": gzip.compress(content, mtime=0)}
    return PageFile("application/json", f'W/"{sha256(content)[:16]}"', variants)


def _add_config(app: FastAPI, make: Callable[[], PageFile], pool: WorkerPool) -> None:
    made: list[PageFile] = []  # with the first request, so that a server of a model that fails starts and says so

    async def config(request: Request) -> Response:
        if not made:
            made[:] = [await pool.run(make, request.receive)]
        return _file(request, made[0], {"cache-control": _REVALIDATED})

    app.router.add_api_route("/page-config", config, route_class_override=DirectRoute, **_CONFIG)


def _add_sales(app: FastAPI, bundle: Bundle, finder: ComparableFinder, pool: WorkerPool) -> None:
    schema = bundle.manifest.schema_
    places = places_of(finder.sales, schema)
    headers = {"cache-control": _REVALIDATED, "etag": f'W/"{bundle.manifest.digest[:16]}-{VERSION}"'}
    headers["vary"] = "accept-encoding"
    packed: list[bytes] = []  # made with the first request, so that the start does not wait for it

    async def sales(request: Request) -> Response:
        if places is None:
            raise CodedHTTPError(404, "sales_not_shown", "This model has no sales with coordinates to show.")
        if is_current(request, headers["etag"]):
            return cacheable(request, b"", headers, _SALES_TYPE)
        if not packed:
            packed[:] = [await pool.run(partial(pack_sales, finder.sales, schema, places), request.receive)]
        if accepted_codings(request.headers.get("accept-encoding", ""), ["gzip"]):
            return cacheable(request, packed[0], headers | {"content-encoding": "gzip"}, _SALES_TYPE)
        return cacheable(request, gzip.decompress(packed[0]), headers, _SALES_TYPE)

    app.router.add_api_route("/sales", sales, route_class_override=DirectRoute, **_SALES)


_SALES_TYPE = "application/octet-stream"
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "What the client has is current"}}
_CONFIG: dict[str, Any] = {
    "summary": "What the page at / is made from",
    "description": "The columns of its form with their groups, ranges, choices and a typical house, and where the "
    "model comes from. With `ETag`.",
    "tags": ["page"],
    "response_model": PageConfig,
    "responses": {**_UNCHANGED, 503: openapi.ERRORS[503]},
}
_SALES: dict[str, Any] = {
    "summary": "The sold houses on the map, packed",
    "description": "Place, price, area and day of every sale with coordinates, quantised; without parcel numbers. "
    "The format is described in the project's docs/api.md. With `ETag`.",
    "tags": ["page"],
    "response_class": Response,
    "responses": {
        **_UNCHANGED,
        200: {"description": "The sales", "content": {_SALES_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
        404: {"model": openapi.CodedReason, "description": "`sales_not_shown`: there are none with coordinates"},
    },
}
