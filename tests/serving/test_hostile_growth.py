"""The work for what a client sends grows no faster than what it sends, whatever it is and wherever it stands."""

import json
import time
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from batches import CSV, NDJSON
from openinference import URL, in_json
from toy import FULL, LEAST, Client

from houseprice.bundle.load import Bundle
from houseprice.serving.app import create_app
from houseprice.serving.settings import Settings

SHORT, TIMES = 4_000, 16
MOST = 64.0
"""Sixteen times as much takes sixteen times as long when the work is linear, and 256 times when it is quadratic.

The middle of the two leaves room for a machine that is disturbed, and for a step such as that from a short text,
which is parsed at once, to a long one."""

HEADERS = (
    "Accept", "Accept-Encoding", "Access-Control-Request-Headers", "Authorization", "Content-Disposition",
    "Content-Encoding", "Content-Type", "Cookie", "Expect", "Forwarded", "If-None-Match",
    "Inference-Header-Content-Length", "Origin", "Range", "User-Agent", "X-API-Key", "X-Forwarded-For", "X-Request-ID",
)  # fmt: skip
PATTERNS = (
    '\\"', '"', "\\", ",", ";", " ", "=", ";a=", ',a/b', 'text/csv;q="\\"",', "a", "0", "bytes=0-0,", "%25", "&",
    "Bearer ",
    "identity,", "127.0.0.1,", "\t", "a=b; ",
)  # fmt: skip


@pytest.fixture(scope="module")
def client(toy: Bundle) -> Client:
    """Return an API that parses everything that it can."""
    keys = (("ann", "0" * 64),)
    said: dict[str, Any] = {"api_keys": keys, "cors_origins": ("https://a.example",), "requests_per_minute": 10**9}
    return Client(create_app(toy, Settings(access_log=False, **said)))


@pytest.fixture(scope="module")
def open_client(toy: Bundle) -> Client:
    """Return an API without keys."""
    return Client(create_app(toy, Settings(access_log=False)))


def seconds(ask: Callable[[], Any], rounds: int = 2) -> float:
    """Return the least CPU time of some rounds."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        ask()
        found.append(time.process_time() - begun)
    return min(found)


def growth(ask: Callable[[int], Any]) -> float:
    """Return how many times longer sixteen times as much takes; later tries decide when others disturb."""
    found = []
    for _ in range(4):
        found.append(seconds(lambda: ask(SHORT * TIMES)) / seconds(lambda: ask(SHORT)))
        if found[-1] < MOST:
            break
    return min(found)


def times(pattern: str, size: int) -> str:
    """Repeat a pattern up to a size."""
    return (pattern * (size // len(pattern) + 1))[:size]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_headers(client: Client, open_client: Client, pattern: str) -> None:
    """The same in every header, on the routes that read any, with and without a beginning that makes it plausible."""

    def ask(size: int) -> None:
        for begin in ("", "text/csv; x=", 'a/b;x="'):
            value = begin + times(pattern, size)
            for path in ("/batch-predict", "/invocations", URL, "/docs/swagger-ui.css"):
                method = "GET" if path.startswith("/docs") else "POST"
                open_client.ask(method, path, headers=dict.fromkeys(HEADERS, value), content=b"")
            open_client.ask("POST", "/batch-predict", headers={"Accept": value}, content=b"[]")
        client.ask("POST", "/predict", headers={"Authorization": f"Bearer {value}"}, content=b"{}")

    assert growth(ask) < MOST


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    "url",
    [
        "/predict?include={}",
        "/comparables?k={}",
        "/comparables?{}",
        "/{}",
        "/v1/models/{}:predict",
        "/v2/models/{}/infer",
    ],
)
def test_addresses(open_client: Client, url: str, pattern: str) -> None:
    """Paths and queries."""
    parts = ("?", "%3F"), ("#", "%23"), ('"', "%22"), ("\t", "%09"), (" ", "%20"), ("\\", "%5C")

    def ask(size: int) -> None:
        value = times(pattern, size)
        for plain, escaped in parts:
            value = value.replace(plain, escaped)
        open_client.ask("POST", url.format(value[: size - size % 3]), json=FULL)

    assert growth(ask) < MOST


TENSOR = '{{"name":"a{}","shape":[0],"datatype":"INT64","data":[]}}'
COLUMNS = ("sold", "living area", "rooms", "zip", "heating", "grade", "pool")
"""One of each kind."""
NUMBERS = ("1", "0", "9", "1.0", "1e9", "0.0000", "12345678901234567890")
DATES = ("2014-10-13", "2", "-", "2014-10-13T00:00:00.", "0" * 40)


@pytest.mark.long
@pytest.mark.parametrize("column", COLUMNS)
def test_values_in_json(open_client: Client, column: str) -> None:
    """Numbers of very many digits, texts of very many characters, in every column and on every route."""

    def ask(size: int) -> None:
        texts = [json.dumps(times(pattern, size)) for pattern in (*PATTERNS[:6], *DATES)]
        numbers = [
            begin + times(digits.replace(".", "").replace("e", ""), size)
            for digits in NUMBERS
            for begin in ("1", "0.", "1e", "-1", "1.")
        ]
        for value in texts + numbers:
            house = json.dumps({**FULL, column: "?"}).replace('"?"', value).encode()
            open_client.post("/predict", house)
            open_client.post("/batch-predict", b"[" + house + b"]")
            open_client.post("/batch-predict", house, NDJSON)
            open_client.post("/invocations", b'{"instances":[' + house + b"]}")

    assert growth(ask) < MOST


@pytest.mark.parametrize("column", COLUMNS)
def test_cells_of_a_csv(open_client: Client, column: str) -> None:
    """The same in a CSV, with a decimal point and a comma."""
    others = [name for name in FULL if name != column]

    def ask(size: int) -> None:
        for pattern in (*PATTERNS[5:8], *NUMBERS, *DATES):
            cells = ",".join(f'"{FULL[name]}"' for name in others)
            table = f'{",".join(others)},{column}\n{cells},"{times(pattern, size)}"\n'.encode()
            open_client.post("/batch-predict", table, CSV)
            open_client.post("/invocations", table, CSV)
            open_client.post("/batch-predict", table.replace(b",", b";"), f'{CSV}; delimiter=";"; decimal=","')

    assert growth(ask) < MOST


def many(make: Callable[[int], str], size: int, between: str = ",") -> str:
    """Return so many characters of different parts."""
    return between.join(make(number) for number in range(size // 8))


@pytest.mark.parametrize(
    ("path", "kind", "make"),
    [
        ("/batch-predict", CSV, lambda size: times("\n", size)),
        ("/batch-predict", CSV, lambda size: times(",", size) + "\n1"),
        ("/batch-predict", CSV, lambda size: times('"', size)),
        ("/batch-predict", CSV, lambda size: times('a,"', size)),
        ("/batch-predict", CSV, lambda size: many("zip{}".format, size) + "\n1,2"),
        ("/batch-predict", CSV, lambda size: many("zip{}".format, size) + "\n"),
        ("/batch-predict", CSV, lambda size: many("rooms{}".format, size, ";") + "\n" + many(str, size, ";")),
        ("/batch-predict", CSV, lambda size: times("rooms,", size) + "\n"),
        ("/batch-predict", CSV, lambda size: "rooms\n" + times("1\n", size)),
        ("/batch-predict", CSV, lambda size: times("a", size) + "\n1\n"),
        ("/invocations", CSV, lambda size: many("zip{}".format, size) + "\n" + many(str, size)),
        ("/invocations", CSV, lambda size: times("1,", size)),
        ("/batch-predict", NDJSON, lambda size: times("\n", size)),
        ("/batch-predict", NDJSON, lambda size: times("{}\n", size)),
        ("/batch-predict", NDJSON, lambda size: times("\r\n \n", size)),
        ("/predict", "application/json", lambda size: "{" + many('"a{}":1'.format, size) + "}"),
        ("/predict", "application/json", lambda size: "{" + many('"a":1,"b{}":2'.format, size) + "}"),
        ("/predict", "application/json", lambda size: '{"' + times("a", size) + '":1}'),
        ("/predict", "application/json", lambda size: '{"' + times("rooms", size) + '":1}'),
        ("/invocations", "application/json",
         lambda size: '{"inputs":{' + many('"a{}":[]'.format, size) + ',"b":1}}'),
        ("/invocations", "application/json", lambda size: '{"instances":[{' + many('"a{}":1'.format, size) + "}]}"),
        ("/invocations", "application/json",
         lambda size: '{"dataframe_split":{"columns":[' + many('"a{}"'.format, size) + ',"a1"],"data":[]}}'),
        ("/invocations", "application/json", lambda size: "{" + many('"a{}":1'.format, size) + ',"inputs":[]}'),
        ("/invocations", "application/json", lambda size: '{"' + times("inputs", size) + '":1, "inputs":[]}'),
        (URL, "application/json",
         lambda size: '{"inputs":[' + many(TENSOR.format, size // 5) + "]}"),
        (URL, "application/json", lambda size: '{"inputs":[' + times("{},", size) + "{}]}"),
        (URL, "application/json",
         lambda size: json.dumps({"inputs": in_json(LEAST), "outputs": [{"name": "interval_low"}] * (size // 25)})),
        (URL, "application/json",
         lambda size: '{"inputs":[{"name":"a","datatype":"BYTES","data":[],"shape":[' + times("1,", size) + "1]}]}"),
    ],
)  # fmt: skip
def test_bodies(open_client: Client, path: str, kind: str, make: Callable[[int], str]) -> None:
    """Very many columns, rows, keys, names and shapes."""
    assert growth(lambda size: open_client.post(path, make(size).encode(), kind)) < MOST


def test_proxies(toy: Bundle) -> None:
    """The addresses that a trusted proxy names."""
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    app: Any = create_app(toy, Settings(access_log=False))
    app = ProxyHeadersMiddleware(app, "127.0.0.1,10.0.0.0/8")

    async def ask(value: bytes) -> None:
        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(_: Any) -> None:
            pass

        headers = [(b"host", b"x"), (b"x-forwarded-for", value), (b"x-forwarded-proto", value)]
        scope = {"type": "http", "method": "GET", "path": "/livez", "raw_path": b"/livez", "query_string": b"",
                 "http_version": "1.1", "headers": headers, "client": ("127.0.0.1", 1)}  # fmt: skip
        await app(scope, receive, send)

    for pattern in ("127.0.0.1,", ",", "10.1.2.3, ", '"', "[::1]:80,"):
        assert growth(lambda size, pattern=pattern: anyio.run(ask, times(pattern, size).encode())) < MOST
