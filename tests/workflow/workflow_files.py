"""The workflow files, read for tests."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    """Return a workflow."""
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def steps(workflow: dict[str, Any], job: str = "") -> Iterator[dict[str, Any]]:
    """Return the steps of a job, or of all."""
    for name, content in workflow["jobs"].items():
        if job in ("", name):
            yield from content.get("steps", [])


def using(workflow: dict[str, Any], job: str, action: str) -> list[dict[str, Any]]:
    """Return what a job asks of an action."""
    return [step.get("with", {}) for step in steps(workflow, job) if step.get("uses", "").startswith(f"{action}@")]


def ran(workflow: dict[str, Any], job: str) -> str:
    """Return the shell of a job, on one line."""
    shell = "\n".join(step.get("run", "") for step in steps(workflow, job))
    return re.sub(r"\s+", " ", shell.replace("\\\n", " "))


def named(workflow: dict[str, Any], job: str, name: str) -> tuple[int, dict[str, Any]]:
    """Return the one step of a job with this name, and where it stands."""
    ((place, step),) = [(i, step) for i, step in enumerate(steps(workflow, job)) if step.get("name") == name]
    return place, step
