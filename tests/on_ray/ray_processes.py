"""`houseprice predict` and a Ray cluster of two nodes on this machine, as processes that end with the tests."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / ".venv-ray" / "bin"
SECONDS = 600.0
"""What anything may take, on a machine that does much else."""
_MARK = "HOUSEPRICE_TEST_RAY"


class Processes:
    """Starts processes; each, and all that descends from it, is found again by a variable of its environment."""

    def __init__(self) -> None:
        self._mark = f"{_MARK}={uuid.uuid4().hex}"
        name, _, value = self._mark.partition("=")
        quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE": "1"}
        self.environment = {**os.environ, **quiet, name: value, "RAY_gcs_rpc_server_reconnect_timeout_s": "5"}
        self.environment.pop("RAY_ADDRESS", None)

    def start(self, *words: object, **more: str) -> "subprocess.Popen[str]":
        """Start a program of the environment that has Ray, with pipes."""
        program, *rest = map(str, words)
        return subprocess.Popen(
            [str(PROGRAMS / program), *rest],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.environment, **more},
        )

    def predict(self, bundle: Path, source: Path, output: Path, *words: object) -> "subprocess.Popen[str]":
        """Start `houseprice predict`."""
        paths = ("--bundle", bundle, "--input", source, "--output", output)
        return self.start("houseprice", "predict", *paths, *words)

    def find(self, title: str) -> list[int]:
        """Return the processes whose title contains something."""
        return [pid for pid, found in self._all() if title in found]

    def end(self) -> None:
        """Kill all of them, until none is left."""
        deadline = time.monotonic() + SECONDS
        while (left := list(self._all())) and time.monotonic() < deadline:
            for pid, _ in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)

    def _all(self) -> Iterator[tuple[int, str]]:
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                is_ours = self._mark.encode() in (folder / "environ").read_bytes().split(b"\0")
                if is_ours and (title := (folder / "cmdline").read_bytes()):  # none of a process that has ended
                    yield int(folder.name), title.decode(errors="replace")


class Cluster:
    """A Ray cluster of two nodes.

    Attributes:
        processes: those of the cluster are among them.
        address: where it is.
    """

    def __init__(self, processes: Processes, **more: str) -> None:
        self.processes = processes
        self._folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
        self._process = processes.start("python", Path(__file__).with_name("nodes.py"), self._folder, **more)
        self.address = self._answer()

    def tell(self, what: str) -> None:
        """Do something with the nodes, and wait until it is done."""
        assert self._process.stdin
        print(what, file=self._process.stdin, flush=True)
        assert self._answer() == "done"

    def end(self) -> None:
        """Kill the process that holds the cluster; its nodes are killed with the others."""
        self._process.kill()
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


def wait_for(what: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def done(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for the end of a process; return its exit code and what it said of errors."""
    _, errors = process.communicate(timeout=SECONDS)
    return process.returncode, errors
