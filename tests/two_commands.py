"""The road of a person with a new file: two commands, `init` and `run`."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ANSWERS = {"windsor": ("currency=CAD",), "sacramento": ("currency=USD",)}
"""What a person tells `init` that no file can tell."""


def command(home: Path, *words: str) -> None:
    """Run a command as a person does; it must succeed."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def learn_example(home: Path, name: str) -> Path:
    """Make the file of an example and go the road with it in a folder; return the bundle.

    A red verdict ends `run` with an error.
    """
    command(home, str(ROOT / "examples"), str(home), "--only", name)
    told = [word for answer in ANSWERS.get(name, ()) for word in ("--set", answer)]
    command(home, "-m", "houseprice", "init", f"{name}.csv", "--yes", *told)
    command(home, "-m", "houseprice", "run", "--config", f"configs/{name}.yaml")
    return home / "models" / name / "bundle"
