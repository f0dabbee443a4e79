"""A checkout in, the state of Docker Hub's two settings out: asked of GitHub where `gh` can, else of the environment.

A secret's value is never read: GitHub lists names only, and of the environment no more than the name is looked at.
"""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

VARIABLE = "DOCKERHUB_USERNAME"
SECRET = "DOCKERHUB_TOKEN"  # noqa: S105 - the name of a secret, not its value


@dataclass(frozen=True)
class Setting:
    """Whether a setting is there, where that was looked up, and what to do when it is not."""

    name: str
    state: Literal["found", "missing", "cannot tell"]
    looked_at: str
    what_to_do: str = ""


def settings(root: Path, workflow: Path, environ: Mapping[str, str]) -> tuple[Setting, Setting]:
    """Look for the Docker Hub user name (a variable) and token (a secret) of a checkout's repository."""
    environments = _environments(workflow)
    return (
        _setting(root, "variable", VARIABLE, environments, environ),
        _setting(root, "secret", SECRET, environments, environ),
    )


def _setting(root: Path, kind: str, name: str, environments: list[str], environ: Mapping[str, str]) -> Setting:
    label = f"Docker Hub {kind} {name}"
    page = f"Settings → Secrets and variables → Actions → {kind.capitalize()}s"
    what_to_do = f"add it on GitHub under {page}, or with `gh {kind} set {name}`"
    places: list[tuple[str, ...]] = [(), *(("--env", environment) for environment in environments)]
    answered = False
    for place in places:
        names = _names(root, kind, place)
        answered = answered or names is not None
        if names and name in names:
            where = f"environment {place[1]}" if place else "repository"
            return Setting(label, "found", f"`gh {kind} list`, of the {where}")
    if answered:
        return Setting(label, "missing", f"`gh {kind} list` does not name it", what_to_do)
    if environ.get(name):
        return Setting(label, "found", "set in the environment of this command")
    looked_at = "`gh` is not here, not logged in, or sees no repository; not in the environment either"
    return Setting(label, "cannot tell", looked_at, f"look there, and if it is missing, {what_to_do}")


def _names(root: Path, kind: str, place: tuple[str, ...]) -> list[str] | None:
    """Give back the names that GitHub lists, or nothing when it cannot be asked."""
    try:
        said = subprocess.run(
            ["gh", kind, "list", "--json", "name", *place],  # noqa: S607 - gh is found as everywhere, on the PATH
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return [str(item["name"]) for item in json.loads(said.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
        return None


def _environments(workflow: Path) -> list[str]:
    """Give back the protected environments that the workflow names: a setting may live there, too."""
    try:
        text = workflow.read_text(encoding="utf-8")
    except OSError:
        return []
    named = re.findall(r"^ +environment: *(?:\n +name: *)?(.+)$", text, re.MULTILINE)
    # An expression such as ${{ github.event_name != 'pull_request' && 'docker-hub' || '' }} chooses among its texts.
    chosen = [re.findall(r"(?:&&|\|\|) *'([A-Za-z0-9_-]+)'", name) if "${{" in name else [name] for name in named]
    return list(dict.fromkeys(name.strip("\"' ") for names in chosen for name in names))
