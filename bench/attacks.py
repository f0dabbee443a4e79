"""Attacks by bytes: requests that wait, heads and bodies without end, headers, JSON and CSV that are slow to parse."""

import gzip
import json
import random
from collections.abc import Callable

from attack_engine import ANSWER, WORK_MB, Make, Script, Target, again, attack, endless, head, held, left
from load import post, request

MIB = 2**20
_BIG_BODY = 30 * MIB
_JSON = "Content-Type: application/json"
_UPGRADE = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")


def _with(legal: bytes, *headers: str) -> bytes:
    """Return a legal request with more headers."""
    line, separator, rest = legal.partition(b"\r\n")
    return line + separator + "".join(f"{header}\r\n" for header in headers).encode() + rest


@attack("pipelined GETs, answers unread", reads=False)
def _pipelined_unread(_: Target) -> list[Script]:
    return [endless(b"", head("GET /livez") * 2000)]


@attack("pipelined GETs, answers read")
def _pipelined(_: Target) -> list[Script]:
    return [endless(b"", head("GET /livez") * 2000)]


@attack("pipelined houses, answers read")
def _pipelined_houses(target: Target) -> list[Script]:
    return [endless(b"", target.house * 200)]


@attack("2,000 silent connections")
def _silent(_: Target) -> list[Script]:
    return [held()] * 2000


@attack("connections opened and closed")
def _churn(_: Target) -> list[Script]:
    return [again(head("GET /livez", "Connection: close"))] * 100


@attack("connections reset after an answer")
def _resets(_: Target) -> list[Script]:
    return [left(head("GET /livez"), ANSWER)] * 100


@attack("heads of 15 kB, left before their end")
def _left_heads(_: Target) -> list[Script]:
    return [left(head("GET /")[:-2] + b"X: " + b"x" * 15_000)] * 100


@attack("heads of 110 fields, left after the answer")
def _left_fields(_: Target) -> list[Script]:
    return [left(head("GET /livez", *(f"X-{number}: {'x' * 120}" for number in range(110))), ANSWER)] * 100


@attack("chunks of one byte, left before their end")
def _left_chunks(_: Target) -> list[Script]:
    return [left(_chunked() + b"1\r\n \r\n" * 2000)] * 100


@attack("1,000 bodies that were answered unread")
def _unread_bodies(_: Target) -> list[Script]:
    return [held(request("/nothing", b"x" * 250_000, "text/plain"))] * 1000


@attack("1,000 heads of 15 kB without end")
def _heads(_: Target) -> list[Script]:
    return [held(head("GET /")[:-2] + b"X: " + b"x" * 15_000)] * 1000


@attack("600 bodies that stop after a byte")
def _slow_bodies(_: Target) -> list[Script]:
    return [held(head("POST /predict", "Content-Length: 1000", _JSON) + b"{")] * 600


@attack("100 bodies that stop before their end")
def _held_bodies(_: Target) -> list[Script]:
    first = head("POST /batch-predict", f"Content-Length: {_BIG_BODY}", _JSON)
    return [held(first, b" " * (_BIG_BODY - 1))] * 100


@attack("upgrades, with requests in their bodies")
def _upgrades(target: Target) -> list[Script]:
    smuggled = request("/predict", head("GET /metrics") * 500, "application/json")
    websocket = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
    requests = [_with(target.house, *_UPGRADE), _with(smuggled, *_UPGRADE), _with(head("GET /livez"), *websocket)]
    return [again(*requests)] * 8


def _chunked(kind: str = _JSON) -> bytes:
    return head("POST /batch-predict", "Transfer-Encoding: chunked", kind)


@attack("trailers without end")
def _trailers(_: Target) -> list[Script]:
    trailers = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 100) for number in range(1000))
    return [endless(_chunked() + b"2\r\n[]\r\n0\r\n", trailers)] * 4


@attack("chunks of one byte")
def _chunks(_: Target) -> list[Script]:
    return [endless(_chunked(), b"1\r\n \r\n" * 20_000)] * 2


@attack("chunk extensions without end")
def _extensions(_: Target) -> list[Script]:
    return [endless(_chunked() + b"1;", b"x=y;" * 20_000)] * 2


@attack("hostile headers of 15 kB")
def _headers(target: Target) -> list[Script]:
    size = 15_000
    values = {
        "Accept": (
            '"' + '\\"' * (size // 2),
            "a/b;q=0.5," * (size // 10),
            "a/b;" + ";" * size,
            "a/" + " " * size + "x",
        ),
        "Content-Type": ('application/json;a="' + '\\"' * (size // 2), "text/csv;" + "a=b;" * (size // 4)),
        "Content-Disposition": ('form-data; name="' + '\\"' * (size // 2),),
        "Accept-Encoding": ("gzip;q=0.1," * (size // 11),),
        "Authorization": ("Bearer " + " " * size + "x", "Basic " + "A" * size),
        "X-API-Key": ("k" * size,),
        "X-Request-ID": ("a" * size + "!",),
        "X-Forwarded-For": ("1.2.3.4, " * (size // 9),),
        "Forwarded": ("for=1.2.3.4;" * (size // 12),),
        "Cookie": ("a=b; " * (size // 5),),
        "Range": ("bytes=" + "0-1," * (size // 4),),
        "Inference-Header-Content-Length": ("9" * size,),
    }
    legal = [target.house, post("/batch-predict", [target.houses[0]])]
    hostile = [_with(one, f"{name}: {value}") for name, found in values.items() for value in found for one in legal]
    hostile.append(_with(legal[0], *(f"X-{number}: x" for number in range(120))))
    return [again(*hostile[number::4]) for number in range(4)]


@attack("hostile paths and queries of 15 kB")
def _paths(_: Target) -> list[Script]:
    paths = (
        "/" + "%41" * 5000,
        "/" + "/" * 15_000,
        "/predict?" + "a=b&" * 3500,
        "/predict?include=" + "," * 15_000,
    )
    return [again(*[head(f"POST {path}", "Content-Length: 0") for path in paths])] * 4


@attack("noise")
def _noise(_: Target) -> list[Script]:
    noise = random.Random(7).randbytes(60_000)  # noqa: S311 - the same noise each time
    return [again(noise, b"GET " + noise, b"\r\n" * 30_000)] * 20


def _repeated(begin: bytes, piece: bytes, end: bytes) -> Callable[[int], bytes]:
    return lambda size: begin + piece * ((size - len(begin) - len(end)) // len(piece)) + end


_JSON_SHAPES: dict[str, Callable[[int], bytes]] = {
    "lists in a list": _repeated(b"[", b"[],", b"[]]"),
    "objects in a list": _repeated(b"[", b"{},", b"{}]"),
    "lists in lists": _repeated(b"", b"[", b""),
    "unknown keys": lambda size: b"[{" + b",".join(b'"k%07d":0' % number for number in range(size // 13)) + b"}]",
    "numbers": _repeated(b"[", b"1,", b"1]"),
    "texts": _repeated(b"[", b'"\\u0041",', b'""]'),
}


def _big_json(shape: Callable[[int], bytes]) -> Make:
    """Return what sends a body as large as a batch may be, and a larger one, by three protocols."""

    def make(target: Target) -> list[Script]:
        requests = []
        for size in (target.batch_bytes - 100, _BIG_BODY):
            body = shape(size)
            wrapped = {f"/v1/models/{target.model}:predict": b"instances", "/invocations": b"dataframe_records"}
            requests.append(request("/batch-predict", body, "application/json"))
            requests += [request(path, b'{"%s":%s}' % (key, body), "application/json") for path, key in wrapped.items()]
        return [again(*requests[turn:], *requests[:turn]) for turn in range(2)]

    return make


for _name, _shape in _JSON_SHAPES.items():
    attack(f"JSON as large as a batch may be: {_name}", WORK_MB)(_big_json(_shape))


@attack("JSON of 32 kB, every shape")
def _small_json(_: Target) -> list[Script]:
    bodies = (
        json.dumps({f"unknown_{number}": 0 for number in range(2000)}).encode(),
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"bedrooms": ' + b"9" * 32_000 + b"}",
        b'{"bedrooms": 0.' + b"9" * 32_000 + b"}",
        b'{"bedrooms": 1e' + b"9" * 32_000 + b"}",
        b'{"date": "' + b"2" * 32_000 + b'"}',
        b"{" + b'"bedrooms": 1,' * 2000 + b'"bedrooms": 1}',
    )
    routes = ("/predict", "/explain", "/comparables", "/history", "/what-if", "/batch-predict", "/invocations")
    requests = [request(path, body, "application/json") for path in routes for body in bodies]
    return [again(*requests[number::4]) for number in range(4)]


@attack("CSV and NDJSON as large as a batch may be", WORK_MB)
def _lines(target: Target) -> list[Script]:
    size = target.batch_bytes - 100
    bodies = (
        _repeated(b"bedrooms\n", b"1\n", b"")(size),
        b",".join(b"c%07d" % number for number in range(size // 9)),
        _repeated(b'bedrooms\n"', b"1\n", b"")(size),
        b"\n" * size,
    )
    requests = [
        request("/batch-predict", body, kind) for body in bodies for kind in ("text/csv", "application/x-ndjson")
    ]
    return [again(*requests[number::2]) for number in range(2)]


@attack("200 MiB in 200 kB of gzip", WORK_MB)
def _bombs(_: Target) -> list[Script]:
    bomb = gzip.compress(b" " * (200 * MIB), 9)
    kinds = ("application/json", "text/csv", "application/x-ndjson")
    headers = ("Content-Encoding: gzip", f"Content-Length: {len(bomb)}")
    return [again(head("POST /batch-predict", f"Content-Type: {kind}", *headers) + bomb) for kind in kinds] * 2
