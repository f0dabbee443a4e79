"""A year in production with a small model, on both databases: alarms in time, and a better model after them."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline import with_hand_set

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.long


def test_a_year_is_watched_and_its_stale_model_replaced(url: str, tmp_path: Path) -> None:
    """The script that plays the year ends with 0 only when each alarm came in time and retraining made a better one."""
    values = yaml.safe_load(with_hand_set((ROOT / "configs" / "model_config.yaml").read_text(encoding="utf-8")))
    values["split"] |= {"folds": 3, "origins": 3}
    values["training"]["boosting"] |= {"iterations": 150, "learning_rate": 0.2}
    values["training"]["kernel_ridge"] |= {"centres": 500}
    for kernel in values["training"]["kernel_ridge"]["additional_kernels"]:
        kernel["centres"] = 300
    config = tmp_path / "small.yaml"
    config.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    figure = tmp_path / "year.png"
    told = ("--config", config, "--folder", tmp_path / "year", "--store", url, "--figure", figure)
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "production_year.py"), *map(str, told)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert figure.stat().st_size > 10_000
