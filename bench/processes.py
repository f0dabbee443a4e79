"""Servers under test: started on a core of their own, awaited, and stopped with all their processes."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from load import HOST, UnansweredError, drive

SERVER_CORE, LOAD_CORE = 0, min(1, (os.cpu_count() or 1) - 1)
_POLL_SECONDS = 0.005


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run on one core only, and so does every process that is started here."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def busy_seconds(core: int) -> float:
    """Return for how long a core has not been idle, time that its host took from it included."""
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Server:
    """A server that runs.

    Attributes:
        port: where it answers.
        started: seconds from its start to the first 200.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, started: float) -> None:
        self._process = process
        self.port = port
        self.started = started

    @property
    def memory(self) -> int:
        """Bytes of memory of the process and its children (RSS)."""
        pages = sum(int((process / "statm").read_text().split()[1]) for process, _ in self._processes())
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def peak(self) -> int:
        """Most bytes of memory that the process and its children have held since `forget_peak`."""
        peak = 0
        for process, _ in self._processes():
            with suppress(OSError, IndexError):  # it has ended
                peak += int((process / "status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
        return peak

    def forget_peak(self) -> None:
        """Let `peak` begin anew."""
        for process, _ in self._processes():
            with suppress(OSError):
                (process / "clear_refs").write_text("5")

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds that the process and its children have used."""
        ticks = sum(int(stat[11]) + int(stat[12]) for _, stat in self._processes())
        return ticks / os.sysconf("SC_CLK_TCK")

    @property
    def cpu_nanoseconds(self) -> int:
        """CPU nanoseconds of the threads that run now, without those of a recorder, by the kernel's own count."""
        return sum(
            int((thread / "schedstat").read_text().split()[0])
            for process, _ in self._processes()
            if b"houseprice.recording" not in (process / "cmdline").read_bytes()
            for thread in (process / "task").iterdir()
        )

    def _processes(self) -> Iterator[tuple[Path, list[str]]]:
        """Yield folder and fields of `stat` (from the state on) of each process of the server's session."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended since
                stat = (process / "stat").read_text().rpartition(")")[2].split()
                if int(stat[3]) == self._process.pid:
                    yield process, stat


@contextmanager
def running(
    command: Callable[[int], Sequence[str]],
    first: bytes,
    *,
    timeout: float = 30.0,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Return a server on a core of its own, once it has answered its first request with 200; it is ended afterwards.

    Args:
        command: port → what is run.
        first: the request that must be answered.
        timeout: seconds that it has for it.
        cwd: the folder that it runs in.
        environment: its variables beside the environment of this process.

    Raises:
        UnansweredError: it ended, or did not answer in time; with its last words.
    """
    port = free_port()
    with tempfile.TemporaryFile() as output:
        with pinned(SERVER_CORE):
            begun = time.perf_counter()
            process = subprocess.Popen(
                list(command(port)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        try:
            try:
                started = await_answer(port, first, begun, timeout, lambda: process.poll() is None)
            except UnansweredError as err:
                output.seek(max(0, output.seek(0, os.SEEK_END) - 1500))
                raise UnansweredError(f"{err}; its last lines: …{output.read().decode(errors='replace')}") from err
            yield Server(process, port, started)
        finally:
            _end(process)


def await_answer(port: int, first: bytes, begun: float, timeout: float, alive: Callable[[], bool]) -> float:
    """Ask until there is a first 200; return the seconds since the beginning.

    Raises:
        UnansweredError: there was none in time, or nobody is alive any more.
    """
    last = ""
    while time.perf_counter() - begun < timeout:
        try:
            drive(port, [first], clients=1, most=1)
        except (UnansweredError, OSError) as err:
            last = str(err)
        else:
            return time.perf_counter() - begun
        if not alive():
            raise UnansweredError("The server ended before it answered")
        time.sleep(_POLL_SECONDS)
    raise UnansweredError(f"No 200 within {timeout:g} s ({last})")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all of its session, kindly first."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sig)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
    process.wait()
