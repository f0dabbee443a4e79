"""The steps before and after training through the command line: `process`, `features`, `bundle` and `gate`.

What each of them writes, and that a refusal leaves nothing behind.
"""

import csv
import gzip
import io
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from houseprice.bundle.manifest import sha256_of
from houseprice.learning.model_store import MODEL, PREPROCESSOR
from learning.commands import RunCli, files, told_once
from pipeline import Pipeline
from sales_file.workbooks import workbook

Configured = Callable[..., Path]


def test_process_writes_sales_rejected_rows_and_a_report(little: Pipeline, run_cli: RunCli, tmp_path: Path) -> None:
    """Beside the output; the counts add up, digests name the files, and --json tells the same."""
    raw = tmp_path / "raw.csv"
    lines = little.raw.read_text(encoding="utf-8").splitlines()
    lines[3] = lines[3].replace("2014", "2x14")
    lines.insert(10, "a;b;c")
    raw.write_text("\n".join(lines) + "\n", encoding="utf-8")
    before = raw.read_bytes()
    output = tmp_path / "deep" / "cleaned.csv"
    code, out, err = run_cli("process", "--config", little.config_file, "--input", raw, "--output", output, "--json")
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


@pytest.mark.parametrize("words", [("process",), ("features", "--preprocessor", "preprocessor.pkl")])
def test_an_input_is_never_written_over(run_cli: RunCli, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Also not by way of a link: the file stays as it was, and the code says why."""
    source, link = tmp_path / "sales.csv", tmp_path / "link.csv"
    source.write_text("id,price\n1,2\n")
    link.symlink_to(source)
    for output in (source, link):
        code, _, err = run_cli(*words, "--input", source, "--output", output)
        assert (code, "[path_repeated]" in err) == (4, True)
    assert source.read_text() == "id,price\n1,2\n"


def test_two_outputs_are_never_one_file(run_cli: RunCli, tmp_path: Path) -> None:
    """Under one name or by way of a link, or only the last of them would be there."""
    (tmp_path / "link.csv").symlink_to("new.csv")
    (tmp_path / "sales.csv").write_text("id,price\n1,2\n")
    for twin in ("new.csv", "link.csv"):
        words = ("--input", tmp_path / "sales.csv", "--output", tmp_path / "new.csv")
        code, _, err = run_cli("features", *words, "--preprocessor", tmp_path / twin)
        assert (code, "[path_repeated]" in err) == (4, True)
    assert not (tmp_path / "new.csv").exists()


def test_files_beside_the_output_never_replace_the_input(run_cli: RunCli, tmp_path: Path) -> None:
    """Such as rejected rows that were corrected where they are."""
    source = tmp_path / "cleaned_rejected.csv"
    source.write_text("id,price\n1,2\n")
    code, _, err = run_cli("process", "--input", source, "--output", tmp_path / "cleaned.csv")
    assert (code, "[path_repeated]" in err) == (4, True)
    assert source.read_text() == "id,price\n1,2\n"


def test_process_a_second_time_writes_the_same_bytes(little: Pipeline, run_cli: RunCli, tmp_path: Path) -> None:
    """And those of the first time."""
    words = ("process", "--config", little.config_file, "--input", little.raw, "--output", tmp_path / "cleaned.csv")
    assert run_cli(*words)[0] == 0
    first = files(tmp_path)
    assert run_cli(*words)[0] == 0
    assert files(tmp_path) == first
    assert first["cleaned.csv"] == sha256_of(little.cleaned)


@pytest.mark.parametrize("form", ["gzip", "utf-16", "workbook", "folder", "glob"])
def test_the_same_sales_in_another_form_give_the_same_bytes(
    little: Pipeline, run_cli: RunCli, tmp_path: Path, form: str
) -> None:
    """Whatever they are packed in, written by, or cut into; the report says what was decided."""
    text = little.raw.read_text(encoding="utf-8-sig")
    header, *lines = text.splitlines(keepends=True)
    source = tmp_path / "sales"
    words: list[object] = []
    if form == "gzip":
        source.write_bytes(gzip.compress(text.encode()))
    elif form == "utf-16":
        source.write_text(text, encoding="utf-16")
    elif form == "workbook":
        rows = list(csv.reader(io.StringIO(text), delimiter=";"))
        source.write_bytes(workbook({"About": [["Sales"]], "Sales": rows}))
        words = ["--sheet", "Sales"]
    else:
        source.mkdir()
        (source / "1.csv").write_text(header + "".join(lines[:200]), encoding="utf-8")
        (source / "2.csv").write_text(header + "".join(lines[200:]), encoding="utf-8")
        source = source / "?.csv" if form == "glob" else source
    output = tmp_path / "cleaned.csv"
    config = tmp_path / "config.yaml"
    config.write_text(little.config_file.read_text(encoding="utf-8").replace("separator: ;", "separator: auto"))
    code, _, err = run_cli("process", "--config", config, "--input", source, "--output", output, *words)
    assert code == 0, err
    assert sha256_of(output) == sha256_of(little.cleaned)
    report = json.loads((tmp_path / "cleaned_report.json").read_bytes())
    assert len(report["raw_sha256"]) == 64
    assert {"key", "value", "verdict", "reason", "lines", "file"} == set(report["file"][0])


@pytest.mark.parametrize(
    "fault", ["too many rejected", "no such file", "empty", "a web page", "header only", "a folder"]
)
def test_process_that_refuses_leaves_nothing_behind(
    little: Pipeline, run_cli: RunCli, tmp_path: Path, fault: str
) -> None:
    """Exit code 4, one sentence, no half of an output, whatever is wrong with the raw table or the place."""
    raw, output = tmp_path / "raw.csv", tmp_path / "out" / "cleaned.csv"
    text = little.raw.read_text(encoding="utf-8-sig")
    if fault == "too many rejected":
        text = text.replace("north", "\0", 60)
    elif fault == "empty":
        text = ""
    elif fault == "a web page":
        text = "<!doctype html><title>Sign in</title>"
    elif fault == "header only":
        text = text.splitlines()[0]
    elif fault == "a folder":
        output.mkdir(parents=True)
    raw.write_text(text, encoding="utf-8")
    if fault == "no such file":
        raw.unlink()
    before = files(tmp_path)
    code, out, err = run_cli("process", "--config", little.config_file, "--input", raw, "--output", output)
    assert (code, out) == (4, "")
    assert str(raw if fault not in ("too many rejected", "header only", "a folder") else "") in told_once(err)
    assert files(tmp_path) == before


def test_too_many_rejected_rows_are_told_with_share_limit_and_reason(
    little: Pipeline, run_cli: RunCli, configured: Configured, tmp_path: Path
) -> None:
    """The limit is the configuration's."""
    raw = tmp_path / "raw.csv"
    raw.write_text(little.raw.read_text(encoding="utf-8").replace("fair", "fine"), encoding="utf-8")
    output = tmp_path / "cleaned.csv"
    words = ("process", "--input", raw, "--output", output, "--config")
    found = told_once(run_cli(*words, little.config_file)[2])
    for part in ("of 300 rows", "× state: … is none of poor, fair", "2.0%", "max_rejected_share"):
        assert part in found
    assert run_cli(*words, configured(data__max_rejected_share=0.9))[0] == 0
    assert output.exists()


def test_features_writes_table_and_preprocessor(little: Pipeline, run_cli: RunCli, tmp_path: Path) -> None:
    """The same bytes every time, and what was written is told."""
    table, preprocessor = tmp_path / "f.csv", tmp_path / "models" / "trained" / "preprocessor.pkl"
    words = ("features", "--config", little.config_file, "--input", little.cleaned, "--output", table)
    for _ in range(2):
        code, out, _ = run_cli(*words, "--preprocessor", preprocessor, "--json")
        told = json.loads(out)
        assert (code, told["rows"], told["output"]) == (0, 300, str(table))
        assert sha256_of(table) == sha256_of(little.featured)
        assert sha256_of(preprocessor) == sha256_of(little.preprocessor)
    assert pickle.loads(preprocessor.read_bytes()).feature_table_sha256_ == sha256_of(table)


@pytest.mark.parametrize(
    ("content", "code"), [(None, 4), (b"", 4), (b"a,b\n1,2\n", 4), (b"plot,day\n", 4), ("raw", 4), ("cut", 4)]
)
def test_features_that_refuses_leaves_nothing_behind(
    little: Pipeline, run_cli: RunCli, tmp_path: Path, content: bytes | str | None, code: int
) -> None:
    """Neither a table nor a preprocessor, whatever it was given instead of a processed table."""
    source = tmp_path / "cleaned.csv"
    if content is not None:
        given = {"raw": little.raw.read_bytes(), "cut": little.cleaned.read_bytes()[:-4]}
        source.write_bytes(content if isinstance(content, bytes) else given[content])
    words = ("features", "--config", little.config_file, "--input", source, "--output", tmp_path / "out" / "f.csv")
    found, out, err = run_cli(*words, "--preprocessor", tmp_path / "out" / "p.pkl")
    assert (found, out) == (code, "")
    assert "cleaned.csv" in told_once(err)
    assert not (tmp_path / "out").exists()


def test_derived_columns_that_cannot_be_made_are_a_config_error(
    little: Pipeline, run_cli: RunCli, configured: Configured, tmp_path: Path
) -> None:
    """Exit code 3, and nothing is written."""
    config = configured(features__derived=["age_at_sal", "north_east"])
    words = ("features", "--config", config, "--input", little.cleaned, "--output", tmp_path / "f.csv")
    code, _, err = run_cli(*words, "--preprocessor", tmp_path / "p.pkl")
    assert code == 3
    assert 'unknown "age_at_sal" (did you mean "age_at_sale"?)' in err
    assert '"north_east" needs columns with the roles latitude, longitude' in err
    assert not (tmp_path / "f.csv").exists()


@pytest.fixture
def gone(little: Pipeline, tmp_path: Path) -> Pipeline:
    """Return a copy of the whole small pipeline, to be spoilt."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copytree(little.models, home / "models")
    shutil.copy(little.cleaned, home)
    return Pipeline(
        little.raw, little.config_file, little.config, home / "cleaned.csv", little.featured, home / "models",
        home / "reports", little.trained,
    )  # fmt: skip


def bundle(pipe: Pipeline, run_cli: RunCli, *more: object) -> tuple[int, str, str]:
    """Type `bundle` for a pipeline."""
    return run_cli("bundle", "--config", pipe.config_file, "--models-dir", pipe.models, *more)


def test_bundle_seals_the_very_folder_that_training_sealed(gone: Pipeline, run_cli: RunCli) -> None:
    """Into an empty place or over an old folder, byte for byte."""
    expected = files(gone.bundle)
    for spoil in (shutil.rmtree, lambda folder: (folder / "model.onnx").write_bytes(b"old")):
        spoil(gone.bundle)
        code, out, _ = bundle(gone, run_cli, "--json")
        assert code == 0
        assert set(json.loads(out)["bytes"]) == set(expected)
        assert files(gone.bundle) == expected
    assert [path.name for path in gone.models.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("fault", ["unfitted pair", "no preprocessor", "no model", "swapped", "garbage", "no table"])
def test_bundle_that_refuses_leaves_the_old_folder(gone: Pipeline, run_cli: RunCli, fault: str) -> None:
    """One sentence; the sealed folder stays as it was, and nothing lies beside it."""
    trained = gone.models / "trained"
    preprocessor, model = trained / PREPROCESSOR, trained / MODEL
    if fault == "unfitted pair":
        changed = pickle.loads(preprocessor.read_bytes())
        changed.feature_table_sha256_ = "0" * 64
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
    code, out, err = bundle(gone, run_cli)
    assert (code, out) == (4 if fault == "no table" else 5, "")
    found = told_once(err)
    assert {
        "unfitted pair": "000000000000", "no preprocessor": 'preprocessor.pkl" is missing',
        "no model": 'house_price_model.pkl" is missing', "swapped": "Preprocessor",
        "garbage": "cannot be read", "no table": "give its path with --data",
    }[fault] in found  # fmt: skip
    assert files(gone.models) == before
    assert not [path for path in gone.models.iterdir() if path.name.startswith(".")]


def test_bundle_takes_the_processed_table_from_anywhere(gone: Pipeline, run_cli: RunCli, tmp_path: Path) -> None:
    """When it is named; another table is refused."""
    moved = gone.cleaned.rename(tmp_path / "elsewhere.csv")
    assert bundle(gone, run_cli)[0] == 4
    assert bundle(gone, run_cli, "--data", moved)[0] == 0
    moved.write_bytes(moved.read_bytes().replace(b"north", b"south", 1))
    assert bundle(gone, run_cli, "--data", moved)[0] == 4


def test_gate_judges_by_the_gates_that_are_configured_now(
    gone: Pipeline, run_cli: RunCli, configured: Configured
) -> None:
    """Nothing is learned again: a stricter limit turns the same model red."""
    words = ("gate", "--models-dir", gone.models)
    code, out, _ = run_cli(*words, "--config", gone.config_file, "--json")
    verdict = json.loads(out)
    assert code == 0
    assert verdict["log_rmse"]["passed"] is True
    assert all(gate["passed"] for gate in verdict.values())
    code, out, err = run_cli(*words, "--config", configured(gates__max_median_ape=0.001), "--json")
    assert code == 6
    assert json.loads(out)["median_ape"]["passed"] is False
    assert "median_ape is" in told_once(err)
