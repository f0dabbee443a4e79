"""Pricing of blocks by several processes, in order and within bounded memory.

A thread for each process hands it one block after the other. A process that dies closes its connection, which is an
error at once; a run that is killed closes all connections, which ends the processes.
"""

import os
import queue
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from multiprocessing.connection import Pipe
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from houseprice.batch_prediction.blocks import Block, Job, PricedBlock
from houseprice.batch_prediction.pricing import Pricer
from houseprice.errors import HousePriceError

SMALL_BLOCKS = 2
"""Inputs of so many blocks are priced in this process, since others take a second to start."""
BLOCKS_PER_WORKER = 3
"""How many blocks of each worker are in memory: one that is priced, and some that wait for it or to be written."""
STOP_SECONDS = 5.0
WORKER_ENDED = "worker_ended"
COMMAND = (sys.executable, "-P", "-m", "houseprice.batch_prediction.worker")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")

Answer = PricedBlock | Exception
Item = TypeVar("Item")


class Workers:
    """Prices blocks in up to `count` processes, which are started when there is enough for them to do."""

    fewest = 2
    """With fewer, this process prices all blocks itself."""

    def __init__(self, pricer: Pricer, count: int) -> None:
        self._pricer, self._count = pricer, count
        self._processes: list[_Process] = []
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(count, "pricing")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.end(is_killed=kind is not None)
        self._threads.shutdown(cancel_futures=True)

    def map(
        self, items: Iterable[Item], work: Callable[[Item], tuple[Job, Block] | None]
    ) -> Iterator[tuple[Item, Answer | None]]:
        """Yield each item with the answer to its block, if it has one, in order.

        The answer is the exception where the block cannot be priced.

        Raises:
            HousePriceError: A process has died (code `worker_ended`).
        """
        items = iter(items)
        first: list[Item] = []
        blocks = 0
        for item in items:
            first.append(item)
            blocks += work(item) is not None
            if blocks > SMALL_BLOCKS:
                break
        is_large = blocks > SMALL_BLOCKS and self._count >= self.fewest
        return (self._map_by_processes if is_large else self._map_here)(chain(first, items), work)

    def _map_here(
        self, items: Iterable[Item], work: Callable[[Item], tuple[Job, Block] | None]
    ) -> Iterator[tuple[Item, Answer | None]]:
        for item in items:
            task = work(item)
            try:
                answer: Answer | None = self._pricer.price(*task) if task else None
            except HousePriceError as err:
                answer = err
            yield item, answer

    def _map_by_processes(
        self, items: Iterable[Item], work: Callable[[Item], tuple[Job, Block] | None]
    ) -> Iterator[tuple[Item, Answer | None]]:
        self._start()
        pending: deque[tuple[Item, Future[Answer] | None]] = deque()
        for item in items:
            task = work(item)
            pending.append((item, self._threads.submit(self._ask, *task) if task else None))
            while pending and (len(pending) > BLOCKS_PER_WORKER * self._count or _is_done(pending[0][1])):
                yield _answered(*pending.popleft())
        while pending:
            yield _answered(*pending.popleft())

    def _start(self) -> None:
        for _ in range(self._count):
            process = _Process(self._pricer.directory)
            self._processes.append(process)
            self._idle.put(process)

    def _ask(self, job: Job, block: Block) -> Answer:
        process = self._idle.get()
        try:
            return process.ask((self._pricer.version, job, block))
        finally:
            self._idle.put(process)


Pool = Callable[[Pricer], Workers]
"""Makes the workers of a run."""


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Process:
    """A worker process and the connection with it."""

    def __init__(self, directory: Path) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            # A process group of its own: Ctrl-C at the terminal is for this process, which ends its workers.
            self._process = subprocess.Popen(
                [*COMMAND, str(theirs.fileno()), str(directory)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD},
                pass_fds=[theirs.fileno()],
                process_group=0,
            )

    def ask(self, question: Any) -> Answer:
        """Return the answer to a question."""
        try:
            self._connection.send(question)
            answer: Answer = self._connection.recv()
        except (EOFError, OSError) as err:
            raise self._ended() from err
        return answer

    def end(self, *, is_killed: bool) -> None:
        """End the process: at once, or as soon as it sees that the connection is closed."""
        if is_killed:
            self._process.kill()
        else:
            self._connection.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _ended(self) -> HousePriceError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        code = self._process.returncode
        by = f"by {signal.Signals(-code).name}" if code is not None and code < 0 else f"with exit code {code}"
        return HousePriceError(
            f"A worker process ended {by} before its rows were priced, perhaps for want of memory. Run the command "
            "again, with fewer --workers where memory is short.",
            code=WORKER_ENDED,
            exit_code=code,
        )


def _is_done(future: Future[Answer] | None) -> bool:
    return future is None or future.done()


def _answered(item: Item, future: Future[Answer] | None) -> tuple[Item, Answer | None]:
    return item, future.result() if future else None
