"""`houseprice doctor`: whether this checkout has what the pipeline needs. It looks, and changes nothing."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from houseprice.errors import ConfigError, HousePriceError, ImageError
from houseprice.release.docker_cli import DockerCli

if TYPE_CHECKING:
    from houseprice.config import Config

Check = Callable[["Config", Path], str]
PYTHON = (3, 11)
LOCK = "requirements.txt"
"""Holds the libraries of serving too, in the same versions."""
PORTS = {5000: "MLflow", 8000: "the API"}
SETTINGS = {"DOCKERHUB_USERNAME": "variable", "DOCKERHUB_TOKEN": "secret"}
GITHUB_ENVIRONMENT = "docker-hub"
"""The publishing job enters it; the settings may be there, too."""


@dataclass(frozen=True)
class Finding:
    """One line of the report: what was looked for, what was seen, and what to do when it is not there.

    `required` tells whether the pipeline cannot run without it.
    """

    name: str
    state: Literal["found", "missing", "unknown"]
    found: str
    hint: str = ""
    required: bool = True


def diagnose(
    root: Path, config: Path, environ: Mapping[str, str], docker: DockerCli, check: Check | None = None
) -> tuple[Finding, ...]:
    """Return what is there and what is missing.

    Args:
        root: the checkout.
        config: the configuration file, relative to the checkout or absolute.
        environ: where Docker Hub's settings are looked for when GitHub cannot be asked.
        docker: the engine that should answer.
        check: returns what can be learned from the configured sales, and raises an error of the project when nothing
            can; not called where the configuration or its file is missing.
    """
    running = ".".join(map(str, sys.version_info[:3]))
    return (
        _finding("Python", sys.version_info >= PYTHON, f"{running}, {sys.executable}", "install Python 3.11 or newer"),
        *_config(root, root / config, check),
        _libraries(root / LOCK),
        _docker(docker),
        *(_port(port, owner) for port, owner in PORTS.items()),
        *(_setting(root, name, kind, environ) for name, kind in SETTINGS.items()),
    )


def healthy(findings: tuple[Finding, ...]) -> bool:
    """Return whether nothing required is missing."""
    return not any(finding.required and finding.state == "missing" for finding in findings)


def _finding(name: str, there: bool, found: str, hint: str, *, required: bool = True) -> Finding:
    return Finding(name, "found", found) if there else Finding(name, "missing", found, hint, required)


def _config(root: Path, path: Path, check: Check | None) -> Iterator[Finding]:
    """Load the configuration, look for the sales that it names, and try whether they can be learned from."""
    try:
        from houseprice.config import load  # its libraries may be what is missing

        known = load(path)
    except ConfigError as err:
        yield Finding("configuration", "missing", str(err), "correct it, or name another file with --config")
        return
    except ModuleNotFoundError as err:
        yield Finding("configuration", "unknown", f'library "{err.name}" is not installed', "run `make install`")
        return
    yield Finding("configuration", "found", f"{path}, {len(known.data.columns)} columns")
    raw = root / known.paths.raw
    files = raw.glob("*") if raw.is_dir() else [raw] if raw.is_file() else raw.parent.glob(raw.name)
    size = sum(path.stat().st_size for path in files if path.is_file())
    yield _finding("sales", size > 0, f"{raw}, {size:,} bytes", "put the sales there, or change `paths.raw`")
    if check is not None and size > 0:
        yield _learning(check, known, raw)


def _learning(check: Check, config: "Config", raw: Path) -> Finding:
    """Try whether the steps before training accept the sales."""
    try:
        return Finding("training data", "found", check(config, raw))
    except HousePriceError as err:
        hint = (
            f"`houseprice init --check CONFIG {raw}` lists what would be rejected; correct the table or the declaration"
        )
        return Finding("training data", "missing", f"{err} [{err.code}]", hint)
    except ModuleNotFoundError as err:
        return Finding("training data", "unknown", f'library "{err.name}" is not installed', "run `make install`")


def _libraries(lock: Path) -> Finding:
    """Compare a lock with what is installed; lines for other systems only are left out."""
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    pinned = dict(re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)(?![^\n]*;)", text))
    present = {one.metadata["Name"].lower().replace("_", "-"): one.version for one in distributions()}
    missing = [name for name in pinned if name not in present]
    wrong = [f"{name} {present[name]}" for name in pinned if name in present and present[name] != pinned[name]]
    named = f": {', '.join([*missing, *wrong][:5])}" if missing or wrong else ""
    found = f"{len(pinned)} pinned, {len(missing)} missing, {len(wrong)} of another version{named}"
    there = bool(pinned) and not missing and not wrong
    return _finding("libraries", there, found, "run `make install`", required=not pinned or bool(missing))


def _docker(docker: DockerCli) -> Finding:
    """Ask for the engine; training and serving work without one, and GitHub's machines have theirs."""
    try:
        return Finding("Docker engine", "found", f"version {docker.version()}")
    except ImageError as err:
        problem, hint = err.details.get("problem", str(err)), err.details.get("hint", "see the log of the engine")
        return Finding("Docker engine", "missing", problem, hint, required=False)


def _port(port: int, owner: str) -> Finding:
    used = [address for address in ("127.0.0.1", "::1") if _listens(address, port)]
    hint = f"stop what listens there (`ss -ltnp 'sport = :{port}'` names it), or use another port"
    return _finding(f"port {port} for {owner}", not used, f"in use on {used[0]}" if used else "free", hint)


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True


def _setting(root: Path, name: str, kind: str, environ: Mapping[str, str]) -> Finding:
    """Look for a setting's name on GitHub, else in the environment; values are never read."""
    label, hint = f"Docker Hub {kind} {name}", f"set it with `gh {kind} set {name}` before you publish"
    listings = [_names(root, kind, *place) for place in ((), ("--env", GITHUB_ENVIRONMENT))]
    if any(names is not None for names in listings):
        there = any(name in (names or ()) for names in listings)
        return _finding(label, there, "on GitHub" if there else "not on GitHub", hint)
    if environ.get(name):
        return Finding(label, "found", "in the environment")
    return Finding(label, "unknown", "`gh` is missing, logged out, or sees no repository", hint)


def _names(root: Path, kind: str, *place: str) -> list[str] | None:
    """Return the names that GitHub lists, or None when it cannot be asked."""
    command = ["gh", kind, "list", "--json", "name", *place]
    try:
        result = subprocess.run(command, cwd=root, capture_output=True, timeout=20, check=True)
        return [str(one["name"]) for one in json.loads(result.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
        return None
