"""Memory for requests in flight: what is reserved, by which limit, and what a real process needs under it."""

import asyncio
import http.client
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from running import Server
from toy import FULL

from houseprice.serving import memory_budget
from houseprice.serving.memory_budget import MemoryBudget, default_budget, find_memory_limit
from houseprice.serving.worker_pool import BusyError

MB = 2**20


def test_who_finds_no_room_waits_for_those_before() -> None:
    """In the order of arrival: a small request does not pass a large one that waits."""

    async def run() -> list[str]:
        budget, order = MemoryBudget(100), []
        first = await budget.reserve(60)

        async def hold(name: str, size: int) -> None:
            reservation = await budget.reserve(size)
            order.append(name)
            assert budget.used <= budget.total
            await asyncio.sleep(0)
            reservation.release()

        waiting = [asyncio.ensure_future(hold(name, size)) for name, size in (("large", 70), ("small", 10))]
        await asyncio.sleep(0)
        assert order == []
        first.resize(20)
        await asyncio.gather(*waiting)
        first.release()
        assert budget.used == 0
        return order

    assert asyncio.run(run()) == ["large", "small"]


def test_who_waits_too_long_gets_503_and_leaves_nothing_reserved() -> None:
    """With `Retry-After`; the next in line is let in, and a cancelled one holds no room either."""

    async def run() -> int:
        budget = MemoryBudget(100, queue_seconds=0.05)
        first = await budget.reserve(60)
        cancelled = asyncio.ensure_future(budget.reserve(80))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(BusyError) as caught:
            await budget.reserve(80)
        assert (caught.value.status_code, bool((caught.value.headers or {})["Retry-After"])) == (503, True)
        second = await budget.reserve(40)
        first.release()
        second.release()
        return budget.used

    assert asyncio.run(run()) == 0


def test_a_request_larger_than_the_budget_is_alone() -> None:
    """It takes all there is, rather than wait forever; an answer in memory is counted even beyond it."""

    async def run() -> None:
        budget = MemoryBudget(100, queue_seconds=0.05)
        alone = await budget.reserve(1000)
        alone.resize(150)
        with pytest.raises(BusyError):
            await budget.reserve(1)
        alone.release()
        assert (await budget.reserve(100), budget.used)[1] == 100

    asyncio.run(run())


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/", {"memory.max": "268435456\n"}, 256 * MB),
        ("0::/pod/app", {"memory.max": "max\n", "pod/memory.max": "104857600", "pod/app/memory.max": "max"}, 100 * MB),
        ("0::/elsewhere", {"memory.max": "max\n"}, None),
        ("5:cpu,memory:/docker/x\n0::/", {"memory/memory.limit_in_bytes": "536870912"}, 512 * MB),
        ("5:cpuset:/x", {"memory/memory.limit_in_bytes": "536870912"}, None),
    ],
    ids=["own root", "parent", "none", "version 1", "no memory controller"],
)  # fmt: skip
def test_the_memory_limit_is_the_least_of_all(
    tmp_path: Path, membership: str, files: dict[str, str], expected: int | None
) -> None:
    """Of the cgroup and those above it in both versions; without any it is the machine's memory."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "membership").write_text(membership + "\n")
    machine = find_memory_limit(tmp_path / "none", tmp_path / "none")
    assert find_memory_limit(tmp_path, tmp_path / "membership") == (expected or machine)


def test_the_budget_follows_the_limit() -> None:
    """More workers or less memory make it smaller; it is never nothing, nor more than its maximum."""
    assert default_budget(1, 4 * MB) == memory_budget.MIN_BYTES
    assert default_budget(1, 2**40) == memory_budget.MAX_BYTES
    large = 2**30
    assert default_budget(1, large) >= default_budget(4, large) >= memory_budget.MIN_BYTES


@pytest.mark.parametrize(
    ("megabytes", "clients", "kind"),
    [
        pytest.param(320, 40, "application/json", marks=pytest.mark.long),
        (256, 16, "application/json"),
        pytest.param(256, 16, "application/x-ndjson", marks=pytest.mark.long),
        pytest.param(256, 16, "invocations", marks=pytest.mark.long),
    ],
)
def test_legal_batches_at_once_stay_within_the_memory_limit(
    start: Callable[..., Server], megabytes: int, clients: int, kind: str
) -> None:
    """Each is answered, or told to come back; the process never needs the memory that would end it."""
    rows = [FULL] * 10_000
    path, body = "/batch-predict", json.dumps(rows).encode()
    if kind == "application/x-ndjson":
        body = b"\n".join([json.dumps(FULL).encode()] * len(rows))
    elif kind == "invocations":
        path, kind, body = "/invocations", "application/json", json.dumps({"instances": rows}).encode()
    server = start(HOUSEPRICE_MEMORY_LIMIT_BYTES=str(megabytes * MB))

    def ask(_: int) -> tuple[int, str | None]:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
        connection.request("POST", path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, answer.getheader("Retry-After")

    with ThreadPoolExecutor(clients) as pool:
        found = list(pool.map(ask, range(clients)))
    assert {status for status, _ in found} <= {200, 503}
    assert [status for status, _ in found].count(200) >= 1
    assert all(retry for status, retry in found if status == 503)
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.process.pid}/status").read_text())
    assert peak is not None
    assert int(peak[1]) * 1024 < 0.95 * megabytes * MB
    assert server.ask("POST", "/predict", FULL)[0] == 200
