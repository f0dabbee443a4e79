"""Programs of others that some tests need."""

import shutil

import pytest


def needs(*programs: str) -> None:
    """Skip the test, or what it asks for, unless all of these are here."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not found; `make tools` installs what tests need")
