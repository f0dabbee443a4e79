"""The configuration as commands get it: option, environment, default, and problems on stderr."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from config_files import TEXT, Written

RunCli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Forget what the machine's environment says of this project."""
    for name in list(os.environ):
        if name.startswith(("HOUSEPRICE_", "MLFLOW_")):
            monkeypatch.delenv(name)
    return monkeypatch


def test_problems_end_with_code_3_on_stderr(
    written: Written, run_cli: RunCli, no_environment: pytest.MonkeyPatch
) -> None:
    """The command line shows every line, nothing on stdout, and no traceback."""
    path = written(TEXT.replace("folds:", "foldz:"))
    code, out, err = run_cli("gate", "--config", str(path))
    assert (code, out) == (3, "")
    assert 'split.foldz: unknown key (did you mean "folds"?)' in err
    assert "Traceback" not in err


def test_the_option_beats_the_environment_which_beats_the_default(
    tmp_path: Path, run_cli: RunCli, no_environment: pytest.MonkeyPatch
) -> None:
    """--config, then HOUSEPRICE_CONFIG, then configs/model_config.yaml below the working folder."""
    no_environment.chdir(tmp_path)
    assert "configs/model_config.yaml" in run_cli("gate")[2]
    no_environment.setenv("HOUSEPRICE_CONFIG", "from_environment.yaml")
    assert '"from_environment.yaml" was not found' in run_cli("gate")[2]
    assert '"from_option.yaml" was not found' in run_cli("gate", "--config", "from_option.yaml")[2]


def test_the_models_folder_can_come_from_the_environment(
    written: Written, run_cli: RunCli, no_environment: pytest.MonkeyPatch
) -> None:
    """HOUSEPRICE_MODELS_DIR stands in for --models-dir, which beats it."""
    path = str(written(TEXT))
    no_environment.setenv("HOUSEPRICE_MODELS_DIR", "of_environment")
    assert "of_environment/trained" in run_cli("gate", "--config", path)[2]
    assert "of_option/trained" in run_cli("gate", "--config", path, "--models-dir", "of_option")[2]
