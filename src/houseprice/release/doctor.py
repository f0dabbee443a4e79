"""A checkout in, findings out: whether everything is in place before the first run, and what to do where it is not.

It looks and never changes anything. What it cannot see from here it says so; that is no fault.
"""

import re
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from houseprice import config as configs
from houseprice.errors import ConfigError, ImageError
from houseprice.release import github
from houseprice.release.docker_cli import Engine

State = Literal["found", "missing", "cannot tell"]
WORKFLOW = ".github/workflows/mlops-pipeline.yml"
RAW = "data/raw/house_data.csv"
FILES = {
    "src/data/run_processing.py": "restore it with `git checkout src/data/run_processing.py`",
    "src/features/engineer.py": "restore it with `git checkout src/features/engineer.py`",
    "src/models/train_model.py": "restore it with `git checkout src/models/train_model.py`",
    "src/houseprice/serving/app.py": "restore the API with `git checkout src/houseprice/serving`",
    "Dockerfile": "restore it with `git checkout Dockerfile`",
    "requirements.txt": "make the locks again with `make lock`",
    "requirements/serving.txt": "make the locks again with `make lock`",
    WORKFLOW: f"restore it with `git checkout {WORKFLOW}`",
}
PORTS = {5000: "MLflow", 8000: "the API"}
PYTHON = (3, 11)
FREE_BYTES = 5_000_000_000


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        name: what was asked.
        state: whether it is there.
        looked_at: where the doctor looked, and what it saw.
        what_to_do: empty when it is found.
        required: whether nothing works without it.
    """

    name: str
    state: State
    looked_at: str
    what_to_do: str = ""
    required: bool = True


def examine(root: Path, config: Path, environ: Mapping[str, str], engine: Engine) -> tuple[Finding, ...]:
    """Look at everything that the first run needs.

    Args:
        root: the checkout.
        config: the configuration, from the root or absolute.
        environ: where Docker Hub's settings are looked for when GitHub cannot be asked.
        engine: the Docker engine that should answer.
    """
    return tuple(_looked(root, config, environ, engine))


def healthy(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing is missing that is required."""
    return not any(finding.required and finding.state == "missing" for finding in findings)


def _looked(root: Path, config: Path, environ: Mapping[str, str], engine: Engine) -> Iterator[Finding]:
    yield _python(sys.version_info[:3])
    for name, what_to_do in FILES.items():
        yield _file(root, name, what_to_do)
    known, finding = _config(root / config)
    yield finding
    raw = known.paths.raw if known else Path(RAW)
    yield _file(root, raw.as_posix(), "put the sales there, or name the file under `paths.raw` of the configuration")
    for lock in ("requirements/serving.txt", "requirements.txt"):
        if (root / lock).is_file():
            yield _libraries(root / lock, lock)
    yield _engine(engine)
    for port, owner in PORTS.items():
        yield _port(port, owner)
    yield _disk(root)
    for setting in github.settings(root, root / WORKFLOW, environ):
        yield Finding(setting.name, setting.state, setting.looked_at, setting.what_to_do)


def _python(running: tuple[int, ...]) -> Finding:
    name = f"Python {'.'.join(map(str, PYTHON))} or newer"
    found = f"{'.'.join(map(str, running))}, {sys.executable}"
    return Finding(name, "found", found) if running >= PYTHON else Finding(name, "missing", found, f"install {name}")


def _file(root: Path, name: str, what_to_do: str) -> Finding:
    path = root / name
    if not path.is_file():
        return Finding(name, "missing", f'no file "{path}"', what_to_do)
    if path.stat().st_size == 0:
        return Finding(name, "missing", f'"{path}" is empty', what_to_do)
    return Finding(name, "found", f"{path.stat().st_size:,} bytes")


def _config(path: Path) -> tuple[configs.Config | None, Finding]:
    name = "configuration"
    try:
        known = configs.load(path)
    except ConfigError as err:
        return None, Finding(name, "missing", str(err), "correct what is named")
    except ModuleNotFoundError as err:
        if not path.is_file():
            return None, Finding(name, "missing", f'no file "{path}"', "give its path with --config")
        looked_at = f'"{path}" is there, but the library "{err.name}" that reads it is not'
        return None, Finding(name, "cannot tell", looked_at, "run `make install`, then ask again")
    return known, Finding(name, "found", f'"{path}" is valid, with {len(known.data.columns)} columns')


def _libraries(lock: Path, name: str) -> Finding:
    """Compare a lock with what is installed; lines for other systems only are left out."""
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?![^\n]*;)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    absent, other = [], []
    for library, wanted in pinned:
        try:
            if version(library) != wanted:
                other.append(f"{library} {version(library)} instead of {wanted}")
        except PackageNotFoundError:
            absent.append(library)
    asked = f"libraries of {name}"
    again = f"run `make install`, or `pip install --require-hashes -r {name}`"
    if absent:
        few = ", ".join(absent[:5]) + (", …" if len(absent) > 5 else "")
        return Finding(asked, "missing", f"{len(absent)} of {len(pinned)} are not installed: {few}", again)
    if other:
        few = ", ".join(other[:3]) + (", …" if len(other) > 3 else "")
        return Finding(asked, "missing", f"{len(other)} of {len(pinned)} differ: {few}", again, required=False)
    return Finding(asked, "found", f"{len(pinned)} in {sys.prefix}")


def _engine(engine: Engine) -> Finding:
    # Learning and serving work without one, and GitHub's machines bring their own.
    try:
        return Finding("Docker engine", "found", f"version {engine.version()} answers", required=False)
    except ImageError as err:
        looked_at, _, what_to_do = str(err).partition("; expected ")
        what_to_do = what_to_do.partition("; ")[2] or "start it"
        return Finding("Docker engine", "missing", looked_at, what_to_do.rstrip("."), required=False)


def _port(port: int, owner: str) -> Finding:
    name = f"port {port} for {owner}"
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as asked:
                asked.settimeout(2)
                taken = asked.connect_ex((address, port)) == 0
        except OSError:  # this machine has no such address, so nobody listens there
            taken = False
        if taken:
            what_to_do = f"stop what listens there (`ss -ltnp 'sport = :{port}'` names it), or use another port"
            return Finding(name, "missing", f"something listens on {address}:{port}", what_to_do)
    return Finding(name, "found", f"nothing listens on port {port}")


def _disk(root: Path) -> Finding:
    name = f"{FREE_BYTES / 1e9:g} GB of free disk"
    free = shutil.disk_usage(root).free
    looked_at = f"{free / 1e9:.1f} GB free at {root}"
    if free < FREE_BYTES:
        return Finding(name, "missing", looked_at, "make room; images and libraries need it", required=False)
    return Finding(name, "found", looked_at)
