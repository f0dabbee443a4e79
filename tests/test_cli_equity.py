"""The command `equity`, from the files of a training to exit code, table and JSON."""

import json
from pathlib import Path

import polars as pl
import pytest

from houseprice.learning import out_of_sample
from learning.commands import RunCli
from pipeline import Pipeline
from programs import error_code


@pytest.fixture
def typed(pipe: Pipeline) -> list[object]:
    """Return the options that name the files of the session's training."""
    return ["--config", pipe.config_file, "--reports-dir", pipe.reports, "--data", pipe.cleaned]


@pytest.fixture
def table(pipe: Pipeline, tmp_path: Path) -> Path:
    """Write two halves of the postcodes, drawn without looking at anything."""
    codes = pl.read_csv(pipe.cleaned, infer_schema=False)["zipcode"].unique(maintain_order=True).sort().to_list()
    path = tmp_path / "groups.csv"
    path.write_text("zipcode,half\n" + "".join(f"{code},{'ab'[place % 2]}\n" for place, code in enumerate(codes)))
    return path


def test_groups_that_differ_by_chance_pass(run_cli: RunCli, typed: list[object], table: Path, tmp_path: Path) -> None:
    """The JSON on stdout is the one that is written, and names the files that it is of."""
    output = tmp_path / "equity.json"
    code, out, err = run_cli("equity", "--by", table, "--key", "zipcode", *typed, "--output", output, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found == json.loads(output.read_text())
    assert found["verdict"] == "passed"
    assert {"predictions_sha256", "processed_sha256", "groups_sha256"} <= set(found)
    (grouping,) = found["groupings"]
    assert sum(group["sales"] for group in grouping["groups"]) == found["sales"] > 1000
    assert grouping["units"]["kind"] == "key"


def test_a_planted_bias_fails_with_the_code_of_a_gate(
    run_cli: RunCli, pipe: Pipeline, typed: list[object], table: Path, tmp_path: Path
) -> None:
    """Half of the postcodes predicted a tenth too high; the table in the terminal says which."""
    group = dict(line.split(",") for line in table.read_text().split()[1:])
    found = out_of_sample.read(pipe.reports / out_of_sample.NAME)
    codes = pl.read_csv(pipe.cleaned, infer_schema=False)["zipcode"][found.sales["row"]]
    moved = codes.replace_strict({code: 1.1 if half == "a" else 1.0 for code, half in group.items()})
    biased = [pl.col(name) * moved for name in ("predicted_price", "interval_low", "interval_high")]
    (tmp_path / out_of_sample.NAME).write_bytes(
        out_of_sample.write(found.sales.with_columns(biased), found.processed_sha256)
    )
    code, out, err = run_cli("equity", "--by", table, "--key", "zipcode", *typed, "--reports-dir", tmp_path)
    assert code == 6
    assert "[disparity_found]" in err
    assert "FAILED" in out


def test_a_column_of_the_sales_is_enough(run_cli: RunCli, typed: list[object]) -> None:
    """A table is needed for what the sales do not tell; the newest sales alone are an option."""
    words = ["equity", "--by-column", "condition", *typed, "--json"]
    every, newest = (json.loads(run_cli(*words, *more)[1]) for more in ([], ["--held-out-only"]))
    assert set(newest["bases"]) == {"holdout"}
    assert newest["sales"] == every["bases"]["holdout"] < every["sales"]
    assert {group["group"] for group in every["groupings"][0]["groups"]} >= {"3", "4", "5"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 2),
        (["--by", "groups.csv"], 2),
        (["--key", "zipcode"], 2),
        (["--by-column", "condition", "--group", "half"], 2),
        (["--by", "nowhere.csv", "--key", "zipcode"], 4),
        (["--by-column", "no_such"], 4),
        (["--by-column", "condition", "--data", "nowhere.csv"], 4),
        (["--by-column", "condition", "--reports-dir", "nowhere"], 4),
    ],
)
def test_what_cannot_be_done_is_said(run_cli: RunCli, typed: list[object], words: list[str], code: int) -> None:
    """With the exit code of a command line, or of a table, and without a traceback."""
    found = run_cli("equity", *typed, *words)
    assert found[0] == code
    assert "Traceback" not in found[2]


def test_the_result_never_replaces_an_input(run_cli: RunCli, pipe: Pipeline, typed: list[object], table: Path) -> None:
    """Neither the table, nor what the training read and wrote."""
    for path in (table, pipe.cleaned, pipe.config_file, pipe.reports / out_of_sample.NAME):
        before = path.read_bytes()
        code, _, err = run_cli("equity", "--by", table, "--key", "zipcode", *typed, "--output", path)
        kept = path.read_bytes() == before
        path.write_bytes(before)
        assert kept
        assert (code, error_code(err)) == (4, "path_repeated")


def test_predictions_of_another_table_are_refused(
    run_cli: RunCli, pipe: Pipeline, typed: list[object], tmp_path: Path
) -> None:
    """A row that the processed table has not."""
    found = out_of_sample.read(pipe.reports / out_of_sample.NAME)
    moved = found.sales.with_columns(pl.col("row") + 10**9)
    (tmp_path / out_of_sample.NAME).write_bytes(out_of_sample.write(moved, found.processed_sha256))
    code, _, err = run_cli("equity", "--by-column", "condition", *typed, "--reports-dir", tmp_path)
    assert (code, error_code(err)) == (4, "predictions_invalid")


def test_names_are_shown_as_they_are(run_cli: RunCli, pipe: Pipeline, typed: list[object], tmp_path: Path) -> None:
    """What looks like markup is none, and codes that steer a terminal do not reach it."""
    codes = sorted(set(pl.read_csv(pipe.cleaned, infer_schema=False)["zipcode"]))
    path = tmp_path / "groups.csv"
    rows = "".join(f"{code},\x1b[2J[red]{place % 2}[/nothing]\n" for place, code in enumerate(codes))
    path.write_text("zipcode,[bold]band[/other]\n" + rows)
    code, out, _ = run_cli("equity", "--by", path, "--key", "zipcode", *typed)
    assert code == 0
    assert "[bold]band[/other]" in out
    assert "\x1b" not in out


def test_a_path_that_no_system_takes_is_an_error_with_a_code(run_cli: RunCli, typed: list[object]) -> None:
    """Too long a name, wherever it is given."""
    for words in (("--by", "x" * 5000, "--key", "zipcode"), ("--by-column", "condition", "--output", "x" * 5000)):
        code, _, err = run_cli("equity", *words, *typed)
        assert (code, error_code(err)) == (1, "path_unusable")
