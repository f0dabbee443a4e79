"""`houseprice image test` on images that must not be published: each fails the check that is for it, and is removed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import houseprice
from houseprice.bundle import manifest as manifests

pytestmark = pytest.mark.image
Derived = Callable[..., str]
RunCli = Callable[..., tuple[int, str, str]]
Refused = Callable[..., tuple[dict[str, str], str]]
DEADLINE = 300.0
"""Seconds; far more than all checks take on a busy machine."""

LIAR = """
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

with open(os.path.join(os.environ["HOUSEPRICE_BUNDLE"], "manifest.json")) as stream:
    version = json.load(stream)["model_version"]
price = {"predicted_price": 500000.0, "prediction_interval": [400000.0, 600000.0], "fsd": 0.125}
price["model_version"] = version


class Liar(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, {"status": "ok", "model_version": version})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if SILENT:
            self.answer(404, {})
        else:
            self.answer(200, {"predictions": [price] * len(body)} if isinstance(body, list) else price)

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
HTTPServer(("0.0.0.0", 8000), Liar).serve_forever()
"""


@pytest.fixture
def refused(run_cli: RunCli, left_behind: Callable[[str], list[str]], bundle_dir: Path) -> Refused:
    """Test an image that must fail; return what the failed checks found, and what was printed on stderr."""

    def one(image: str, *options: str, deadline: float = DEADLINE) -> tuple[dict[str, str], str]:
        begin = time.monotonic()
        words = ("image", "test", image, "--bundle", str(bundle_dir), "--deadline", str(deadline), "--json")
        code, out, err = run_cli(*words, *options)
        assert code == 9
        assert "--- logs of the container ---" in err
        assert left_behind(image) == []
        assert time.monotonic() - begin < DEADLINE, "what is known to be bad is not waited for until the deadline"
        return {one["name"]: one["found"] for one in json.loads(out)["results"] if not one["passed"]}, err

    return one


def test_an_image_that_never_gets_healthy(refused: Refused, derived: Derived) -> None:
    """An image that starts and never listens fails at the deadline."""
    image = derived('ENTRYPOINT ["python", "-c", "import time; print(7 * 6, flush=True); time.sleep(600)"]')
    found, err = refused(image, deadline=2)
    assert "2 s" in found["health"]
    assert "\n42\n" in err


@pytest.mark.parametrize("silent", [True, False])
def test_an_image_with_a_lying_health(refused: Refused, derived: Derived, silent: bool) -> None:
    """An image that says that it is healthy, names the right model and predicts nothing or anything is found out."""
    image = derived(
        "COPY liar.py /liar.py", 'ENTRYPOINT ["python", "/liar.py"]', files={"liar.py": f"SILENT = {silent}\n{LIAR}"}
    )
    found, _ = refused(image)
    wrong = {"golden rows", "golden rows, batch", "held-out sample", "log-RMSE"}
    assert found.keys() - {"latency", "logs"} == wrong
    assert ("latency" in found) == silent
    assert ("404" if silent else "instead of") in found["golden rows"]


def test_an_image_without_a_model(refused: Refused, derived: Derived) -> None:
    """An image whose bundle is gone says so in its logs and fails without waiting for the deadline."""
    image = derived("USER 0", "RUN rm -r /app/models/bundle", "USER 10001:10001")
    found, err = refused(image)
    assert "exited with 5" in found["health"]
    assert "/app/models/bundle" in err


def test_an_image_with_another_model(refused: Refused, derived: Derived, other_bundle: Path) -> None:
    """An image that is healthy, with another bundle, is told apart by every prediction."""
    found, _ = refused(derived("COPY other /app/models/bundle", files={"other": other_bundle}))
    assert {
        "bundle", "model version", "golden rows", "golden rows, batch", "held-out sample", "log-RMSE",
    } <= found.keys()  # fmt: skip


def test_an_image_with_a_foreign_part(refused: Refused, derived: Derived, other_bundle: Path) -> None:
    """An image whose graph was exchanged under the old manifest refuses to start."""
    found, err = refused(derived("COPY other/model.onnx /app/models/bundle/model.onnx", files={"other": other_bundle}))
    assert "exited with 5" in found["health"]
    assert manifests.MODEL in err


def test_an_image_that_crashes_at_once(refused: Refused, derived: Derived) -> None:
    """An image that exits at once fails at once, and its last words are shown."""
    found, err = refused(derived('ENTRYPOINT ["python", "-c", "raise SystemExit(\'never again\')"]'))
    assert "exited with 1" in found["health"]
    assert "never again" in err


def test_an_image_whose_program_does_not_exist(
    run_cli: RunCli, derived: Derived, bundle_dir: Path, left_behind: Callable[[str], list[str]]
) -> None:
    """A container that cannot even be started is one error, and is removed."""
    image = derived('ENTRYPOINT ["no-such-program"]')
    code, _, err = run_cli("image", "test", image, "--bundle", str(bundle_dir))
    assert code == 9
    assert "127" in err
    assert left_behind(image) == []


DECLARED = {
    "user": ("USER 0", "0"),
    "declarations": ("VOLUME /data\nSTOPSIGNAL SIGKILL", "/data", "SIGKILL"),
    "health command": ("HEALTHCHECK NONE", "HEALTHCHECK"),
    "serving only": ("COPY file /app/models/preprocessor.pkl", "preprocessor.pkl"),
}


def test_what_an_image_declares_and_holds_is_checked(refused: Refused, derived: Derived) -> None:
    """An image that predicts well fails for what is wrong around the model, and for nothing else.

    That each of these faults alone is enough is shown without an engine (tests/release/test_image_checks.py).
    """
    results, _ = refused(derived(*(lines for lines, *_ in DECLARED.values()), files={"file": "x"}))
    assert results.keys() == DECLARED.keys()
    for check, (_, *found) in DECLARED.items():
        assert all(word in results[check] for word in found), check


def test_an_image_with_a_hole_in_its_read_only_root(refused: Refused, derived: Derived) -> None:
    """A volume is writable, read-only root or not."""
    found, _ = refused(derived("VOLUME /app/models/bundle"))
    assert "/app/models/bundle" in found["read-only root"]


SLOW = """
import onnxruntime

run = onnxruntime.InferenceSession.run
onnxruntime.InferenceSession.run = lambda *args, **kwargs: [run(*args, **kwargs) for _ in range(40)][0]
"""


def test_an_image_that_predicts_slowly(refused: Refused, derived: Derived) -> None:
    """An image that gives every right prediction, with forty times the work of a small model, fails for that alone."""
    found, _ = refused(derived("COPY slow.py /app/sitecustomize.py", files={"slow.py": SLOW}))
    assert found.keys() == {"latency"}


def test_an_image_that_starts_slowly(refused: Refused, derived: Derived) -> None:
    """An image that is healthy before the deadline, and later than it should, fails for that alone."""
    late = "import os, time; time.sleep(15); os.execvp('python', ['python', '-m', 'houseprice', 'serve'])"
    found, _ = refused(derived(f'ENTRYPOINT ["python", "-c", "{late}"]'), "--start-seconds", "1")
    assert found.keys() == {"start time"}


def test_an_image_that_is_too_large_and_has_a_known_vulnerability(
    refused: Refused, good: str, root: Path, tmp_path: Path
) -> None:
    """An image above the limit, with a library that is known to be vulnerable, fails for these two; both are named."""
    known = {"name": "uvicorn", "version": "0.1", "id": "PYSEC-2026-1", "fix": "0.2", "summary": "answers anybody"}
    lock = manifests.sha256_of(root / "requirements" / "serving.txt")
    report = {"lock": lock, "reached": True, "vulnerabilities": [known], "created": "2026-01-31T12:00:00Z"}
    (tmp_path / "audit.json").write_text(json.dumps(report))
    found, _ = refused(good, "--size-mb", "20", "--audit", str(tmp_path / "audit.json"))
    assert found.keys() == {"size", "vulnerabilities"}
    assert "PYSEC-2026-1" in found["vulnerabilities"]


def test_an_image_that_is_not_there(run_cli: RunCli, name: str, bundle_dir: Path) -> None:
    """An unknown image is named, with how to get it."""
    code, out, err = run_cli("image", "test", f"{name}:none", "--bundle", str(bundle_dir))
    assert (code, out) == (9, "")
    assert f"docker pull {name}:none" in err


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_test_leaves_nothing(
    derived: Derived, bundle_dir: Path, left_behind: Callable[[str], list[str]], sent: signal.Signals
) -> None:
    """Ctrl-C, and the SIGTERM of a cancelled job, remove the container before the command ends."""
    image = derived('ENTRYPOINT ["python", "-c", "import time; time.sleep(600)"]')
    environ = os.environ | {"PYTHONPATH": str(Path(houseprice.__file__).parents[1])}
    command = [sys.executable, "-m", "houseprice", "image", "test", image, "--bundle", str(bundle_dir)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 60
        while not left_behind(image) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(sent)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "--- logs of the container ---" in err
    assert left_behind(image) == []
