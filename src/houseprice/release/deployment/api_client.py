"""A request in, status and JSON out: to the public address of a place of production, or to one slot alone."""

import json
import socket
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from houseprice.errors import DeploymentError
from houseprice.release.deployment.proxy import reached


@dataclass(frozen=True)
class Door:
    """Somewhere to ask the API.

    Attributes:
        name: as messages call it.
        host, port: where it listens; not looked at when there is a socket.
        folder, socket: a socket of the proxy that leads to one slot.
        key: an API key, where one is asked for.
    """

    name: str
    host: str = ""
    port: int = 0
    folder: Path | None = None
    socket: str = ""
    key: str = field(default="", repr=False)

    @classmethod
    def public(cls, published: str, key: str) -> "Door":
        """Give back the door of an address that the proxy is published on, such as `0.0.0.0:8000`."""
        host, _, port = published.rpartition(":")
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104 - compared with
        return cls("the proxy", host=host, port=int(port), key=key)

    def ask(self, method: str, path: str, body: Any = None, seconds: float = 30) -> tuple[int, Any]:
        """Send one request on a connection of its own; what is no JSON comes back as text.

        Raises:
            DeploymentError: there was no answer.
        """
        headers = {"Content-Type": "application/json", "User-Agent": "houseprice-deploy"}
        if self.key:
            headers["X-API-Key"] = self.key
        try:
            with closing(_Connection(self, seconds)) as connection:
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                response = connection.getresponse()
                status, text = response.status, response.read().decode(errors="replace")
        except (OSError, HTTPException) as err:
            raise DeploymentError(
                f"{path} of {self.name} gives no answer ({type(err).__name__}); expected one within {seconds:g} s; "
                "look at its logs."
            ) from err
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text[:200]


class _Connection(HTTPConnection):
    def __init__(self, door: Door, seconds: float) -> None:
        super().__init__(door.host or "localhost", door.port or 80, timeout=seconds)
        self._door, self._seconds = door, seconds

    def connect(self) -> None:
        if self._door.folder is None:
            super().connect()
            return
        with reached(self._door.folder, self._door.socket, self._seconds) as connection:
            self.sock = socket.socket(fileno=connection.detach())
            self.sock.settimeout(self._seconds)
