"""A real registry behind a proxy that fails on demand: it hangs, hangs up, refuses, lies, or hands out tokens."""

import base64
import http.client
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

UNAUTHORIZED = json.dumps({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}).encode()
DENIED = json.dumps({"errors": [{"code": "DENIED", "message": "requested access to the resource is denied"}]}).encode()
UNKNOWN = json.dumps({"errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known"}]}).encode()
JSON = {"Content-Type": "application/json"}
Fault = Callable[["Handler"], bool]
"""Does something to a request, and tells whether it has been dealt with."""


class Handler(BaseHTTPRequestHandler):
    """One request: dealt with by a fault, or passed on to the real registry and back."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Proxy"

    def _handle(self) -> None:
        self.close_connection = True
        self.server.faulty.asked.append(f"{self.command} {self.path}")
        self.server.faulty.headers.append(dict(self.headers.items()))
        if not any(fault(self) for fault in list(self.server.faulty.faults)):
            self.give(*self.passed_on())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - the names of http.server

    def passed_on(self) -> tuple[int, dict[str, str], bytes]:
        """Ask the real registry."""
        body = self._taken()
        upstream = http.client.HTTPConnection(self.server.faulty.upstream, timeout=20)
        try:
            asked = {name: ", ".join(self.headers.get_all(name, [])) for name in self.headers}  # of many lines
            sent = {k: v for k, v in asked.items() if k != "Transfer-Encoding"} | self.server.faulty.added
            upstream.request(self.command, self.path, body or None, sent)
            answer = upstream.getresponse()
            headers = {k: v for k, v in answer.headers.items() if k.lower() not in ("connection", "transfer-encoding")}
            return answer.status, headers, answer.read()
        finally:
            upstream.close()

    def _taken(self) -> bytes:
        """Read what was sent, in one piece or, as cosign sends it, in many."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def give(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Answer."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang_up(self) -> None:
        """End the connection with a reset, as a machine does that fails."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for stream in (self.rfile, self.wfile, self.connection):
            stream.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of http.server
        """Say nothing."""


class Proxy(ThreadingHTTPServer):
    """The server; what goes wrong in it is seen by the client."""

    daemon_threads = True
    faulty: "Faulty"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a connection that breaks is what was wanted."""


@dataclass
class Faulty:
    """What the proxy does, and what it saw.

    Attributes:
        upstream: host and port of the real registry.
        faults: asked in order for each request.
        asked: every request, as `METHOD /path`.
        headers: of every request.
        added: headers that the real registry gets beside those of the client.
    """

    upstream: str
    host: str = ""
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    added: dict[str, str] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def when(self, words: str, fault: Fault, *, times: int = 1 << 30, after: int = 0) -> None:
        """Do something to requests whose `METHOD /path` holds these words, a number of times, after some."""
        seen = 0

        def limited(handler: Handler) -> bool:
            nonlocal seen
            if not all(word in f"{handler.command} {handler.path}" for word in words.split()):
                return False
            seen += 1
            return after < seen <= after + times and fault(handler)

        self.faults.append(limited)


def answers(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Answer this instead of what the registry would say."""

    def fault(handler: Handler) -> bool:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.give(status, {**JSON, **named}, body)
        return True

    return fault


def resets(*, taken: int = 0) -> Fault:
    """Hang up after so many bytes of what is sent; the registry gets none of it."""

    def fault(handler: Handler) -> bool:
        handler.rfile.read(min(taken, int(handler.headers.get("Content-Length") or 0)))
        handler.hang_up()
        return True

    return fault


def loses_the_answer(*, given: int = 0) -> Fault:
    """Let the registry do what is asked, and hang up after so many bytes of its answer's body."""

    def fault(handler: Handler) -> bool:
        status, headers, body = handler.passed_on()
        if given:
            handler.give(status, {**headers, "Content-Length": str(len(body))}, body[:given])
        handler.hang_up()
        return True

    return fault


def hangs(handler: Handler) -> bool:
    """Take the request and never answer."""
    handler.server.faulty.over.wait(30)
    handler.hang_up()
    return True


def drips(handler: Handler) -> bool:
    """Answer a byte at a time, without end."""
    handler.send_response_only(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.server.faulty.over.wait(0.05):
        handler.wfile.write(b" ")
    return True


def changes(change: Callable[[int, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]) -> Fault:
    """Pass the request on, and change what comes back."""

    def fault(handler: Handler) -> bool:
        status, headers, body = change(*handler.passed_on())
        handler.give(status, {k: v for k, v in headers.items() if k != "Content-Length"}, body)
        return True

    return fault


@contextmanager
def faulty(upstream: str, tls: ssl.SSLContext | None = None) -> Iterator[Faulty]:
    """Run the proxy on a free port of loopback, in plain text or with TLS."""
    server = Proxy(("127.0.0.1", 0), Handler)
    server.faulty = Faulty(upstream, f"localhost:{server.server_address[1]}")
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.faulty
    finally:
        server.faulty.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def tokens(
    faulty: Faulty, basic: str, path: str, *actions: str, refuses: int = 0, opaque: bool = False, realm: str = ""
) -> None:
    """Ask for tokens as Docker Hub does, and hand them out to one account, with as many rights as it has.

    Args:
        faulty: the proxy; the real registry behind it is shown the account whatever the client has.
        basic: the account's header.
        path: of the repository.
        actions: that the account may do there.
        refuses: status that everybody is answered who asks for a token.
        opaque: whether a token says nothing of itself.
        realm: where tokens are had; at the proxy itself, if nothing else is said.
    """
    faulty.added["Authorization"] = basic
    told = {path: set(actions)}
    place = realm or f"http://{faulty.host}/token"

    def fault(handler: Handler) -> bool:
        parts = urlsplit(handler.path)
        if parts.path == "/token":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            wanted = asked["scope"].rpartition(":")[2].split(",")
            granted = [action for action in wanted if action in told.get(asked["scope"].split(":")[1], ())]
            if refuses or handler.headers.get("Authorization", "") != basic:
                return answers(refuses or 401, b'{"details":"incorrect username or password"}')(handler)
            token = "-".join(["opaque", *granted]) if opaque else jwt(path, *granted)
            return answers(200, json.dumps({"token": token, "expires_in": 300}).encode())(handler)
        wanted = "pull" if handler.command in ("GET", "HEAD") else "push"
        shown = handler.headers.get("Authorization", "")
        good = (
            (f"-{wanted}" in shown)
            if opaque
            else any(shown == f"Bearer {jwt(path, *given)}" for given in _subsets(actions) if wanted in given)
        )
        if good:
            return False
        error = ',error="insufficient_scope"' if shown else ""
        challenge = f'Bearer realm="{place}",service="tests",scope="repository:{path}:{wanted}"{error}'
        return answers(401, UNAUTHORIZED, WWW_Authenticate=challenge)(handler)

    faulty.faults.append(fault)


def _subsets(actions: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [actions[:1], actions[1:], actions]


def jwt(path: str, *actions: str) -> str:
    """Give back a token in the style of Docker Hub's: it says what it opens; nobody here checks the signature."""
    access = [{"type": "repository", "name": path, "actions": list(actions)}] if actions else []
    parts = ({"alg": "none"}, {"access": access})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "signature"])
