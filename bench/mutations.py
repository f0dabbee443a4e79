"""Seeded mutations of legal requests to all POST routes: the server always answers as HTTP demands, and does not grow.

Failures are a 5xx (but 503 with `Retry-After`), an answer that is no HTTP, and no answer to a whole request. What is a
whole request is decided by h11, another implementation of HTTP. Ends with 1 when there is a failure.

    python bench/mutations.py
    python bench/mutations.py --count 1000 --seed 7
"""

import argparse
import gzip
import json
import random
import socket
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h11

from environments import ROOT
from houseprice.bundle.load import open_bundle
from load import HOST, post, request
from processes import running
from routes import single_house_requests
from verdicts import Line, exit_code, table

_WAIT_SECONDS = 10.0
_SHOWN = 20
_TOKENS = (
    b'"', b"{", b"}", b"[", b"]", b":", b",", b"\\", b"\\u0000", b"\\ud800", b"null", b"true", b"NaN", b"Infinity",
    b"-0", b"1e999", b"-1", b"0.1", b"9" * 400, b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\r\n", b"\n", b"\r",
    b" ", b"\t", b";", b"%00", b"%ff", b"\xc3\x28", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 0\r\n",
    b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Content-Encoding: gzip\r\n", b"Content-Type: text/csv\r\n",
    b"Accept: text/csv\r\n",
)  # fmt: skip


def legal_requests(model: str, houses: Sequence[dict[str, Any]]) -> list[bytes]:
    """Return legal requests to every POST route, in every format."""
    found = [one for requests in single_house_requests(model, houses).values() for one in requests]
    for house in houses:
        found += [post("/explain", house), post("/comparables?k=3", house), post("/history", house)]
        found.append(post("/what-if", {"house": house, "vary": {next(iter(house)): None}}))
        found += [post("/predict?include=explanation,comparables", house), post("/batch-predict", list(houses))]
        found.append(post("/invocations", {"instances": list(houses)}))
        line = json.dumps(house).encode() + b"\n"
        chunks = b"%x\r\n%s\r\n" % (len(line), line) * 3 + b"0\r\n\r\n"
        head = f"POST /batch-predict HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-ndjson\r\n"
        found.append(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks)
        packed = gzip.compress(line, mtime=0)
        zipped = request("/predict", packed, "application/json")
        found.append(zipped.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n", 1))
    return found


def mutated(legal: bytes, chance: random.Random) -> bytes:
    """Return a request with some mutations; half of them leave its head as it is but for the length."""
    head, separator, body = legal.partition(b"\r\n\r\n")
    part = chance.random()
    if part < 0.5:
        body = _mutate(body, chance)
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
        if b"transfer-encoding" not in head.lower():
            lines.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join(lines) + separator + body
    if part < 0.8:
        return _mutate(head, chance) + separator + body
    return _mutate(legal, chance)


def _mutate(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        start = chance.randrange(len(content) + 1)
        end = min(len(content), start + chance.choice((0, 1, 2, 8, 64)))
        before, middle, after = content[:start], content[start:end], content[end:]
        match chance.randrange(7):
            case 0:
                middle = chance.choice(_TOKENS)
            case 1:
                middle = chance.randbytes(len(middle) or 1)
            case 2:
                middle = b""
            case 3:
                middle *= chance.choice((2, 3, 100))
            case 4:
                middle = middle.swapcase()
            case 5:
                before, after = after, before
            case 6:
                after = b"" if chance.random() < 0.2 else after
        content = before + middle + after
    return content


def is_whole(content: bytes) -> bool | None:
    """Return whether h11 finds a whole request at the beginning, None when it finds something illegal."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2**24)
    try:
        connection.receive_data(content)
        while (event := connection.next_event()) is not h11.NEED_DATA and event is not h11.PAUSED:
            if isinstance(event, h11.EndOfMessage):
                return True
    except h11.RemoteProtocolError:
        return None
    return False


def failure_of(port: int, content: bytes) -> str:
    """Return what is wrong with the server's answer to some bytes, "" when nothing is."""
    whole = is_whole(content)
    answer = b""
    with socket.create_connection((HOST, port), timeout=_WAIT_SECONDS) as connection:
        try:
            connection.sendall(content)
            if not whole:
                connection.shutdown(socket.SHUT_WR)
            client = h11.Connection(h11.CLIENT)
            method = content.partition(b" ")[0] if whole else b"POST"
            client.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
            client.send(h11.EndOfMessage())
            status = 0
            while True:
                event = client.next_event()
                if isinstance(event, h11.Response):
                    status = event.status_code
                    if status >= 500 and not (status == 503 and b"retry-after" in dict(event.headers)):
                        return f"status {status}"
                elif isinstance(event, h11.EndOfMessage):
                    return ""
                elif isinstance(event, h11.ConnectionClosed):
                    break
                elif event is h11.NEED_DATA:
                    piece = connection.recv(2**16)
                    answer += piece
                    client.receive_data(piece)
        except TimeoutError:
            return "no answer in time"
        except OSError:
            pass  # closed with bytes unread: as if closed
        except h11.RemoteProtocolError as err:
            if answer:
                return f"an answer that is no HTTP: {err}"
    return "closed without an answer" if whole else ""


def failures(port: int, requests: Sequence[bytes], count: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield what went wrong, and the bytes that were sent."""
    for _ in range(count):
        content = mutated(chance.choice(requests), chance)
        if failure := failure_of(port, content):
            yield failure, content


def main() -> None:
    """Send mutated requests and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=ROOT / "models" / "bundle", help="the bundle to serve")
    parser.add_argument("--count", type=int, default=20_000, help="how many requests")
    parser.add_argument("--seed", type=int, default=1, help="of the mutations")
    asked = parser.parse_args()
    bundle = open_bundle(asked.bundle)
    requests = legal_requests(str(bundle.manifest.project["name"]), list(bundle.sample["rows"])[:3])
    chance = random.Random(asked.seed)  # noqa: S311 - the same mutations each time
    command = [sys.executable, "-m", "houseprice", "serve", "--bundle", str(bundle.directory)]
    found: Counter[str] = Counter()
    with running(lambda port: [*command, "--port", str(port)], requests[0], cwd=ROOT) as server:
        settled_after = asked.count // 4
        found.update(_shown(failures(server.port, requests, settled_after, chance)))
        settled = server.memory
        found.update(_shown(failures(server.port, requests, asked.count - settled_after, chance)))
        grown = (server.memory / settled - 1) * 100
        has_ended = not server.is_alive
    note = ", ".join(f"{count} × {what}" for what, count in found.most_common()) + " server ended" * has_ended
    lines = [
        Line(f"failures among {asked.count:,} mutated requests", 0, None, sum(found.values()) + has_ended, note=note),
        Line("memory, growth over the last three quarters of them", 5, None, round(grown, 1), "%"),
    ]
    print(table(lines))
    sys.exit(exit_code(lines))


def _shown(found: Iterator[tuple[str, bytes]]) -> Iterator[str]:
    """Print the first bytes that failed, and pass on what failed."""
    for number, (failure, content) in enumerate(found):
        if number < _SHOWN:
            print(failure, content[:2000], file=sys.stderr, flush=True)
        yield failure


if __name__ == "__main__":
    main()
