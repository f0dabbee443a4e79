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

PORTS = {5000: "MLflow", 8000: "the API"}
PYTHON = (3, 11)
FREE_BYTES = 5_000_000_000
SETTINGS = {"DOCKERHUB_USERNAME": "variable", "DOCKERHUB_TOKEN": "secret"}
ENVIRONMENT = "docker-hub"
"""GitHub environment that the publishing job enters, where the settings may be too."""


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        name: what was looked for.
        state: whether it is there.
        found: what was seen.
        hint: what to do; empty when it is there.
        required: whether the pipeline cannot run without it.
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
    return tuple(_findings(root, config, environ, docker))


def healthy(findings: tuple[Finding, ...]) -> bool:
    """Return whether nothing required is missing."""
    return not any(finding.required and finding.state == "missing" for finding in findings)


def _findings(root: Path, config: Path, environ: Mapping[str, str], docker: DockerCli) -> Iterator[Finding]:
    name, running = f"Python {PYTHON[0]}.{PYTHON[1]} or newer", ".".join(map(str, sys.version_info[:3]))
    state: Literal["found", "missing"] = "found" if sys.version_info >= PYTHON else "missing"
    yield Finding(name, state, f"{running}, {sys.executable}", "" if state == "found" else f"install {name}")
    yield from _config(root, root / config)
    for lock in ("requirements/serving.txt", "requirements.txt"):
        yield _libraries(root / lock, lock)
    try:
        yield Finding("Docker engine", "found", f"version {docker.version()}", required=False)
    except ImageError as err:
        problem, hint = err.details.get("problem", str(err)), err.details.get("hint", "see the log of the engine")
        yield Finding("Docker engine", "missing", problem, hint, required=False)
    for port, owner in PORTS.items():
        yield _port(port, owner)
    free = shutil.disk_usage(root).free
    name, found = f"{FREE_BYTES / 1e9:g} GB of free disk space", f"{free / 1e9:.1f} GB"
    enough = free >= FREE_BYTES
    yield Finding(name, "found" if enough else "missing", found, "" if enough else "free some", required=False)
    for setting, kind in SETTINGS.items():
        yield _setting(root, setting, kind, environ)


def _config(root: Path, path: Path) -> Iterator[Finding]:
    """Load the configuration, and look for the sales that it names."""
    try:
        from houseprice.config import load  # needs libraries that the next findings may report as missing

        known = load(path)
    except ConfigError as err:
        yield Finding("configuration", "missing", str(err), "correct it, or name another file with --config")
        return
    except ModuleNotFoundError as err:
        yield Finding("configuration", "unknown", f'library "{err.name}" is not installed', "run `make install`")
        return
    yield Finding("configuration", "found", f"{path}, {len(known.data.columns)} columns")
    raw = root / known.paths.raw
    if raw.is_file() and raw.stat().st_size:
        yield Finding("sales", "found", f"{raw}, {raw.stat().st_size:,} bytes")
    else:
        yield Finding("sales", "missing", f'"{raw}" is missing or empty', "put the CSV there, or change `paths.raw`")


def _libraries(lock: Path, name: str) -> Finding:
    """Compare a lock with what is installed; lines for other systems only are left out."""
    what, hint = f"libraries of {name}", f"run `make install`, or `pip install --require-hashes -r {name}`"
    if not lock.is_file():
        return Finding(what, "missing", f'no file "{lock}"', f"restore it with `git checkout {name}`")
    pinned = dict(re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)(?![^\n]*;)", lock.read_text(encoding="utf-8")))
    present = {library: _version(library) for library in pinned}
    absent = [library for library, found in present.items() if not found]
    other = [f"{library} {found}" for library, found in present.items() if found and found != pinned[library]]
    if absent:
        return Finding(what, "missing", f"{len(absent)} of {len(pinned)} are missing: {', '.join(absent[:5])}", hint)
    if other:
        return Finding(
            what, "missing", f"{len(other)} have another version: {', '.join(other[:5])}", hint, required=False
        )
    return Finding(what, "found", f"{len(pinned)} in {sys.prefix}")


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _port(port: int, owner: str) -> Finding:
    name = f"port {port} for {owner}"
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as client:
                client.settimeout(2)
                if client.connect_ex((address, port)) == 0:
                    hint = f"stop what listens there (`ss -ltnp 'sport = :{port}'` names it), or use another port"
                    return Finding(name, "missing", f"in use on {address}", hint)
        except OSError:  # this machine has no such address, so nothing listens there
            continue
    return Finding(name, "found", "free")


def _setting(root: Path, name: str, kind: str, environ: Mapping[str, str]) -> Finding:
    """Look for a setting's name on GitHub, else in the environment; values are never read."""
    label, hint = f"Docker Hub {kind} {name}", f"set it with `gh {kind} set {name}` before you publish"
    listings = [_names(root, kind, *place) for place in ((), ("--env", ENVIRONMENT))]
    if any(names and name in names for names in listings):
        return Finding(label, "found", "on GitHub")
    if any(names is not None for names in listings):
        return Finding(label, "missing", "not on GitHub", hint)
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
