"""Connection to MLflow: where it is, and whether it answers."""

import http
import os
import time
from collections.abc import Callable
from pathlib import Path

from houseprice.config import Tracking
from houseprice.errors import TrackingError
from houseprice.learning.tracking.server_uri import (
    PASSWORD,
    SQLITE,
    TOKEN,
    USERNAME,
    ServerUri,
    parse_uri,
    proxy_of,
    scrub,
)


def resolve(given: str | None, tracking: Tracking, beside: Path) -> str:
    """Return the tracking URI: as given, else as configured, else an SQLite file in a folder."""
    for uri in (given, tracking.uri):
        if uri and uri.strip():  # a secret that was pasted may end in a line break
            return uri.strip()
    return f"sqlite:///{(beside / 'mlflow.db').resolve()}"


def connect(uri: str, tracking: Tracking, wait: Callable[[float], None] = time.sleep) -> None:
    """Check that MLflow answers, before training.

    Raises:
        TrackingError: It does not within the configured retries (code `tracking_unreachable`), the URI is of no known
            kind (`tracking_uri_invalid`), or the folder of the database is not writable (`tracking_folder_unwritable`).
    """
    server = parse_uri(uri)
    if server.is_sqlite:
        folder = Path(server.uri.removeprefix(SQLITE)).parent
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise TrackingError(
                f'The MLflow database cannot be written to "{folder}", which is missing or not writable. Create it, or '
                "give another --mlflow-tracking-uri.",
                code="tracking_folder_unwritable",
            )
        return
    reason = ""
    for attempt in range(tracking.retries):
        if attempt:
            wait(tracking.retry_seconds)
        if not (reason := _health(server)):
            return
    proxy = proxy_of(server.uri)
    through = (
        f' It was asked through the proxy "{proxy}"; name the host in NO_PROXY to ask it directly.' if proxy else ""
    )
    raise TrackingError(
        f'MLflow at "{server.uri}" did not answer /health in {tracking.retries} attempts ({reason}).{through} Start it '
        "with `mlflow server`, correct --mlflow-tracking-uri, or leave it out for the embedded SQLite file.",
        code="tracking_unreachable",
        proxy=proxy,
    )


def _health(server: ServerUri) -> str:
    """Ask for /health with the library, the credentials and the certificates of MLflow's client; return what failed."""
    import requests
    from requests.auth import HTTPBasicAuth

    insecure = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1")
    token, username = os.environ.get(TOKEN), os.environ.get(USERNAME)
    auth = server.credentials or ((username, os.environ.get(PASSWORD, "")) if username else None)
    try:
        answer = requests.get(
            f"{server.uri}/health",
            auth=HTTPBasicAuth(auth[0].encode(), auth[1].encode()) if auth else None,  # latin-1 by itself
            headers={"Authorization": f"Bearer {token}"} if token and not auth else None,
            timeout=5,
            verify=not insecure and (os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True),
            cert=os.environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH"),
        )
    except (requests.RequestException, OSError, ValueError) as err:
        return scrub(str(err))
    if answer.status_code == http.HTTPStatus.OK:
        return ""
    hint = "; check user and password" if answer.status_code in (401, 403) else ""
    return f"status {answer.status_code} {answer.reason}{hint}"
