"""The made sales of a Spanish town: `init` understands the file, and every cell is read as it was meant."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from houseprice import pipeline
from houseprice.config import Config, load
from made_sales import HEADERS, NOISE, STATES, expected_log_price, make_sales, with_blanks, write_spanish

RunCli = Callable[..., tuple[int, str, str]]
SALES = with_blanks(make_sales(400))
NAMES = {header: name for name, (header, _) in HEADERS.items()}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: RunCli) -> Config:
    """Return what `init` makes of the file, in a folder that holds it."""
    monkeypatch.chdir(tmp_path)
    Path("ventas.csv").write_bytes(write_spanish(SALES))
    assert run_cli("init", "ventas.csv", "--yes")[0] == 0
    return load(Path("configs/ventas.yaml"))


def test_the_same_seed_makes_the_same_file() -> None:
    """And another one another."""
    assert write_spanish(make_sales(50)) == write_spanish(make_sales(50))
    assert write_spanish(make_sales(50)) != write_spanish(make_sales(50, seed=1))


def test_prices_lie_around_the_expected_ones() -> None:
    """By as much as is said."""
    sales = make_sales()
    noise = (sales["price"].log() - expected_log_price(sales)).to_numpy()
    assert abs(noise.mean()) < 0.01
    assert noise.std() == pytest.approx(NOISE, rel=0.05)


def test_the_file_is_understood(config: Config) -> None:
    """Roles, units and scales; the price per area is left out."""
    assert config.project.currency == "EUR"
    columns = {NAMES[name]: column for name, column in config.schema_.columns.items()}
    assert {name: column.role for name, column in columns.items() if column.role} == {
        "parcel": "parcel", "sale_date": "sale_date", "price": "target", "area": "living_area", "lot_area": "lot_area",
        "bedrooms": "bedrooms", "bathrooms": "bathrooms", "year_built": "year_built", "quarter": "location",
        "latitude": "latitude", "longitude": "longitude",
    }  # fmt: skip
    assert (columns["area"].unit, columns["lot_area"].unit) == ("m²", "m²")
    assert columns["state"].levels == tuple(STATES)
    assert list(config.data.excluded) == [HEADERS["price_per_area"][0]]


def test_every_cell_is_read_as_it_was_meant(config: Config) -> None:
    """Decimal commas, points between thousands, days before months, Sí and No, and blanks."""
    read = pipeline.process(config, Path("ventas.csv"), Path("cleaned.csv")).sales
    read = read.rename({header: NAMES[header] for header in read.columns})
    assert read.height == SALES.height
    for name in read.columns:
        found, meant = read[name], SALES[name]
        assert found.null_count() == meant.null_count(), name
        if meant.dtype.is_numeric():
            np.testing.assert_allclose(found.cast(pl.Float64).to_numpy(), meant.cast(pl.Float64).to_numpy(), rtol=1e-12)
        elif meant.dtype == pl.Boolean:
            assert found.cast(pl.Boolean).equals(meant), name
        else:
            assert found.to_list() == meant.to_list(), name
