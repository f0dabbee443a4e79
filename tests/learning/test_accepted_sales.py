"""Sales that can be learned from: what `process` and `doctor` refuse, and which keys to delete for a missing column."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from houseprice.config import load
from houseprice.errors import DataError
from houseprice.learning.accepted_sales import check_file
from houseprice.release.docker_cli import DockerCli
from houseprice.release.doctor import Finding, diagnose, healthy
from learning.commands import RunCli
from learning.markets import configuration, sales

SALES = sales(120)
Change = Callable[[pl.DataFrame], pl.DataFrame]


def settings(**more: Any) -> dict[str, Any]:
    """Return a configuration that names columns in every place that may name one."""
    told = configuration(SALES.columns, **more)
    told["features"] = {"derived": ["age_at_sale", "living_area_per_room", "north_east"]}
    told["gates"] = {"leakage": {"waivers": {"dormitorios": "told by the seller"}}}
    told["training"]["kernel_ridge"]["additional_kernels"] = [
        {"centres": 10, "penalty": 1.0, "columns": {"norte": 1.0, "dormitorios": 1.0}}
    ]
    return told


def write(folder: Path, table: pl.DataFrame, told: dict[str, Any]) -> Path:
    """Write a file of sales and its configuration; return the path of the latter."""
    table.write_csv(folder / "raw.csv")
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(told | {"paths": {"raw": str(folder / "raw.csv")}}, allow_unicode=True))
    return path


@pytest.mark.parametrize("gone", [["dormitorios"], ["barrio"], ["construida", "norte"], ["vendida"]])
def test_the_keys_to_delete_are_all_that_there_are(tmp_path: Path, gone: list[str]) -> None:
    """Without them the rest of the file is read."""
    told = settings()
    path = write(tmp_path, SALES.drop(gone), told)
    with pytest.raises(DataError) as refused:
        check_file(load(path), tmp_path / "raw.csv")
    assert refused.value.code == "csv_columns_missing"
    assert refused.value.details["columns"] == gone
    for key in refused.value.details["keys"]:
        *parents, last = key.split(".")
        place: Any = told
        for name in parents:
            place = place[int(name) if isinstance(place, list) else name]
        place.remove(last) if isinstance(place, list) else place.pop(last)
    assert "120 of 120" in check_file(load(write(tmp_path, SALES.drop(gone), told)), tmp_path / "raw.csv")


def test_no_keys_are_named_for_a_missing_price(tmp_path: Path) -> None:
    """No configuration can do without it."""
    path = write(tmp_path, SALES.drop("precio"), settings())
    with pytest.raises(DataError) as refused:
        check_file(load(path), tmp_path / "raw.csv")
    assert refused.value.details["keys"] == []


UNUSABLE: dict[str, Change] = {
    "csv_columns_missing": lambda table: table.drop("barrio"),
    "prices_constant": lambda table: table.with_columns(precio=pl.lit("250000")),
    "too_few_sales": lambda table: table.head(12),
    "too_many_rejected": lambda table: table.with_columns(precio=pl.lit("dear")),
    "no_accepted_rows": lambda table: table.head(0),
    "target_leakage": lambda table: table.with_columns(parcela=pl.col("precio").cast(pl.Float64).cast(pl.String)),
    "split_without_dates": lambda table: table.with_columns(vendida=pl.lit(None, pl.String)),
}


@pytest.mark.parametrize("code", UNUSABLE)
def test_the_doctor_finds_what_a_run_would_refuse(tmp_path: Path, run_cli: RunCli, code: str) -> None:
    """With the same code as `process` or `features`, and nothing is written."""
    told = settings(split={"folds": 3, "origins": 2, "protocol": "time"})
    path = write(tmp_path, UNUSABLE[code](SALES), told)
    before = sorted(tmp_path.iterdir())
    found = _diagnosed(path)
    assert sorted(tmp_path.iterdir()) == before
    assert found.state == "missing"
    assert f"[{code}]" in found.found
    assert not healthy((found,))
    clean, featured = tmp_path / "out" / "clean.csv", tmp_path / "out" / "featured.csv"
    ended, _, err = run_cli("process", "--config", path, "--input", tmp_path / "raw.csv", "--output", clean)
    if not ended:
        pair = ("--preprocessor", tmp_path / "out" / "p.pkl")
        ended, _, err = run_cli("features", "--config", path, "--input", clean, "--output", featured, *pair)
    assert ended == 4
    assert f"[{code}]" in err
    assert not featured.exists()


def test_the_doctor_counts_the_sales_of_a_file_in_order(tmp_path: Path) -> None:
    """All of them here."""
    found = _diagnosed(write(tmp_path, SALES, settings()))
    assert (found.state, found.found[:10]) == ("found", "120 of 120")


def _diagnosed(path: Path) -> Finding:
    findings = diagnose(path.parent, path, {}, DockerCli("docker-that-is-not-there"), check_file)
    return next(finding for finding in findings if finding.name == "training data")
