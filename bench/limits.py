"""Attacks on a running server with its default settings: what it holds, how long it blocks, what others notice.

The server has one core and, where this user may make a cgroup, 512 MB of memory; attackers and observers share another
core. Each attack meets a fresh server; at the end one server meets all of them. Ends with 1 when a must is missed.

    python bench/limits.py
    python bench/limits.py --only pipelined JSON --seconds 2
"""

import argparse
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

import attacks  # noqa: F401 - adds its attacks
import heavy_work  # noqa: F401 - the same
from attack_engine import ATTACKS, WORK_MB, Attack, Target, play
from environments import ROOT
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.serving.request import RequestModel
from houseprice.serving.settings import DEFAULT
from load import post
from observer import Observation, hurry, observe
from processes import LOAD_CORE, SERVER_CORE, Server, busy_seconds, running

LIMIT_MB = 512
MOST_BLOCK_SECONDS = 0.05
LEAST_RATE = 0.5
MOST_FOREIGN = 0.1
"""Share of the server's core; beyond it the table says that the machine was busy."""
MB = 1e6
_CGROUPS = Path("/sys/fs/cgroup")
HEAD = (
    "| attack | memory growth | longest wait of `/livez` | `/predict` of others | verdict |\n| --- "
    + "| --- " * 4
    + "|"
)


@dataclass(frozen=True)
class Found:
    """What one attack did, or some of them; `foreign` is the share of the server's core that other programs took."""

    name: str
    most: float
    growth: float
    observed: Observation
    undisturbed: float
    has_ended: bool
    foreign: float

    @property
    def share(self) -> float:
        """Rate of other clients as a ratio to the rate without the attack."""
        return self.observed.rate / self.undisturbed

    @property
    def missed(self) -> list[str]:
        """What was missed."""
        parts = {
            "memory": self.growth > self.most,
            "block": self.observed.longest > MOST_BLOCK_SECONDS,
            "others": self.share < LEAST_RATE,
            "server ended": self.has_ended,
        }
        return [name for name, is_missed in parts.items() if is_missed]

    def markdown(self) -> str:
        """Return the line of the table."""
        others = f"{self.share:.2f}"
        is_disturbed = self.foreign > MOST_FOREIGN
        if self.observed.refused or self.observed.broken:
            others += f" ({self.observed.refused:,} refused, {self.observed.broken:,} broken)"
        cells = (
            self.name,
            f"{self.growth:.0f} MB (≤ {self.most:.0f})",
            f"{self.observed.longest * 1e3:.0f} ms"
            + f" (other programs: {self.foreign:.0%} of its core)" * is_disturbed,
            others,
            f"MISSED: {', '.join(self.missed)}" if self.missed else "met",
        )
        return f"| {' | '.join(cells)} |"


@contextmanager
def memory_limit(megabytes: int) -> Iterator[Path | None]:
    """Yield the file that takes a process into a cgroup with so much memory, None where this user may make none."""
    for parent, name in ((_CGROUPS, "memory.max"), (_CGROUPS / "memory", "memory.limit_in_bytes")):
        group = parent / f"houseprice-limits-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if (group / name).is_file():
                (group / name).write_text(str(megabytes * 2**20))
                yield group / "cgroup.procs"
                return
        finally:
            with suppress(OSError):
                group.rmdir()
    yield None


@contextmanager
def server_of(bundle: Bundle, first: bytes) -> Iterator[Server]:
    """Yield a server with default settings and a limit of memory."""
    with memory_limit(LIMIT_MB) as members:
        command = [sys.executable, "-m", "houseprice", "serve", "--bundle", str(bundle.directory)]
        if members is not None:
            command = ["/bin/sh", "-c", f'echo $$ > "{members}"; exec "$@"', "sh", *command]
        with running(lambda port: [*command, "--port", str(port)], first, cwd=ROOT) as server:
            yield server


def meet(server: Server, chosen: Sequence[Attack], target: Target, houses: Sequence[bytes], seconds: float) -> Found:
    """Observe a server without attacks, and while some are played one after the other."""
    undisturbed = observe(server.port, houses, max(1.0, seconds / 2)).rate
    before = server.memory
    context = multiprocessing.get_context("fork")
    growth, parts, has_ended = 0.0, [], False
    begun, busy, own = time.monotonic(), busy_seconds(SERVER_CORE), server.cpu_seconds
    for attack in chosen:
        is_made, begin = context.Event(), context.Event()
        attacker = context.Process(target=_attack, args=(attack, target, server.port, seconds, is_made, begin))
        attacker.start()
        is_made.wait()
        server.forget_peak()
        begin.set()
        parts.append(observe(server.port, houses, seconds))
        attacker.join()
        growth = max(growth, (server.peak - before) / MB)
        has_ended = not server.is_alive
    foreign = busy_seconds(SERVER_CORE) - busy - (server.cpu_seconds - own)
    foreign = max(0.0, foreign) / (time.monotonic() - begun) if server.is_alive else 0.0
    if len(chosen) == 1:
        return Found(chosen[0].name, chosen[0].most, growth, parts[0], undisturbed, has_ended, foreign)
    observed = Observation(
        sum(part.rate for part in parts) / len(parts),
        sum(part.refused for part in parts),
        sum(part.broken for part in parts),
        max(part.longest for part in parts),
    )
    return Found("all of them, one after the other", WORK_MB, growth, observed, undisturbed, has_ended, foreign)


def _attack(attack: Attack, target: Target, port: int, seconds: float, is_made: Event, begin: Event) -> None:
    scripts = attack.make(target)
    is_made.set()
    begin.wait()
    play(port, scripts, seconds, reads=attack.reads)


def measured(bundle: Bundle, names: Sequence[str], seconds: float) -> Iterator[Found]:
    """Yield what each attack does to a fresh server, and then what all of them do to one."""
    houses = list(bundle.sample["rows"])
    batch_bytes = RequestModel(bundle.manifest.schema_).max_bytes(DEFAULT.max_rows)
    target = Target(houses, str(bundle.manifest.project["name"]), batch_bytes)
    requests = [post("/predict", house) for house in houses]
    chosen = [one for one in ATTACKS if not names or any(name.lower() in one.name.lower() for name in names)]
    for group in ([[one] for one in chosen] + [chosen]) if len(chosen) > 1 else [chosen]:
        with server_of(bundle, requests[0]) as server:
            yield meet(server, group, target, requests, seconds)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=ROOT / "models" / "bundle", help="the bundle to serve")
    parser.add_argument("--only", nargs="+", default=[], help="attacks with one of these words in their name")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each attack")
    return parser.parse_args()


def main() -> None:
    """Play the attacks and print the table."""
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    os.sched_setaffinity(0, {LOAD_CORE})
    hurry()
    found = []
    for one in measured(open_bundle(asked.bundle), asked.only, asked.seconds):
        print(one.markdown(), file=sys.stderr, flush=True)
        found.append(one)
    print("\n".join([HEAD, *(one.markdown() for one in found)]))
    sys.exit(int(any(one.missed for one in found)))


if __name__ == "__main__":
    main()
