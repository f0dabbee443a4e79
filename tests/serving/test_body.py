"""What may be said of a body, and what is refused before it is looked at."""

import gzip
import json
from typing import Any

import pytest
from batches import CSV, NDJSON
from openinference import URL, in_json
from toy import FULL, LEAST, Client

ROUTES: list[tuple[str, Any, str]] = [
    ("/predict", FULL, "application/json"),
    ("/predict?include=explanation", FULL, "application/json"),
    ("/explain", FULL, "application/json"),
    ("/comparables", FULL, "application/json"),
    ("/batch-predict", [FULL], "application/json"),
    ("/batch-predict", FULL, NDJSON),
    ("/batch-predict", b"rooms\n1\n", CSV),
    ("/invocations", {"instances": [FULL]}, "application/json"),
    ("/invocations", b"rooms\n1\n", CSV),
    ("/v1/models/toy:predict", {"instances": [FULL]}, "application/json"),
    (URL, {"inputs": in_json(LEAST)}, "application/json"),
    (URL.replace("/infer", "/versions/0123456789ab/infer"), {"inputs": in_json(LEAST)}, "application/json"),
]


@pytest.mark.parametrize(("path", "body", "kind"), ROUTES)
@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "GZIP", "identity, gzip", "x"])
def test_a_compressed_body_is_refused_by_every_route(
    client: Client, path: str, body: Any, kind: str, coding: str
) -> None:
    """415 that names it and what is taken, in the shape of the pipeline, whether or not the bytes are compressed."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    for content in (raw, gzip.compress(raw)):
        answer = client.post(path, content, kind, {"Content-Encoding": coding})
        assert answer.status_code == 415
        said = answer.json()
        reason = said["error"] if path.startswith(("/v1", "/v2")) else said["detail"]
        assert f'"{coding}"' in reason
        assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(("path", "body", "kind"), ROUTES)
def test_to_say_that_nothing_is_compressed_changes_nothing(client: Client, path: str, body: Any, kind: str) -> None:
    """`identity`, by any case, and an empty header are answered as if it were not there."""
    plain = client.post(path, body, kind)
    for coding in ("identity", "Identity", ""):
        answer = client.post(path, body, kind, {"Content-Encoding": coding})
        assert (answer.status_code, answer.content) == (plain.status_code, plain.content)
