"""Sales from Taiwan, Reading, Valencia and Singapore, as tables of features.

The files are in no repository of ours; the folder that holds them is an argument. Texts become ranks as in the
project's own preprocessor, blanks the median of the older sales.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs
from sets import AbsentError, SalesSet, newest_held_out

from houseprice.learning.derived_features import DAYS_A_MONTH
from houseprice.learning.trend_design import TIME

c = pl.col
DAY = "day"


def taiwan(folder: Path) -> SalesSet:
    """Return 414 sales of New Taipei; the price is for a ping."""
    raw = pl.read_csv(_present(folder / "taiwan.csv"))
    table = raw.select(
        ((c("Transaction Date") - 1970) * 365.2425).cast(pl.Int64).alias(DAY),
        c("House Price Per Unit Area").alias("price"),
        c("House Age").alias("age_at_sale"),
        c("Distance to Nearest MRT Station").alias("distance_to_station"),
        c("Number of Stores").alias("stores"),
        c("Latitude").alias("latitude"),
        c("Longitude").alias("longitude"),
    )
    return _as_set("Taiwan", table, _each_its_own(table), ("latitude", "longitude"))


def uk(folder: Path) -> SalesSet:
    """Return 24,077 sales of Reading (RG30), 1995 to 2023; nothing is known of their size."""
    names = [
        "transaction", "price", "date", "postcode", "type", "new_build", "tenure", "primary", "secondary", "street",
        "locality", "town", "district", "county", "category", "status",
    ]  # fmt: skip
    raw = pl.read_csv(_present(folder / "uk-price-paid-rg30.csv.gz"), has_header=False, new_columns=names)
    raw = raw.with_columns(cs.string().fill_null(""), c("price").cast(pl.Float64)).filter(c("price") >= 1000)
    houses = raw.select(pl.concat_str("postcode", "street", "primary", "secondary", separator="|")).to_series()
    table = raw.select(
        c("date").str.slice(0, 10).str.to_date().cast(pl.Int32).cast(pl.Int64).alias(DAY),
        "price", "postcode", "type", "new_build", "tenure", "street", "locality", "town", "district", "county",
        pl.concat_str("primary", "postcode", separator=" ").alias("building"),
    )  # fmt: skip
    return _as_set("UK, RG30", table, houses.to_numpy().astype(str), ())


def valencia(folder: Path) -> SalesSet:
    """Return 33,622 asking prices of Valencia in four quarters; the newest quarter is held out."""
    raw = pl.read_csv(_present(folder / "valencia-2018.csv.gz"), separator=";", decimal_comma=True)
    period = c("PERIOD").cast(pl.Int64)
    days = pl.date(period // 100, period % 100, 1).cast(pl.Int32).cast(pl.Int64)
    kept = raw.select(cs.numeric()).drop("PERIOD", "PRICE", "UNITPRICE").columns
    table = raw.select(
        days.alias(DAY),
        c("PRICE").cast(pl.Float64).alias("price"),
        *(c(name).cast(pl.Float64).alias(name.lower()) for name in kept),
        (2018 - c("CADCONSTRUCTIONYEAR")).cast(pl.Float64).alias("age_at_sale"),
        (c("CONSTRUCTEDAREA") / (c("ROOMNUMBER") + 1)).cast(pl.Float64).alias("area_per_room"),
        (c("LATITUDE") + c("LONGITUDE")).alias("north_east"),
        (c("LATITUDE") - c("LONGITUDE")).alias("north_west"),
    )
    return _as_set("Valencia", table, raw["ASSETID"].to_numpy().astype(str), ("latitude", "longitude"))


def singapore(folder: Path) -> SalesSet:
    """Return 113,631 resales of flats in Singapore, from 2017 on."""
    with zipfile.ZipFile(_present(folder / "singapore-hdb-2017.zip")) as archive:
        raw = pl.read_csv(archive.read(archive.namelist()[0]), infer_schema_length=None)
    storeys = c("storey_range").str.split(" TO ").list.eval(pl.element().cast(pl.Float64)).list.mean()
    years = c("remaining_lease").cast(pl.String).str.extract(r"(\d+)").cast(pl.Float64)
    months = c("remaining_lease").cast(pl.String).str.extract(r"(\d+) month").cast(pl.Float64).fill_null(0.0)
    table = raw.select(
        (c("month") + "-01").str.to_date().cast(pl.Int32).cast(pl.Int64).alias(DAY),
        c("resale_price").cast(pl.Float64).alias("price"),
        "town", "flat_type", c("block").cast(pl.String), "street_name", "flat_model",
        pl.concat_str("block", "street_name", separator=" ").alias("address"),
        storeys.alias("storey"),
        c("floor_area_sqm").cast(pl.Float64).alias("area"),
        c("lease_commence_date").cast(pl.Float64),
        (years + months / 12).alias("remaining_lease"),
    )  # fmt: skip
    return _as_set("Singapore", table, _each_its_own(table), ())


FOREIGN: dict[str, Callable[[Path], SalesSet]] = {
    "taiwan": taiwan,
    "uk": uk,
    "valencia": valencia,
    "singapore": singapore,
}


def _present(path: Path) -> Path:
    if not path.is_file():
        raise AbsentError(f'"{path}" is absent')
    return path


def _each_its_own(table: pl.DataFrame) -> npt.NDArray[np.str_]:
    return np.arange(table.height).astype(str)


def _as_set(title: str, table: pl.DataFrame, houses: npt.NDArray[np.str_], places: tuple[str, ...]) -> SalesSet:
    days = table[DAY].to_numpy()
    pairs = newest_held_out(days, houses)
    learned = pairs[0][0]
    older, sales = table[learned], table.drop("price", DAY)
    numbers = sales.select(cs.numeric()).columns
    texts = sales.select(cs.string()).columns
    ranks = {name: sorted(set(older[name].to_list()) - {""}) for name in texts}
    features = sales.select(
        ((table[DAY] - older[DAY].min()) / DAYS_A_MONTH).cast(pl.Float32).alias(TIME),
        *(c(name).fill_nan(None).fill_null(older[name].median()).cast(pl.Float32) for name in numbers),
        *(
            c(name).replace_strict(ranks[name], list(range(len(ranks[name]))), default=-1, return_dtype=pl.Float32)
            .alias(f"{name}_ordinal")
            for name in texts
        ),
        *texts,
    )  # fmt: skip
    count = f"{title}, newest ({len(learned):,} + {len(pairs[0][1]):,} rows)"
    return SalesSet(count, features, table["price"].to_numpy(), houses, pairs, places)
