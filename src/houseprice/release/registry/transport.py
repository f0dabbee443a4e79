"""One HTTP request in, one bounded answer out: time limits, proxies, redirects and TLS, and nothing of registries.

A connection is made for each request and closed after it: nothing that an earlier answer left behind can be taken for
a part of a later one.
"""

import base64
import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from houseprice.errors import RegistryError
from houseprice.release.image_reference import Repository
from houseprice.release.registry.patience import PassingError, Patience

BLOCK = 1 << 18
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 5
Body = Callable[[], Iterable[bytes]]
"""Gives what is sent, anew for each try."""


@dataclass(frozen=True)
class Answer:
    """What was answered; `url` is where it came from in the end."""

    status: int
    headers: Message
    body: bytes
    url: str

    @property
    def media_type(self) -> str:
        """What the body is said to be, without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def origin(url: str) -> tuple[str, str, int]:
    """Give back who answers for an address: scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: Body | None = None,
    limit: int,
    patience: Patience,
    end: float,
    follow: bool = False,
) -> Answer:
    """Send one request and give back what was answered.

    Args:
        method: GET, HEAD, POST, PUT or DELETE.
        url: where to.
        headers: sent along; `Authorization` never leaves the origin of the first address.
        body: what is sent; its length stands in the headers.
        limit: bytes that the answer may have.
        patience: time limits of the connection.
        end: the moment, by `time.monotonic`, when the answer must be there.
        follow: whether a redirect is followed.

    Raises:
        PassingError: the network broke, or time was up.
        RegistryError: it cannot get better: a name that does not exist, a certificate that is not trusted, an answer
            without end.
    """
    first = origin(url)
    for _ in range(_HOPS + 1):
        kept = {k: v for k, v in headers.items() if k != "Authorization" or origin(url) == first}
        answer = _once(method, url, kept, body, limit, patience, end)
        location = answer.headers.get("Location")
        if not (follow and answer.status in REDIRECTS and location):
            return answer
        url = onwards(url, location)
    raise RegistryError(
        f'"{first[1]}" redirects more than {_HOPS} times; expected the content itself; see whether a proxy stands '
        "between here and the registry."
    )


def onwards(url: str, location: str) -> str:
    """Give back where an answer points to, which is never less safe than where it came from.

    Raises:
        RegistryError: it points from TLS to plain text, or to no address at all.
    """
    target = ""
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        origin(target)
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    safe = parts.scheme == "https" or (parts.scheme == "http" and url.startswith("http:") and _loopback(parts))
    plain = re.fullmatch(r"[\x21-\x7e]+", target) and "@" not in parts.netloc
    if not (safe and plain and parts.hostname):
        shown = re.sub(r"[^\x21-\x7e]", "?", location.partition("?")[0])[:80]  # what follows may open a door
        raise RegistryError(
            f'"{urlsplit(url).hostname}" points to "{shown}"; expected an address with https; correct the '
            "address that the registry believes to have."
        )
    return target


def _loopback(parts: SplitResult) -> bool:
    return Repository(parts.netloc.rpartition("@")[2], "").loopback


def _once(
    method: str, url: str, headers: Mapping[str, str], body: Body | None, limit: int, patience: Patience, end: float
) -> Answer:
    parts = urlsplit(url)
    if parts.scheme != "https" and not _loopback(parts):
        raise RegistryError(f'"{parts.hostname}" would be spoken to without TLS; expected https; correct the address.')
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    connection = _connection(parts, patience.connect_seconds)
    try:
        with _told(parts, connection.host, f"no connection within {patience.connect_seconds:.0f} s", end):
            connection.connect()
        with _told(parts, connection.host, f"silent for {patience.silent_seconds:.0f} s", end):
            connection.sock.settimeout(patience.silent_seconds)
            with _cut_off(connection.sock, end):
                response = _asked(
                    connection, method, path, {"Host": parts.netloc, "Connection": "close", **headers}, body
                )
                return Answer(response.status, response.headers, _read(response, limit, parts), url)
    finally:
        connection.close()


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=seconds, blocksize=BLOCK)
    context = ssl.create_default_context()
    named = "" if _loopback(parts) or proxy_bypass(host) else getproxies_environment().get("https", "")
    if not named:
        return http.client.HTTPSConnection(host, port, timeout=seconds, blocksize=BLOCK, context=context)
    proxy = urlsplit(named if "://" in named else f"http://{named}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise RegistryError(
            f'HTTPS_PROXY names a proxy of the kind "{proxy.scheme}"; expected http://HOST:PORT; correct it.'
        )
    connection = http.client.HTTPSConnection(
        proxy.hostname, proxy.port or 80, timeout=seconds, blocksize=BLOCK, context=context
    )
    account = {}
    if proxy.username:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        account["Proxy-Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    connection.set_tunnel(host, port or 443, account)
    return connection


@contextmanager
def _cut_off(sock: socket.socket, end: float) -> Iterator[None]:
    """Break a connection off at the end, however lively it is: a byte now and then keeps any other time limit quiet."""

    def cut() -> None:
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, end - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _told(parts: SplitResult, dialled: str, late: str, end: float) -> Iterator[None]:
    """Tell what a network does: what may pass from what will not."""
    try:
        yield
    except (socket.gaierror, UnicodeError) as err:
        if isinstance(err, socket.gaierror) and err.errno == socket.EAI_AGAIN:
            raise PassingError(f'no name server answers for "{dialled}"') from err
        raise RegistryError(
            f'The name "{dialled}" is not known here ({err}); expected a registry, or a proxy, that can be reached; '
            "correct DOCKER_REGISTRY or HTTPS_PROXY, or see to the network."
        ) from err
    except ssl.SSLCertVerificationError as err:
        raise RegistryError(
            f'"{parts.hostname}" shows a certificate that is not trusted here ({err.verify_message}); expected one of '
            "a known authority; give your own authority's with SSL_CERT_FILE."
        ) from err
    except TimeoutError as err:
        raise PassingError(f'"{parts.hostname}": {late}') from err
    except (OSError, http.client.HTTPException) as err:
        if time.monotonic() >= end:
            raise PassingError(f'"{parts.hostname}" was not done in time') from err
        if str(err).startswith("Tunnel connection failed: 4"):
            raise RegistryError(
                f'The proxy of HTTPS_PROXY does not connect to "{parts.hostname}" ({err}); expected one that does; '
                "correct it, or name the host in NO_PROXY."
            ) from err
        raise PassingError(f"{type(err).__name__}: {' '.join(str(err).split())[:160] or 'no answer'}") from err


def _asked(
    connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str], body: Body | None
) -> http.client.HTTPResponse:
    try:
        connection.request(method, path, body() if body else None, dict(headers))
    except (BrokenPipeError, ConnectionResetError):
        # A server that refuses may say so before it has read everything, and hang up.
        with suppress(OSError, http.client.HTTPException):
            response = connection.getresponse()
            if response.status >= 400:
                return response
        raise
    return connection.getresponse()


def _read(response: http.client.HTTPResponse, limit: int, parts: SplitResult) -> bytes:
    content = bytearray()
    while len(content) <= limit:
        block = response.read(min(BLOCK, limit + 1 - len(content)))
        if not block:
            break
        content += block
    if len(content) > limit:
        raise RegistryError(
            f'"{parts.hostname}" answers with more than {limit} bytes; expected no more for that; see whether this is '
            "the registry that you meant."
        )
    if response.length:
        raise ConnectionError(f"the answer ended {response.length} bytes early")
    return bytes(content)
