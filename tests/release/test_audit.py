"""The audit of a lock, by the real pip-audit, against a service of vulnerabilities on loopback."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from houseprice.release.audit import FAMOUS, LOCK, OSV

pytestmark = pytest.mark.long  # starts pip-audit for each test

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-audit" / "bin" / "python"
SMALL = "".join(f"{name} \\\n    --hash=sha256:{'a' * 64}\n" for name in ("click==8.1.0", "uvicorn==0.34.0"))


def known(name: str, number: str, *fixed: str, **more: Any) -> dict[str, Any]:
    """Return a vulnerability as OSV tells it."""
    events = [{"introduced": "0"}, *({"fixed": version} for version in fixed)]
    affected = {"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    return {"id": number, "summary": f"Against {name}\nand you", "affected": [affected], **more}


class Service(ThreadingHTTPServer):
    """A stand-in for OSV: it knows what it is given, and can be made to misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.known: dict[str, list[dict[str, Any]]] = {FAMOUS[0]: [known(FAMOUS[0], "PYSEC-2010-1", "1.2.2")]}
        self.asked: list[dict[str, Any]] = []
        self.said: list[tuple[int, bytes]] = []
        self.released = threading.Event()
        self.hangs = False

    @property
    def address(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.server_port}/v1/query"


class Answering(BaseHTTPRequestHandler):
    """One answer of the service."""

    server: Service

    def do_POST(self) -> None:
        """Answer as OSV, or as the test wants it."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(asked)
        if self.server.hangs:
            self.server.released.wait()
            return
        found = self.server.known.get(asked["package"]["name"])
        status, body = 200, json.dumps({"vulns": found} if found else {}).encode()
        if self.server.said:
            status, body = self.server.said.pop(0) if len(self.server.said) > 1 else self.server.said[0]
            body = body or json.dumps({"vulns": found} if found else {}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    """Return a service on loopback."""
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Return a small lock."""
    file = tmp_path / "lock.txt"
    file.write_text(SMALL)
    return file


def run(lock: Path, address: str, *options: str, python: Path = PYTHON, github: str = "") -> tuple[int, str, Path]:
    """Audit as scripts/audit does; return exit code, output and the path of the report."""
    assert python.exists(), "the environment of pip-audit is not there; run `make .venv-audit/.audit`"
    report = lock.parent / "reports" / "audit.json"
    said = subprocess.run(
        [python, "-m", "houseprice.release.audit", report, "--lock", lock, "--service", address, *options],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "PIP_AUDIT_VULNERABILITY_SERVICE": "pypi",
            "GITHUB_ACTIONS": github,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in said.stderr
    return said.returncode, said.stdout + said.stderr, report


def test_the_real_lock_is_asked_about_in_full_and_nothing_is_known(service: Service, tmp_path: Path) -> None:
    """Every library of the image's lock is asked about in its version, and the report names the lock by its hash."""
    lock = ROOT / LOCK
    report = tmp_path / "audit.json"
    said = subprocess.run(
        [ROOT / "scripts" / "audit", report, "--service", service.address], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    found = json.loads(report.read_text())
    assert found.pop("created").endswith("+00:00")
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    assert found == {"lock": digest, "reached": True, "reason": "", "vulnerabilities": []}
    asked = {f"{one['package']['name']}=={one['version']}" for one in service.asked}
    lines = [line for line in lock.read_text().splitlines() if "==" in line and "sys_platform == 'win32'" not in line]
    pinned = {line.split()[0].lower() for line in lines}
    assert asked == pinned | {"==".join(FAMOUS)}
    assert said.stdout.count("\n") == 1


def test_what_is_known_is_reported(service: Service, lock: Path) -> None:
    """Name, version, id, the first release above ours without it, a summary of one line; what was withdrawn is not."""
    service.known["uvicorn"] = [
        known("uvicorn", "PYSEC-2031-7", "0.33.1", "0.36", "0.35.2", aliases=["CVE-2031-1"]),
        known("uvicorn", "GHSA-never-mind", withdrawn="2031-01-01T00:00:00Z"),
        known("uvicorn", "PYSEC-2031-9"),
    ]
    code, words, report = run(lock, service.address)
    first, second = json.loads(report.read_text())["vulnerabilities"]
    assert code == 0
    summary = "Against uvicorn and you"
    assert first == {
        "name": "uvicorn", "version": "0.34.0", "id": "PYSEC-2031-7", "fix": "0.35.2", "summary": summary,
    }  # fmt: skip
    assert second == {**first, "id": "PYSEC-2031-9", "fix": ""}
    assert len(words.splitlines()) == 3
    assert "PYSEC-2031-7" in words


def unreachable(lock: Path, address: str, *options: str) -> str:
    """Require a report that says so, and return the reason."""
    code, words, report = run(lock, address, *options)
    found = json.loads(report.read_text())
    assert (code, found["reached"], found["vulnerabilities"]) == (0, False, [])
    assert words.count("\n") == 1
    return str(found["reason"])


def test_nobody_answers(service: Service, lock: Path) -> None:
    """A refused connection is a report that says so; in a workflow it is a warning on the page of the run as well."""
    service.server_close()
    assert "refused" in unreachable(lock, service.address, "--tries", "1")
    assert "\n::warning " in run(lock, service.address, "--tries", "1", github="true")[1]


def test_silence_is_no_good_news(service: Service, lock: Path) -> None:
    """A service that knows nothing of a release that everybody knows to be vulnerable is not believed."""
    service.known.clear()
    assert " ".join(FAMOUS) in unreachable(lock, service.address, "--tries", "1")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (429, b"slow down"),
        (200, b"<html>sign in to this network</html>"),
        (200, b'{"vulns": "none"}'),
        (200, b'["vulns"]'),
        (200, b'{"vulns": [{"id": "PYSEC-1", "affected": [{}]}]}'),
        (200, b"\xff\xfe"),
    ],
)
def test_garbage_is_no_answer(service: Service, lock: Path, status: int, body: bytes) -> None:
    """What is not an answer of OSV is neither good news nor a crash."""
    service.said = [(status, body)]
    assert unreachable(lock, service.address, "--tries", "1")


def test_a_service_that_hangs_is_left(service: Service, lock: Path) -> None:
    """It is given so many seconds and no more."""
    service.hangs = True
    assert "4 s" in unreachable(lock, service.address, "--tries", "1", "--seconds", "4")


def test_a_service_that_stumbles_is_asked_again(service: Service, lock: Path) -> None:
    """One bad answer costs a try, not the report."""
    service.said = [(503, b"later"), (200, b"")]
    _, words, report = run(lock, service.address, "--tries", "2")
    assert json.loads(report.read_text())["reached"], words


@pytest.mark.parametrize(
    "content",
    [
        None,
        "# nothing\n",
        "click==8.1.0\n",
        SMALL + "flask>=2\n",
    ],
)
def test_a_lock_that_cannot_be_audited_gives_no_report(service: Service, lock: Path, content: str | None) -> None:
    """One sentence says why, and no report could be taken for a good one."""
    lock.unlink() if content is None else lock.write_text(content)
    code, words, report = run(lock, service.address, "--tries", "1")
    assert code == 9
    assert words.count("\n") == 1
    assert not report.exists()


def test_what_the_image_does_not_hold_is_not_asked_about(service: Service, lock: Path) -> None:
    """A library for another system stands in the lock, and is never installed."""
    lock.write_text(SMALL + f"colorama==0.4.6 ; sys_platform == 'win32' --hash=sha256:{'a' * 64}\n")
    code, words, report = run(lock, service.address)
    assert (code, json.loads(report.read_text())["reached"]) == (0, True), words
    assert "colorama" not in {one["package"]["name"] for one in service.asked}


def test_a_failure_leaves_an_older_report_whole(service: Service, lock: Path) -> None:
    """What stands there stays until a whole new one takes its place."""
    report = lock.parent / "reports" / "audit.json"
    report.parent.mkdir()
    report.write_text("older")
    lock.write_text("click==8.1.0\n")
    run(lock, service.address)
    assert [(file.name, file.read_text()) for file in report.parent.iterdir()] == [("audit.json", "older")]


def test_without_pip_audit_it_says_what_to_run(service: Service, lock: Path) -> None:
    """In any other environment the sentence leads to scripts/audit."""
    code, words, _ = run(lock, service.address, python=Path(sys.executable))
    assert (code, words.count("\n")) == (10, 1)


def test_the_default_service_is_the_public_one() -> None:
    """Nothing but the address differs between the tests and the workflow."""
    assert OSV == "https://api.osv.dev/v1/query"
