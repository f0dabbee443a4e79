"""A year in production with a small model, on both databases: alarms in time, and a better model after them."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline import quick_config

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.long


def test_a_year_is_watched_and_its_stale_model_replaced(url: str, tmp_path: Path) -> None:
    """The script that plays the year ends with 0 only when each alarm came in time and retraining made a better one."""
    values = yaml.safe_load(quick_config((ROOT / "configs" / "model_config.yaml").read_text("utf-8")))
    values["training"]["trend"] = "auto"  # one set by hand foresees less of the market, and is found stale sooner
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
