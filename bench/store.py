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
from collections.abc import Mapping
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
DRAIN_SECONDS = 5.0
"""How long to wait for it; on a busy machine it gets no time, and then has work in all rounds alike."""


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


def measure(bundle: Path, rounds: int, seconds: float, url: str | None) -> list[Line]:
    """Return the lines of the table."""
    requests = [post("/predict", house) for house in open_bundle(bundle).sample["rows"]]
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        spool = Path(folder) / "spool"
        stored = {"HOUSEPRICE_STORE": url or f"sqlite:///{folder}/predictions.db", "HOUSEPRICE_STORE_SPOOL": str(spool)}
        with serving(bundle, requests[0]) as without, serving(bundle, requests[0], stored) as with_store:
            answered = 1
            for clients in CLIENTS:
                pairs: list[tuple[Load, Load]] = []
                for number in range(rounds + 1):
                    found: dict[bool, Load] = {}
                    for stores in (number % 2 == 0, number % 2 == 1):
                        server: Server = with_store if stores else without
                        before = server.cpu_seconds
                        found[stores] = drive(
                            server.port, requests, clients=clients, seconds=seconds, warm_up=WARM_SECONDS
                        )
                        print(told(clients, stores, found[stores], server.cpu_seconds - before), file=sys.stderr)
                        if stores:
                            answered += found[stores].answered
                            until_written(spool, answered)
                    if number:  # the first is to warm up
                        pairs.append((found[True], found[False]))
                lines += verdict(clients, pairs)
    return lines


def told(clients: int, stores: bool, load: Load, cpu_seconds: float) -> str:
    """Return what one round was like."""
    times = ", ".join(f"p{share} {load.percentile(share) * 1e3:.2f} ms" for share in (50, 99))
    who = f"{clients} clients, {'with' if stores else 'without'} a store"
    return f"{who}: {load.rate:,.0f}/s, {times}, {cpu_seconds:.2f} s of CPU"


def verdict(clients: int, pairs: list[tuple[Load, Load]]) -> list[Line]:
    """Return the lines of some pairs of rounds, with and without a store."""
    ratios = sorted(with_store.rate / without.rate for with_store, without in pairs)
    slower = sorted((with_store.percentile(99) - without.percentile(99)) * 1e3 for with_store, without in pairs)
    rates = [statistics.median(load.rate for load in loads) for loads in zip(*pairs, strict=True)]
    p99 = [statistics.median(load.percentile(99) * 1e3 for load in loads) for loads in zip(*pairs, strict=True)]
    who = f"{clients} client{'s' * (clients > 1)}"
    note = f"{ratios[0]:.3f} to {ratios[-1]:.3f} in {len(pairs)} pairs; {rates[0]:,.0f}/s against {rates[1]:,.0f}/s"
    late = f"{slower[0]:+.2f} to {slower[-1]:+.2f} in {len(pairs)} pairs; {p99[0]:.2f} against {p99[1]:.2f} ms"
    return [
        Line(f"`/predict` with a store ÷ without, {who}", 0.95, 0.98, statistics.median(ratios), "", False, note),
        Line(f"`/predict`, p99 with a store − without, {who}", 0.3, 0.1, statistics.median(slower), "ms", note=late),
    ]


def main() -> None:
    """Measure what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=ROOT / "models" / "bundle", help="the sealed folder")
    parser.add_argument("--rounds", type=int, default=15, help="pairs of rounds")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    parser.add_argument("--store", help="URL of the database; an SQLite file of its own by default")
    asked = parser.parse_args()
    load_before = os.getloadavg()[0]
    os.sched_setaffinity(0, {LOAD_CORE})
    lines = measure(asked.bundle.resolve(), asked.rounds, asked.seconds, asked.store)
    busy = " (the machine was busy)" if load_before > 0.5 else ""
    print(table(lines), f"load average before: {load_before:.2f}{busy}", sep="\n\n")
    sys.exit(exit_code(lines))


if __name__ == "__main__":
    main()
