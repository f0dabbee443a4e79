"""What storing predictions costs `/predict`: throughput and latency with a store against those without, in pairs.

Both servers run at once on one core, with the recorder of the one that stores; they are asked in turns, so that other
work on the machine disturbs both. Before each turn the recorder has written what the turn before it left behind. Ends
with 1 when a must is missed.

    python bench/store.py
    python bench/store.py --rounds 5 --seconds 1
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import ROOT
from houseprice.bundle.load import open_bundle
from houseprice.serving.recorder_client import read_status
from load import Load, drive, post
from processes import LOAD_CORE, Server, running
from verdicts import Line, exit_code, table

CLIENTS = (32, 1)
"""Clients that ask at once: as many as keep the server busy, and one."""
WARM_SECONDS = 0.3
DRAIN_SECONDS = 3.0
"""How long to wait for it; on a busy machine it gets no time, and then has work in all rounds alike."""


@dataclass(frozen=True)
class Round:
    """A load, and the CPU of the server per request, µs."""

    load: Load
    cpu: float


def serving(bundle: Path, first: bytes, environment: Mapping[str, str] | None = None) -> Any:
    """Return our server, running."""
    command = [sys.executable, "-m", "houseprice", "serve", "--bundle", str(bundle)]
    return running(lambda port: [*command, "--port", str(port)], first, cwd=ROOT, environment=environment)


def until_written(spool: Path, answered: int) -> None:
    """Wait until the recorder has written so many predictions."""
    ends = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < ends:
        status = read_status(spool) or {}
        if status.get("written", 0) >= answered:
            return
        time.sleep(0.2)


def measure(bundle: Path, asked: argparse.Namespace) -> list[Line]:
    """Return the lines of the table."""
    requests = [post("/predict", house) for house in open_bundle(bundle).sample["rows"]]
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        spool = Path(folder) / "spool"
        stored = {
            "HOUSEPRICE_STORE": asked.store or f"sqlite:///{folder}/predictions.db",
            "HOUSEPRICE_STORE_SPOOL": str(spool),
        }
        with serving(bundle, requests[0]) as without, serving(bundle, requests[0], stored) as with_store:
            answered = 1
            for clients in asked.clients:
                pairs: list[tuple[Round, Round]] = []
                for number in range(asked.rounds + 1):
                    found: dict[bool, Round] = {}
                    for stores in (number % 2 == 0, number % 2 == 1):
                        found[stores] = measured(with_store if stores else without, requests, clients, asked.seconds)
                        print(told(clients, stores, found[stores]), file=sys.stderr)
                        if stores:
                            answered += found[stores].load.answered
                            until_written(spool, answered)
                    if number:  # the first is to warm up
                        pairs.append((found[True], found[False]))
                lines += verdict(clients, pairs)
    return lines


def measured(server: Server, requests: list[bytes], clients: int, seconds: float) -> Round:
    """Return what a server does within some seconds."""
    drive(server.port, requests, clients=clients, seconds=WARM_SECONDS)
    before = server.cpu_nanoseconds
    load = drive(server.port, requests, clients=clients, seconds=seconds)
    return Round(load, (server.cpu_nanoseconds - before) / load.answered / 1e3)


def told(clients: int, stores: bool, found: Round) -> str:
    """Return what one round was like."""
    times = ", ".join(f"p{share} {found.load.percentile(share) * 1e3:.2f} ms" for share in (50, 99))
    who = f"{clients} clients, {'with' if stores else 'without'} a store"
    return f"{who}: {found.load.rate:,.0f}/s, {times}, {found.cpu:.0f} µs of CPU a request"


def verdict(clients: int, pairs: list[tuple[Round, Round]]) -> list[Line]:
    """Return the lines of some pairs of rounds, with and without a store."""
    who, many = f"{clients} client{'s' * (clients > 1)}", f"in {len(pairs)} pairs"
    stored, plain = zip(*pairs, strict=True)

    def middle(rounds: Iterable[Round], value: Callable[[Round], float]) -> float:
        return statistics.median(map(value, rounds))

    def rate(one: Round) -> float:
        return one.load.rate

    def p99(one: Round) -> float:
        return one.load.percentile(99) * 1e3

    def cpu(one: Round) -> float:
        return one.cpu

    ratios = sorted(rate(one) / rate(other) for one, other in pairs)
    slower = sorted(p99(one) - p99(other) for one, other in pairs)
    costs = sorted(cpu(one) / cpu(other) for one, other in pairs)
    rates, times, cpus = ((middle(stored, value), middle(plain, value)) for value in (rate, p99, cpu))
    notes = [
        f"{ratios[0]:.3f} to {ratios[-1]:.3f} {many}; {rates[0]:,.0f}/s against {rates[1]:,.0f}/s",
        f"{slower[0]:+.2f} to {slower[-1]:+.2f} {many}; {times[0]:.2f} against {times[1]:.2f} ms",
        f"{costs[0]:.3f} to {costs[-1]:.3f} {many}; {cpus[0]:.0f} against {cpus[1]:.0f} µs",
    ]
    median = statistics.median
    return [
        Line(f"`/predict` with a store ÷ without, {who}", 0.95, 0.98, median(ratios), "", False, notes[0]),
        Line(f"`/predict`, p99 with a store − without, {who}", 0.3, 0.1, median(slower), "ms", note=notes[1]),
        Line(f"`/predict`, CPU with a store ÷ without, {who}", 1.05, 1.02, median(costs), "", note=notes[2]),
    ]


def main() -> None:
    """Measure what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=ROOT / "models" / "bundle", help="the sealed folder")
    parser.add_argument("--rounds", type=int, default=15, help="pairs of rounds")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    parser.add_argument("--store", help="URL of the database; an SQLite file of its own by default")
    parser.add_argument("--clients", type=int, nargs="+", default=list(CLIENTS), help="at once")
    asked = parser.parse_args()
    load_before = os.getloadavg()[0]
    os.sched_setaffinity(0, {LOAD_CORE})
    lines = measure(asked.bundle.resolve(), asked)
    busy = " (the machine was busy)" if load_before > 0.5 else ""
    print(table(lines), f"load average before: {load_before:.2f}{busy}", sep="\n\n")
    sys.exit(exit_code(lines))


if __name__ == "__main__":
    main()
