"""A proxy before a real registry that fails on demand: it refuses, hangs up, or hands out tokens as Docker Hub does."""

import base64
import http.client
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

DENIED = b'{"errors": [{"code": "DENIED", "message": "requested access to the resource is denied"}]}'
RATE = b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "You have reached your pull rate limit."}]}'
JSON = {"Content-Type": "application/json"}
Fault = Callable[["Handler"], bool]
"""Does something to a request and returns whether it has been dealt with."""


class Handler(BaseHTTPRequestHandler):
    """One request: dealt with by a fault, or passed on to the real registry and back."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"  # a TLS handshake gets an answer in HTTP, by which containerd knows plain HTTP
    disable_nagle_algorithm = True
    server: "Proxy"

    def _handle(self) -> None:
        self.close_connection = True
        self.server.faulty.requests.append(f"{self.command} {self.path}")
        if not any(fault(self) for fault in list(self.server.faulty.faults)):
            self.answer(*self.pass_on())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - the names of http.server

    def pass_on(self) -> tuple[int, dict[str, str], bytes]:
        """Ask the real registry."""
        body = self.body()
        upstream = http.client.HTTPConnection(self.server.faulty.upstream, timeout=20)
        try:
            headers = {name: ", ".join(self.headers.get_all(name, [])) for name in self.headers}
            sent = {k: v for k, v in headers.items() if k != "Transfer-Encoding"} | self.server.faulty.added
            upstream.request(self.command, self.path, body or None, sent)
            answer = upstream.getresponse()
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in ("connection", "transfer-encoding")}
            return answer.status, kept, answer.read()
        finally:
            upstream.close()

    def body(self) -> bytes:
        """Read what was sent, in one piece or in chunks."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Answer the client."""
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
        """Print nothing."""


class Proxy(ThreadingHTTPServer):
    """The server; what goes wrong in it is seen by the client."""

    daemon_threads = True
    faulty: "Faulty"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a connection that breaks is what was wanted."""


@dataclass
class Faulty:
    """What the proxy does, and what it saw.

    Attributes:
        upstream: host and port of the real registry.
        host: host and port of the proxy.
        faults: asked in order for each request.
        requests: every request, as `METHOD /path`.
        added: headers that the real registry gets beside those of the client.
    """

    upstream: str
    host: str = ""
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    added: dict[str, str] = field(default_factory=dict)

    def when(self, words: str, fault: Fault, *, times: int = 1 << 30) -> None:
        """Do something to requests whose `METHOD /path` holds these words, a number of times."""
        left = times

        def limited(handler: Handler) -> bool:
            nonlocal left
            if not left or not all(word in f"{handler.command} {handler.path}" for word in words.split()):
                return False
            left -= 1
            return fault(handler)

        self.faults.append(limited)


def answers(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Answer this instead of what the registry would say."""

    def fault(handler: Handler) -> bool:
        handler.body()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.answer(status, {**JSON, **named}, body)
        return True

    return fault


def resets(handler: Handler) -> bool:
    """Hang up; the registry gets nothing."""
    handler.hang_up()
    return True


def loses_the_answer(handler: Handler) -> bool:
    """Let the registry do what is asked, and hang up instead of answering."""
    handler.pass_on()
    handler.hang_up()
    return True


@contextmanager
def faulty(upstream: str) -> Iterator[Faulty]:
    """Run the proxy on a free port of loopback."""
    server = Proxy(("127.0.0.1", 0), Handler)
    server.faulty = Faulty(upstream, f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.faulty
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def tokens(faulty: Faulty, user: str, password: str, *actions: str) -> None:
    """Ask for bearer tokens as Docker Hub does, and give one account tokens with these rights.

    Args:
        faulty: the proxy; the real registry behind it is always shown the account.
        user: of the account.
        password: of the account.
        actions: that its tokens allow: pull, push.
    """
    basic = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    faulty.added["Authorization"] = basic

    def fault(handler: Handler) -> bool:
        parts = urlsplit(handler.path)
        if parts.path == "/token":
            if handler.headers.get("Authorization", "") != basic:
                return answers(401, b'{"details":"incorrect username or password"}')(handler)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            wanted = asked.get("scope", "").rpartition(":")[2].split(",")
            token = "-".join(["token", *(action for action in wanted if action in actions)])
            return answers(200, json.dumps({"token": token, "expires_in": 300}).encode())(handler)
        wanted_action = "pull" if handler.command in ("GET", "HEAD") else "push"
        shown = handler.headers.get("Authorization", "")
        if f"-{wanted_action}" in shown or (parts.path == "/v2/" and shown):
            return False
        error = ',error="insufficient_scope"' if shown else ""
        scope = f'scope="repository:{"/".join(parts.path.split("/")[2:4])}:{wanted_action}"'
        body = b'{"errors": [{"code": "UNAUTHORIZED", "message": "access token has insufficient scopes"}]}'
        challenge = f'Bearer realm="http://{faulty.host}/token",service="tests",{scope}{error}'
        return answers(401, body, WWW_Authenticate=challenge)(handler)

    faulty.faults.append(fault)
