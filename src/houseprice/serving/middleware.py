"""ASGI middleware around every route: request IDs, access log and metrics; admission; timeouts and failures.

Pure ASGI, since Starlette's BaseHTTPMiddleware costs a multiple of a prediction. From the outside in:
`ObservabilityMiddleware`, `AdmissionMiddleware`, `TimeoutMiddleware`.
"""

import asyncio
import json
import logging
import math
import os
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from houseprice.serving.access_log import AccessLog
from houseprice.serving.auth import ApiKeys
from houseprice.serving.cors import is_preflight
from houseprice.serving.docs import pages
from houseprice.serving.metrics import Metrics
from houseprice.serving.monitor import MONITOR
from houseprice.serving.page.responses import OWN_HEADERS
from houseprice.serving.protocols.openapi import ERROR_PATHS
from houseprice.serving.rate_limit import TokenBucket
from houseprice.serving.request_context import enter_request
from houseprice.serving.settings import Settings, variable

PROBES = frozenset({"/health", "/livez", "/readyz", "/ping", "/v2/health/live", "/v2/health/ready"})
"""Probes need no key, have no rate limit, and are answered also at the limit of concurrent requests."""
DOCUMENTATION = frozenset({"/", "/openapi.json"}) | pages.PATHS
"""Documentation needs no key, since a browser has none to send."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_HOST = re.compile(rb"([A-Za-z0-9._~%!$&'()*+,;=-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?")
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_PAGES = pages.PAGES | {MONITOR}
"""Paths with a content security policy of their own."""
_log = logging.getLogger(__name__)


class ObservabilityMiddleware:
    """Gives each answer a request ID and security headers, logs and counts it; answers HEAD as GET without a body."""

    def __init__(
        self, app: ASGIApp, access_log: AccessLog, metrics: Metrics | None = None, root_path: str = ""
    ) -> None:
        self._app = app
        self._access_log = access_log
        self._metrics = metrics
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by the inner application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id, method, path = _request_id(scope), scope["method"], scope["path"]
        if self._root_path and f"{path}/".startswith(f"{self._root_path}/"):  # a proxy may have stripped it or not
            path = scope["path"] = path[len(self._root_path) :] or "/"
        scope["request_id"] = request_id.decode()
        enter_request(scope)
        is_head = method == "HEAD"
        if is_head:
            scope["method"] = "GET"
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                scope["method"] = method  # by which uvicorn sends no body
                headers = [*message["headers"], (b"x-request-id", request_id), *_SECURITY_HEADERS]
                if path not in _PAGES or status != 200:
                    headers.append(_POLICY)
                if own := scope.get(OWN_HEADERS):
                    given = len(message["headers"])
                    headers = [*headers[:given], *(header for header in headers[given:] if header[0] not in own)]
                message = {**message, "headers": headers}
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        if self._metrics:
            self._metrics.begin_request()
        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            status = scope.get("aborted_status", status)
            if self._metrics:
                self._metrics.end_request(_route(scope), status, seconds)
            self._access_log.write(scope["request_id"], method, path, status, seconds, scope.get("caller", ""))


class AdmissionMiddleware:
    """Refuses requests without a valid key, over the rate limit, or over the limit of concurrent requests.

    A request is in progress from the end of its body on: those that arrive slowly take no place from others.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, health_path: str = "", open_paths: frozenset[str] = frozenset()
    ) -> None:
        self._app = app
        self._settings = settings
        self._keys = ApiKeys(settings.api_keys)
        self._bucket = TokenBucket(settings.requests_per_minute)
        self._open_paths = DOCUMENTATION | open_paths
        self._probes = PROBES | {path for path in [health_path.strip()] if path}
        self._in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with 400, 401, 429 or 503."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := _host_refusal(scope) or (scope["path"] not in self._probes and self._refusal(scope)):
            await send_error(scope, send, *refusal)
            return
        is_counted = False

        async def receive_and_count() -> Message:
            nonlocal is_counted
            message = await receive()
            if not is_counted and not message.get("more_body"):
                is_counted = True
                self._in_progress += 1
            return message

        try:
            await self._app(scope, receive_and_count, send)
        finally:
            if is_counted:
                self._in_progress -= 1

    def _refusal(self, scope: Scope) -> tuple[int, str, tuple[bytes, bytes]] | None:
        settings, caller = self._settings, ""
        if self._keys and scope["path"] not in self._open_paths and not is_preflight(scope):
            holder = self._keys.holder(scope["headers"])
            if holder is None:
                return (
                    401,
                    "No valid API key: send one in X-API-Key or as a bearer token.",
                    (
                        b"www-authenticate",
                        b"Bearer",
                    ),
                )
            caller = scope["caller"] = holder
        if settings.requests_per_minute:
            seconds = self._bucket.take(caller or str((scope.get("client") or ("unknown",))[0]))
            if seconds:
                reason = f"More than {settings.requests_per_minute} requests a minute; retry later."
                return 429, reason, (b"retry-after", str(math.ceil(seconds)).encode())
        if self._in_progress >= settings.max_concurrent:
            reason = f"{self._in_progress} requests are in progress, which is the limit; retry in a moment."
            return 503, reason, (b"retry-after", b"1")
        return None


class TimeoutMiddleware:
    """Ends requests that take too long to arrive (408) or to answer (503), and answers unexpected exceptions (500)."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._body_timeout = settings.body_timeout_seconds
        self._request_timeout = settings.request_timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by the inner application, as long as it keeps the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: tuple[tuple[bytes, bytes], ...] = ()
        request = _Request(receive, send, self._body_timeout, self._request_timeout)
        try:
            async with asyncio.timeout(self._request_timeout) as request.deadline:
                await self._app(scope, request.receive, request.send)
        except (_SlowBodyError, TimeoutError) as err:
            if (request.is_received or request.has_started) and not isinstance(err, _SlowBodyError):
                name, limit, status = "request_timeout_seconds", self._request_timeout, 503
                reason = f"No answer within the limit of {limit:g} seconds; send smaller requests."
            else:
                name, limit, status = "body_timeout_seconds", self._body_timeout, 408
                reason = f"No part of the request body arrived for {limit:g} seconds, which is the limit."
            fields = {"request_id": scope.get("request_id"), "setting": variable(name)}
            _log.warning("request timed out", extra={"fields": fields})
            headers = ((b"connection", b"close"), *([(b"retry-after", b"5")] if status == 503 else []))
        except Exception:  # noqa: BLE001 - the outermost edge: the client gets an answer, the log the traceback
            _log.exception("request failed", extra={"fields": {"request_id": scope.get("request_id")}})
            status, reason = 500, "Internal server error; quote this request's X-Request-ID."
        else:
            return
        if request.has_started:
            scope["aborted_status"] = status  # the answer stays unfinished, which the client notices
        else:
            await send_error(scope, send, status, reason, *headers)


class _SlowBodyError(Exception):
    """The next part of a request body did not arrive in time."""


class _Request:
    """The messages of one request, with a time limit for each part of its body and of its answer."""

    def __init__(self, receive: Receive, send: Send, body_timeout: float, request_timeout: float) -> None:
        self._receive, self._send = receive, send
        self._body_timeout, self._request_timeout = body_timeout, request_timeout
        self.deadline: asyncio.Timeout | None = None
        self.has_started = self.is_received = self._is_first_read = False

    async def receive(self) -> Message:
        """Receive the next part; the first has as much time as the answer."""
        if self.is_received:
            return await self._receive()
        if not self._is_first_read:
            self._is_first_read = True
            message = await self._receive()
        else:
            try:
                async with asyncio.timeout(self._body_timeout):
                    message = await self._receive()
            except TimeoutError as err:
                raise _SlowBodyError from err
        self.is_received = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer; each part extends the deadline of the next."""
        if message["type"] == "http.response.start":
            self.has_started = True
        elif message.get("more_body") and self.deadline and not self.deadline.expired():
            self.deadline.reschedule(asyncio.get_running_loop().time() + self._request_timeout)
        await self._send(message)


async def send_error(scope: Scope, send: Send, status: int, reason: str, *headers: tuple[bytes, bytes]) -> None:
    """Send an error in the shape of the protocol that the path belongs to."""
    key = "error" if scope["path"].startswith(ERROR_PATHS) else "detail"
    body = json.dumps({key: reason}, separators=(",", ":")).encode()
    described = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": [*described, *headers]})
    await send({"type": "http.response.body", "body": body})


def _host_refusal(scope: Scope) -> tuple[int, str, tuple[bytes, bytes]] | None:
    """Refuse a request for no host, or for two: a proxy before this server may have read another one."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) == 1 and _HOST.fullmatch(hosts[0]):
        return None
    if not hosts and scope.get("http_version") == "1.0":
        return None
    reason = "The request must have one Host header, with a name or an address."
    return 400, reason, (b"connection", b"close")


def _request_id(scope: Scope) -> bytes:
    """Return the ID of a request; drop its cookies, which FastAPI would parse, with Python 3.11 in quadratic time."""
    found = b""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            found = found or value
        elif name == b"cookie":
            scope["headers"] = [header for header in scope["headers"] if header[0] != b"cookie"]
    return found or os.urandom(8).hex().encode()


def _route(scope: Scope) -> str:
    """Return the template of the path, of which there are few."""
    route = scope.get("route")
    return "unmatched" if route is None else str(getattr(route, "path", "unmatched"))
