"""HTTP client of the deployed API: through its public address, or to one slot through a socket of the proxy."""

import json
import socket
import time
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from houseprice.errors import DeploymentError
from houseprice.release.deployment.haproxy import connect


@dataclass(frozen=True)
class ApiClient:
    """A client of one address.

    Attributes:
        name: how messages call it.
        host, port: TCP address; not used with a socket.
        folder, socket: Unix socket of the proxy that leads to one slot.
        key: API key, where the API requires one.
    """

    name: str
    host: str = ""
    port: int = 0
    folder: Path | None = None
    socket: str = ""
    key: str = field(default="", repr=False)

    @classmethod
    def public(cls, publish: str, key: str) -> "ApiClient":
        """Return a client of an address that the proxy is published on, such as `0.0.0.0:8000`."""
        host, _, port = publish.rpartition(":")
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104 - compared with
        return cls("the proxy", host=host, port=int(port), key=key)

    def request(self, method: str, path: str, body: Any = None, timeout: float = 30) -> tuple[int, Any]:
        """Send one request on a new connection; return status and JSON, or the beginning of another body as text.

        Raises:
            DeploymentError: there was no answer (`no_answer`).
        """
        headers = {"Content-Type": "application/json", "User-Agent": "houseprice-deploy"}
        if self.key:
            headers["X-API-Key"] = self.key
        begin = time.monotonic()
        try:
            with closing(_Connection(self, timeout)) as connection:
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                response = connection.getresponse()
                status, text = response.status, response.read().decode(errors="replace")
        except (OSError, HTTPException) as err:
            raise DeploymentError(
                f"No answer from {path} of {self.name} after {time.monotonic() - begin:.1f} s ({type(err).__name__}); "
                "look at its logs.",
                code="no_answer",
            ) from err
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text[:200]


class _Connection(HTTPConnection):
    def __init__(self, client: ApiClient, timeout: float) -> None:
        super().__init__(client.host or "localhost", client.port or 80, timeout=timeout)
        self._client = client

    def connect(self) -> None:
        if self._client.folder is None:
            super().connect()
            return
        with connect(self._client.folder, self._client.socket, self.timeout or 30) as connection:
            self.sock = socket.socket(fileno=connection.detach())
            self.sock.settimeout(self.timeout)
