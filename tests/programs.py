"""Programs of others that some tests need."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest


def needs(*programs: str) -> None:
    """Skip the test, or what it asks for, unless all of these are here."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not found; `make tools` installs what tests need")


def error_code(stderr: str) -> str:
    """Return the code that ends what the command line prints of an error; messages may change, codes do not."""
    return re.findall(r"\[(\w+)\]\s*$", re.sub(r"\x1b\[[0-9;]*m", "", stderr))[-1]


@cache
def base_image() -> str:
    """Return the base image of images: that of the Dockerfile, or its stand-in where no registry is reached."""
    if given := os.environ.get("PYTHON_IMAGE"):
        return given
    script = Path(__file__).parents[1] / "scripts" / "docker-engine"
    return subprocess.run([script], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
