"""Large files, priced by several processes."""

import gzip
import os
import random
import sys
from pathlib import Path

import polars as pl
import pytest
from priced_files import HEAD, ROW, rows_of

from houseprice import batch_prediction
from houseprice.batch_prediction import tables, workers
from houseprice.errors import ArtifactError, DataError, HousePriceError


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let some dozens of rows be a large file."""
    monkeypatch.setattr(tables, "BLOCK_ROWS", 10)
    monkeypatch.setattr(tables, "SLICE_ROWS", 35)


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """Return a file of 97 houses with blank lines and quotations over several lines."""
    chosen = random.Random(7)  # noqa: S311 - no secret
    path = tmp_path / "houses.csv"
    lines = [f"{HEAD},note"]
    for number in range(97):
        note = chosen.choice(["", "plain", '"a, b"', '"two\nlines"', '"with ""quotes"""'])
        lines.append(f"{chosen.randint(20, 300)},{chosen.randint(1, 9)},98039,1,{note}")
        lines += [""] * (number % 13 == 0)
    path.write_text("\n".join(lines), newline="\r\n")
    return path


@pytest.mark.parametrize("kind", [".csv", ".csv.gz", ".parquet"])
def test_several_processes_write_what_one_writes(toy_dir: Path, houses: Path, tmp_path: Path, kind: str) -> None:
    """To the byte and in the same order, whatever is read and written; nothing else is left."""
    batch_prediction.predict(toy_dir, houses, tmp_path / "one.csv", workers=1)
    texts = pl.read_csv(houses, infer_schema=False).drop_nulls("rooms")
    sources = {".csv": houses, ".csv.gz": tmp_path / "houses.csv.gz", ".parquet": tmp_path / "houses.parquet"}
    sources[".csv.gz"].write_bytes(gzip.compress(houses.read_bytes()))
    kinds = {"living area": pl.Float64, "rooms": pl.Int64, "grade": pl.Int64}
    texts.cast(kinds).write_parquet(sources[".parquet"], row_group_size=20)  # type: ignore[arg-type]
    done = [
        batch_prediction.predict(toy_dir, sources[kind], tmp_path / f"{count}{suffix}", workers=count)
        for count in (1, 2)
        for suffix in (".csv", ".csv.gz", ".parquet")
    ]
    assert {(one.rows, one.warned) for one in done} == {(97, 97)}
    for suffix in (".csv", ".csv.gz"):
        assert (tmp_path / f"2{suffix}").read_bytes() == (tmp_path / f"1{suffix}").read_bytes()
    assert gzip.decompress((tmp_path / "2.csv.gz").read_bytes()) == (tmp_path / "2.csv").read_bytes()
    assert pl.read_parquet(tmp_path / "2.parquet").equals(pl.read_parquet(tmp_path / "1.parquet"))
    if kind != ".parquet":
        assert (tmp_path / "2.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    prices = [row["predicted_price"] for row in rows_of(tmp_path / "one.csv")]
    assert [f"{price:.2f}" for price in pl.read_parquet(tmp_path / "2.parquet")["predicted_price"]] == prices
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_bad_houses_are_counted_over_all_blocks(toy_dir: Path, tmp_path: Path) -> None:
    """The first ones are shown with their lines, in order; nothing is written."""
    source = tmp_path / "houses.csv"
    source.write_text("\n".join([HEAD, *[ROW] * 15, *["80,-1,98039,1", ROW] * 30]))
    messages = []
    for count in (1, 2):
        with pytest.raises(DataError) as caught:
            batch_prediction.predict(toy_dir, source, tmp_path / "priced.csv", workers=count)
        assert (caught.value.code, caught.value.details["count"]) == ("house_invalid", 30)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv"]


def test_the_first_broken_row_is_the_one_that_is_told(toy_dir: Path, tmp_path: Path) -> None:
    """Although a later block is read before the first is priced."""
    source = tmp_path / "houses.csv"
    lines = [HEAD, *[ROW] * 8000, "80,3,98039", *[ROW] * 2000]  # decoded apart
    source.write_bytes("\n".join(lines).encode() + b"\n80,3,\xff,1\n" * 900)
    with pytest.raises(DataError, match="Line 8002 ") as caught:
        batch_prediction.predict(toy_dir, source, tmp_path / "priced.csv", workers=2)
    assert caught.value.code == "csv_invalid"
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv"]


@pytest.mark.parametrize("kept", [0.2, 0.9])
def test_a_packed_file_that_is_cut_off_is_refused(toy_dir: Path, houses: Path, tmp_path: Path, kept: float) -> None:
    """At any place; nothing is written."""
    whole = gzip.compress(houses.read_bytes())
    source = tmp_path / "cut.csv.gz"
    source.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(DataError, match=r"cut\.csv\.gz") as caught:
        batch_prediction.predict(toy_dir, source, tmp_path / "priced.csv", workers=2)
    assert caught.value.code == "archive_damaged"
    assert {path.name for path in tmp_path.iterdir()} == {"houses.csv", "cut.csv.gz"}


@pytest.mark.parametrize("damage", ["cut off", "overwritten"])
def test_a_damaged_row_group_is_refused(toy_dir: Path, tmp_path: Path, damage: str) -> None:
    """Whether the end of the file is missing, or the middle of a row group is not what was written."""
    source = tmp_path / "houses.parquet"
    frame = pl.DataFrame({"living area": [80.0 + n for n in range(400)], "rooms": [3] * 400, "zip": ["98039"] * 400})
    frame.with_columns(grade=pl.lit(1)).write_parquet(source, row_group_size=50)
    content = bytearray(source.read_bytes())
    if damage == "cut off":
        del content[len(content) // 2 :]
    else:
        content[len(content) // 3 : len(content) // 3 + 300] = bytes(300)
    source.write_bytes(content)
    with pytest.raises(DataError, match=r"houses\.parquet") as caught:
        batch_prediction.predict(toy_dir, source, tmp_path / "priced.parquet", workers=2)
    assert caught.value.code == "parquet_invalid"
    assert [path.name for path in tmp_path.iterdir()] == ["houses.parquet"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_input_that_changes_meanwhile_is_noticed(toy_dir: Path, houses: Path, tmp_path: Path, suffix: str) -> None:
    """Half of one file and half of another are no table."""
    source = tmp_path / f"changing{suffix}"
    frame = pl.read_csv(houses).drop_nulls("rooms").with_columns(pl.col("zip", "note").cast(pl.String))
    write = frame.write_csv if suffix == ".csv" else frame.write_parquet
    write(source)

    def change(progress: batch_prediction.Progress) -> None:
        if progress.rows >= 20:
            write(source)
            os.utime(source, (1, 1))

    with pytest.raises(DataError, match="changing") as caught:
        batch_prediction.predict(toy_dir, source, tmp_path / "priced.csv", change, workers=1)
    assert caught.value.code == "input_changed"
    assert {path.name for path in tmp_path.iterdir()} == {"houses.csv", source.name}


def test_a_worker_that_dies_is_one_error(
    toy_dir: Path, houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that the system kills for want of memory: it is told at once, and nothing is written."""
    killed = (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(workers, "COMMAND", killed)
    with pytest.raises(HousePriceError, match="SIGKILL") as caught:
        batch_prediction.predict(toy_dir, houses, tmp_path / "priced.csv", workers=2)
    assert caught.value.code == "worker_ended"
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv"]


def test_a_bundle_that_is_replaced_meanwhile_is_noticed(toy_dir: Path, houses: Path, tmp_path: Path) -> None:
    """Half of the rows are not priced by another model."""
    pricer = batch_prediction.prediction.Pricer(toy_dir)
    pricer.version = "another"
    with workers.Workers(pricer, 2) as pool:
        job = tables.CsvTable(houses.open("rb"), None, pricer.columns)
        task = (workers.Job("houses", job.header, job.dialect, is_frame=False, output_format="CSV"), next(job.blocks()))
        answers = [answer for _, answer in pool.map([task] * 4, lambda item: item)]
    assert all(isinstance(answer, ArtifactError) and answer.code == "bundle_changed" for answer in answers)


def test_cores_that_may_not_be_used_are_not_counted() -> None:
    """A container or `taskset` may leave fewer than the machine has."""
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert workers.usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
