"""CPU of the server per request: routes, sketches, probes, log and metrics; other work disturbs it least."""

import statistics
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from environments import ROOT
from load import drive, get
from processes import Server, running
from routes import explain_requests, single_house_requests
from verdicts import Line

if TYPE_CHECKING:
    from serving import Bench

CLIENTS = 32
ROUNDS, REQUESTS = 3, 2000
"""Rounds of so many requests where CPU per request is measured; the least counts, which other work disturbs least."""
PAIRS, SHORT_ROUND = 9, 1000
"""Pairs of rounds, one after the other, for a difference that is smaller than what two rounds differ by; the median of
their ratios counts. Short rounds lie near each other in time."""
VARIED = ("sqft_living", "sqft_lot")
"""Columns of numbers of the shipped configuration, for grids."""
EXPLAIN_REQUESTS = 60
EXPLAIN_BOUNDS = {
    "/explain": (75, 40),
    "/comparables": (50, 25),
    "/comparables?k=20": (120, 60),
    "/history": (8, 4),
    "/what-if, 11 points": (20, 10),
    "/what-if, 400 points": (300, 150),
}
"""The largest and the wanted ratio of its cost to that of `/predict`, at one client."""
SKETCHES = (
    ("of_sketch", "FastAPI sketch, one model call per request", ((0.6, 1.5), (2.0, 4.0))),
    ("of_batched_sketch", "FastAPI sketch with micro-batching", ((0.6, 1.0), (0.8, 1.0))),
)
"""Module of a peer, its title, and the least and the wanted ratio of its cost to that of `/predict`, at 1 and at 32
clients. The sketches have no log, metrics, warnings, limits or timeouts, which costs most where nothing is shared."""


def routes(bench: "Bench") -> Iterator[Line]:
    """Compare the CPU that one house costs by each route with that of `/predict`."""
    requests = single_house_requests(str(bench.bundle.manifest.project["name"]), bench.houses)
    with bench.ours() as server:  # each route beside `/predict`, so that other work on the machine disturbs both
        rounds = [
            {title: cpu_per_request(server, houses, CLIENTS, SHORT_ROUND) for title, houses in requests.items()}
            for _ in range(PAIRS)
        ]
    for title in list(requests)[1:]:
        ratios = sorted(costs[title] / costs["/predict"] for costs in rounds)
        cost = statistics.median(costs[title] for costs in rounds)
        note = f"{ratios[0]:.2f} to {ratios[-1]:.2f} in {PAIRS} rounds; {cost * 1e6:.0f} µs of CPU"
        yield Line(f"{title}, CPU per house ÷ `/predict`", 2, 1.5, statistics.median(ratios), "", note=note)


def explanations(bench: "Bench") -> Iterator[Line]:
    """Compare the CPU of what explains a price with that of `/predict`."""
    with bench.ours() as server:
        base = statistics.median(cpu_per_request(server, bench.requests, 1, SHORT_ROUND) for _ in range(ROUNDS))
        for title, requests in explain_requests(bench.houses, VARIED).items():
            must, aim = EXPLAIN_BOUNDS[title]
            costs = sorted(cpu_per_request(server, requests, 1, EXPLAIN_REQUESTS) for _ in range(ROUNDS))
            note = f"{costs[0] * 1e3:.1f} to {costs[-1] * 1e3:.1f} ms of CPU in {ROUNDS} rounds"
            yield Line(f"`{title}` ÷ `/predict`, CPU per request", must, aim, costs[ROUNDS // 2] / base, "×", note=note)


def sketches(bench: "Bench") -> Iterator[Line]:
    """Compare the CPU per request of `/predict` with that of plain FastAPI servers of the same ONNX model."""
    for name, title, bounds in SKETCHES:
        command = [sys.executable, "-m", "uvicorn", f"{name}:app", "--app-dir", str(ROOT / "bench" / "peer_servers")]
        command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning", "--port"]
        environment = {"HOUSEPRICE_BUNDLE": str(bench.bundle.directory.resolve())}
        sketch = running(lambda port: [*command, str(port)], bench.requests[0], environment=environment)  # noqa: B023
        with bench.ours() as server, sketch as other:
            for clients, (must, aim) in zip((1, CLIENTS), bounds, strict=True):
                pairs = [
                    [cpu_per_request(one, bench.requests, clients, SHORT_ROUND) for one in (other, server)]
                    for _ in range(PAIRS)
                ]
                ratios = sorted(theirs / ours for theirs, ours in pairs)
                theirs, ours = (statistics.median(costs) * 1e6 for costs in zip(*pairs, strict=True))
                note = (
                    f"{ratios[0]:.2f} to {ratios[-1]:.2f} in {PAIRS} pairs; {theirs:.0f} µs of CPU against {ours:.0f}"
                )
                what = f"{title} ÷ ours, CPU per request, {clients} client{'s' * (clients > 1)}"
                yield Line(what, must, aim, statistics.median(ratios), "×", False, note)


def probes(bench: "Bench") -> Iterator[Line]:
    """Compare the CPU of `/livez` and `/metrics` with that of `/predict`, and see what log and metrics cost."""
    plain = {"HOUSEPRICE_METRICS": "off", "HOUSEPRICE_ACCESS_LOG": "off"}
    costs: dict[str, float] = {}
    with bench.ours() as server, bench.ours(plain) as silent:
        pairs = [
            [cpu_per_request(one, bench.requests, CLIENTS, 3 * REQUESTS) for one in (server, silent)]
            for _ in range(PAIRS)
        ]
        asked = {"/predict": bench.requests, "/livez": [get("/livez")], "/metrics": [get("/metrics")]}
        for _ in range(ROUNDS):  # in turn, so that other work on the machine is shared
            for path, requests in asked.items():
                costs[path] = min(costs.get(path, 1.0), cpu_per_request(server, requests, CLIENTS, 3 * REQUESTS))
    base = costs["/predict"]
    for path in ("/livez", "/metrics"):
        note = f"{costs[path] * 1e6:.0f} µs of CPU against {base * 1e6:.0f}"
        yield Line(
            f"`{path}` ÷ `/predict`, CPU per request, {CLIENTS} clients", 1, 0.5, costs[path] / base, "", note=note
        )
    shares = sorted((1 - without / whole) * 100 for whole, without in pairs)
    note = f"{shares[0]:.1f} to {shares[-1]:.1f} in {PAIRS} pairs of rounds"
    yield Line("log and metrics, share of `/predict`", 10, 5, statistics.median(shares), "%", note=note)


def cpu_per_request(server: Server, requests: Sequence[bytes], clients: int, most: int = REQUESTS) -> float:
    """Return the CPU seconds that the server uses per request."""
    before = server.cpu_seconds
    answered = drive(server.port, requests, clients=clients, seconds=600, most=most).answered
    return (server.cpu_seconds - before) / answered
