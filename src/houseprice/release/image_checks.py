"""Checks of a running image: what it declares, what it contains, and what it answers.

Each check looks from outside, as an orchestrator or a client does. A check that cannot look has failed.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException

from houseprice.bundle.golden import (
    OUTPUTS,
    SERVED_ROUNDING,
    SERVED_TOLERANCE,
    largest_difference,
    relative_difference,
)
from houseprice.errors import HousePriceError
from houseprice.release.container import PORT, ContainerUnderTest
from houseprice.release.expected_predictions import Prediction, log_rmse, prediction
from houseprice.release.performance_checks import (
    Limits,
    Outcome,
    check_latency,
    check_size,
    check_start,
    check_vulnerabilities,
)

LABELS = tuple(
    f"org.opencontainers.image.{name}"
    for name in ("title", "description", "revision", "source", "version", "licenses", "base.name")
)
MANIFEST_LABEL = "houseprice.manifest.sha256"
STOP_SECONDS = 10.0
TRAINING_PACKAGES = (
    "catboost", "cloudpickle", "joblib", "lightgbm", "mlflow", "pandas", "polars", "sklearn", "houseprice.learning",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: of the check.
        expected: what it expects, in words.
        run: looks at a container.
        needs_health: whether it can only look at a healthy container.
        timed: whether it measures time, which says nothing about an emulated platform.
    """

    name: str
    expected: str
    run: Callable[[ContainerUnderTest, Limits], Outcome]
    needs_health: bool = False
    timed: bool = False


@dataclass(frozen=True)
class CheckResult:
    """What a check found."""

    name: str
    passed: bool
    found: str
    expected: str


def run_checks(container: ContainerUnderTest, limits: Limits, *, timed: bool = True) -> Iterator[CheckResult]:
    """Yield the result of one check after another; whatever goes wrong in a check is a failure of it."""
    healthy = False
    for check in CHECKS:
        if check.timed and not timed:
            continue
        if check.needs_health and not healthy:
            passed, found = False, "skipped: the container is not healthy"
        else:
            try:
                passed, found = check.run(container, limits)
            except Exception as err:  # noqa: BLE001 - an image may do anything, and none of it may count as success
                message = " ".join(str(err).split())
                passed = False
                found = message if isinstance(err, HousePriceError) else f"{type(err).__name__}: {message}"
        healthy = passed if check.name == "health" else healthy
        yield CheckResult(check.name, passed, found, check.expected)


def _check_health(container: ContainerUnderTest, limits: Limits) -> Outcome:
    """Wait for /health to answer 200, until the deadline or the end of the container."""
    begin = time.monotonic()
    last = "no answer"
    while (waited := time.monotonic() - begin) < limits.deadline_seconds:
        try:
            status, body = container.request("GET", "/health", seconds=min(5.0, limits.deadline_seconds))
            if status == 200:
                container.times["healthy"] = time.monotonic()
                return True, f"200 after {waited:.1f} s"
            last = f"{status}: {str(body)[:120]}"
        except (HTTPException, OSError, HousePriceError) as err:
            last = f"no answer ({type(err).__name__})"
        state = container.docker.state(container.name)
        if not state["Running"]:
            killed = ", out of memory" if state.get("OOMKilled") else ""
            return False, f"the container exited with {state['ExitCode']}{killed} after {waited:.1f} s"
        time.sleep(0.1)
    return False, f"{last}, for {limits.deadline_seconds:g} s"


def _check_labels(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    missing = [name for name in LABELS if not container.labels.get(name)]
    if missing:
        return False, f"missing: {', '.join(missing)}"
    own = container.expected.manifest_sha256
    label = container.labels.get(MANIFEST_LABEL, own)  # a plain `docker build` cannot know it
    if label != own:
        return False, f"{MANIFEST_LABEL} is {label[:12]}, the local bundle's is {own[:12]}"
    return True, f"revision {container.labels['org.opencontainers.image.revision'][:12]}"


def _check_declarations(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    config = container.config
    faults = []
    if not config.get("Entrypoint") or config["Entrypoint"][0] in ("sh", "/bin/sh", "bash", "/bin/bash"):
        faults.append(f"entrypoint {config.get('Entrypoint')}")
    if f"{PORT}/tcp" not in (config.get("ExposedPorts") or {}):
        faults.append(f"port {PORT} is not exposed")
    if config.get("StopSignal") not in (None, "", "SIGTERM", "TERM", "15"):
        faults.append(f"stop signal {config['StopSignal']}")
    if config.get("Volumes"):
        faults.append(f"volumes {', '.join(config['Volumes'])}")
    return not faults, ", ".join(faults) or f"{' '.join(config['Entrypoint'])} on port {PORT}"


def _check_user(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    declared = str(container.config.get("User") or "root")
    script = 'print(next(line for line in open("/proc/1/status") if line.startswith("Uid:")))'
    running = container.python(script).split()[1:]
    number = declared.partition(":")[0]
    passed = number.isdigit() and int(number) > 0 and bool(running) and "0" not in running
    return passed, f"declared {declared}, running as {running[0]}"


_WRITE = """
import errno, json, os
found = {}
for folder in ("/", "/app", "/opt", "/tmp", "/var/tmp", os.environ.get("HOUSEPRICE_BUNDLE", "/"), os.getcwd()):
    if os.path.isdir(folder):
        path = os.path.join(folder, ".houseprice-write-test")
        try:
            open(path, "w").close()
            found[folder] = "written"
        except OSError as err:
            found[folder] = errno.errorcode.get(err.errno, "?")
print(json.dumps(found))
"""


def _check_read_only(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    tried = json.loads(container.python(_WRITE, "--user", "0"))  # nothing but a read-only mount stops root
    writable = [f"{folder} ({found})" for folder, found in tried.items() if found != "EROFS"]
    return bool(tried) and not writable, ", ".join(writable) or f"{len(tried)} folders refuse writes"


_CONTENT = f"""
import json, os
from importlib.util import find_spec
found = [name for name in {TRAINING_PACKAGES!r} if find_spec(name)]
for folder, _, files in os.walk("/app"):
    found += [os.path.join(folder, name) for name in files if name.endswith((".pkl", ".pickle", ".joblib"))]
print(json.dumps(found))
"""


def _check_content(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    found = json.loads(container.python(_CONTENT))
    return not found, ", ".join(found) or "none"


_MANIFEST = """
import hashlib, os
with open(os.path.join(os.environ["HOUSEPRICE_BUNDLE"], "manifest.json"), "rb") as stream:
    print(hashlib.sha256(stream.read()).hexdigest())
"""


def _check_bundle(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    found, own = container.python(_MANIFEST), container.expected.manifest_sha256
    return found == own, f"manifest {found[:12]}, the local bundle's is {own[:12]}"


def _check_health_command(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    test = (container.config.get("Healthcheck") or {}).get("Test") or ["NONE"]
    if test[0] != "CMD":
        return False, "no HEALTHCHECK" if test[0] == "NONE" else f"HEALTHCHECK in the form {test[0]}"
    result = container.docker.run("exec", container.name, *test[1:])
    found = f"`{' '.join(test[1:])}` exits with {result.returncode} {result.stderr.strip()[-120:]}"
    return result.returncode == 0, found.rstrip()


def _check_model_version(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    status, body = container.request("GET", "/health")
    found = body.get("model_version") if isinstance(body, dict) else None
    return status == 200 and found == container.expected.model_version, f"{status}, model_version {found}"


def _check_golden(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    bodies = [container.post("/predict", row) for row in container.expected.golden_rows]
    others = {str(body.get("model_version")) for body in bodies} - {container.expected.model_version}
    if others:
        return False, f"model_version {', '.join(others)}"
    return _compare([prediction(body) for body in bodies], container.expected.golden)


def _check_golden_batch(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    body = container.post("/batch-predict", container.expected.golden_rows)
    return _compare([prediction(one) for one in body["predictions"]], container.expected.golden)


def _check_sample(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    return _compare(container.served_sample, container.expected.sample)


def _check_error(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    if container.expected.sample_rows and not container.expected.sample_prices:
        return True, "the bundle was sealed without prices paid; its predictions were compared"
    expected = container.expected.sample_log_rmse
    found = log_rmse(container.served_sample, container.expected.sample_prices)
    return relative_difference(found, expected) <= SERVED_TOLERANCE, f"{found:.6f}, sealed with {expected:.6f}"


def _check_stop(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    state = container.docker.state(container.name)
    if not state["Running"]:
        return False, f"it had exited before, with {state['ExitCode']}"
    begin = time.monotonic()
    container.docker.output("kill", "--signal", "TERM", container.name)
    code = int(container.docker.output("wait", container.name, seconds=STOP_SECONDS))
    return code == 0, f"exit code {code} after {time.monotonic() - begin:.1f} s"


def _check_logs(container: ContainerUnderTest, _limits: Limits) -> Outcome:
    lines = container.docker.logs(container.name).splitlines()
    faults = [line for line in lines if line.startswith("Traceback ") or '"level": "error"' in line]
    return not faults, f"{len(faults)} errors, the first: {faults[0][:120]}" if faults else f"{len(lines)} lines"


def _compare(found: Sequence[Prediction], expected: Sequence[Prediction]) -> Outcome:
    """Compare predictions number by number; without rows nothing is proven."""
    if len(found) != len(expected) or not expected:
        return False, f"{len(found)} predictions for {len(expected)} houses"
    served, sealed = ([one[name] for one in rows for name in OUTPUTS] for rows in (found, expected))
    worst, place = largest_difference(served, sealed, SERVED_ROUNDING)
    if worst <= SERVED_TOLERANCE:
        return True, f"{len(found)} houses, relative difference at most {worst:.1e} beyond rounding"
    row, name = place // len(OUTPUTS), OUTPUTS[place % len(OUTPUTS)]
    return False, f"house {row + 1}: {name} {found[row][name]:.9g} instead of {expected[row][name]:.9g}"


_SAME = f"the sealed predictions within {SERVED_TOLERANCE:g}"
CHECKS = (
    Check("health", "200 before the deadline", _check_health),
    Check("start time", "a first 200 within the limit", check_start, needs_health=True, timed=True),
    Check("labels", "all labels of an image, and the manifest of the local bundle", _check_labels),
    Check("declarations", f"an exec-form entrypoint, port {PORT}, SIGTERM, no volumes", _check_declarations),
    Check("user", "a numeric user other than 0", _check_user),
    Check("read-only root", "no writable folder", _check_read_only),
    Check("serving only", "no package or file of training", _check_content),
    Check("size", "at most the limit", check_size),
    Check("vulnerabilities", "none known in the locked libraries", check_vulnerabilities),
    Check("bundle", "the manifest of the local bundle", _check_bundle),
    Check("health command", "an exec-form HEALTHCHECK that exits with 0", _check_health_command, needs_health=True),
    Check("model version", "that of the local bundle", _check_model_version, needs_health=True),
    Check("golden rows", _SAME, _check_golden, needs_health=True),
    Check("golden rows, batch", _SAME, _check_golden_batch, needs_health=True),
    Check("held-out sample", _SAME, _check_sample, needs_health=True),
    Check("log-RMSE", f"the sealed one within {SERVED_TOLERANCE:g}", _check_error, needs_health=True),
    Check("latency", "predictions within the limit, relative to /livez", check_latency, needs_health=True, timed=True),
    Check("stop", f"exit code 0 within {STOP_SECONDS:g} s of SIGTERM", _check_stop, needs_health=True),
    Check("logs", "no error and no traceback", _check_logs),
)
