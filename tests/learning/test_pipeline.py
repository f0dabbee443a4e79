"""The whole road through the command line: what each step writes, and that a refusal leaves nothing behind."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml

from houseprice.bundle.load import open_bundle
from houseprice.bundle.manifest import sha256_of
from houseprice.learning import pipeline
from houseprice.learning.sealing import MODEL, PREPROCESSOR
from learning.commands import Typed, files, told_once, train
from road import Road

Configured = Callable[..., Path]


def test_process_writes_sales_rejected_rows_and_a_report(little: Road, typed: Typed, tmp_path: Path) -> None:
    """Beside the output; the counts add up, digests name the files, and --json tells the same."""
    raw = tmp_path / "raw.csv"
    lines = little.raw.read_text(encoding="utf-8").splitlines()
    lines[3] = lines[3].replace("2014", "2x14")
    lines.insert(10, "a;b;c")
    raw.write_text("\n".join(lines) + "\n", encoding="utf-8")
    before = raw.read_bytes()
    output = tmp_path / "deep" / "cleaned.csv"
    code, out, err = typed("process", "--config", little.config_file, "--input", raw, "--output", output, "--json")
    told = json.loads(out)
    report = json.loads((output.parent / "cleaned_report.json").read_text())
    assert (code, err) == (0, "")
    assert told["rows_read"] == 301 == told["rows_kept"] + told["rows_rejected"]
    assert told["rows_rejected"] == 2
    assert {key: report[key] for key in told} == told
    assert (report["raw_sha256"], report["cleaned_sha256"]) == (sha256_of(raw), sha256_of(output))
    assert raw.read_bytes() == before
    rejected = pl.read_csv(output.parent / "cleaned_rejected.csv")
    assert rejected["row"].to_list() == [3, 10]
    assert sorted(path.name for path in output.parent.iterdir()) == [
        "cleaned.csv", "cleaned_rejected.csv", "cleaned_report.json",
    ]  # fmt: skip


def test_process_a_second_time_writes_the_same_bytes(little: Road, typed: Typed, tmp_path: Path) -> None:
    """And those of the first time."""
    words = ("process", "--config", little.config_file, "--input", little.raw, "--output", tmp_path / "cleaned.csv")
    assert typed(*words)[0] == 0
    first = files(tmp_path)
    assert typed(*words)[0] == 0
    assert files(tmp_path) == first
    assert first["cleaned.csv"] == sha256_of(little.cleaned)


@pytest.mark.parametrize("fault", ["too many rejected", "no such file", "empty", "latin-1", "header only", "a folder"])
def test_process_that_refuses_leaves_nothing_behind(little: Road, typed: Typed, tmp_path: Path, fault: str) -> None:
    """Exit code 4, one sentence, no half of an output, whatever is wrong with the raw table or the place."""
    raw, output = tmp_path / "raw.csv", tmp_path / "out" / "cleaned.csv"
    text = little.raw.read_text(encoding="utf-8-sig")
    if fault == "too many rejected":
        text = text.replace("north", "\0", 60)
    elif fault == "empty":
        text = ""
    elif fault == "header only":
        text = text.splitlines()[0]
    elif fault == "a folder":
        output.mkdir(parents=True)
    raw.write_text(text, encoding="latin-1" if fault == "latin-1" else "utf-8")
    if fault == "no such file":
        raw.unlink()
    before = files(tmp_path)
    code, out, err = typed("process", "--config", little.config_file, "--input", raw, "--output", output)
    assert (code, out) == (4, "")
    assert str(raw if fault not in ("too many rejected", "header only", "a folder") else "") in told_once(err)
    assert files(tmp_path) == before


def test_too_many_rejected_rows_are_told_with_share_limit_and_reason(
    little: Road, typed: Typed, configured: Configured, tmp_path: Path
) -> None:
    """The limit is the configuration's."""
    raw = tmp_path / "raw.csv"
    raw.write_text(little.raw.read_text(encoding="utf-8").replace("fair", "fine"), encoding="utf-8")
    output = tmp_path / "cleaned.csv"
    words = ("process", "--input", raw, "--output", output, "--config")
    found = told_once(typed(*words, little.config_file)[2])
    for part in ("of 300 rows", "× state: … is none of poor, fair", "expected at most 2.0%", "max_rejected_share"):
        assert part in found
    assert typed(*words, configured(data__max_rejected_share=0.9))[0] == 0
    assert output.exists()


def test_features_writes_table_and_preprocessor(little: Road, typed: Typed, tmp_path: Path) -> None:
    """The same bytes every time, and what was written is told."""
    table, preprocessor = tmp_path / "f.csv", tmp_path / "models" / "trained" / "preprocessor.pkl"
    words = ("features", "--config", little.config_file, "--input", little.cleaned, "--output", table)
    for _ in range(2):
        code, out, _ = typed(*words, "--preprocessor", preprocessor, "--json")
        told = json.loads(out)
        assert (code, told["rows"], told["output"]) == (0, 300, str(table))
        assert sha256_of(table) == sha256_of(little.featured)
        assert sha256_of(preprocessor) == sha256_of(little.preprocessor)
    assert pickle.loads(preprocessor.read_bytes()).made_ == sha256_of(table)


@pytest.mark.parametrize(
    ("content", "code"), [(None, 4), (b"", 4), (b"a,b\n1,2\n", 4), (b"plot,day\n", 4), ("raw", 4), ("cut", 4)]
)
def test_features_that_refuses_leaves_nothing_behind(
    little: Road, typed: Typed, tmp_path: Path, content: bytes | str | None, code: int
) -> None:
    """Neither a table nor a preprocessor, whatever it was given instead of a processed table."""
    source = tmp_path / "cleaned.csv"
    if content is not None:
        given = {"raw": little.raw.read_bytes(), "cut": little.cleaned.read_bytes()[:-4]}
        source.write_bytes(content if isinstance(content, bytes) else given[content])
    words = ("features", "--config", little.config_file, "--input", source, "--output", tmp_path / "out" / "f.csv")
    found, out, err = typed(*words, "--preprocessor", tmp_path / "out" / "p.pkl")
    assert (found, out) == (code, "")
    assert "cleaned.csv" in told_once(err)
    assert not (tmp_path / "out").exists()


def test_derived_columns_that_cannot_be_made_are_a_config_error(
    little: Road, typed: Typed, configured: Configured, tmp_path: Path
) -> None:
    """Exit code 3, and nothing is written."""
    config = configured(features__derived=["age_at_sal", "north_east"])
    words = ("features", "--config", config, "--input", little.cleaned, "--output", tmp_path / "f.csv")
    code, _, err = typed(*words, "--preprocessor", tmp_path / "p.pkl")
    assert code == 3
    assert 'unknown "age_at_sal" (did you mean "age_at_sale"?)' in err
    assert '"north_east" needs columns with the roles latitude, longitude' in err
    assert not (tmp_path / "f.csv").exists()


def test_train_writes_model_numbers_plots_and_bundle(little: Road) -> None:
    """The little road has all of them, and every one says the same."""
    told = json.loads((little.reports / "metrics.json").read_text())
    assert told["holdout"] == json.loads(json.dumps(little.trained.metrics["holdout"]))
    assert {"holdout", "rolling_origin", "grouped_folds", "resold", "baselines"} <= set(told)
    assert set(told["baselines"]) >= {"constant", "ridge"}
    assert told["holdout"]["sales"] == told["sides"]["holdout"] == 25
    assert told["resold"]["sales"] == told["sides"]["resold"] == 20
    assert (little.models / "trained" / MODEL).is_file()
    assert open_bundle(little.bundle).manifest.metrics["holdout"] == told["holdout"]
    assert open_bundle(little.bundle).manifest.passed


def test_the_model_beats_both_silly_baselines(little: Road) -> None:
    """On houses that no straight line can follow, by far."""
    metrics = little.trained.metrics
    error = metrics["holdout"]["log_rmse"]
    assert error < 0.7 * metrics["baselines"]["ridge"]["log_rmse"]
    assert error < 0.5 * metrics["baselines"]["constant"]["log_rmse"]


def learned(road: Road) -> dict[str, str]:
    """Give back the digests of what a training wrote that must be the same everywhere."""
    return {**files(road.models), "metrics.json": sha256_of(road.reports / "metrics.json")}


@pytest.mark.long
def test_train_twice_in_a_row_gives_the_same_bytes_and_a_second_version(
    little: Road, before_training: Road, typed: Typed
) -> None:
    """Model, bundle and numbers are the little road's; the registry counts."""
    road = before_training
    for version in ("1", "2"):
        code, out, _ = train(road, typed)
        assert code == 0
        assert f"version {version}" in out
        assert learned(road) == learned(little)


@pytest.mark.long
def test_the_door_of_train_gives_the_same_bytes_in_another_process(
    little: Road, before_training: Road, root: Path
) -> None:
    """Another hash seed, time zone and working folder: the same to the last bit; the workflow's summary is written."""
    road, summary = before_training, before_training.models.parent / "summary.md"
    words = ["--config", road.config_file, "--data", road.featured, "--models-dir", road.models]
    ended = subprocess.run(
        [sys.executable, str(root / "src/models/train_model.py"), *map(str, words)],
        cwd=road.reports.parent, capture_output=True, text=True, check=False,
        env=os.environ | {
            "PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "PYTHONPATH": "", "GITHUB_STEP_SUMMARY": str(summary),
        },
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "Honest numbers" in ended.stdout
    assert "| newest, held out |" in summary.read_text(encoding="utf-8")
    assert learned(road) == learned(little)


def test_train_without_a_preprocessor_seals_no_bundle_and_says_so(before_training: Road, typed: Typed) -> None:
    """The document's two inputs are enough to learn, judge and track."""
    road = before_training
    (road.models / "trained" / PREPROCESSOR).unlink()
    code, out, _ = train(road, typed)
    assert code == 0
    assert "no preprocessor at" in " ".join(out.split())
    assert (road.models / "trained" / MODEL).is_file()
    assert not road.bundle.exists()


def test_train_without_the_processed_table_seals_no_bundle_and_says_so(before_training: Road, typed: Typed) -> None:
    """It is looked for by its digest, so that another table of its name does not stand in for it."""
    road = before_training
    road.cleaned.write_bytes(road.cleaned.read_bytes() + b"\n")
    code, out, _ = train(road, typed)
    assert code == 0
    assert "no processed table with sha256" in " ".join(out.split())
    assert not road.bundle.exists()
    assert (road.models / "trained" / MODEL).is_file()


def test_the_processed_table_is_found_under_any_name(before_training: Road, tmp_path: Path) -> None:
    """By its digest alone, in a folder or as a file."""
    digest = sha256_of(before_training.cleaned)
    other = before_training.cleaned.rename(before_training.cleaned.with_name("another.csv"))
    assert pipeline.find_processed(digest, [tmp_path / "nowhere", other.parent]) == other
    assert pipeline.find_processed(digest, [other]) == other
    assert pipeline.find_processed("0" * 64, [other.parent]) is None


def test_a_red_gate_ends_with_code_6_and_everything_is_written_all_the_same(
    before_training: Road, typed: Typed, configured: Configured
) -> None:
    """The model and its numbers can be looked at; the sentence names the gate, what was found and what is required."""
    road = before_training
    code, out, err = typed(
        "train", "--config", configured(gates__max_log_rmse=0.09), "--data", road.featured, "--models-dir", road.models,
    )  # fmt: skip
    assert code == 6
    assert "The model may not be published: error is 0.1" in told_once(err)
    assert "RED" in out
    assert json.loads((road.reports / "metrics.json").read_text())["verdict"]["error"]["passed"] is False
    assert not open_bundle(road.bundle).manifest.passed


@pytest.mark.parametrize("fault", ["missing", "empty", "other", "cut short", "of no sales"])
def test_train_on_what_is_no_feature_table_ends_with_code_4(before_training: Road, typed: Typed, fault: str) -> None:
    """One sentence that names the file; no model, no numbers, no MLflow run."""
    road, content = before_training, before_training.featured.read_bytes()
    if fault == "missing":
        road.featured.unlink()
    else:
        road.featured.write_bytes(
            {
                "empty": b"", "other": b"a,b\n1,2\n", "cut short": content[: len(content) // 2],
                "of no sales": content.splitlines(keepends=True)[0],
            }[fault]
        )  # fmt: skip
    before = files(road.models.parent)
    code, out, err = train(road, typed)
    assert (code, out) == (4, "")
    assert str(road.featured) in told_once(err)
    assert files(road.models.parent) == before


def test_a_preprocessor_of_another_table_is_refused_with_code_5(
    before_training: Road, typed: Typed, configured: Configured, tmp_path: Path
) -> None:
    """Nothing is learned; the sentence says what to do."""
    road = before_training
    other = configured(features__derived=["age_at_sale"])
    words = ("features", "--config", other, "--input", road.cleaned, "--output", tmp_path / "other.csv")
    assert typed(*words, "--preprocessor", road.models / "trained" / PREPROCESSOR)[0] == 0
    before = files(road.models.parent)
    code, out, err = train(road, typed)
    assert (code, out) == (5, "")
    assert "made another feature table" in told_once(err)
    assert "take the preprocessor away" in err
    assert files(road.models.parent) == before


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps({"a": 1})], ids=["empty", "garbage", "other"])
def test_what_is_no_preprocessor_is_refused_with_code_5(before_training: Road, typed: Typed, content: bytes) -> None:
    """An empty, a broken or another file in its place."""
    (before_training.models / "trained" / PREPROCESSOR).write_bytes(content)
    code, _, err = train(before_training, typed)
    assert code == 5
    assert "preprocessor.pkl" in told_once(err)


@pytest.fixture
def gone(little: Road, tmp_path: Path) -> Road:
    """Give a copy of the whole little road, to be spoilt."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copytree(little.models, home / "models")
    shutil.copy(little.cleaned, home)
    return Road(
        little.raw, little.config_file, little.config, home / "cleaned.csv", little.featured, home / "models",
        home / "reports", little.trained,
    )  # fmt: skip


def bundle(road: Road, typed: Typed, *more: object) -> tuple[int, str, str]:
    """Type `bundle` for a road."""
    return typed("bundle", "--config", road.config_file, "--models-dir", road.models, *more)


def test_bundle_seals_the_very_folder_that_training_sealed(gone: Road, typed: Typed) -> None:
    """Into an empty place or over an old folder, byte for byte."""
    expected = files(gone.bundle)
    for spoil in (shutil.rmtree, lambda folder: (folder / "model.onnx").write_bytes(b"old")):
        spoil(gone.bundle)
        code, out, _ = bundle(gone, typed, "--json")
        assert code == 0
        assert set(json.loads(out)["bytes"]) == set(expected)
        assert files(gone.bundle) == expected
    assert [path.name for path in gone.models.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("fault", ["unfitted pair", "no preprocessor", "no model", "swapped", "garbage", "no table"])
def test_bundle_that_refuses_leaves_the_old_folder(gone: Road, typed: Typed, fault: str) -> None:
    """One sentence; the sealed folder stays as it was, and nothing lies beside it."""
    trained = gone.models / "trained"
    preprocessor, model = trained / PREPROCESSOR, trained / MODEL
    if fault == "unfitted pair":
        changed = pickle.loads(preprocessor.read_bytes())
        changed.made_ = "0" * 64
        preprocessor.write_bytes(pickle.dumps(changed))
    elif fault in ("no preprocessor", "no model"):
        (preprocessor if fault == "no preprocessor" else model).unlink()
    elif fault == "swapped":
        preprocessor.write_bytes(model.read_bytes())
    elif fault == "garbage":
        model.write_bytes(b"\x80\x05garbage")
    else:
        gone.cleaned.unlink()
    before = files(gone.models)
    code, out, err = bundle(gone, typed)
    assert (code, out) == (4 if fault == "no table" else 5, "")
    found = told_once(err)
    assert {
        "unfitted pair": "expected one and the same", "no preprocessor": 'preprocessor.pkl" is missing',
        "no model": 'house_price_model.pkl" is missing', "swapped": "holds a PriceModel; expected a Preprocessor",
        "garbage": "cannot be read", "no table": "give its path with --data",
    }[fault] in found  # fmt: skip
    assert files(gone.models) == before
    assert not [path for path in gone.models.iterdir() if path.name.startswith(".")]


def test_bundle_takes_the_processed_table_from_anywhere(gone: Road, typed: Typed, tmp_path: Path) -> None:
    """When it is named; another table is refused."""
    moved = gone.cleaned.rename(tmp_path / "elsewhere.csv")
    assert bundle(gone, typed)[0] == 4
    assert bundle(gone, typed, "--data", moved)[0] == 0
    moved.write_bytes(moved.read_bytes().replace(b"north", b"south", 1))
    assert bundle(gone, typed, "--data", moved)[0] == 4


def test_gate_judges_by_the_gates_that_are_configured_now(gone: Road, typed: Typed, configured: Configured) -> None:
    """Nothing is learned again: a stricter limit turns the same model red."""
    words = ("gate", "--models-dir", gone.models)
    code, out, _ = typed(*words, "--config", gone.config_file, "--json")
    verdict = json.loads(out)
    assert code == 0
    assert verdict["error"]["passed"] is True
    assert all(gate["passed"] for gate in verdict.values())
    code, out, err = typed(*words, "--config", configured(gates__max_median_ape=0.001), "--json")
    assert code == 6
    assert json.loads(out)["median_error_share"]["passed"] is False
    assert "median_error_share is" in told_once(err)


def test_run_goes_the_whole_road(
    little: Road, empty_store: Path, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a raw CSV that is given, through the configured places, to the verdict."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    shutil.copy(empty_store, home)
    monkeypatch.chdir(home)
    code, out, _ = typed("run", "--config", little.config_file, "--raw", little.raw, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["processing"]["rows_kept"] == 300
    assert told["metrics"]["holdout"]["sales"] == 25
    assert files(home / "models") == files(little.models)
    assert (home / "data" / "processed" / "cleaned_house_data.csv").is_file()


def test_another_seed_gives_another_model(little: Road, before_training: Road, typed: Typed) -> None:
    """That the same bytes come out of the same inputs is no accident of a model without chance."""
    told = yaml.safe_load(before_training.config_file.read_text())
    told["training"]["seed"] = 1
    before_training.config_file.write_text(yaml.safe_dump(told))
    assert train(before_training, typed)[0] == 0
    told = json.loads((before_training.reports / "metrics.json").read_text())
    assert told["holdout"]["log_rmse"] != little.trained.metrics["holdout"]["log_rmse"]
