"""Commands as they are typed, and what they leave on disk."""

from collections.abc import Callable
from pathlib import Path

from houseprice.bundle.manifest import sha256_of
from pipeline import Pipeline

RunCli = Callable[..., tuple[int, str, str]]
"""Words of a command → exit code, stdout, stderr."""


def files(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder."""
    return {str(path.relative_to(folder)): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def told_once(err: str) -> str:
    """Return the one sentence on stderr, progress left out."""
    lines = [line for line in err.splitlines() if line and not line.startswith(("Training:", "Sealing"))]
    assert len(lines) == 1, err
    assert lines[0].startswith("houseprice: ")
    assert "Traceback" not in err
    return lines[0]


def train(pipe: Pipeline, run_cli: RunCli, *more: object) -> tuple[int, str, str]:
    """Type `train` for a pipeline."""
    return run_cli(
        "train", "--config", pipe.config_file, "--data", pipe.featured, "--models-dir", pipe.models,
        "--reports-dir", pipe.reports, *more,
    )  # fmt: skip
