"""The command line: what it prints, where, how it ends, and that it names the word that it does not know."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice import pipeline
from houseprice.cli import COMMANDS, main

RunCli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run_cli(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> RunCli:
    """Run a command; return its exit code and what it printed on both streams."""
    for name in list(os.environ):
        if name.startswith(("HOUSEPRICE_", "MLFLOW_")):
            monkeypatch.delenv(name)
    return run_cli


def test_help_lists_every_command_in_the_order_of_the_pipeline(run_cli: RunCli) -> None:
    """Each with what it does."""
    code, out, err = run_cli("--help")
    listed = [line.split()[0] for line in out.split("Commands:")[1].splitlines() if line.startswith("  ")]
    assert (code, err) == (0, "")
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)
    assert "(needs" not in out
    assert run_cli("-h")[1] == out


@pytest.mark.parametrize("command", ["run", "process", "features", "train", "gate", "bundle"])
def test_every_training_command_shows_defaults_and_an_example(run_cli: RunCli, command: str) -> None:
    """Whoever asks for help can type the next command without asking again."""
    code, out, err = run_cli(command, "--help")
    assert (code, err) == (0, "")
    assert f"Example: houseprice {command}" in " ".join(out.split())
    assert "[default: configs/model_config.yaml" in " ".join(out.split())


def test_the_version_is_the_packages(run_cli: RunCli) -> None:
    """Alone on stdout."""
    code, out, _ = run_cli("--version")
    assert code == 0
    assert out.strip().count(".") == 2


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("proces",), '"process"'),
        (("Train",), '"train"'),
        (("qqq",), '"qqq"'),
        (("process",), "--input"),
        (("process", "--input"), "--input"),
        (("process", "--inptu", "x"), "--inptu"),
        (("gate", "more"), "more"),
        (("--nonsense",), "--nonsense"),
        (("train", "--json", "--config"), "--config"),
        *(((command, "--address", "127.0.0.1:1"), "--address") for command in ("run", "train", "tune")),
        (("predict", "--input", "x", "--output", "y", "--address", "127.0.0.1:1"), "--address"),
    ],
)
def test_a_line_that_cannot_be_understood_ends_with_code_2(run_cli: RunCli, words: tuple[str, ...], named: str) -> None:
    """What was not understood is named on stderr, with the nearest known word; nothing on stdout."""
    code, out, err = run_cli(*words)
    assert (code, out) == (2, "")
    assert named in " ".join(err.split())
    assert "Traceback" not in err


def test_an_error_is_one_sentence_and_a_traceback_only_for_who_asks(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--debug may stand before the command or behind it, or in the environment; the exit code stays."""
    words = ("gate", "--config", tmp_path / "no.yaml")
    code, out, err = run_cli(*words)
    assert (code, out, len(err.splitlines())) == (3, "", 1)
    for asked in (("--debug", *words), (*words, "--debug")):
        code, out, err = run_cli(*asked)
        assert (code, out) == (3, "")
        assert "Traceback (most recent call last)" in err
        assert err.splitlines()[-1].startswith("houseprice: ")
    monkeypatch.setenv("HOUSEPRICE_DEBUG", "1")
    assert "Traceback" in run_cli(*words)[2]
    monkeypatch.setenv("HOUSEPRICE_DEBUG", "0")
    assert "Traceback" not in run_cli(*words)[2]


def test_an_unexpected_error_asks_for_a_report(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Exit code 1 and one sentence; with --debug Python tells the rest."""

    def faulty(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(pipeline, "reevaluate_gates", faulty)
    words = ("gate", "--config", root / "configs" / "model_config.yaml")
    code, out, err = run_cli(*words)
    assert (code, out) == (1, "")
    assert "ZeroDivisionError" in err
    assert "--debug" in err
    assert len(err.strip().splitlines()) == 1
    with pytest.raises(ZeroDivisionError):
        main([*map(str, words), "--debug"])


def test_ctrl_c_ends_with_130(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """As a shell would say it, and without a traceback."""

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "reevaluate_gates", stopped)
    code, out, err = run_cli("gate", "--config", root / "configs" / "model_config.yaml")
    assert (code, out) == (130, "")
    assert len(err.strip().splitlines()) == 1


def test_a_missing_library_is_named(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 10, whatever was typed; the list of commands says so too, and the other commands work."""
    for module in ("learning", "console"):
        monkeypatch.delitem(sys.modules, f"houseprice.cli.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    code, out, err = run_cli("train", "--config", "x", "--whatever", "more")
    assert (code, out) == (10, "")
    assert "rich.console" in err
    assert "pip install --require-hashes -r requirements.txt" in err
    assert "(needs" in run_cli("--help")[1]
    assert run_cli("predict", "--help")[0] == 0


def test_the_package_is_a_command_and_numbers_go_to_stdout_alone(tmp_path: Path) -> None:
    """`python -m houseprice` is `houseprice`: JSON on stdout, progress and errors on stderr."""
    found = []
    for word in ("--version", "nonsense"):
        words = [sys.executable, "-m", "houseprice", word]
        ended = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
        found.append((ended.returncode, ended.stdout.count("."), "nonsense" in ended.stderr))
    assert found == [(0, 2, False), (2, 0, True)]


def test_the_serving_side_starts_without_what_learning_needs(tmp_path: Path) -> None:
    """A command is imported when it is typed: predict loads no polars, no MLflow, and no web framework."""
    code = (
        "import sys\nfrom houseprice.cli import main\n"
        "try: main(['predict', '--bundle', 'no', '--input', 'no', '--output', 'no'])\n"
        "except SystemExit as end: print(end.code, *sys.modules)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    exit_code, *modules = ended.stdout.split()
    assert exit_code == "5"
    assert not {"polars", "pandas", "sklearn", "mlflow", "lightgbm", "catboost", "onnx", "rich"} & set(modules)
    assert not {"fastapi", "starlette", "uvicorn", "asyncio"} & set(modules)


def test_json_is_json_and_nothing_else(run_cli: RunCli, tmp_path: Path, root: Path) -> None:
    """A script can read what was printed, and the table is not there."""
    raw = tmp_path / "raw.csv"
    lines = (root / "data" / "raw" / "house_data.csv").read_text().splitlines()[:50]
    raw.write_text("\n".join([*lines, "1,2,3"]))
    config = tmp_path / "config.yaml"
    config.write_text((root / "configs" / "model_config.yaml").read_text().replace("share: 0.02", "share: 0.5"))
    words = ("process", "--config", config, "--input", raw, "--output", tmp_path / "cleaned.csv")
    code, out, err = run_cli(*words, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["rows_read"] == 50
    assert "of 50 rows kept" in run_cli(*words)[1]
