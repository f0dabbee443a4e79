"""The three scripts of the workflow are entry points without logic, and run from any folder."""

import ast
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from houseprice.bundle.manifest import sha256_of
from pipeline import Pipeline

LOGIC = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda, ast.Try)
ENTRY_POINTS = {
    "src/data/run_processing.py": ("process", ["--input", "--output"]),
    "src/features/engineer.py": ("features", ["--input", "--output", "--preprocessor"]),
    "src/models/train_model.py": ("train", ["--config", "--data", "--models-dir", "--mlflow-tracking-uri"]),
}


@pytest.mark.parametrize("script", ENTRY_POINTS)
def test_an_entry_point_holds_no_logic(root: Path, script: str) -> None:
    """Under 15 lines, no function, no class, and one call of the command line."""
    text = (root / script).read_text()
    tree = ast.parse(text)
    assert len(text.splitlines()) < 15
    assert not [node for node in ast.walk(tree) if isinstance(node, LOGIC)]
    assert f'main(["{ENTRY_POINTS[script][0]}", *sys.argv[1:]])' in text


def run_script(
    root: Path, script: str, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str, str]:
    """Run an entry point in this process; return its exit code, stdout and stderr."""
    monkeypatch.setattr(sys, "argv", [script, *words])
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("HOUSEPRICE_DEBUG", raising=False)
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(root / script), run_name="__main__")
    assert sys.path[0] == str(root / "src")
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


@pytest.mark.parametrize("script", ENTRY_POINTS)
def test_an_entry_point_shows_its_options_with_defaults_and_an_example(
    root: Path, script: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The options that people who know this kind of project type are all there."""
    command, options = ENTRY_POINTS[script]
    code, out, _ = run_script(root, script, ["--help"], capsys, monkeypatch)
    told = " ".join(out.split())
    assert code == 0
    assert all(f" {option} " in told for option in options)
    assert "[default:" in told
    assert f"Example: houseprice {command}" in told


@pytest.mark.parametrize("script", ENTRY_POINTS)
def test_a_door_ends_with_the_commands_exit_codes(
    root: Path, script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """2 for words that are not understood, 3 for a configuration, 4 for data; a traceback only with --debug."""
    assert run_script(root, script, ["--nonsense"], capsys, monkeypatch)[0] == 2
    places = {"--input": tmp_path / "no.csv", "--data": tmp_path / "no.csv", "--output": tmp_path / "out.csv"}
    places |= {"--preprocessor": tmp_path / "p.pkl", "--models-dir": tmp_path / "models"}
    words = [str(word) for option in ENTRY_POINTS[script][1] if option in places for word in (option, places[option])]
    config = ["--config", str(root / "configs" / "model_config.yaml")]
    for changed, expected in ((["--config", str(tmp_path / "no.yaml")], 3), (config, 4)):
        code, out, err = run_script(root, script, [*words, *changed], capsys, monkeypatch)
        assert (code, out) == (expected, "")
        assert "Traceback" not in err
        assert run_script(root, script, [*words, *changed, "--debug"], capsys, monkeypatch)[0] == expected
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_an_entry_point_needs_no_installation_and_no_working_folder(pipe: Pipeline, root: Path, tmp_path: Path) -> None:
    """A copy of the sources, opened from elsewhere with an empty PYTHONPATH, runs itself and gives the same bytes."""
    copy = shutil.copytree(root / "src", tmp_path / "copy" / "src", ignore=shutil.ignore_patterns("__pycache__"))
    marker = copy / "houseprice" / "__init__.py"
    marker.write_text(marker.read_text() + '\nimport sys\n\nsys.stderr.write("the copy was run\\n")\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    output = tmp_path / "cleaned.csv"
    words = ["--input", pipe.raw, "--output", output, "--config", pipe.config_file]
    ended = subprocess.run(
        [sys.executable, str(copy / "data" / "run_processing.py"), *map(str, words)],
        cwd=elsewhere, env=os.environ | {"PYTHONPATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "the copy was run\n")
    assert "3,000 of 3,000 rows kept" in ended.stdout
    assert sha256_of(output) == sha256_of(pipe.cleaned)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("target", ["serve", "image", "smoke"])
def test_the_bundle_of_any_configuration_is_served_built_and_tested(root: Path, target: str) -> None:
    """What `make` would run names it."""
    words = ["make", "--dry-run", target, "BUNDLE=models/other/bundle"]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True)
    assert "--bundle models/other/bundle" in done.stdout
