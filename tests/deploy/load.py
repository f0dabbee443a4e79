"""Load generator: sends requests at a rate and counts every one that is not answered correctly.

A program of its own, so that it never waits for the test: `load.py PORT RATE FILE`, where the file holds a house and
the right price of each model version. It prints a line when it has started, runs until its standard input closes, and
then prints its counts as JSON. Requests are sent on schedule while fewer than `UNANSWERED` are; a machine that is too
slow for the rate is asked as often as it answers. Latency counts from the schedule. Two of three requests use
kept-alive connections, the others new ones.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
TIMEOUT = 10.0
UNANSWERED = 100


class Load:
    """A rate of one request."""

    def __init__(self, port: int, rate: float, house: Any, right: dict[str, float]) -> None:
        self._port, self._rate, self._right = port, rate, right
        body = json.dumps(house).encode()
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._keep = head.encode() + b"\r\n" + body
        self._close = head.encode() + b"Connection: close\r\n\r\n" + body
        self._idle: list[Connection] = []
        self.latencies: list[float] = []
        self.lost: list[str] = []
        self.models: dict[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Send requests until the event is set, then wait for the last answers."""
        start, number = time.perf_counter(), 0
        pending: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            due = start + number / self._rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if len(pending) >= UNANSWERED:
                await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                start += max(0.0, time.perf_counter() - due)  # never sent all at once later
                due = start + number / self._rate
            task = asyncio.create_task(self._request(due, keep=number % 3 != 0))
            pending.add(task)
            task.add_done_callback(pending.discard)
            number += 1
        if pending:
            await asyncio.wait(pending)

    async def _request(self, due: float, *, keep: bool) -> None:
        connection = None
        try:
            async with asyncio.timeout(TIMEOUT):
                connection = self._idle.pop() if keep and self._idle else None
                connection = connection or await asyncio.open_connection("127.0.0.1", self._port)
                status, body = await _exchange(connection, self._keep if keep else self._close)
            if keep:
                self._idle.append(connection)
                connection = None
            answer = json.loads(body)
            version = answer["model_version"] if status == 200 else ""
            if version:
                self.models[version] = self.models.get(version, 0) + 1
            if not version or abs(answer["predicted_price"] - self._right.get(version, 0.0)) > 1:
                self.lost.append(f"{time.time():.3f} {status} {body[:200]!r}")
        except (OSError, TimeoutError, ValueError, KeyError, asyncio.IncompleteReadError) as err:
            self.lost.append(f"{time.time():.3f} {'kept' if keep else 'new'} connection: {type(err).__name__} {err}")
        finally:
            if connection:
                connection[1].close()
            self.latencies.append(time.perf_counter() - due)


async def _exchange(connection: Connection, request: bytes) -> tuple[int, bytes]:
    reader, writer = connection
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    return int(head.split(" ", 2)[1]), await reader.readexactly(length)


async def main(port: int, rate: float, content: dict[str, Any]) -> None:
    """Run until the standard input is closed."""
    load, stop = Load(port, rate, content["house"], content["right"]), asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    sys.stdout.write("running\n")
    sys.stdout.flush()
    await load.run(stop)
    ordered = sorted(load.latencies)
    sent = len(ordered)
    found = {f"p{share}": round(ordered[min(sent - 1, sent * share // 100)] * 1000, 1) for share in (50, 99)}
    sys.stdout.write(json.dumps({"sent": sent, "lost": load.lost, "models": load.models, **found}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))))
