"""Requests in, only those that may and can be answered on to the application, every one of them counted and noted.

Plain ASGI, around everything else: who asks and how often, how many at a time, for how long; a request id, safe
headers, a log line and metrics for each answer, also for those that nobody foresaw.
"""

import asyncio
import json
import logging
import math
import os
import re
import time
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from houseprice.serving.access_log import Journal
from houseprice.serving.auth import Budget, Keys
from houseprice.serving.metrics import Metrics
from houseprice.serving.protocols.openapi import ERROR_PATHS
from houseprice.serving.protocols.platforms import HEALTH_VARIABLE
from houseprice.serving.settings import Settings, variable

PROBES = frozenset({"/health", "/livez", "/readyz", "/ping", "/v2/health/live", "/v2/health/ready"})
"""Asked by machines that watch: no key, no budget, and an answer also when all places are taken."""
DOCUMENTS = frozenset({"/", "/docs", "/redoc", "/openapi.json"})
"""Open without a key, since a browser has none to send."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_OWN_POLICY = frozenset({"/docs"})
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Refusal:
    status: int
    reason: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class _SlowClientError(Exception):
    """The next part of a request did not come in time."""


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics | None, journal: Journal) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._journal = journal
        self._keys = Keys(settings.api_keys)
        self._budget = Budget(settings.requests_per_minute)
        self._probes = PROBES | {path for path in [os.environ.get(HEALTH_VARIABLE, "").strip()] if path}
        self._at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it; either way say what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        exchange = _Exchange(scope, receive, send, self._settings)
        caller, refusal = self._admit(scope)
        self._at_work += 1
        if self._metrics:
            self._metrics.at_work.inc()
        try:
            if refusal:
                await exchange.refuse(refusal)
            else:
                await self._answer(exchange)
        finally:
            self._at_work -= 1
            seconds = time.perf_counter() - started
            if self._metrics:
                self._metrics.at_work.dec()
                self._metrics.answered(exchange.route, exchange.status, seconds)
            told = exchange.request_id.decode(), scope["method"], scope["path"], exchange.status, seconds, caller
            self._journal.write(*told)

    def _admit(self, scope: Scope) -> tuple[str, _Refusal | None]:
        """Give back who asks, and why not to answer."""
        path, caller, settings = scope["path"], "", self._settings
        if path in self._probes:
            return caller, None
        if self._keys and path not in DOCUMENTS:
            holder = self._keys.holder(scope["headers"])
            if holder is None:
                reason = "No valid API key was sent; expected one in X-API-Key, or as a bearer token; ask for a key."
                return caller, _Refusal(401, reason, ((b"www-authenticate", b"Bearer"),))
            caller = holder
        if settings.requests_per_minute:
            wait = self._budget.wait(caller or str((scope.get("client") or ("unknown",))[0]))
            if wait:
                reason = f"More than {settings.requests_per_minute} requests a minute were sent; ask again later."
                return caller, _Refusal(429, reason, ((b"retry-after", str(math.ceil(wait)).encode()),))
        if self._at_work >= settings.max_concurrent:
            reason = f"{self._at_work} requests are being answered, which is the limit; ask again in a moment."
            return caller, _Refusal(503, reason, ((b"retry-after", b"1"),))
        return caller, None

    async def _answer(self, exchange: "_Exchange") -> None:
        settings = self._settings
        try:
            async with asyncio.timeout(settings.request_seconds) as exchange.deadline:
                await self._app(exchange.scope, exchange.receive, exchange.send)
        except (_SlowClientError, TimeoutError) as err:
            if (exchange.received or exchange.status) and not isinstance(err, _SlowClientError):
                name, limit, status = "request_seconds", settings.request_seconds, 503
                reason = f"There was no answer within {limit:g} seconds, which is the limit; ask for less at once."
            else:
                name, limit, status = "body_seconds", settings.body_seconds, 408
                reason = f"The request was not sent in time, {limit:g} seconds a part; send it faster."
            _log.warning("cut off request_id=%s limit=%s", exchange.request_id.decode(), variable(name))
            await exchange.give_up(_Refusal(status, reason, ((b"connection", b"close"),)))
        except Exception:  # noqa: BLE001 - the outermost edge: whoever asked is told, and the log has the trace
            _log.exception("failed request_id=%s", exchange.request_id.decode())
            await exchange.give_up(_Refusal(500, "Something failed that should not; the log has it by its request id."))


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, settings: Settings) -> None:
        self._receive, self._send, self._settings = receive, send, settings
        self._head = scope["method"] == "HEAD"
        self.scope = {**scope, "method": "GET"} if self._head else scope
        self.deadline: asyncio.Timeout | None = None
        self.received = False
        self.status = 0
        self._begun = False
        self.request_id = _request_id(scope)

    @property
    def route(self) -> str:
        """The template of the path, of which there are few."""
        route: Any = self.scope.get("route")
        if route is not None:
            return str(getattr(route, "path", "unmatched"))
        return "/predict" if self.scope["path"] == "/predict" else "unmatched"

    async def receive(self) -> Message:
        """Wait for the next part; for the first, as long as for the answer."""
        if not self._begun:
            self._begun = True
            message = await self._receive()
        elif self.received:
            return await self._receive()
        else:
            try:
                async with asyncio.timeout(self._settings.body_seconds):
                    message = await self._receive()
            except TimeoutError as err:
                raise _SlowClientError from err
        self.received = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer; each part earns time for the next."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message["headers"], (b"x-request-id", self.request_id), *_SAFE]
            if self.scope["path"] not in _OWN_POLICY or self.status != 200:
                headers.append(_POLICY)
            message = {**message, "headers": headers}
        elif self._head:
            message = {**message, "body": b""}
        elif message.get("more_body") and self.deadline and not self.deadline.expired():
            self.deadline.reschedule(asyncio.get_running_loop().time() + self._settings.request_seconds)
        await self._send(message)

    async def refuse(self, refusal: _Refusal) -> None:
        """Send a reason instead of an answer."""
        name = "error" if self.scope["path"].startswith(ERROR_PATHS) else "detail"
        body = json.dumps({name: refusal.reason}, separators=(",", ":")).encode()
        headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
        await self.send(
            {"type": "http.response.start", "status": refusal.status, "headers": [*headers, *refusal.headers]}
        )
        await self.send({"type": "http.response.body", "body": body})

    async def give_up(self, refusal: _Refusal) -> None:
        """Refuse if nothing was sent yet; a begun answer is left unfinished, which the client sees."""
        if not self.status:
            await self.refuse(refusal)
        self.status = refusal.status


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value)
    return os.urandom(8).hex().encode()
