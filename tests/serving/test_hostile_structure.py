"""Bodies within the limit of bytes whose structure is hostile are refused on every route, in little memory."""

import asyncio
import json
import threading
import tracemalloc
from collections.abc import Iterator

import httpx
import pytest
from hostile_json import HOSTILE, MEGABYTE
from toy import FULL

from houseprice.bundle.load import Bundle
from houseprice.serving.app import Api, create_app
from houseprice.serving.request import House
from houseprice.serving.settings import Settings

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
ROUTES = [
    ("/predict", JSON),
    ("/predict?include=explanation", JSON),
    ("/explain", JSON),
    ("/comparables", JSON),
    ("/what-if", JSON),
    ("/batch-predict", JSON),
    ("/batch-predict", NDJSON),
    ("/batch-predict", CSV),
    ("/invocations", JSON),
    ("/invocations", CSV),
    ("/v1/models/toy:predict", JSON),
    ("/v2/models/toy/infer", JSON),
]
LIKE_OTHERS = [ROUTES[1], ROUTES[3], ROUTES[10], ROUTES[11]]
"""Routes whose bodies are read as those of /predict, /explain and /invocations are; their tests are long."""


@pytest.fixture(scope="module")
def app(toy: Bundle) -> Api:
    """Return the API with a limit of bytes that lets all of them in."""
    return create_app(toy, Settings(max_body_bytes=8 * MEGABYTE))


@pytest.fixture
def traced() -> Iterator[None]:
    """Trace the memory of a test."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def post(app: Api, path: str, kind: str, *bodies: bytes) -> list[httpx.Response]:
    """Send some bodies at once."""

    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://house", timeout=60) as client:
            sent = [client.post(path, content=body, headers={"Content-Type": kind}) for body in bodies]
            return await asyncio.gather(*sent)

    return asyncio.run(send())


@pytest.mark.parametrize(
    ("path", "kind"),
    [pytest.param(*route, marks=pytest.mark.long if route in LIKE_OTHERS else ()) for route in ROUTES],
)
def test_hostile_structure_is_refused(app: Api, traced: None, path: str, kind: str) -> None:
    """Whatever four megabytes hold: a short error that is the client's, and a few times their size of memory."""
    for name, body in HOSTILE.items():
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        (answer,) = post(app, path, kind, body)
        _, peak = tracemalloc.get_traced_memory()
        assert answer.status_code in {400, 413, 422}, (name, answer.text[:200])
        assert len(answer.content) < 100_000, name
        assert peak - before < 64 * MEGABYTE, name


@pytest.mark.parametrize("count", [150, 3_000, 200_000])
@pytest.mark.parametrize("path", ["/predict", "/batch-predict", "/invocations", "/v1/models/toy:predict"])
def test_of_many_unknown_names_the_first_are_shown(app: Api, path: str, count: int) -> None:
    """At most a hundred errors, and the nearest column for the first few."""
    house = b"{" + b",".join(b'"living_area%d":1' % number for number in range(count)) + b"}"
    body = {"/predict": house, "/batch-predict": b"[%b]" % house}.get(path, b'{"instances": [%b]}' % house)
    (answer,) = post(app, path, JSON, body)
    assert answer.status_code in {400, 422}
    assert len(answer.content) < 50_000
    if path == "/batch-predict" and count < 10_000:
        detail = answer.json()["detail"]
        assert len(detail) == 100
        assert [error["loc"][:2] for error in detail] == [["body", 0]] * 100


def test_what_is_not_small_is_parsed_beside_the_event_loop(app: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain house is parsed at once; one of many bytes or values in a thread of the pool."""
    threads: list[threading.Thread] = []
    rules = app.state.scorer.request
    parse = rules.parse

    def noting(body: bytes) -> House:
        threads.append(threading.current_thread())
        return parse(body)

    monkeypatch.setattr(rules, "parse", noting)
    plain = json.dumps(FULL).encode()
    for body, is_beside in ((plain, False), (plain + b" " * 20_000, True), (b"[" + b"0," * 1000 + b"0]", True)):
        threads.clear()
        post(app, "/explain", JSON, body)
        assert (threads[0] is not threading.main_thread()) is is_beside
