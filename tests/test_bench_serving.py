"""The table of serving: bounds in either direction, verdicts, exit code; and a load that counts what was answered."""

import importlib.util
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[1] / "bench"


def module(name: str) -> ModuleType:
    """Return a module of bench/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found  # dataclasses look their module up
    spec.loader.exec_module(found)
    return found


verdicts, load = module("verdicts"), module("load")


@pytest.mark.parametrize(
    ("found", "at_most", "verdict"),
    [
        (0.6, False, "must met"),
        (0.59, False, "MISSED"),
        (0.85, False, "aim met"),
        (0.85, True, "MISSED"),
        (0.6, True, "must met"),
        (0.1, True, "aim met"),
        (None, True, "not measured"),
    ],
)
def test_a_bound_is_kept_or_missed(found: float | None, at_most: bool, verdict: str) -> None:
    """A number on the bound keeps it; the aim is looked at first."""
    aim = 0.2 if at_most else 0.85
    assert verdicts.Line("x", 0.6, aim, found, at_most=at_most).verdict == verdict


def test_the_exit_code_is_that_of_the_musts() -> None:
    """An aim that is missed, or a machine without an engine, is no failure; a must, or a peer that broke down, is."""
    line = verdicts.Line
    fine = [line("a", 20, 50, 21, "×", at_most=False), line("b", 90, 60, None), line("c", 5, None, 4)]
    assert verdicts.exit_code(fine) == 0
    assert verdicts.exit_code([*fine, line("d", 25, 10, 25.1, "ms")]) == 1
    assert verdicts.exit_code([*fine, line("e", 20, 50, None, failed=True)]) == 1


def test_the_table_is_markdown() -> None:
    """One row a line with its bounds, note and verdict; a note cannot break the table."""
    rows = verdicts.table(
        [verdicts.Line("p99", 25, 10, 12.34, "ms", note="a|b\nc"), verdicts.Line("x", 20, None, 1234.5, "×", False)]
    ).splitlines()
    assert rows[2] == "| p99 | ≤ 25 ms | ≤ 10 ms | **12.3 ms** (a/b c) | must met |"
    assert rows[3] == "| x | ≥ 20 × | – | **1,234 ×** | must met |"
    assert len({row.replace("\\|", "").count("|") for row in rows}) == 1


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    status = 200
    count = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).count += 1
        self.send_response(self.status)
        self.send_header("Content-Length", "70000")
        self.end_headers()
        with suppress(OSError):  # a client that has read the status may be gone
            self.wfile.write(b"x" * 70000)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("status", [200, 500])
def test_the_load_counts_what_was_answered(status: int) -> None:
    """As many answers as were asked for, each one whole; anything but 200 ends it."""
    answers = type("Answers", (_Answers,), {"status": status, "count": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        requests = [load.post("/", {"a": 1})]
        if status == 200:
            found = load.drive(server.server_port, requests, clients=3, most=20)
            assert (found.answered, answers.count, len(found.times)) == (20, 20, 20)
            assert 0 < found.percentile(50) <= found.percentile(99) < 30
        else:
            with pytest.raises(load.UnansweredError, match="500"):
                load.drive(server.server_port, requests, clients=3, most=20)
        server.shutdown()
