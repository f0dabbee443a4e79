"""From a path to a table: files, folders, globs, and what a layout states."""

import gzip
import hashlib
import io
from pathlib import Path

import polars as pl
import pytest

from houseprice.errors import DataError
from houseprice.sales_file import AUTO, digest, files_of, read
from sales_file.workbooks import workbook

FIRST = "id,price,town\na,1000,Bath\nb,2000,Ely\n"
SECOND = "id,price,town\nc,3000,Ripon\n"


def parquet(frame: pl.DataFrame) -> bytes:
    """Return a Parquet file."""
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of one table in five forms, and what is none."""
    tmp_path.joinpath("a.csv").write_text(FIRST)
    tmp_path.joinpath("b.csv.gz").write_bytes(gzip.compress(SECOND.encode()))
    tmp_path.joinpath("c.TSV").write_bytes("price\tid\ttown\n4000\td\tMálaga\n".encode("cp1252"))
    tmp_path.joinpath("d.xlsx").write_bytes(workbook({"2015": [["id", "price", "town"], ["e", 5000, None]]}))
    tmp_path.joinpath("e.parquet").write_bytes(parquet(pl.DataFrame({"id": ["f"], "price": [6000.0], "town": ["Ely"]})))
    tmp_path.joinpath("README.md").write_text("# Sales")
    tmp_path.joinpath(".hidden.csv").write_text("x\n1\n")
    tmp_path.joinpath("older").mkdir()
    return tmp_path


def test_the_files_of_a_folder_are_one_table(folder: Path) -> None:
    """In the order of their names; rows are counted on, and columns found by name."""
    found = read(folder)
    assert found.texts.rows() == [
        (1, "a", "1000", "Bath"), (2, "b", "2000", "Ely"), (3, "c", "3000", "Ripon"), (4, "d", "4000", "Málaga"),
        (5, "e", "5000", None), (6, "f", "6000", "Ely"),
    ]  # fmt: skip
    told = {Path(note.file).name: note.reason for note in found.notes if note.reason.startswith("Rows")}
    assert list(told) == ["a.csv", "b.csv.gz", "c.TSV", "d.xlsx", "e.parquet"]
    assert "4 to 4" in told["c.TSV"]
    assert any("README.md" in note.reason for note in found.notes)


def test_the_files_of_a_glob_are_one_table(folder: Path) -> None:
    """As a shell would list them."""
    assert read(folder / "[ab].csv*").texts["id"].to_list() == ["a", "b", "c"]
    assert read(str(folder / "*.csv")).texts["id"].to_list() == ["a", "b"]
    assert read(folder / "**" / "*.xlsx").texts["id"].to_list() == ["e"]


def test_a_path_that_looks_like_a_glob_is_a_file_where_there_is_one(tmp_path: Path) -> None:
    """Browsers number their downloads."""
    path = tmp_path / "sales [1].csv"
    path.write_text(FIRST)
    assert read(path).texts.height == 2


@pytest.mark.parametrize("pattern", ["*.csv", "none.csv"])
def test_a_glob_without_a_file_is_not_found(tmp_path: Path, pattern: str) -> None:
    """Like any path."""
    with pytest.raises(DataError) as excinfo:
        read(tmp_path / pattern)
    assert excinfo.value.code == "csv_not_found"


def test_a_file_of_another_header_is_refused_by_its_name(folder: Path) -> None:
    """With what it lacks and has."""
    (folder / "b2.csv").write_text("id,prize,town\ng,7000,Ely\n")
    with pytest.raises(DataError, match=r'b2\.csv.*"price"') as excinfo:
        read(folder)
    assert excinfo.value.code == "files_differ"
    assert excinfo.value.details["path"] == str(folder / "b2.csv")
    assert (excinfo.value.details["missing"], excinfo.value.details["added"]) == (["price"], ["prize"])


def test_rows_that_cannot_be_read_are_counted_on_as_well(tmp_path: Path) -> None:
    """So that each number is one row."""
    (tmp_path / "a.csv").write_text(FIRST + "c\n")
    (tmp_path / "b.csv").write_text(SECOND + "d\n")
    found = read(tmp_path)
    assert (found.texts["row"].to_list(), found.broken["row"].to_list()) == ([1, 2, 4], [3, 5])


def test_the_layout_of_several_files_is_what_they_have_in_common(tmp_path: Path) -> None:
    """The rest is found in each."""
    (tmp_path / "a.csv").write_text(FIRST)
    (tmp_path / "b.csv").write_text(SECOND.replace(",", ";"))
    layout = read(tmp_path).layout
    assert (layout.separator, layout.header_lines, layout.encoding) == ("auto", 1, "utf-8")
    assert read(tmp_path, layout).texts.height == 3


def test_a_layout_that_was_found_reads_the_same_again(folder: Path) -> None:
    """It is what is written into a configuration."""
    for path in files_of(folder):
        found = read(path)
        assert read(path, found.layout).texts.equals(found.texts)


def test_a_sheet_is_only_in_a_workbook(folder: Path) -> None:
    """And is not ignored elsewhere."""
    layout = AUTO.model_copy(update={"sheet": "2015"})
    assert read(folder / "d.xlsx", layout).texts.height == 1
    for name in ("a.csv", "e.parquet"):
        with pytest.raises(DataError) as excinfo:
            read(folder / name, layout)
        assert excinfo.value.code == "layout_contradicted"


def test_the_digest_is_that_of_the_file_or_of_all_files(folder: Path) -> None:
    """A change of any of them, or of its name, changes it."""
    assert digest(folder / "a.csv") == hashlib.sha256(FIRST.encode()).hexdigest()
    before = digest(folder)
    (folder / "a.csv").write_text(FIRST + "z,1,Ely\n")
    changed = digest(folder)
    (folder / "a.csv").rename(folder / "a2.csv")
    renamed = digest(folder)
    (folder / "older" / "a2.csv").write_text(SECOND)
    (folder / "older" / "d.csv").write_text(SECOND)
    digests = {before, changed, renamed, digest(folder / "**" / "a2.csv"), digest(folder / "**" / "[ad]*.csv")}
    assert len(digests) == 5


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    """Whatever else it holds."""
    (tmp_path / "README.md").write_text("# Sales")
    with pytest.raises(DataError) as excinfo:
        read(tmp_path)
    assert excinfo.value.code == "folder_without_tables"
