"""A stand-in for GitHub's API, with the runs of a workflow and their artifacts, which it keeps on another host."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

NAME = "tester/house-price-model"
TOKEN = "the-token-of-this-run"  # noqa: S105 - of a server that lives as long as a test


def make_run(number: int, **changes: Any) -> dict[str, Any]:
    """Return a green run of the default branch, as the API describes it."""
    return {
        "id": number,
        "event": "push",
        "path": ".github/workflows/mlops-pipeline.yml",
        "head_branch": "main",
        "head_sha": f"{number:040x}",
        "head_repository": {"full_name": NAME},
        "html_url": f"https://github.example/runs/{number}",
        **changes,
    }


def zipped(folder: Path) -> bytes:
    """Return the files of a folder as the archive of an artifact."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return packed.getvalue()


class GitHub:
    """What the API says, and what it was asked.

    Attributes:
        runs: green runs, the newest first.
        artifacts: run → its artifacts; by default each has a history that did not expire.
        archive: of every artifact.
        status: of every answer, where it is not 200.
        failures: how many requests are answered with 503 first.
        asked: paths, and whether a token was shown.
        pulls: pull requests that were opened.
        may_open: whether one may be opened by a workflow.
    """

    def __init__(self, archive: bytes) -> None:
        self.runs: list[dict[str, Any]] = []
        self.artifacts: dict[int, list[dict[str, Any]]] = {}
        self.archive = archive
        self.status = 200
        self.failures = 0
        self.asked: list[tuple[str, bool]] = []
        self.pulls: list[dict[str, str]] = []
        self.may_open = True
        self.address = self.storage = ""

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        """Return status and content of an answer of the API; a text is an address that it leads to."""
        place = path.removeprefix(f"/repos/{NAME}")
        if self.failures or self.status != 200:
            self.failures -= 1
            return (503 if self.status == 200 else self.status), {"message": "no"}
        if place == "":
            return 200, {"full_name": NAME, "default_branch": "main"}
        if place == "/actions/runs":
            first = (int(query["page"][0]) - 1) * 100
            return 200, {"workflow_runs": self.runs[first : first + 100]}
        if place.endswith("/artifacts"):
            number = int(place.split("/")[3])
            default = [{"id": number, "name": "mlflow-history", "expired": False}]
            return 200, {"artifacts": self.artifacts.get(number, default)}
        if place.endswith("/zip"):
            return 302, f"{self.storage}/archive"
        return 404, {"message": "Not Found"}

    def find_pulls(self, query: dict[str, list[str]]) -> tuple[int, Any]:
        """Return status and content of the answer to who asks for the pull requests of a branch."""
        heads = [f"{NAME.partition('/')[0]}:{one['head']}" for one in self.pulls]
        numbers = [number for number, head in enumerate(heads, 1) if query["head"] == [head]]
        return 200, [{"html_url": f"https://github.example/pull/{number}"} for number in numbers]

    def open_pull(self, content: dict[str, str]) -> tuple[int, Any]:
        """Return status and content of the answer to who opens a pull request."""
        if not self.may_open:
            return 403, {"message": "GitHub Actions is not permitted to create or approve pull requests."}
        self.pulls.append(content)
        return 201, {"html_url": f"https://github.example/pull/{len(self.pulls)}"}


@contextmanager
def github(archive: bytes) -> Iterator[GitHub]:
    """Serve the API on one port and archives on another while the block runs."""
    api = GitHub(archive)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            api.asked.append((parts.path, self.headers["Authorization"] == f"Bearer {TOKEN}"))
            if parts.path == "/archive":
                self.reply(200, api.archive)
                return
            answer = api.find_pulls if parts.path == f"/repos/{NAME}/pulls" else partial(api.answer, parts.path)
            status, content = answer(parse_qs(parts.query))
            place = {"Location": content} if isinstance(content, str) else {}
            self.reply(status, json.dumps(content).encode(), place)

        def do_POST(self) -> None:
            api.asked.append((self.path, self.headers["Authorization"] == f"Bearer {TOKEN}"))
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = self.path == f"/repos/{NAME}/pulls"
            status, answer = api.open_pull(content) if known else (404, {"message": "Not Found"})
            self.reply(status, json.dumps(answer).encode())

        def reply(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    threads = [threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}) for one in servers]
    for thread in threads:
        thread.start()
    api.address, api.storage = (f"http://127.0.0.1:{one.server_port}" for one in servers)
    try:
        yield api
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()
