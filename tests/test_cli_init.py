"""`houseprice init`: a file in, a configuration out; the ambiguous is asked at a terminal, refused in a script."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus import CASES
from houseprice.config.yaml_core import read_yaml

RunCli = Callable[..., tuple[int, str, str]]
FILES = {case.name: case for case in CASES}


@pytest.fixture
def sales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return what writes a file of the corpus into an empty folder that commands are run in."""
    monkeypatch.chdir(tmp_path)

    def write(name: str) -> Path:
        path = tmp_path / f"{name}.csv"
        path.write_bytes(FILES[name].content())
        return path

    return write


def columns(path: Path) -> dict[str, dict[str, object]]:
    """Return the columns of a configuration."""
    found: dict[str, dict[str, object]] = read_yaml(path.read_text(encoding="utf-8"))["data"]["columns"]
    return found


def test_a_file_becomes_a_configuration(sales: Callable[[str], Path], run_cli: RunCli) -> None:
    """It is called like the file, and what was understood is printed."""
    sales("portal_es")
    code, out, err = run_cli("init", "portal_es.csv")
    assert code == 0
    assert "Precio de venta" in out
    assert "configs/portal-es.yaml" in err
    content = read_yaml(Path("configs/portal-es.yaml").read_text(encoding="utf-8"))
    assert content["project"] == {"name": "portal-es", "currency": "EUR"}
    assert content["paths"]["raw"] == "portal_es.csv"
    assert content["data"]["file"]["separator"] == ";"
    assert content["data"]["columns"]["Precio de venta"]["role"] == "target"
    assert "Precio de salida" in content["data"]["excluded"]


@pytest.mark.parametrize("source", ["immoscout.csv", "*.csv", "."])
def test_the_sales_are_never_written_over(sales: Callable[[str], Path], run_cli: RunCli, source: str) -> None:
    """Not even when a person asks for it, nor by way of a link."""
    path = sales("immoscout")
    before = path.read_bytes()
    Path("link").symlink_to(path)
    for output in ("immoscout.csv", "link"):
        code, _, err = run_cli("init", source, "--output", output, "--yes", "--overwrite")
        assert (code, "[path_repeated]" in err) == (4, True)
    assert path.read_bytes() == before


def test_the_same_file_gives_the_same_bytes(sales: Callable[[str], Path], run_cli: RunCli) -> None:
    """Nothing depends on chance or the clock."""
    sales("immoscout")
    for name in ("a.yaml", "b.yaml"):
        assert run_cli("init", "immoscout.csv", "--output", name, "--yes")[0] == 0
    assert Path("a.yaml").read_bytes() == Path("b.yaml").read_bytes()


@pytest.mark.parametrize("words", [(), ("--yes",)])
def test_what_is_ambiguous_is_refused_in_a_script(
    sales: Callable[[str], Path], run_cli: RunCli, words: tuple[str, ...]
) -> None:
    """Nothing is written, and the sentence says what to type."""
    sales("dates_open_dmy")
    code, out, err = run_cli("init", "dates_open_dmy.csv", *words)
    assert (code, out) == (4, "")
    assert "[date_order_ambiguous]" in err
    assert "--set 'date_order=dmy'" in err
    assert not Path("configs").exists()


def test_an_answer_settles_it(sales: Callable[[str], Path], run_cli: RunCli) -> None:
    """The order that was answered is written."""
    sales("dates_open_dmy")
    assert run_cli("init", "dates_open_dmy.csv", "--set", "date_order=mdy", "--output", "a.yaml")[0] == 0
    assert read_yaml(Path("a.yaml").read_text())["data"]["form"]["dates"] == ["%m/%d/%Y"]


def test_several_questions_are_asked_at_once(sales: Callable[[str], Path], run_cli: RunCli, tmp_path: Path) -> None:
    """Nobody has to try again for each."""
    path = sales("dates_open_dmy")
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join([f"{lines[0]},depth", *(f"{line},{20 + i}.{100 + i}" for i, line in enumerate(lines[1:]))])
    )
    code, _, err = run_cli("init", path)
    assert code == 4
    assert "[decisions_ambiguous]" in err
    assert "date_order=dmy" in err
    assert "depth.decimal=," in err


def test_a_configuration_is_not_replaced_silently(sales: Callable[[str], Path], run_cli: RunCli) -> None:
    """It may have been corrected by hand."""
    sales("portal_es")
    Path("a.yaml").write_text("mine")
    code, _, err = run_cli("init", "portal_es.csv", "--output", "a.yaml")
    assert code == 3
    assert "[config_exists]" in err
    assert Path("a.yaml").read_text() == "mine"
    assert run_cli("init", "portal_es.csv", "--output", "a.yaml", "--overwrite")[0] == 0
    assert columns(Path("a.yaml"))


def test_programs_can_read_what_was_understood(sales: Callable[[str], Path], run_cli: RunCli) -> None:
    """With --json, stdout is JSON alone."""
    sales("singapore")
    code, out, _ = run_cli("init", "singapore.csv", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["rows"] == FILES["singapore"].rows
    by_name = {column["name"]: column for column in found["columns"]}
    assert by_name["storey_range"]["form"]["ranges"] == "midpoint"
    assert by_name["resale_price"]["verdict"] == "certain"


@pytest.mark.parametrize(
    ("word", "code"), [("colour=red", "answer_unknown"), ("file.header_lines=7", "answer_unknown")]
)
def test_a_wrong_answer_is_refused(sales: Callable[[str], Path], run_cli: RunCli, word: str, code: str) -> None:
    """A typing error is no answer."""
    sales("portal_es")
    assert f"[{code}]" in run_cli("init", "portal_es.csv", "--set", word)[2]


def test_a_person_at_a_terminal_is_asked(sales: Callable[[str], Path]) -> None:
    """The answer, and then whether to write."""
    sales("dates_open_dmy")
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "houseprice", "init", "dates_open_dmy.csv", "--output", "a.yaml"]
    with subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        os.write(ours, b"dmy\ny\n")
        out, err = process.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, err
    assert "09/04/2014" in err
    assert "sale_price" in out
    assert read_yaml(Path("a.yaml").read_text())["data"]["form"]["dates"] == ["%d/%m/%Y"]


def test_what_a_configuration_rejects_is_told(run_cli: RunCli, tmp_path: Path) -> None:
    """With counts and examples, and nothing is written."""
    path = tmp_path / "sales.csv"
    lines = Path("data/raw/house_data.csv").read_text().splitlines()[:101]
    lines[3] = lines[3].replace(lines[3].split(",")[2], "dear")
    path.write_text("\n".join(lines))
    code, out, _ = run_cli("init", "--check", "configs/model_config.yaml", path, "--json")
    found = json.loads(out)
    assert (code, found["accepted"], found["rejected"]) == (0, 99, 1)
    (reason,) = found["reasons"]
    assert reason["rows"] == 1
    assert reason["examples"][0]["row"] == 3
    assert "dear" in reason["examples"][0]["reason"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_would_be_refused_ends_with_its_exit_code(run_cli: RunCli, tmp_path: Path) -> None:
    """What would be rejected is printed all the same."""
    path = tmp_path / "sales.csv"
    lines = Path("data/raw/house_data.csv").read_text().splitlines()[:101]
    path.write_text("\n".join([lines[0], *(line.replace("201", "x01", 1) for line in lines[1:40]), *lines[40:]]))
    code, out, err = run_cli("init", "--check", "configs/model_config.yaml", path)
    assert code == 4
    assert "[too_many_rejected]" in err
    assert "39" in out


def test_a_file_without_a_header_is_told_how_to_name_its_columns(run_cli: RunCli, tmp_path: Path) -> None:
    """Names say more than values do; once they are told, nothing is said."""
    path = tmp_path / "sales.csv"
    path.write_text("".join(f"{150_000 + 7 * number},{60 + number},2014-05-{number + 1:02d}\n" for number in range(28)))
    words = ["init", path, "--yes", "--overwrite", "--output", tmp_path / "a.yaml"]
    assert "file.names" in run_cli(*words, "--set", "target=column_1")[1]
    told = ["--set", "file.header_lines=0", "--set", "file.names=price,area,sale_date"]
    assert "file.names" not in run_cli(*words, *told)[1]
    assert columns(tmp_path / "a.yaml")["area"]["role"] == "living_area"


def test_a_header_without_rows_is_refused(run_cli: RunCli, tmp_path: Path) -> None:
    """There is nothing to look at."""
    path = tmp_path / "sales.csv"
    path.write_text("price,area\n")
    code, _, err = run_cli("init", path, "--output", tmp_path / "a.yaml")
    assert code == 4
    assert "[csv_empty]" in err


@pytest.mark.parametrize(("rows", "code"), [(1, 4), (2, 0), (29, 0)])
def test_too_few_sales_are_told(sales: Callable[[str], Path], run_cli: RunCli, rows: int, code: int) -> None:
    """One row is refused; of some the columns are understood, and a run would need more."""
    path = sales("house_index")
    path.write_text("\n".join(path.read_text().splitlines()[: rows + 1]))
    found, out, err = run_cli("init", path, "--output", "a.yaml")
    assert found == code
    assert ("[too_few_sales]" in err) is (code == 4)
    assert ("too few" in out) is (code == 0)
    assert Path("a.yaml").exists() is (code == 0)


def test_a_file_without_a_price_is_told_what_could_be_one(sales: Callable[[str], Path], run_cli: RunCli) -> None:
    """Every column of numbers could."""
    sales("no_price")
    code, _, err = run_cli("init", "no_price.csv")
    assert code == 4
    assert "[target_missing]" in err
    assert "--set 'target=living_area'" in err
