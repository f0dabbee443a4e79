"""Files of houses, priced by the command."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from priced_files import HEAD, ROW, as_answers, from_api, rows_of
from toy import FULL, LEAST, Client, seal

from houseprice import batch_prediction
from houseprice.batch_prediction import tables
from houseprice.bundle.load import open_bundle
from houseprice.cli import main
from houseprice.errors import DataError
from houseprice.serving.app import create_app


def test_rows_come_back_in_order_with_answers(toy_dir: Path, source: Path, tmp_path: Path) -> None:
    """Every cell is as it was; prices have cents, warnings are one text."""
    output = tmp_path / "new" / "priced.csv"
    done = batch_prediction.predict(toy_dir, source, output)
    assert (done.rows, done.warned) == (2, 2)
    first, second = output.read_text().splitlines()[1:]
    assert first.startswith(f'{ROW},146820.00,117456.00,183525.00,0.125000,87.50,"lot ')
    assert "; heating " in first
    assert second.startswith("80,3,10115,1,96820.00,")
    assert 'zip ""10115"" ' in second


def test_all_ways_of_asking_agree(bundle_dir: Path, tmp_path: Path) -> None:
    """One at a time, as a batch or as a CSV: the same numbers and the same warnings, with the real model."""
    bundle = open_bundle(bundle_dir)
    rows = [*bundle.golden["rows"], *bundle.sample["rows"][:40]]
    strange = {**rows[0], "zipcode": 10115, "sqft_living": 49_000, "date": "2031-01-01", "waterfront": True}
    rows = [*rows, strange]
    source, output = tmp_path / "houses.csv", tmp_path / "priced.csv"
    with source.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(bundle.manifest.schema_.request), restval="")
        writer.writeheader()
        writer.writerows(rows)
    batch_prediction.predict(bundle_dir, source, output)
    client = Client(create_app(bundle))
    together = from_api(client.post("/batch-predict", rows).json()["predictions"])
    for other in (from_api([client.post("/predict", row).json() for row in rows]), as_answers(rows_of(output))):
        for mine, theirs in zip(together, other, strict=True):
            assert mine[:3] == pytest.approx(theirs[:3], rel=1e-6)
            assert mine[3:5] == pytest.approx(theirs[3:5], rel=0.0, abs=0.01)
            assert mine[3] == pytest.approx(theirs[3], abs=2e-6)
            assert mine[5] == theirs[5]
    assert "; " in together[-1][5]


def test_blocks_do_not_show(toy_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows are priced at a time, the output is the same, and progress is reported."""
    source = tmp_path / "houses.csv"
    source.write_text("\n".join([HEAD, *(f"{10 + n},3,98039,1" for n in range(23))]))
    outputs = []
    progress: list[batch_prediction.Progress] = []
    for size in (1000, 10):
        monkeypatch.setattr(tables, "BLOCK_ROWS", size)
        batch_prediction.predict(toy_dir, source, tmp_path / "priced.csv", progress.append)
        outputs.append((tmp_path / "priced.csv").read_bytes())
    assert outputs[0] == outputs[1]
    assert [step.rows for step in progress] == [23, 10, 20, 23]
    assert [step.fraction for step in progress][-1] == 1.0


def test_a_byte_order_mark_and_the_separator_are_kept(toy_dir: Path, tmp_path: Path) -> None:
    """What a spreadsheet wrote, it can read again."""
    path = tmp_path / "houses.csv"
    path.write_text("\ufeff" + f"{HEAD}\n{ROW}\n".replace(",", ";"))
    batch_prediction.predict(toy_dir, path, path)
    assert path.read_text().startswith("\ufeffliving area;rooms;zip;grade;predicted_price;")


def test_a_file_may_take_its_own_place(toy_dir: Path, source: Path) -> None:
    """Input and output may be one; when it is refused, the input is as it was."""
    before = source.read_text()
    batch_prediction.predict(toy_dir, source, source)
    assert [row["predicted_price"] for row in rows_of(source)] == ["146820.00", "96820.00"]
    source.write_text(f"{before}80,-1,98039,1\n")
    with pytest.raises(DataError, match="line 4") as caught:
        batch_prediction.predict(toy_dir, source, source)
    assert (caught.value.code, caught.value.details["count"]) == ("house_invalid", 1)
    assert source.read_text() == f"{before}80,-1,98039,1\n"


def test_a_model_that_failed_its_gates_prices_with_a_warning(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its predictions may be looked at; the name of the gate is on stderr."""
    bundle = seal(tmp_path / "bundle", verdict={"cod": {"passed": False, "required": "at most 15"}})
    command = ["predict", "--bundle", str(bundle), "--input", str(source), "--output", str(tmp_path / "out.csv")]
    with pytest.raises(SystemExit) as caught:
        main(command)
    assert caught.value.code == 0
    assert "cod" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda path: path.write_text(f"{HEAD}\n" + f"{ROW}\n" * 6000 + "80,-1,98039,1\n"), "house_invalid"),
        (lambda path: path.write_bytes(f"{HEAD}\n{ROW}\n".encode() + b"80,3,\xff,1\n"), "layout_ambiguous"),
        (lambda path: path.write_bytes(f"{HEAD}\n{ROW}\n".encode("utf-16")[:-1]), "encoding_damaged"),
        (lambda path: path.write_text("zip\n98039\n"), "header_invalid"),
        (lambda path: path.write_text(""), "csv_invalid"),
        (lambda path: path.unlink(), "file_unreadable"),
        (lambda path: (path.unlink(), path.mkdir()), "file_unreadable"),
    ],
    ids=["late bad row", "not UTF-8", "cut UTF-16", "columns missing", "empty", "no file", "a folder"],
)
def test_a_refusal_leaves_nothing_behind(
    toy_dir: Path, source: Path, tmp_path: Path, spoil: Callable[[Path], object], code: str
) -> None:
    """No output, whole or half, and what was there before is there still."""
    spoil(source)
    before = tmp_path / "before.csv"
    before.write_text("prices of yesterday\n")
    for output in (tmp_path / "priced.csv", before):
        with pytest.raises(DataError, match=r"houses\.csv") as caught:
            batch_prediction.predict(toy_dir, source, output)
        assert caught.value.code == code
    assert {path.name for path in tmp_path.iterdir()} <= {"houses.csv", "before.csv"}
    assert before.read_text() == "prices of yesterday\n"


def test_many_bad_rows_are_counted(toy_dir: Path, tmp_path: Path) -> None:
    """The first of the whole file are shown with their lines, blank ones included, so that the message stays short."""
    source = tmp_path / "houses.csv"
    source.write_text("\n".join([HEAD, "", ROW, *["80,-1,98039,1"] * 300]))
    with pytest.raises(DataError) as caught:
        batch_prediction.predict(toy_dir, source, tmp_path / "priced.csv")
    assert caught.value.details["count"] == 300
    assert "line 4: " in str(caught.value)
    assert "line 8: " in str(caught.value)
    assert "line 9: " not in str(caught.value)
    assert "295 more" in str(caught.value)


def test_an_output_that_is_not_a_file_is_refused(toy_dir: Path, source: Path, tmp_path: Path) -> None:
    """Neither a folder nor a device is replaced, and a file is not a folder."""
    os.mkfifo(tmp_path / "pipe")
    for output in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(DataError) as caught:
            batch_prediction.predict(toy_dir, source, output)
        assert caught.value.code == "not_a_file"
    with pytest.raises(DataError, match=r"priced\.csv"):
        batch_prediction.predict(toy_dir, source, source / "priced.csv")


@pytest.mark.parametrize("name", ["priced.xlsx", "priced.json", "priced.gz", "priced.parquet.gz"])
def test_a_name_of_another_format_is_refused(toy_dir: Path, source: Path, tmp_path: Path, name: str) -> None:
    """A CSV under it would not open as what it says it is."""
    with pytest.raises(DataError) as caught:
        batch_prediction.predict(toy_dir, source, tmp_path / name)
    assert caught.value.code == "output_format_unknown"
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["priced", "priced.TXT", "priced.tsv"])
def test_common_names_of_a_csv_are_taken(toy_dir: Path, source: Path, tmp_path: Path, name: str) -> None:
    """Whatever its case."""
    assert batch_prediction.predict(toy_dir, source, tmp_path / name).rows == 2
    assert rows_of(tmp_path / name)


def test_the_command_says_what_it_did(
    toy_dir: Path, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for people, or JSON for scripts, on stdout."""
    command = ["predict", "--bundle", str(toy_dir), "--input", str(source), "--output", str(tmp_path / "out.csv")]
    for extra, read in (([], str), (["--json"], json.loads)):
        with pytest.raises(SystemExit) as caught:
            main([*command, *extra])
        assert caught.value.code == 0
        printed = capsys.readouterr()
        assert not printed.err
        assert read(printed.out) == (
            {"rows": 2, "warned": 2, "output": str(tmp_path / "out.csv")}
            if extra
            else f"2 houses priced, 2 of them with warnings: {tmp_path / 'out.csv'}\n"
        )


def test_the_command_refuses_with_a_sentence(
    toy_dir: Path, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 4 for a table, 5 for a model; no traceback, nothing on stdout."""
    source.write_text(f"{HEAD}\n80,-1,98039,1\n")
    for bundle, code in ((toy_dir, 4), (tmp_path, 5)):
        with pytest.raises(SystemExit) as caught:
            main(["predict", "--bundle", str(bundle), "--input", str(source), "--output", str(tmp_path / "out.csv")])
        assert caught.value.code == code
        printed = capsys.readouterr()
        assert not printed.out
        assert printed.err.startswith("houseprice: ")
        assert printed.err.count("\n") == 1


def test_full_and_least_houses_are_priced_from_a_table(toy_dir: Path, tmp_path: Path) -> None:
    """All columns or only those that are required: a CSV of both gives what JSON gives."""
    source, output = tmp_path / "houses.csv", tmp_path / "priced.csv"
    with source.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(FULL), restval="")
        writer.writeheader()
        writer.writerows([FULL, LEAST])
    batch_prediction.predict(toy_dir, source, output)
    answers = Client(create_app(open_bundle(toy_dir))).post("/batch-predict", [FULL, LEAST]).json()["predictions"]
    assert as_answers(rows_of(output)) == from_api(answers)
