"""A running container in, findings out: what an image must show before it may be published, one check after another.

Each check looks at one thing from outside and tells what it found. A check that cannot look has found a fault.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException

from houseprice.bundle import manifest as manifests
from houseprice.errors import HousePriceError
from houseprice.release.container import Look, Subject, answer
from houseprice.release.performance_checks import latency, size, start, vulnerabilities
from houseprice.release.reference_predictions import TOLERANCE, Answer, difference, log_rmse
from houseprice.release.verification.image_reader import EVIDENCE_FILE

LABELS = ("title", "description", "revision", "source", "version", "licenses")
STOP_SECONDS = 10.0
OF_THE_WORKSHOP = ("sklearn", "lightgbm", "joblib", "cloudpickle", "mlflow", "pandas", "polars", "houseprice.learning")


@dataclass(frozen=True)
class Check:
    """One thing to look at; `answering` tells that it needs a container that is healthy."""

    name: str
    expected: str
    look: Callable[[Subject], Look]
    answering: bool = False


@dataclass(frozen=True)
class Finding:
    """What a check found."""

    name: str
    passed: bool
    found: str
    expected: str


def look(check: Check, subject: Subject, *, healthy: bool) -> Finding:
    """Give back what a check found; whatever goes wrong while it looks is a finding, and a bad one."""
    if check.answering and not healthy:
        return Finding(check.name, False, "not asked, the container is not healthy", check.expected)
    try:
        passed, found = check.look(subject)
    except Exception as err:  # noqa: BLE001 - an image may do anything, and none of it may end in success
        passed, found = False, f"cannot be checked ({_short(err)})"
    return Finding(check.name, passed, found, check.expected)


def _short(err: Exception) -> str:
    text = " ".join(str(err).split())
    return text if isinstance(err, HousePriceError) else f"{type(err).__name__}: {text}"


_EVIDENCE = f"""
import hashlib, os
if os.path.exists("/{EVIDENCE_FILE}"):
    print(hashlib.sha256(open("/{EVIDENCE_FILE}", "rb").read()).hexdigest())
"""


def _labels(subject: Subject) -> Look:
    labels = subject.config.get("Labels") or {}
    missing = [name for name in LABELS if not labels.get(f"org.opencontainers.image.{name}")]
    if missing:
        return False, f"without {', '.join(missing)}"
    model = labels.get("houseprice.model-version", subject.bundle.manifest.model_version)
    if model != subject.bundle.manifest.model_version:
        return False, f"houseprice.model-version is {model}"
    sealed = manifests.sha256_of(subject.bundle.directory / manifests.NAME)
    if labels.get("houseprice.manifest", sealed) != sealed:
        return False, f"houseprice.manifest is {labels['houseprice.manifest'][:12]}, the local one is {sealed[:12]}"
    told, inside = labels.get("houseprice.evidence"), subject.python(_EVIDENCE) or None
    if told != inside or (subject.part and not told):
        return False, f"houseprice.evidence is {str(told)[:12]}, the file inside is {str(inside)[:12]}"
    return True, f"revision {labels['org.opencontainers.image.revision'][:12]}"


def _user(subject: Subject) -> Look:
    declared = str(subject.config.get("User") or "root")
    script = 'print(next(line for line in open("/proc/1/status") if line.startswith("Uid:")))'
    running = subject.python(script).split()[1:]
    number = declared.partition(":")[0]
    passed = number.isdigit() and int(number) > 0 and bool(running) and "0" not in running
    return passed, f"declared {declared}, running as {running[0]}"


_WRITE = """
import errno, json, os
found = {}
for folder in ("/", "/app", "/opt", "/tmp", "/var/tmp", os.environ.get("HOUSEPRICE_BUNDLE", "/"), os.getcwd()):
    if os.path.isdir(folder):
        path = os.path.join(folder, ".houseprice-was-here")
        try:
            open(path, "w").close()
            found[folder] = "written"
        except OSError as err:
            found[folder] = errno.errorcode.get(err.errno, "?")
print(json.dumps(found))
"""


def _read_only(subject: Subject) -> Look:
    # As root, who is stopped by nothing but the read-only mount.
    tried = json.loads(subject.python(_WRITE, "--user", "0"))
    open_folders = [f"{folder} ({said})" for folder, said in tried.items() if said != "EROFS"]
    if open_folders or not tried:
        return False, f"not refused as read-only: {', '.join(open_folders) or 'nothing was tried'}"
    return True, f"{len(tried)} folders refuse to be written"


def _workshop(subject: Subject) -> Look:
    script = f"""
import json, os
from importlib.util import find_spec
there = [name for name in {OF_THE_WORKSHOP!r} if find_spec(name)]
for folder, _, files in os.walk("/app"):
    there += [os.path.join(folder, name) for name in files if name.endswith((".pkl", ".pickle", ".joblib"))]
print(json.dumps(there))
"""
    there = json.loads(subject.python(script))
    return not there, f"holds {', '.join(there)}" if there else "none"


def _sealed(subject: Subject) -> Look:
    script = """
import hashlib, os
with open(os.path.join(os.environ["HOUSEPRICE_BUNDLE"], "manifest.json"), "rb") as stream:
    print(hashlib.sha256(stream.read()).hexdigest())
"""
    found = subject.python(script)
    expected = manifests.sha256_of(subject.bundle.directory / manifests.NAME)
    return found == expected, f"manifest {found[:12]}, the local one is {expected[:12]}"


def _health(subject: Subject) -> Look:
    """Wait for /health to answer 200, until the deadline or the end of the container."""
    begin = time.monotonic()
    last = "no answer"
    while (waited := time.monotonic() - begin) < subject.deadline:
        try:
            status, body = subject.request("GET", "/health", seconds=min(5.0, subject.deadline))
            if status == 200:
                subject.moments["healthy"] = time.monotonic()
                return True, f"200 after {waited:.1f} s"
            last = f"{status}: {str(body)[:120]}"
        except (HTTPException, OSError, HousePriceError) as err:
            last = f"no answer ({type(err).__name__})"
        state = subject.engine.state(subject.container)
        if not state["Running"]:
            killed = ", out of memory" if state.get("OOMKilled") else ""
            return False, f"the container ended with {state['ExitCode']}{killed} after {waited:.1f} s"
        time.sleep(0.1)
    return False, f"{last}, for {subject.deadline:g} s"


def _identity(subject: Subject) -> Look:
    status, body = subject.request("GET", "/health")
    found = body.get("model_version") if isinstance(body, dict) else None
    return status == 200 and found == subject.bundle.manifest.model_version, f"{status}, model_version {found}"


def _probe(subject: Subject) -> Look:
    test = (subject.config.get("Healthcheck") or {}).get("Test") or ["NONE"]
    if test[0] != "CMD":
        return False, "no HEALTHCHECK" if test[0] == "NONE" else f"HEALTHCHECK in the form {test[0]}"
    said = subject.engine.execute(subject.container, *test[1:])
    return said.code == 0, f"`{' '.join(test[1:])}` ends with {said.code} {said.stderr.strip()[-120:]}".rstrip()


def _offline(subject: Subject) -> Look:
    stored = [*subject.bundle.golden["answers"], *subject.bundle.sample["answers"]]
    return _compared([*subject.golden, *subject.sample], stored)


def _one_by_one(subject: Subject) -> Look:
    version = subject.bundle.manifest.model_version
    bodies = [subject.post("/predict", row) for row in subject.bundle.golden["rows"]]
    strangers = {body.get("model_version") for body in bodies} - {version}
    if strangers:
        return False, f"model_version {', '.join(map(str, strangers))}"
    return _compared([answer(body) for body in bodies], subject.golden)


def _as_batch(subject: Subject) -> Look:
    body = subject.post("/batch-predict", subject.bundle.golden["rows"])
    return _compared([answer(item) for item in body["predictions"]], subject.golden)


def _newest(subject: Subject) -> Look:
    return _compared(subject.served, subject.sample)


def _metric(subject: Subject) -> Look:
    expected = float(subject.bundle.sample["log_rmse"])
    found = log_rmse(subject.served, subject.bundle.sample["prices"])
    return difference(found, expected) <= TOLERANCE, f"log-RMSE {found:.6f}, sealed with {expected:.6f}"


def _stop(subject: Subject) -> Look:
    state = subject.engine.state(subject.container)
    if not state["Running"]:
        return False, f"it had ended before, with {state['ExitCode']}"
    declared = subject.config.get("StopSignal") or "SIGTERM"
    if declared not in ("SIGTERM", "TERM", "15"):
        return False, f"asks for {declared} instead of SIGTERM"
    begin = time.monotonic()
    subject.engine.terminate(subject.container)
    code = subject.engine.wait(subject.container, STOP_SECONDS)
    return code == 0, f"ended with {code} after {time.monotonic() - begin:.1f} s"


def _compared(found: Sequence[Answer], expected: Sequence[Answer]) -> Look:
    """Compare answers number by number; no rows prove nothing."""
    if len(found) != len(expected) or not expected:
        return False, f"{len(found)} answers for {len(expected)} houses"
    worst, row, name = max(
        (difference(said[name], should[name]), row, name)
        for row, (said, should) in enumerate(zip(found, expected, strict=True))
        for name in should
    )
    if worst <= TOLERANCE:
        return True, f"{len(found)} houses, at most {worst:.1e} away"
    return False, f"house {row + 1}: {name} {found[row][name]:.2f} instead of {expected[row][name]:.2f}"


SAME = f"the sealed model's own answers within {TOLERANCE:g}"
CHECKS = (
    Check("health", "200 within the deadline", _health),
    Check("start time", "a first 200 as soon as is allowed", start, answering=True),
    Check("labels", f"org.opencontainers.image.{{{', '.join(LABELS)}}}, and those of this very model", _labels),
    Check("user", "a numeric user that is not 0", _user),
    Check("read-only root", "every folder refuses to be written", _read_only),
    Check("serving only", "no library or file of the learning side", _workshop),
    Check("size", "as few bytes as are allowed", size),
    Check("vulnerabilities", "none known of the locked libraries", vulnerabilities),
    Check("sealed model", "the manifest of the local sealed model", _sealed),
    Check("health command", "an exec-form HEALTHCHECK that ends with 0", _probe, answering=True),
    Check("identity", "the sealed model's model_version", _identity, answering=True),
    Check("offline answers", "recomputed here, equal to those sealed", _offline),
    Check("golden rows", SAME, _one_by_one, answering=True),
    Check("golden rows, batch", SAME, _as_batch, answering=True),
    Check("newest sales", SAME, _newest, answering=True),
    Check("metric", f"the sealed log-RMSE within {TOLERANCE:g}", _metric, answering=True),
    Check("latency", "99 in 100 answers as soon as is allowed", latency, answering=True),
    Check("stop", f"exit code 0 within {STOP_SECONDS:g} s of SIGTERM", _stop, answering=True),
)
_ANYWHERE = (
    "health", "labels", "user", "serving only", "sealed model", "identity", "golden rows", "golden rows, batch", "stop",
)  # fmt: skip
EMULATED = tuple(check for check in CHECKS if check.name in _ANYWHERE)
"""What is asked of an image for another kind of machine, which this one only plays: nothing that takes its time."""
