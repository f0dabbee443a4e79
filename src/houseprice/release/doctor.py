"""`houseprice doctor`: whether this checkout has what the pipeline needs. It looks, and changes nothing."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from houseprice.errors import ConfigError, ImageError
from houseprice.release.docker_cli import DockerCli

PYTHON = (3, 11)
LOCKS = ("requirements/serving.txt", "requirements.txt")
PORTS = {5000: "MLflow", 8000: "the API"}
FREE_BYTES = 5_000_000_000
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


def diagnose(root: Path, config: Path, environ: Mapping[str, str], docker: DockerCli) -> tuple[Finding, ...]:
    """Return what is there and what is missing.

    Args:
        root: the checkout.
        config: the configuration file, relative to the checkout or absolute.
        environ: where Docker Hub's settings are looked for when GitHub cannot be asked.
        docker: the engine that should answer.
    """
    running = ".".join(map(str, sys.version_info[:3]))
    return (
        _finding("Python", sys.version_info >= PYTHON, f"{running}, {sys.executable}", "install Python 3.11 or newer"),
        *_config(root, root / config),
        *(_libraries(root / lock, lock) for lock in LOCKS),
        _docker(docker),
        *(_port(port, owner) for port, owner in PORTS.items()),
        _disk(root),
        *(_setting(root, name, kind, environ) for name, kind in SETTINGS.items()),
    )


def healthy(findings: tuple[Finding, ...]) -> bool:
    """Return whether nothing required is missing."""
    return not any(finding.required and finding.state == "missing" for finding in findings)


def _finding(name: str, there: bool, found: str, hint: str, *, required: bool = True) -> Finding:
    return Finding(name, "found", found) if there else Finding(name, "missing", found, hint, required)


def _config(root: Path, path: Path) -> Iterator[Finding]:
    """Load the configuration, and look for the sales that it names."""
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
    size = raw.stat().st_size if raw.is_file() else 0
    yield _finding("sales", size > 0, f"{raw}, {size:,} bytes", "put the CSV there, or change `paths.raw`")


def _libraries(lock: Path, name: str) -> Finding:
    """Compare a lock with what is installed; lines for other systems only are left out."""
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    pinned = re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)(?![^\n]*;)", text)
    wrong = [f"{library} {_version(library)}" for library, pin in pinned if _version(library) not in (pin, "missing")]
    missing = [library for library, _ in pinned if _version(library) == "missing"]
    found = f"{len(pinned)} pinned, {len(missing)} missing, {len(wrong)} of another version"
    found = ": ".join((found, ", ".join([*missing, *wrong][:5]))) if missing or wrong else found
    hint = f"run `make install`, or `pip install --require-hashes -r {name}`"
    there = bool(pinned) and not missing and not wrong
    return _finding(f"libraries of {name}", there, found, hint, required=not pinned or bool(missing))


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def _docker(docker: DockerCli) -> Finding:
    """Ask for the engine; training and serving work without one, and GitHub's machines have theirs."""
    try:
        return Finding("Docker engine", "found", f"version {docker.version()}")
    except ImageError as err:
        problem, hint = err.details.get("problem", str(err)), err.details.get("hint", "see the log of the engine")
        return Finding("Docker engine", "missing", problem, hint, required=False)


def _port(port: int, owner: str) -> Finding:
    used = ""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as client:
                client.settimeout(2)
                used = address if client.connect_ex((address, port)) == 0 else used
        except OSError:  # this machine has no such address, so nothing listens there
            continue
    hint = f"stop what listens there (`ss -ltnp 'sport = :{port}'` names it), or use another port"
    return _finding(f"port {port} for {owner}", not used, f"in use on {used}" if used else "free", hint)


def _disk(root: Path) -> Finding:
    free = shutil.disk_usage(root).free
    found = f"{free / 1e9:.1f} GB free; images and libraries need {FREE_BYTES / 1e9:g} GB"
    return _finding("disk space", free >= FREE_BYTES, found, "free some", required=False)


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
