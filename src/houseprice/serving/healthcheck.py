"""An image's health check without curl: `python -m houseprice.serving.healthcheck`, exec form, exit code 0 or 1.

It is not a command of `houseprice`, and prints and exits by itself, because it runs every few seconds beside the
server: it imports nothing but the standard library, and no part of this project.
"""

import argparse
import json
import os
import sys
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - compared with, not listened on


def look(url: str, seconds: float) -> tuple[bool, str]:
    """Tell whether `/health` answers 200 with status ok, and what was found in one line.

    No proxy is asked, whatever the environment says.
    """
    try:
        parts = urlsplit(url)
        connection = HTTPConnection(parts.netloc, timeout=seconds)
        with closing(connection):
            connection.request("GET", parts.path or "/")
            response = connection.getresponse()
            health = json.loads(response.read())
        healthy = response.status == 200 and health["status"] == "ok"
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as err:
        return (
            False,
            f"{url} gives no answer that can be read ({type(err).__name__}: {err}); expected 200, ok.",
        )
    facts = " ".join(f"{key}={value}" for key, value in health.items())
    return healthy, f"{url} answers {response.status} {facts}"


def _port() -> str:
    """Return the port that the server listens on by default, as `protocols.platforms` determines it."""
    for name in ("HOUSEPRICE_PORT", "AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT", "PORT"):
        if port := os.environ.get(name):
            return port
    return "8080" if any(name.startswith("SAGEMAKER_") for name in os.environ) else "8000"


def main(args: list[str] | None = None) -> int:
    """Check once, print a line, and return the exit code."""
    host = os.environ.get("HOUSEPRICE_HOST", "")
    host = _EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
    default = f"http://{host}:{_port()}/health"
    parser = argparse.ArgumentParser(prog="python -m houseprice.serving.healthcheck", description=look.__doc__)
    parser.add_argument("--url", default=default, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to wait; default: %(default)s")
    given = parser.parse_args(args)
    healthy, line = look(given.url, given.seconds)
    print(line, file=sys.stdout if healthy else sys.stderr)
    return 0 if healthy else 1


if __name__ == "__main__":
    sys.exit(main())
