"""`houseprice image test` on images that must not be published: each ends with a sentence, and is gone."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import houseprice
from houseprice.bundle import manifest as manifests
from houseprice.release.docker_cli import Engine
from houseprice.release.performance_checks import UNPACKED

pytestmark = pytest.mark.image
Derived = Callable[..., str]
Refused = Callable[..., tuple[str, str]]

LIAR = """
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

with open(os.path.join(os.environ["HOUSEPRICE_BUNDLE"], "manifest.json")) as stream:
    version = json.load(stream)["model_version"]
price = {"predicted_price": 500000.0, "prediction_interval": [400000.0, 600000.0], "model_version": version}


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
def refused(
    typed: Callable[..., tuple[int, str, str]], left_behind: Callable[[str], list[str]], bundle_dir: Path
) -> Refused:
    """Test an image that must fail; give back the sentence and all that was printed on stderr."""

    def one(image: str, *options: str, deadline: float = 60) -> tuple[str, str]:
        begin = time.monotonic()
        words = ("image", "test", image, "--bundle", str(bundle_dir), "--deadline", str(deadline))
        code, out, err = typed(*words, *options)
        assert code == 9
        assert "FAILED" in out
        assert "--- logs of the container ---" in err
        assert left_behind(image) == []
        assert time.monotonic() - begin < 45, "what is known to be bad is not waited for until the deadline"
        return err.strip().splitlines()[-1], err

    return one


def test_an_image_that_never_gets_healthy(refused: Refused, derived: Derived) -> None:
    """An image that starts and never listens fails at the deadline."""
    image = derived('ENTRYPOINT ["python", "-c", "import time; print(7 * 6, flush=True); time.sleep(600)"]')
    sentence, err = refused(image, deadline=2)
    assert "health: found no answer" in sentence
    assert "for 2 s, expected 200 within the deadline" in sentence
    assert "do not publish it" in sentence
    assert "\n42\n" in err


@pytest.mark.parametrize(
    ("silent", "failed", "found"),
    [
        (True, 5, r"cannot be checked \(/predict answers 404"),  # and so it has no latency
        (False, 4, r"house 1: \w+ [456]00000\.00 instead of \d+"),
    ],
)
def test_an_image_with_a_lying_health(
    refused: Refused, derived: Derived, silent: bool, failed: int, found: str
) -> None:
    """An image that says that it is healthy, names the right model and prices nothing or anything is found out."""
    image = derived(
        "COPY liar.py /liar.py", 'ENTRYPOINT ["python", "/liar.py"]', files={"liar.py": f"SILENT = {silent}\n{LIAR}"}
    )
    sentence, _ = refused(image)
    assert f"failed {failed} of 18 checks" in sentence
    assert re.search(f"golden rows: found {found}", sentence)
    for check in ("golden rows, batch", "newest sales", "metric"):
        assert f"{check}: found" in sentence


def test_an_image_without_a_model(refused: Refused, derived: Derived) -> None:
    """An image whose sealed folder is gone says so in its logs and fails without waiting for the deadline."""
    image = derived("USER 0", "RUN rm -r /app/models/bundle", "USER 10001:10001")
    sentence, err = refused(image)
    assert "health: found the container ended with 5" in sentence
    assert "No bundle was found" in err


def test_an_image_with_another_model(refused: Refused, derived: Derived, other_bundle: Path) -> None:
    """An image that is healthy, with another preprocessor and model sealed together, is told apart by every answer."""
    image = derived("COPY other /app/models/bundle", files={"other": other_bundle})
    sentence, _ = refused(image)
    for check in ("sealed model", "identity", "golden rows", "golden rows, batch", "newest sales", "metric"):
        assert f"{check}: found" in sentence


def test_an_image_with_a_foreign_part(refused: Refused, derived: Derived, other_bundle: Path) -> None:
    """An image whose graph was exchanged under the old seal refuses to start."""
    image = derived("COPY other/model.onnx /app/models/bundle/model.onnx", files={"other": other_bundle})
    sentence, err = refused(image)
    assert "health: found the container ended with 5" in sentence
    assert f"changed: {manifests.MODEL}" in err


def test_an_image_that_crashes_at_once(refused: Refused, derived: Derived) -> None:
    """An image that ends at once fails at once, and its last words are shown."""
    image = derived('ENTRYPOINT ["python", "-c", "raise SystemExit(\'never again\')"]')
    sentence, err = refused(image)
    assert "health: found the container ended with 1" in sentence
    assert "never again" in err


def test_an_image_whose_program_does_not_exist(
    typed: Callable[..., tuple[int, str, str]],
    derived: Derived,
    bundle_dir: Path,
    left_behind: Callable[[str], list[str]],
) -> None:
    """A container that cannot even be started is a sentence, and is removed."""
    image = derived('ENTRYPOINT ["no-such-program"]')
    code, _, err = typed("image", "test", image, "--bundle", str(bundle_dir))
    assert code == 9
    assert 'docker run" ended with 127' in err
    assert left_behind(image) == []


def test_an_image_that_runs_as_root(refused: Refused, derived: Derived) -> None:
    """An image that answers well, but as root, fails for that alone."""
    sentence, _ = refused(derived("USER 0"))
    assert "failed 1 of 18 checks (user: found declared 0, running as 0, expected a numeric user" in sentence


def test_an_image_with_a_hole_in_its_read_only_root(refused: Refused, derived: Derived) -> None:
    """A volume that the image declares is a place that can be written, read-only root or not."""
    sentence, _ = refused(derived("VOLUME /app/models/bundle"))
    assert "read-only root: found not refused as read-only: /app/models/bundle (written)" in sentence


def test_an_image_without_a_health_command(refused: Refused, derived: Derived) -> None:
    """An image whose health no engine can see fails."""
    sentence, _ = refused(derived("HEALTHCHECK NONE"))
    assert "failed 1 of 18 checks (health command: found no HEALTHCHECK" in sentence


def test_an_image_with_a_pickle(refused: Refused, derived: Derived) -> None:
    """A pickle beside the sealed folder fails, although nobody opens it."""
    image = derived("COPY preprocessor.pkl /app/models/preprocessor.pkl", files={"preprocessor.pkl": "x"})
    sentence, _ = refused(image)
    assert "serving only: found holds /app/models/preprocessor.pkl" in sentence


SLOW = """
import time

import onnxruntime

run = onnxruntime.InferenceSession.run
onnxruntime.InferenceSession.run = lambda *args, **kwargs: time.sleep(0.2) or run(*args, **kwargs)
"""


def test_an_image_that_answers_slowly(refused: Refused, derived: Derived) -> None:
    """An image that gives every right answer, too late, fails for that alone."""
    sentence, _ = refused(derived("COPY slow.py /app/sitecustomize.py", files={"slow.py": SLOW}), "--latency-ms", "150")
    assert re.search(r"failed 1 of 18 checks \(latency: found p50 2\d\d.* in round 3; allowed are 150 ms", sentence)


def test_an_image_that_starts_slowly(refused: Refused, derived: Derived) -> None:
    """An image that is healthy within the deadline, and later than it should, fails for that alone."""
    late = "import os, time; time.sleep(9); os.execvp('python', ['python', '-m', 'houseprice', 'serve'])"
    sentence, _ = refused(derived(f'ENTRYPOINT ["python", "-c", "{late}"]'), "--start-seconds", "8")
    assert re.search(r"failed 1 of 18 checks \(start time: found \d+\.\d s .*; allowed are 8 s", sentence)


def test_an_image_that_is_too_large(refused: Refused, derived: Derived, engine: Engine, good: str) -> None:
    """An image that holds much more than it needs fails for that alone."""
    image = derived("USER 0", "RUN head -c 40000000 /dev/urandom > /opt/ballast", "USER 10001:10001")
    allowed = (int(engine.image(good)["Size"]) + 20_000_000) / 1e6 / UNPACKED
    sentence, _ = refused(image, "--size-mb", str(allowed))
    assert re.search(r"failed 1 of 18 checks \(size: found \d+ MB unpacked, with its base; .*; allowed are", sentence)


def test_an_image_with_a_known_vulnerability(refused: Refused, good: str, root: Path, tmp_path: Path) -> None:
    """An image of libraries of which one is known to be broken fails for that alone, and the fix is named."""
    known = {"name": "uvicorn", "version": "0.1", "id": "PYSEC-2026-1", "fix": "0.2", "summary": "answers anybody"}
    lock = manifests.sha256_of(root / "requirements" / "serving.txt")
    report = {"lock": lock, "service": "reached", "found": [known], "when": "2026-01-31T12:00:00Z"}
    (tmp_path / "audit.json").write_text(json.dumps(report))
    sentence, _ = refused(good, "--audit", str(tmp_path / "audit.json"))
    assert "failed 1 of 18 checks (vulnerabilities: found uvicorn 0.1: PYSEC-2026-1, fixed in 0.2, expected" in sentence


def test_an_image_that_is_not_there(typed: Callable[..., tuple[int, str, str]], name: str, bundle_dir: Path) -> None:
    """An unknown image is named, with how to get it."""
    code, out, err = typed("image", "test", f"{name}:none", "--bundle", str(bundle_dir))
    assert (code, out) == (9, "")
    assert f'The image "{name}:none" was not found on this engine' in err


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
