"""Requests at a steady pace, whatever becomes of them: every one that is not answered rightly is counted.

Run as a program of its own, so that nothing it measures waits for the test: `load.py PORT RATE FILE`, where the file
holds a house and the answers that are right. It prints a line once it is under way, goes on until its standard input is
closed, and then prints what it counted as JSON.

Requests leave at their time, also when earlier ones are still unanswered, and their latency counts from that time. Two
of three go over connections that are kept, the others over new ones.
"""

import asyncio
import json
import sys
import time
from typing import Any

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
SECONDS = 10.0


class Load:
    """A steady pace of one request."""

    def __init__(self, port: int, rate: float, house: Any, right: dict[str, float]) -> None:
        self._port, self._rate, self._right = port, rate, right
        body = json.dumps(house).encode()
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._kept = head.encode() + b"\r\n" + body
        self._new = head.encode() + b"Connection: close\r\n\r\n" + body
        self._idle: list[Connection] = []
        self.latencies: list[float] = []
        self.lost: list[str] = []
        self.models: dict[str, int] = {}

    async def run(self, until: asyncio.Event) -> None:
        """Send requests until the event comes, then wait for the last answers."""
        begin, number = time.perf_counter(), 0
        pending: set[asyncio.Task[None]] = set()
        while not until.is_set():
            due = begin + number / self._rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            task = asyncio.create_task(self._one(due, kept=number % 3 != 0))
            pending.add(task)
            task.add_done_callback(pending.discard)
            number += 1
        if pending:
            await asyncio.wait(pending)

    async def _one(self, due: float, *, kept: bool) -> None:
        began = time.time()
        try:
            async with asyncio.timeout(SECONDS):
                status, body = await (self._over_kept() if kept else self._over_new())
            answer = json.loads(body)
            if status != 200:
                self.lost.append(f"{began:.3f} {status} {body[:200]!r}")
                return
            version, price = answer["model_version"], answer["predicted_price"]
            self.models[version] = self.models.get(version, 0) + 1
            if abs(price - self._right.get(version, 0.0)) > 1:
                self.lost.append(f"{began:.3f} {version} answers {price}")
        except (OSError, TimeoutError, ValueError, KeyError, asyncio.IncompleteReadError) as err:
            self.lost.append(f"{began:.3f} {'kept' if kept else 'new'} connection: {type(err).__name__} {err}")
        finally:
            self.latencies.append(time.perf_counter() - due)

    async def _over_kept(self) -> tuple[int, bytes]:
        connection = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        answer = await _exchange(connection, self._kept)
        self._idle.append(connection)
        return answer

    async def _over_new(self) -> tuple[int, bytes]:
        connection = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            return await _exchange(connection, self._new)
        finally:
            connection[1].close()


async def _exchange(connection: Connection, request: bytes) -> tuple[int, bytes]:
    reader, writer = connection
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    return int(head.split(" ", 2)[1]), await reader.readexactly(length)


async def main(port: int, rate: float, path: str) -> None:
    """Run until the standard input is closed."""
    with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - before anything is measured
        told = json.load(stream)
    load, until = Load(port, rate, told["house"], told["right"]), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), until.set)
    sys.stdout.write("running\n")
    sys.stdout.flush()
    await load.run(until)
    loop.remove_reader(sys.stdin.fileno())
    sent = len(load.latencies)
    ordered = sorted(load.latencies)
    found = {f"p{share}": round(ordered[min(sent - 1, sent * share // 100)] * 1000, 1) for share in (50, 99)}
    sys.stdout.write(json.dumps({"sent": sent, "lost": load.lost, "models": load.models, **found}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
