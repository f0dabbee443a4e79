"""Connections to a server in this process or in another, byte by byte."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
from running import START_SECONDS, Server
from toy import FULL
from uvicorn.server import ServerState

from houseprice.serving.server import ServerConfig
from houseprice.serving.settings import Settings

BODY = json.dumps(FULL).encode()
PREDICT = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
CHUNKED = b"POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@asynccontextmanager
async def listening(app: Any, **said: Any) -> AsyncIterator[tuple[int, ServerConfig]]:
    """Serve an ASGI application by the real protocol; give the port and the configuration."""
    config = ServerConfig(lambda: app, Settings(**said))
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    protocol: Any = config.http_protocol_class
    server = await loop.create_server(lambda: protocol(config, state, {}), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], config
    finally:
        for connection in list(state.connections):
            connection.transport.abort()
        server.close()
        await server.wait_closed()


async def exchanged(port: int, *parts: bytes) -> bytes:
    """Send parts one after the other, each in a packet of its own; give all that is answered until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
    with suppress(ConnectionError):
        found = await asyncio.wait_for(reader.read(-1), START_SECONDS)
    writer.close()
    return found


def statuses(answers: bytes) -> list[int]:
    """Return the status of each answer."""
    return [int(found) for found in STATUS.findall(answers)]


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    """Connect to a server in another process."""
    with socket.create_connection((server.host, server.port), timeout=START_SECONDS) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield line


def pushed(line: socket.socket, parts: Iterator[bytes], most: int, seconds: float = 1.0) -> int:
    """Send without reading until so many bytes are gone, the other side takes no more for a while, or closes."""
    line.settimeout(seconds)
    sent = 0
    with suppress(OSError):
        while sent < most:
            sent += line.send(next(parts))
    return sent


def megabytes(server: Server) -> float:
    """Return the memory of a server now."""
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def growth(server: Server, harm: Callable[[], Any]) -> float:
    """Return by how many megabytes a server has grown behind something that is done to it."""
    before = megabytes(server)
    harm()
    return megabytes(server) - before


class Noting:
    """An application that notes what it was asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Read a request and answer it with nothing."""
        body, more = b"", True
        while more:
            message = await receive()
            assert message["type"] == "http.request"
            body += message["body"]
            more = message["more_body"]
        self.seen.append((scope["path"], body))
        await anyio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
