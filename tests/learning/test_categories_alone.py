"""Sales of which nothing but a place is known: hyperparameters are found, and the model is trained and exported."""

import shutil
from pathlib import Path

import pytest

from learning.markets import configuration, run, sales


@pytest.mark.long
def test_a_place_alone_is_learned_from(tmp_path: Path, empty_store: Path) -> None:
    """The kernels see its target encoding, since there is no number."""
    shutil.copy(empty_store, tmp_path)
    table = sales(120).select("precio", "barrio")
    pipe = run(tmp_path, table, configuration(table.columns) | {"training": {"threads": 1}})
    assert pipe.trained.bundle is not None, pipe.trained.reason
    assert pipe.trained.metrics["sides"]["holdout"] > 0
