"""URI of the tracking server: its credentials are used, and never shown.

MLflow is given the URI without them, and the credentials where it looks for them (`MLFLOW_TRACKING_USERNAME`,
`MLFLOW_TRACKING_PASSWORD`), so that no message, log line or record of it can hold them.
"""

import fcntl
import os
import re
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from houseprice.errors import TrackingError

USERNAME, PASSWORD, TOKEN = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"
SQLITE = "sqlite:///"


@dataclass(frozen=True)
class ServerUri:
    """A tracking URI without credentials, and the credentials that it held."""

    uri: str
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is an SQLite file."""
        return self.uri.startswith(SQLITE)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold an SQLite file alone: of two processes that create one at once, one fails in its migrations."""
        if not self.is_sqlite:
            yield
            return
        folder = os.open(Path(self.uri.removeprefix(SQLITE)).parent, os.O_RDONLY)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Put the credentials into the environment, where MLflow looks for them, while the block runs."""
        if self.credentials is None:
            yield
            return
        names = (USERNAME, PASSWORD, TOKEN)
        before = {name: os.environ.pop(name, None) for name in names}
        os.environ.update(zip(names, self.credentials, strict=False))
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def parse_uri(given: str) -> ServerUri:
    """Return a tracking URI without its credentials.

    Raises:
        TrackingError: It is of no known kind, or cannot be understood (code `tracking_uri_invalid`).
    """
    uri = given.strip()
    if uri.startswith(SQLITE):
        return ServerUri(uri)
    if not re.match("https?://", uri, re.IGNORECASE):
        raise TrackingError(
            f'The MLflow tracking URI "{without_credentials(uri)}" is not supported; it must begin with http://, '
            "https:// or sqlite:///. Correct --mlflow-tracking-uri or MLFLOW_TRACKING_URI.",
            code="tracking_uri_invalid",
        )
    userinfo, at, host = "", "", ""
    with suppress(ValueError):
        parts = urlsplit(uri)
        if parts.hostname and parts.port != 0 and not re.search(r"[\s\x00-\x1f]", uri):
            userinfo, at, host = parts.netloc.rpartition("@")
    if not host:
        raise TrackingError(
            f'The MLflow tracking URI "{without_credentials(uri)}" has no valid host and port. Write it as '
            "http://host:5000, or as http://user:password@host:5000 with special characters of the password "
            "percent-encoded.",
            code="tracking_uri_invalid",
        )
    clean = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), parts.query, ""))
    if not at:
        return ServerUri(clean)
    user, _, password = userinfo.partition(":")
    return ServerUri(clean, (unquote(user), unquote(password)))


def without_credentials(uri: str) -> str:
    """Return a URI as it may be shown: with nothing between its scheme and the last "@", whatever stands there."""
    return re.sub(r"\A([a-zA-Z][\w+.-]*:/+)?.*@", lambda found: found[1] or "", uri.strip(), flags=re.DOTALL)


def scrub(text: str) -> str:
    """Return a message of another library with the credentials of every URI in it left out."""
    return re.sub(r"(?<=://)[^/\s\"'<>]*@", "", " ".join(text.split()))


def proxy_of(uri: str) -> str:
    """Return the proxy that requests to a URI go through, without its credentials; "" for none."""
    parts = urlsplit(uri)
    if not parts.hostname or urllib.request.proxy_bypass(parts.netloc):
        return ""
    proxies: Mapping[str, str] = urllib.request.getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all") or ""
    return without_credentials(found if "://" in found else f"http://{found}") if found else ""
