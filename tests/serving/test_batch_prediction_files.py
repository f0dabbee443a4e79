"""Files of other kinds than CSV in UTF-8, priced by the command."""

import csv
import gzip
import io
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from priced_files import HEAD, ROW, as_answers, from_api, rows_of
from toy import FULL, LEAST, Client

from houseprice import batch_prediction
from houseprice.bundle.load import open_bundle
from houseprice.errors import DataError, MissingDependencyError
from houseprice.serving.app import create_app
from sales_file.workbooks import workbook


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_parquet_is_priced_as_csv_is(toy_dir: Path, tmp_path: Path, suffix: str) -> None:
    """Types of a frame change nothing; other columns, order and types are kept, the predictions stand behind them."""
    houses = [{**FULL, "rooms": 4.0}, {**LEAST, "zip": "98039", "lot": float("nan")}]
    frame = pl.DataFrame(houses, infer_schema_length=None).with_columns(
        pl.col("sold").str.to_date().cast(pl.Datetime("ns")),
        pl.col("living area").cast(pl.Decimal(10, 2)),
        pl.col("zip").cast(pl.Categorical),
        pl.col("pool").cast(pl.Boolean),
        note=pl.Series(["a", None]),
    )
    source, output = tmp_path / "houses.parquet", tmp_path / f"priced{suffix}"
    frame.write_parquet(source)
    assert batch_prediction.predict(toy_dir, source, output) == batch_prediction.Summary(2, 1, output)
    answers = Client(create_app(open_bundle(toy_dir))).post("/batch-predict", [FULL, LEAST]).json()["predictions"]
    found = pl.read_parquet(output) if suffix == ".parquet" else pl.read_csv(output)
    assert found.columns == [*frame.columns, *batch_prediction.PREDICTION_COLUMNS]
    rows = [{name: "" if value is None else str(value) for name, value in row.items()} for row in found.to_dicts()]
    assert as_answers(rows) == from_api(answers)
    assert found["note"].to_list() == ["a", None]
    if suffix == ".parquet":
        assert found.schema["living area"] == pl.Decimal(10, 2)


def test_a_csv_becomes_a_parquet_file(toy_dir: Path, tmp_path: Path) -> None:
    """The columns of a request get their types, the others stay text."""
    source, output = tmp_path / "houses.csv", tmp_path / "priced.parquet"
    source.write_text("note,sold,living area,rooms,zip,grade\n007,2014-10-13,80,3,98039,1\n,,80,3,98039,1\n")
    batch_prediction.predict(toy_dir, source, output)
    found = pl.read_parquet(output)
    assert found["note"].to_list() == ["007", None]
    assert found["sold"].to_list() == [date(2014, 10, 13), None]
    assert found["living area"].to_list() == [80.0, 80.0]
    assert found["zip"].to_list() == ["98039", "98039"]
    assert found["predicted_price"][1] == 146820.0


def frames() -> list[tuple[Any, str]]:
    """Return frames and files that cannot be priced, and the code that says so."""
    good = pl.DataFrame([LEAST])
    return [
        (b"PAR1, and then nothing", "parquet_invalid"),
        (b"", "parquet_invalid"),
        (good.drop("zip"), "header_invalid"),
        (good.with_columns(warnings=pl.lit("")), "header_invalid"),
        (good.with_columns(rooms=pl.lit(-1)), "house_invalid"),
        (good.with_columns(rooms=pl.lit("3")), "house_invalid"),
        (good.with_columns(rooms=pl.lit(None)), "house_invalid"),
        (good.with_columns(rooms=pl.Series([[3]])), "house_invalid"),
    ]


OTHERS: dict[str, Callable[[str], bytes]] = {
    "utf-16": lambda text: text.replace(",", "\t").encode("utf-16"),
    "gzip": lambda text: gzip.compress(text.encode()),
    "zip": lambda text: zipped(text.encode()),
    "xlsx": lambda text: workbook({"About": [["x"]], "Houses": list(csv.reader(text.splitlines()))}),
    "windows-1252": lambda text: text.encode("cp1252"),
}


def zipped(content: bytes) -> bytes:
    """Return a ZIP archive of one CSV."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("houses.csv", content)
    return stream.getvalue()


@pytest.mark.parametrize("form", OTHERS)
def test_other_files_of_the_same_houses_get_the_same_prices(toy_dir: Path, tmp_path: Path, form: str) -> None:
    """Whatever they are written by or packed in; columns that no request has are kept."""
    text = f"{HEAD},town\n{ROW},Málaga\n80,3,10115,1,León\n70,3,10115,1,Ávila\n"
    plain, other = tmp_path / "plain.csv", tmp_path / "other"
    plain.write_text(text, encoding="utf-8")
    other.write_bytes(OTHERS[form](text))
    batch_prediction.predict(toy_dir, plain, tmp_path / "plain_priced.csv")
    sheet = "Houses" if form == "xlsx" else None
    done = batch_prediction.predict(toy_dir, other, tmp_path / "priced.csv", sheet=sheet)
    assert done.rows == 3
    assert rows_of(tmp_path / "priced.csv") == rows_of(tmp_path / "plain_priced.csv")


def test_what_is_wrong_in_another_file_is_told_by_its_row(toy_dir: Path, tmp_path: Path) -> None:
    """As it is counted in the file."""
    source = tmp_path / "houses.csv.zip"
    source.write_bytes(zipped(f"{HEAD}\n{ROW}\n\n80,-3,10115,1\n".encode()))
    with pytest.raises(DataError, match="row 3") as caught:
        batch_prediction.predict(toy_dir, source, tmp_path / "priced.csv")
    assert caught.value.code == "house_invalid"
    source.write_bytes(zipped(f"{HEAD}\n{ROW}\n80,3\n".encode()))
    with pytest.raises(DataError, match="row 2") as caught:
        batch_prediction.predict(toy_dir, source, tmp_path / "priced.csv")
    assert caught.value.code == "csv_invalid"
    assert not (tmp_path / "priced.csv").exists()


@pytest.mark.parametrize(("content", "code"), frames())
def test_parquet_that_cannot_be_priced_is_refused(toy_dir: Path, tmp_path: Path, content: Any, code: str) -> None:
    """As a CSV is: nothing is written, and the error names the file."""
    source, output = tmp_path / "houses.parquet", tmp_path / "priced.parquet"
    if isinstance(content, bytes):
        source.write_bytes(content)
    else:
        content.write_parquet(source)
    with pytest.raises(DataError, match=r"houses\.parquet") as caught:
        batch_prediction.predict(toy_dir, source, output)
    assert caught.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["houses.parquet"]


def test_without_polars_csv_still_works(
    toy_dir: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the image, also within gzip; a Parquet file is refused with a code and exit code 10."""
    monkeypatch.setitem(sys.modules, "polars", None)  # how Python marks what is not there
    batch_prediction.predict(toy_dir, source, tmp_path / "priced.csv")
    (tmp_path / "houses.gz").write_bytes(gzip.compress(source.read_bytes()))
    batch_prediction.predict(toy_dir, tmp_path / "houses.gz", tmp_path / "unpacked.csv")
    assert rows_of(tmp_path / "unpacked.csv") == rows_of(tmp_path / "priced.csv")
    (tmp_path / "houses.zip").write_bytes(zipped(source.read_bytes()))
    for name in [name for name in sys.modules if name.startswith("houseprice.sales_file")]:
        monkeypatch.delitem(sys.modules, name)
    for given, output in (
        (source, "priced.parquet"),
        (tmp_path / "houses.pq", "priced.csv"),
        (tmp_path / "houses.zip", "priced.csv"),
    ):
        with pytest.raises(MissingDependencyError) as caught:
            batch_prediction.predict(toy_dir, given, tmp_path / output)
        assert (caught.value.code, caught.value.exit_code) == ("polars_missing", 10)
    assert not (tmp_path / "priced.parquet").exists()
