"""Folders and globs of files, priced by the command."""

import gzip
import json
import os
from pathlib import Path

import polars as pl
import pytest
from priced_files import HEAD, ROW, rows_of
from toy import LEAST

from houseprice import batch_prediction
from houseprice.batch_prediction import Progress, input_files, predict_files, tables
from houseprice.batch_prediction.input_files import TABLE_SUFFIXES
from houseprice.cli import main
from houseprice.errors import DataError
from houseprice.sales_file import file_formats

GOOD = f"{HEAD}\n{ROW}\n"
BAD = {
    "bad_house.csv": (f"{HEAD}\n80,-1,98039,1\n".encode(), "house_invalid"),
    "cut.csv.gz": (gzip.compress(GOOD.encode())[:-9], "archive_damaged"),
    "cut.parquet": (b"PAR1, and then nothing", "parquet_invalid"),
    "empty.csv": (b"", "csv_invalid"),
    "other_columns.csv": (b"zip,rooms\n98039,3\n", "header_invalid"),
    "renamed.csv": (GOOD.replace("rooms", "Rooms").encode(), "header_invalid"),
    "short.csv": (f"{HEAD}\n80,3\n".encode(), "csv_invalid"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of tables, good and bad ones, and of a file that is none."""
    path = tmp_path / "in"
    path.mkdir()
    for number in range(20):
        (path / f"good{number:02}.csv").write_text(f"{HEAD}\n" + f"{20 + number},3,98039,1\n" * (number + 1))
    (path / "good20.csv.gz").write_bytes(gzip.compress(GOOD.encode()))
    (path / "more_columns.csv").write_text(f"note,{HEAD}\nx,{ROW}\n")
    pl.DataFrame([LEAST]).write_parquet(path / "good21.parquet")
    for name, (content, _) in BAD.items():
        (path / name).write_bytes(content)
    (path / "README.md").write_text("what this is")
    return path


def command(bundle: Path, source: object, output: Path, *more: str) -> int:
    """Run the command; return its exit code."""
    with pytest.raises(SystemExit) as left:
        main(["predict", "--bundle", str(bundle), "--input", str(source), "--output", str(output), *more])
    return int(left.value.code or 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_files_are_told_and_the_others_priced(
    toy_dir: Path, folder: Path, tmp_path: Path, workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each by its code and name; the exit code is not 0, and nothing of them is written."""
    output = tmp_path / "out"
    assert command(toy_dir, folder, output, "--json", "--workers", str(workers)) == 4
    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert {Path(one["source"]).name: one["code"] for one in answer["failed"]} == {
        name: code for name, (_, code) in BAD.items()
    }
    assert (answer["files"], answer["rows"]) == (23, 210 + 3)
    assert "inputs_failed" in printed.err.splitlines()[-1]
    for name, (_, code) in BAD.items():
        assert any(name in line and line.endswith(f"[{code}]") for line in printed.err.splitlines())
    names = {path.name for path in folder.iterdir()} - set(BAD) - {"README.md"}
    assert {path.name for path in output.iterdir()} == names
    for name in ("good00.csv", "good19.csv", "more_columns.csv"):
        batch_prediction.predict(toy_dir, folder / name, tmp_path / "alone.csv")
        assert (output / name).read_bytes() == (tmp_path / "alone.csv").read_bytes()
    assert pl.read_parquet(output / "good21.parquet")["predicted_price"].len() == 1


def test_what_is_finished_is_not_priced_again(
    toy_dir: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the bad files are repaired, they alone are; files that changed are priced again, and no list is left."""
    output = tmp_path / "out"
    assert command(toy_dir, folder, output) == 4
    before = {path.name: path.stat().st_mtime_ns for path in output.iterdir()}
    for name in BAD:
        (folder / name).unlink()
    (folder / "bad_house.csv").write_text(GOOD)
    (folder / "good00.csv").write_text(GOOD * 1)
    (output / "good01.csv").write_text("changed by hand")
    assert command(toy_dir, folder, output) == 0
    after = {path.name: path.stat().st_mtime_ns for path in output.iterdir()}
    assert {name for name in after if after[name] != before.get(name)} == {"bad_house.csv", "good00.csv", "good01.csv"}
    assert len(rows_of(output / "good01.csv")) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]
    assert "214 houses priced" in capsys.readouterr().out


def test_an_interrupted_folder_goes_on_within_a_file(
    toy_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finished files are as they were, and a large one is continued."""
    monkeypatch.setattr(tables, "BLOCK_ROWS", 10)
    files = [tmp_path / "in" / name for name in ("a.csv", "b.csv", "c.csv")]
    files[0].parent.mkdir()
    for file in files:
        file.write_text(f"{HEAD}\n" + f"{ROW}\n" * 95)
    output = tmp_path / "out"

    def interrupt(progress: Progress) -> None:
        if progress.rows >= 95 + 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_files(toy_dir, files, output, interrupt, workers=2)
    assert (output / "a.csv").exists()
    assert not (output / "b.csv").exists()
    written = (output / "a.csv").stat().st_mtime_ns
    seen: list[Progress] = []
    done = predict_files(toy_dir, files, output, seen.append, workers=2)
    assert (done.rows, done.files, done.failed) == (3 * 95, 3, ())
    assert seen[0].rows == 95 + 50
    assert seen[-1].fraction == 1.0
    assert (output / "a.csv").stat().st_mtime_ns == written
    assert (output / "b.csv").read_bytes() == (output / "a.csv").read_bytes() == (output / "c.csv").read_bytes()
    assert sorted(path.name for path in output.iterdir()) == ["a.csv", "b.csv", "c.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_a_glob_keeps_the_folders_below_it(toy_dir: Path, tmp_path: Path) -> None:
    """So that files of one name in several folders stay apart."""
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "houses.csv").write_text(GOOD)
    assert command(toy_dir, tmp_path / "*th" / "*.csv", tmp_path / "out") == 0
    assert len(rows_of(tmp_path / "out" / "south" / "houses.csv")) == 1
    assert len(rows_of(tmp_path / "out" / "north" / "houses.csv")) == 1


def test_a_file_whose_name_looks_like_a_glob_is_a_file(toy_dir: Path, tmp_path: Path) -> None:
    """What is there is meant."""
    source = tmp_path / "houses[1].csv"
    source.write_text(GOOD)
    assert input_files(source) is None
    assert command(toy_dir, source, tmp_path / "priced.csv") == 0


def test_what_names_no_files_is_refused(toy_dir: Path, folder: Path, tmp_path: Path) -> None:
    """A folder without tables, a glob without files, an output that is a file or would replace inputs."""
    (tmp_path / "none").mkdir()
    (tmp_path / "file").touch()
    for source, output, code in (
        (tmp_path / "none", "out", "folder_without_tables"),
        (tmp_path / "none" / "*.csv", "out", "glob_without_files"),
        (folder, "out.csv", "not_a_directory"),
        (folder, "file", "not_a_directory"),
        (folder, "in", "path_repeated"),
    ):
        with pytest.raises(DataError) as caught:
            predict_files(toy_dir, input_files(source) or [], tmp_path / output)
        assert caught.value.code == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "in", "none"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_that_cannot_be_written_ends_the_run(toy_dir: Path, folder: Path, tmp_path: Path) -> None:
    """It is no fault of a file."""
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(DataError) as caught:
        predict_files(toy_dir, input_files(folder) or [], tmp_path / "out")
    assert caught.value.code == "path_unwritable"


def test_tables_are_found_as_sales_are() -> None:
    """By the same endings."""
    assert TABLE_SUFFIXES == file_formats.TABLE_SUFFIXES
