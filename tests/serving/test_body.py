"""What may be said of a body, and what is refused before it is looked at."""

import gzip
import json
from typing import Any

import pytest
from batches import CSV, NDJSON
from openinference import URL, in_json
from toy import FULL, LEAST, LEAST_PRICE, MOST_BYTES, Client

ROUTES: list[tuple[str, Any, str]] = [
    ("/predict", FULL, "application/json"),
    ("/predict?include=explanation", FULL, "application/json"),
    ("/explain", FULL, "application/json"),
    ("/history", FULL, "application/json"),
    ("/what-if", {"house": FULL, "vary": {"rooms": [3]}}, "application/json"),
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
@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "deflate, gzip", "x"])
def test_another_coding_than_gzip_is_refused_by_every_route(
    client: Client, path: str, body: Any, kind: str, coding: str
) -> None:
    """415 that names it and what is taken, in the shape of the protocol, whether or not the bytes are compressed."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    for content in (raw, gzip.compress(raw)):
        answer = client.post(path, content, kind, {"Content-Encoding": coding})
        assert answer.status_code == 415
        said = answer.json()
        reason = said["error"] if path.startswith(("/v1", "/v2")) else said["detail"]
        assert f'"{coding}"' in reason
        assert answer.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(("path", "body", "kind"), ROUTES)
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "identity, gzip"])
def test_gzip_is_read_by_every_route(client: Client, path: str, body: Any, kind: str, coding: str) -> None:
    """With the same answer as without it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    plain = client.post(path, raw, kind)
    answer = client.post(path, gzip.compress(raw), kind, {"Content-Encoding": coding})
    assert (answer.status_code, answer.content) == (plain.status_code, plain.content)


@pytest.mark.parametrize(("path", "body", "kind"), ROUTES)
@pytest.mark.parametrize(
    "harm",
    [b"", b"no gzip", gzip.compress(b"{}")[:-1], gzip.compress(b"{}") + b"more"],
    ids=["empty", "no gzip", "cut short", "something behind it"],  # its bytes hold the time
)
def test_a_damaged_gzip_is_400_on_every_route(client: Client, path: str, body: Any, kind: str, harm: bytes) -> None:
    """Cut short, something else, or something behind it."""
    assert client.post(path, harm, kind, {"Content-Encoding": "gzip"}).status_code == 400


@pytest.mark.parametrize(("path", "body", "kind"), ROUTES)
def test_a_gzip_of_more_than_the_limit_is_413_on_every_route(client: Client, path: str, body: Any, kind: str) -> None:
    """Whatever it stands for; only streamed lines have no limit, but each line has one."""
    bomb = gzip.compress(b" " * (3 * MOST_BYTES))
    answer = client.post(path, bomb, kind, {"Content-Encoding": "gzip"})
    assert answer.status_code == 413


@pytest.mark.parametrize(("path", "body", "kind"), ROUTES)
def test_to_say_that_nothing_is_compressed_changes_nothing(client: Client, path: str, body: Any, kind: str) -> None:
    """`identity`, by any case, and an empty header are answered as if it were not there."""
    plain = client.post(path, body, kind)
    for coding in ("identity", "Identity", ""):
        answer = client.post(path, body, kind, {"Content-Encoding": coding})
        assert (answer.status_code, answer.content) == (plain.status_code, plain.content)


@pytest.mark.parametrize(("path", "body", "kind"), [route for route in ROUTES if route[2] != CSV])
def test_a_byte_order_mark_changes_nothing(client: Client, path: str, body: Any, kind: str) -> None:
    """Some programs write one before their UTF-8."""
    raw = json.dumps(body).encode()
    plain, marked = client.post(path, raw, kind), client.post(path, b"\xef\xbb\xbf" + raw, kind)
    assert (marked.status_code, marked.content) == (plain.status_code, plain.content)


@pytest.mark.parametrize(("path", "body", "kind"), [route for route in ROUTES if route[2] != CSV])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_another_encoding_is_named(client: Client, path: str, body: Any, kind: str, encoding: str) -> None:
    """With or without a byte order mark, as an error of the request that says so."""
    answer = client.post(path, json.dumps(body).encode(encoding), kind)
    assert answer.status_code in {400, 422}
    assert "UTF-8" in answer.text


@pytest.mark.parametrize("code", ["98039", "98039.0", " 98039.00 ", 98039, 98039.0])
def test_a_code_means_the_same_on_every_route(client: Client, code: str | float) -> None:
    """As a text or a number, with or without a fraction of zeros, in every format."""
    house = {**LEAST, "zip": code}
    lines = json.dumps(house).encode()
    names, cells = ",".join(house), ",".join(map(str, house.values()))
    table = f"{names}\n{cells}\n".encode()
    asked: list[tuple[str, Any, str]] = [
        ("/predict", house, "application/json"),
        ("/batch-predict", [house], "application/json"),
        ("/batch-predict", lines, NDJSON),
        ("/batch-predict", table, CSV),
        ("/invocations", {"instances": [house]}, "application/json"),
        ("/invocations", table, CSV),
        ("/invocations", lines, NDJSON),
        ("/v1/models/toy:predict", {"inputs": {name: [value] for name, value in house.items()}}, "application/json"),
    ]
    if isinstance(code, str):
        asked.append((URL, {"inputs": in_json(house)}, "application/json"))
    for path, body, kind in asked:
        answer = client.post(path, body, kind)
        assert (answer.status_code, f"{LEAST_PRICE:.0f}" in answer.text, "unknown" in answer.text) == (200, True, False)
