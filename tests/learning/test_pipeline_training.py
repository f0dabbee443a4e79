"""The commands `train` and `run`: what they write and what they refuse."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from houseprice.bundle.load import open_bundle
from houseprice.bundle.manifest import sha256_of
from houseprice.learning import bundling
from houseprice.learning.model_store import MODEL, PREPROCESSOR
from learning.commands import RunCli, files, told_once, train
from pipeline import Pipeline

Configured = Callable[..., Path]


def test_train_writes_model_numbers_plots_and_bundle(little: Pipeline) -> None:
    """The small pipeline has all of them, and every one says the same."""
    told = json.loads((little.reports / "metrics.json").read_text())
    assert told["holdout"] == json.loads(json.dumps(little.trained.metrics["holdout"]))
    assert {"holdout", "rolling_origin", "grouped_folds", "resold", "baselines"} <= set(told)
    assert set(told["baselines"]) >= {"constant", "ridge"}
    assert told["holdout"]["sales"] == told["sides"]["holdout"] == 25
    assert told["resold"]["sales"] == told["sides"]["resold"] == 20
    assert (little.models / "trained" / MODEL).is_file()
    assert open_bundle(little.bundle).manifest.metrics["holdout"] == told["holdout"]
    assert open_bundle(little.bundle).manifest.passed


def test_the_model_beats_both_silly_baselines(little: Pipeline) -> None:
    """On houses that no straight line can follow, by far."""
    metrics = little.trained.metrics
    error = metrics["holdout"]["log_rmse"]
    assert error < 0.7 * metrics["baselines"]["ridge"]["log_rmse"]
    assert error < 0.5 * metrics["baselines"]["constant"]["log_rmse"]


def learned(pipe: Pipeline) -> dict[str, str]:
    """Return the digests of what a training wrote that must be the same everywhere."""
    return {**files(pipe.models), "metrics.json": sha256_of(pipe.reports / "metrics.json")}


@pytest.mark.long
def test_train_twice_in_a_row_gives_the_same_bytes_and_a_second_version(
    little: Pipeline, before_training: Pipeline, run_cli: RunCli
) -> None:
    """Model, bundle and numbers are the small pipeline's; the registry counts."""
    pipe = before_training
    for version in ("1", "2"):
        code, out, _ = train(pipe, run_cli)
        assert code == 0
        assert f"version {version}" in out
        assert learned(pipe) == learned(little)


@pytest.mark.long
def test_the_door_of_train_gives_the_same_bytes_in_another_process(
    little: Pipeline, before_training: Pipeline, root: Path
) -> None:
    """Another hash seed, time zone and working folder: the same to the last bit; the workflow's summary is written."""
    pipe, summary = before_training, before_training.models.parent / "summary.md"
    words = ["--config", pipe.config_file, "--data", pipe.featured, "--models-dir", pipe.models]
    ended = subprocess.run(
        [sys.executable, str(root / "src/models/train_model.py"), *map(str, words)],
        cwd=pipe.reports.parent, capture_output=True, text=True, check=False,
        env=os.environ | {
            "PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "PYTHONPATH": "", "GITHUB_STEP_SUMMARY": str(summary),
        },
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "log-RMSE" in ended.stdout
    written = summary.read_text(encoding="utf-8")
    assert "| newest, held out |" in written
    half = json.loads((pipe.reports / "metrics.json").read_bytes())["holdout"]["hit_rate"]["within_10_at_half"]
    assert f"{half['value']:.1%}" in written
    assert learned(pipe) == learned(little)


@pytest.mark.long
def test_train_without_a_preprocessor_seals_no_bundle_and_says_so(before_training: Pipeline, run_cli: RunCli) -> None:
    """The document's two inputs are enough to learn, judge and track."""
    pipe = before_training
    (pipe.models / "trained" / PREPROCESSOR).unlink()
    code, out, _ = train(pipe, run_cli)
    assert code == 0
    assert "no preprocessor at" in " ".join(out.split())
    assert (pipe.models / "trained" / MODEL).is_file()
    assert not pipe.bundle.exists()


@pytest.mark.long
def test_train_without_the_processed_table_seals_no_bundle_and_says_so(
    before_training: Pipeline, run_cli: RunCli
) -> None:
    """It is looked for by its digest, so that another table of its name does not stand in for it."""
    pipe = before_training
    pipe.cleaned.write_bytes(pipe.cleaned.read_bytes() + b"\n")
    code, out, _ = train(pipe, run_cli)
    assert code == 0
    assert "no processed table with sha256" in " ".join(out.split())
    assert not pipe.bundle.exists()
    assert (pipe.models / "trained" / MODEL).is_file()


def test_the_processed_table_is_found_under_any_name(before_training: Pipeline, tmp_path: Path) -> None:
    """By its digest alone, in a folder or as a file."""
    digest = sha256_of(before_training.cleaned)
    other = before_training.cleaned.rename(before_training.cleaned.with_name("another.csv"))
    assert bundling.find_processed(digest, [tmp_path / "nowhere", other.parent]) == other
    assert bundling.find_processed(digest, [other]) == other
    assert bundling.find_processed("0" * 64, [other.parent]) is None


@pytest.mark.long
def test_a_red_gate_ends_with_code_6_and_everything_is_written_all_the_same(
    before_training: Pipeline, run_cli: RunCli, configured: Configured
) -> None:
    """The model and its numbers can be looked at; the sentence names the gate, what was found and what is required."""
    pipe = before_training
    code, out, err = run_cli(
        "train", "--config", configured(gates__max_log_rmse=0.09), "--data", pipe.featured, "--models-dir", pipe.models,
    )  # fmt: skip
    assert code == 6
    assert "log_rmse is 0.1" in told_once(err)
    assert "FAILED" in out
    assert json.loads((pipe.reports / "metrics.json").read_text())["verdict"]["log_rmse"]["passed"] is False
    assert not open_bundle(pipe.models / "rejected" / "bundle").manifest.passed
    assert not pipe.bundle.exists()


@pytest.mark.parametrize("fault", ["missing", "empty", "other", "cut short", "of no sales"])
def test_train_on_what_is_no_feature_table_ends_with_code_4(
    before_training: Pipeline, run_cli: RunCli, fault: str
) -> None:
    """One sentence that names the file; no model, no numbers, no MLflow run."""
    pipe, content = before_training, before_training.featured.read_bytes()
    if fault == "missing":
        pipe.featured.unlink()
    else:
        pipe.featured.write_bytes(
            {
                "empty": b"", "other": b"a,b\n1,2\n", "cut short": content[: len(content) // 2],
                "of no sales": content.splitlines(keepends=True)[0],
            }[fault]
        )  # fmt: skip
    before = files(pipe.models.parent)
    code, out, err = train(pipe, run_cli)
    assert (code, out) == (4, "")
    assert str(pipe.featured) in told_once(err)
    assert files(pipe.models.parent) == before


def test_a_preprocessor_of_another_table_is_refused_with_code_5(
    before_training: Pipeline, run_cli: RunCli, configured: Configured, tmp_path: Path
) -> None:
    """Nothing is learned; the sentence says what to do."""
    pipe = before_training
    other = configured(features__derived=["age_at_sale"])
    words = ("features", "--config", other, "--input", pipe.cleaned, "--output", tmp_path / "other.csv")
    assert run_cli(*words, "--preprocessor", pipe.models / "trained" / PREPROCESSOR)[0] == 0
    before = files(pipe.models.parent)
    code, out, err = train(pipe, run_cli)
    assert (code, out) == (5, "")
    assert "preprocessor.pkl" in told_once(err)
    assert files(pipe.models.parent) == before


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps({"a": 1})], ids=["empty", "garbage", "other"])
def test_what_is_no_preprocessor_is_refused_with_code_5(
    before_training: Pipeline, run_cli: RunCli, content: bytes
) -> None:
    """An empty, a broken or another file in its place."""
    (before_training.models / "trained" / PREPROCESSOR).write_bytes(content)
    code, _, err = train(before_training, run_cli)
    assert code == 5
    assert "preprocessor.pkl" in told_once(err)


def test_run_goes_the_whole_road(
    little: Pipeline, empty_store: Path, run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a raw CSV that is given, through the configured places, to the verdict."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    shutil.copy(empty_store, home)
    monkeypatch.chdir(home)
    code, out, _ = run_cli("run", "--config", little.config_file, "--raw", little.raw, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["processing"]["rows_kept"] == 300
    assert told["metrics"]["holdout"]["sales"] == 25
    assert files(home / "models") == files(little.models)
    assert (home / "data" / "processed" / "cleaned_house_data.csv").is_file()


@pytest.mark.long
def test_another_seed_gives_another_model(little: Pipeline, before_training: Pipeline, run_cli: RunCli) -> None:
    """That the same bytes come out of the same inputs is no accident of a model without chance."""
    told = yaml.safe_load(before_training.config_file.read_text())
    told["training"]["seed"] = 1
    before_training.config_file.write_text(yaml.safe_dump(told))
    assert train(before_training, run_cli)[0] == 0
    told = json.loads((before_training.reports / "metrics.json").read_text())
    assert told["holdout"]["log_rmse"] != little.trained.metrics["holdout"]["log_rmse"]
