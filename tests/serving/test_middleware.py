"""Who is let in, how often, how many at a time and for how long; and what every answer carries."""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from toy import FULL, Client

from houseprice.bundle.load import Bundle
from houseprice.serving.access_log import AccessLog
from houseprice.serving.app import create_app
from houseprice.serving.middleware import AdmissionMiddleware, ObservabilityMiddleware, TimeoutMiddleware
from houseprice.serving.settings import Settings

KEY = "correct horse"
KEYS = (("ann", hashlib.sha256(KEY.encode()).hexdigest()), ("bob", "0" * 64))
SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/slow",
    "headers": [(b"host", b"x")],
    "client": ("192.0.2.7", 1),
}


def client_of(toy: Bundle, **said: Any) -> Client:
    """Return the API with some settings."""
    return Client(create_app(toy, Settings(**said)))


def stack(app: Any, **given: Any) -> ASGIApp:
    """Return an application within all middleware."""
    settings = Settings(**given)
    admitted = AdmissionMiddleware(TimeoutMiddleware(app, settings), settings)
    return ObservabilityMiddleware(admitted, AccessLog(enabled=False))


def test_every_answer_has_a_request_id_and_safe_headers(client: Client) -> None:
    """One's own id when it is a plain one, a new one otherwise; refusals too."""
    for answer in (client.get("/health"), client.post("/predict", {}), client.get("/nowhere")):
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert client.get("/health", {"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert client.get("/health", {"X-Request-ID": 'a"b'}).headers["x-request-id"] != 'a"b'


def test_without_a_valid_key_requests_are_refused_when_there_are_keys(toy: Bundle) -> None:
    """Either header opens it; a wrong key, an empty one and a hash do not; probes and documentation stay open."""
    client = client_of(toy, api_keys=KEYS)
    assert client.post("/predict", FULL).status_code == 401
    for given in ("", "wrong", KEYS[0][1]):
        assert client.post("/predict", FULL, headers={"X-API-Key": given}).status_code == 401
    assert client.post("/predict", FULL, headers={"X-API-Key": KEY}).status_code == 200
    assert client.post("/predict", FULL, headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    assert client.get("/metrics").status_code == 401
    for path in ("/health", "/livez", "/docs", "/openapi.json"):
        assert client.get(path).status_code == 200
    assert client_of(toy).post("/predict", FULL).status_code == 200


@pytest.mark.parametrize("path", ["/explain", "/comparables", "/history", "/what-if"])
def test_routes_that_explain_are_kept_as_the_others_are(toy: Bundle, path: str) -> None:
    """By keys, by the budget of a minute, and by the limit of bytes; each is counted by its name."""
    body = {"house": FULL, "vary": {"rooms": [3]}} if path == "/what-if" else FULL
    assert client_of(toy, api_keys=KEYS).post(path, body).status_code == 401
    client = client_of(toy, requests_per_minute=1)
    assert [client.post(path, body).status_code for _ in range(2)] == [200, 429]
    client = client_of(toy, max_body_bytes=50)
    assert client.post(path, body).status_code == 413
    assert f'houseprice_requests_total{{route="{path}",status="413"}} 1.0' in client.get("/metrics").text


@pytest.mark.parametrize(("path", "name"), [
    ("/v1/models/toy:predict", "error"), ("/v2/models/toy/infer", "error"), ("/v2", "error"),
    ("/predict", "detail"), ("/invocations", "detail"), ("/v1/endpoints/7:predict", "detail"),
])  # fmt: skip
def test_a_refusal_has_the_shape_of_its_protocol(toy: Bundle, path: str, name: str) -> None:
    """No key, no budget, no place, no answer in time, a failure: `error` where clients look for it."""
    sent = {"headers": {"X-API-Key": KEY}}
    client = client_of(toy, api_keys=KEYS)
    assert (client.post(path, FULL).status_code, set(client.post(path, FULL).json())) == (401, {name})
    client = client_of(toy, requests_per_minute=1)
    client.post(path, FULL, **sent)
    answer = client.post(path, FULL, **sent)
    assert (answer.status_code, set(answer.json())) == (429, {name})
    lost = client_of(toy).ask("DELETE", f"{path}/nowhere")
    assert (lost.status_code in {404, 405}, set(lost.json())) == (True, {name})
    for app, status, said in ((endless, 503, {"request_timeout_seconds": 0.01}), (failing, 500, {})):
        answer = Client(stack(app, **said)).post(path, FULL)  # type: ignore[arg-type]
        assert (answer.status_code, set(answer.json())) == (status, {name})


def test_more_than_the_budget_is_refused_with_when_to_come_again(toy: Bundle) -> None:
    """Each key has its own; probes cost nothing."""
    keys = (("ann", KEYS[0][1]), ("bob", hashlib.sha256(b"other").hexdigest()))
    client = client_of(toy, requests_per_minute=2, api_keys=keys)
    codes = [client.post("/predict", FULL, headers={"X-API-Key": KEY}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    refused = client.post("/predict", FULL, headers={"X-API-Key": KEY})
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert client.post("/predict", FULL, headers={"X-API-Key": "other"}).status_code == 200
    assert client.get("/health").status_code == 200


def test_pages_of_other_origins_may_ask_only_when_configured(toy: Bundle) -> None:
    """No header without the setting, and none for an origin that was not named."""
    asked = {"Origin": "https://a.example"}
    assert "access-control-allow-origin" not in client_of(toy).get("/health", asked).headers
    allowed = client_of(toy, cors_origins=("https://a.example",))
    assert allowed.get("/health", asked).headers["access-control-allow-origin"] == "https://a.example"
    other = allowed.get("/health", {"Origin": "https://b.example"})
    assert "access-control-allow-origin" not in other.headers


def test_a_preflight_is_admitted_as_any_other_request(toy: Bundle) -> None:
    """It needs no key, which a browser does not send along, but has an ID and counts in the rate limit."""
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    client = client_of(toy, cors_origins=("https://a.example",), requests_per_minute=2, api_keys=KEYS)
    answers = [client.ask("OPTIONS", "/predict", headers=asked) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["access-control-allow-origin"] == "https://a.example"
    assert "x-request-id" in answers[0].headers
    assert client_of(toy).ask("OPTIONS", "/predict", headers=asked).status_code == 405
    other = client.ask("OPTIONS", "/predict", headers={**asked, "Origin": "https://b.example"})
    assert "access-control-allow-origin" not in other.headers


def test_pages_may_read_the_id_of_an_answer_and_when_to_come_again(toy: Bundle) -> None:
    """Of refusals too, which they could not read at all without the headers for their origin."""
    client = client_of(toy, cors_origins=("https://a.example",), api_keys=KEYS)
    answer = client.post("/predict", FULL, headers={"Origin": "https://a.example"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert "x-request-id" in exposed
    assert "retry-after" in exposed


@pytest.mark.parametrize(
    ("hosts", "version", "status"),
    [
        ([], "1.1", 400), ([], "1.0", 200), ([b"a"], "1.0", 200), ([b"a", b"a"], "1.1", 400),
        ([b"a", b"b"], "1.0", 400),
        ([b""], "1.1", 200), ([b"a.example:80"], "1.1", 200), ([b"[::1]:80"], "1.1", 200), ([b"a_b"], "1.1", 200),
        ([b"a b"], "1.1", 400), ([b"a/b"], "1.1", 400), ([b"u@a"], "1.1", 400), ([b"a, b"], "1.1", 400),
        ([b"a:b"], "1.1", 400), ([b"\xff"], "1.1", 400),
    ],
)  # fmt: skip
def test_a_request_is_for_one_host(toy: Bundle, hosts: list[bytes], version: str, status: int) -> None:
    """Otherwise 400, probes too, since a proxy may have understood another one; HTTP/1.0 needs none."""
    sent: list[Message] = []
    scope = {**SCOPE, "method": "GET", "path": "/livez", "raw_path": b"/livez", "query_string": b"",
             "headers": [(b"host", host) for host in hosts], "http_version": version}  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(client_of(toy).app(scope, receive, send))
    assert sent[0]["status"] == status


@pytest.mark.parametrize("path", ["/predict/", "/docs/", "/batch-predict/"])
def test_nobody_is_sent_to_where_the_host_header_says(client: Client, path: str) -> None:
    """A slash too many is another path; no answer repeats the host."""
    answer = client.get(path, {"Host": "elsewhere.example"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_behind_a_prefix_every_path_has_two_names(toy: Bundle) -> None:
    """Proxies strip the prefix or leave it; what only begins alike is another path; the document names the prefix."""
    client = client_of(toy, root_path="/prices/v1", page=False)
    for path in ("/predict", "/prices/v1/predict"):
        assert client.post(path, FULL).status_code == 200
    assert client.post("/prices/v1predict", FULL).status_code == 404
    assert client.get("/prices/v1/livez").status_code == 200
    assert client.get("/prices/v1").headers["location"] == "/prices/v1/"
    assert client.get("/prices/v1/").headers["location"] == "docs"
    assert client.get("/prices/v1/openapi.json").json()["servers"] == [{"url": "/prices/v1"}]
    assert client_of(toy, root_path="/prices/v1", api_keys=KEYS).post("/prices/v1/predict", FULL).status_code == 401


def test_head_is_answered_as_get_without_a_body(client: Client) -> None:
    """As monitors ask."""
    answer = client.ask("HEAD", "/health")
    assert (answer.status_code, answer.content) == (200, b"")


def ask(app: ASGIApp, *parts: bytes, path: str = "/slow") -> tuple[int, dict[str, str], str]:
    """Send a request to the middleware in some parts, of which the last is followed by silence if it is empty."""
    return asyncio.run(asking(app, *parts, path=path))


async def asking(app: ASGIApp, *parts: bytes, path: str = "/slow") -> tuple[int, dict[str, str], str]:
    """Send a request to the middleware; return status, headers and reason."""
    sent: list[Message] = []
    left = list(parts)

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": part != b""}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({**SCOPE, "path": path}, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, str(json.loads(b"".join(part["body"] for part in sent[1:]))["detail"])


async def endless(_: Scope, receive: Receive, __: Send) -> None:
    """Read the request and never answer."""
    while (await receive()).get("more_body"):
        pass
    await asyncio.Event().wait()


async def failing(_: Scope, __: Receive, ___: Send) -> None:
    """Fail as nobody foresaw."""
    raise RuntimeError("no house data here")


def test_an_answer_that_does_not_come_is_given_up() -> None:
    """With 503, the limit, and `Retry-After`."""
    app = stack(endless, request_timeout_seconds=0.05)
    status, headers, reason = ask(app, b"")
    assert (status, "0.05" in reason, int(headers["retry-after"]) > 0) == (503, True, True)


def test_a_client_that_stops_in_the_middle_is_cut_off() -> None:
    """With 408, before the limit of the answer, and the connection is closed."""
    app = stack(endless, body_timeout_seconds=0.05)
    status, headers, reason = ask(app, b"half")
    assert (status, headers["connection"]) == (408, "close")
    assert "0.05" in reason


class Held:
    """An application that reads a request and answers it when it is released."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.begun = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 200."""
        while (await receive()).get("more_body"):
            pass
        self.begun += 1
        await self.released.wait()
        await JSONResponse({"detail": ""})(scope, receive, send)


async def settle(condition: Callable[[], bool]) -> None:
    """Let the tasks run until a condition holds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


def test_a_body_that_does_not_arrive_takes_no_place(toy: Bundle) -> None:
    """Any number of slow bodies leave the places to those that have sent theirs."""

    async def crowd() -> tuple[int, set[int]]:
        held = Held()
        app = stack(held, max_concurrent=2, body_timeout_seconds=0.3)
        slow = [asyncio.ensure_future(asking(app, b"part")) for _ in range(10)]
        quick = asyncio.ensure_future(asking(app, b""))
        await settle(lambda: held.begun == 1)
        held.released.set()
        return (await quick)[0], {status for status, *_ in await asyncio.gather(*slow)}

    assert asyncio.run(crowd()) == (200, {408})
    assert client_of(toy).post("/predict", FULL).status_code == 200


def test_one_more_than_there_are_places_is_told_to_come_again() -> None:
    """503 with Retry-After; a probe is let through all the same, and a freed place is taken again."""

    async def crowd() -> list[int]:
        held = Held()
        app = stack(held, max_concurrent=2)
        first = [asyncio.ensure_future(asking(app, b"")) for _ in range(2)]
        await settle(lambda: held.begun == 2)
        status, headers, _ = await asking(app, b"")
        assert int(headers["retry-after"]) > 0
        probe = asyncio.ensure_future(asking(app, b"", path="/livez"))
        await settle(lambda: held.begun == 3)
        held.released.set()
        await asyncio.gather(*first)
        return [status, (await probe)[0], (await asking(app, b""))[0]]

    assert asyncio.run(crowd()) == [503, 200, 200]


def test_a_failure_that_nobody_foresaw_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    """500 to the client, the trace to the log."""
    status, _, reason = ask(stack(failing), b"")
    assert status == 500
    assert "house data" not in reason
    assert "RuntimeError: no house data here" in caplog.text
