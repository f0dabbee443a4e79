"""Benchmark of the server: its figures against their bounds, and against other ways to serve the same model.

The server has one core, the load another one; all of it goes over 127.0.0.1. The peers serve the trained pair that the
sealed model was made from, each in an environment of its own that is made here. Ends with 1 when a must is missed.

    python bench/serving.py
    python bench/serving.py --only predict batch --seconds 2
"""

import argparse
import json
import os
import platform
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import containers
import peers
import sealed
from cpu_costs import CLIENTS, explanations, probes, routes, sketches
from environments import CACHE, EXTRAS, ROOT
from houseprice.bundle.load import Bundle, open_bundle
from load import Load, drive, post
from processes import LOAD_CORE, Server, running
from verdicts import Line, exit_code, table

MANY = 10_000
STARTS = 5
KEPT = CACHE / "serving_peers.json"
WARM_SECONDS = 1.0
LONGEST_SOAK_SECONDS = 3600.0
MB = 1e6


@dataclass
class Bench:
    """What is measured, and how long."""

    bundle: Bundle
    trained: Path
    cleaned: Path
    seconds: float
    soak: int
    peers: Sequence[str]
    reuse_peers: bool
    notes: list[str] = field(default_factory=list)

    @cached_property
    def houses(self) -> list[dict[str, Any]]:
        """The houses of the sealed sample, asked one a request."""
        return list(self.bundle.sample["rows"])

    @cached_property
    def requests(self) -> list[bytes]:
        """A request a house."""
        return [post("/predict", house) for house in self.houses]

    def ours(self, environment: Mapping[str, str] | None = None) -> Any:
        """Return our server, running."""
        command = [sys.executable, "-m", "houseprice", "serve", "--bundle", str(self.bundle.directory)]
        return running(
            lambda port: [*command, "--port", str(port)], self.requests[0], cwd=ROOT, environment=environment
        )

    def load(self, server: Server) -> Load:
        """Return the load of many clients that ask for one house each."""
        return drive(server.port, self.requests, clients=CLIENTS, seconds=self.seconds, warm_up=WARM_SECONDS)

    @cached_property
    def our_load(self) -> Load:
        """The load that the ratios and the percentiles are taken from."""
        with self.ours() as server:
            return self.load(server)


def predict(bench: Bench) -> Iterator[Line]:
    """Compare `/predict` with the least that it could cost."""
    command = [sys.executable, "-m", "uvicorn", "nothing:app", "--app-dir", str(ROOT / "bench"), "--loop", "uvloop"]
    command += ["--http", "httptools", "--lifespan", "off", "--no-access-log", "--no-server-header"]
    with running(lambda port: [*command, "--log-level", "warning", "--port", str(port)], bench.requests[0]) as server:
        idle = bench.load(server)
    model = sealed.seconds_of_one_row(bench.bundle, bench.houses, bench.seconds)
    found = bench.our_load
    least = 1 / idle.rate + model
    note = f"{found.rate:,.0f}/s; do-nothing {idle.rate:,.0f}/s at {idle.effort:.0%} of the load's core, "
    note += f"bare model {model * 1e6:.0f} µs, both {1 / least:,.0f}/s"
    yield Line(f"`/predict`, {CLIENTS} clients ÷ the least it costs", 0.6, 0.85, found.rate * least, "", False, note)
    p50, p99 = (found.percentile(share) * 1e3 for share in (50, 99))
    yield Line(f"`/predict`, p99 at {CLIENTS} clients", 25, 10, p99, "ms", note=f"p50 {p50:.1f} ms")


def against_peers(bench: Bench) -> Iterator[Line]:
    """Compare `/predict` with other ways to serve the same model."""
    kept = json.loads(KEPT.read_text()) if bench.reuse_peers and KEPT.is_file() else {}
    earlier = set(kept)
    price = float(bench.bundle.sample["answers"][0]["predicted_price"])
    for name in bench.peers:
        title = f"`/predict` ÷ {peers.PEERS[name].title}"
        try:
            if name not in kept:
                load = peers.measure(name, bench.trained, bench.houses, price, bench.seconds)
                kept[name] = {"rate": load.rate, "p99": load.percentile(99)}
                KEPT.parent.mkdir(parents=True, exist_ok=True)
                KEPT.write_text(json.dumps(kept))
        except Exception as err:  # noqa: BLE001 - a peer that fails in its own way must not end the others' turn
            yield Line(title, 20, 50, None, "×", False, f"failed: {str(err)[-300:]}", True)
            continue
        theirs = kept[name]
        note = f"{bench.our_load.rate:,.0f}/s against {theirs['rate']:,.0f}/s; p99 {theirs['p99'] * 1e3:.0f} ms"
        note += " in an earlier run" * (name in earlier)
        yield Line(title, 20, 50, bench.our_load.rate / theirs["rate"], "×", False, note)


def batch(bench: Bench) -> Iterator[Line]:
    """Compare `/batch-predict` with the bare model."""
    rows = sealed.houses(bench.bundle, bench.cleaned, MANY)
    request, found = [post("/batch-predict", rows)], list[tuple[float, float]]()
    with bench.ours() as server:
        drive(server.port, request, clients=1, most=1)
        for _ in range(max(3, round(bench.seconds))):  # in turn, so that other work on the machine is shared
            bare = sealed.rate_of_batch(bench.bundle, rows)
            found.append((len(rows) / drive(server.port, request, clients=1, seconds=600, most=1).percentile(50), bare))
    rate, bare = (statistics.median(rates) for rates in zip(*found, strict=True))
    ratio = statistics.median(ours / theirs for ours, theirs in found)
    note = f"{rate:,.0f} rows/s; bare model {bare:,.0f} rows/s"
    yield Line(f"`/batch-predict`, {len(rows):,} rows JSON ÷ the bare model", 0.6, 0.85, ratio, "", False, note)


def start(bench: Bench) -> Iterator[Line]:
    """Time how long it takes until the first house is priced."""
    seconds = []
    for _ in range(STARTS):
        with bench.ours() as server:
            seconds.append(server.started)
    note = f"{STARTS} starts, the worst {max(seconds):.2f} s"
    yield Line("process start to first 200", 2.0, 0.9, statistics.median(seconds), "s", note=note)


def memory(bench: Bench) -> Iterator[Line]:
    """See what the server holds after its start, and after many requests."""
    with bench.ours() as server:
        begun = server.memory
        yield Line("memory after start (RSS)", 200, 120, begun / MB, "MB")
        settled_after = max(CLIENTS, bench.soak // 100)
        drive(server.port, bench.requests, clients=CLIENTS, seconds=LONGEST_SOAK_SECONDS, most=settled_after)
        settled = server.memory
        soak = drive(server.port, bench.requests, clients=CLIENTS, seconds=LONGEST_SOAK_SECONDS, most=bench.soak)
        ended = server.memory
    note = f"{begun / MB:.1f} MB at the start, {settled / MB:.1f} after {settled_after:,}, {ended / MB:.1f} at the end"
    grown = round((ended / begun - 1) * 100, 1)
    yield Line(f"memory, growth over {soak.answered:,} requests", 5, 0, grown, "%", note=note)


def image(bench: Bench) -> Iterator[Line]:
    """See what the image weighs, and how fast a container starts."""
    container = Line("`docker run` to first 200", 3.5, 1.5, None, "s", note="no engine")
    weight = Line("image without its base, compressed", 90, 60, None, "MB", note="no engine")
    try:
        with containers.engine_and_base() as (engine, base):
            containers.build(bench.bundle.directory, base)
            seconds = containers.starts(engine, bench.requests[0], STARTS)
            note = f"{STARTS} starts, the worst {max(seconds):.2f} s"
            yield Line(container.what, 3.5, 1.5, statistics.median(seconds), "s", note=note)
            yield Line(weight.what, 90, 60, containers.weight(engine, base) / MB, "MB")
    except containers.NoEngineError:
        yield from (container, weight)


SECTIONS: dict[str, Callable[[Bench], Iterator[Line]]] = {
    "predict": predict,
    "routes": routes,
    "explanations": explanations,
    "sketches": sketches,
    "probes": probes,
    "peers": against_peers,
    "batch": batch,
    "start": start,
    "memory": memory,
    "image": image,
}


def collected(bench: Bench, sections: Sequence[str]) -> list[Line]:
    """Return the lines of some sections; one that breaks down has failed, and the others go on."""
    lines: list[Line] = []
    for name in sections:
        begun = time.monotonic()
        try:
            for line in SECTIONS[name](bench):
                print(line.markdown(), file=sys.stderr, flush=True)
                lines.append(line)
        except Exception as err:  # noqa: BLE001 - whatever it was, it stands in the table and in the exit code
            lines.append(Line(f"section {name}", 0, None, None, note=f"failed: {str(err)[-300:]}", failed=True))
        print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    return lines


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=ROOT / "models" / "bundle", help="the sealed folder")
    parser.add_argument("--trained", type=Path, default=ROOT / "models" / "trained", help="the two pickles it is of")
    cleaned = ROOT / "data" / "processed" / "cleaned_house_data.csv"
    parser.add_argument("--cleaned", type=Path, default=cleaned, help="processed table, for the batch")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="these sections")
    parser.add_argument("--peers", nargs="+", choices=peers.PEERS, default=list(peers.PEERS), help="these peers")
    parser.add_argument("--reuse-peers", action="store_true", help="take the peers' rates of the last run")
    parser.add_argument("--seconds", type=float, default=10.0, help="of load, each time")
    parser.add_argument("--soak-requests", type=int, default=1_000_000, help="for the growth of memory")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    return parser.parse_args()


def main() -> None:
    """Measure what is asked for and print the table."""
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    load_before = os.getloadavg()[0]
    os.sched_setaffinity(0, {LOAD_CORE})
    bundle = open_bundle(asked.bundle)
    bench = Bench(
        bundle, asked.trained, asked.cleaned, asked.seconds, asked.soak_requests, asked.peers, asked.reuse_peers
    )
    lines = collected(bench, asked.only)
    names = ", ".join(f"{name} {version(name)}" for name in ("fastapi", "mlflow", "onnxruntime", "uvicorn"))
    pins = ", ".join(" ".join(pins).replace("==", " ") for pins in EXTRAS.values() if pins)
    where = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, one for the server, one for the load; "
    where += f"Python {platform.python_version()}, {names}, {pins}; model {bundle.manifest.model_version}; "
    where += f"load average before: {load_before:.2f}" + (" (the machine was busy)" if load_before > 0.5 else "")
    if asked.json:
        print(json.dumps({"lines": [line.as_dict() for line in lines], "where": where}, indent=1))
    else:
        print(table(lines), where, sep="\n\n")
    sys.exit(exit_code(lines))


if __name__ == "__main__":
    main()
