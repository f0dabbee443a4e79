"""Made sales of a Spanish town whose true prices are known, in the form in which a portal there exports them.

The formula is `expected_log_price`; the prices that were paid lie around it with a standard deviation of `NOISE`. So
the error of a perfect learner is known, and every cell of the file can be compared with the value it was made from.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

NOISE = 0.10
"""Standard deviation of the log of the prices around the expected one."""
FIRST_DAY, DAYS = date(2019, 1, 2), 5 * 365
CENTRE = (39.4697, -0.3763)
KM_NORTH, KM_EAST = 110.95, 85.65
"""Kilometres in a degree at the centre."""
QUARTERS = {"Centro": 0.12, "Ensanche": 0.18, "La Malvarrosa": 0.05, "Orriols": -0.15, "El Cañaveral": -0.04,
            "Peñarroja": 0.02, "San Andrés": -0.22, "Ruzafa": 0.09}  # fmt: skip
"""Quarter → what it adds to the log of a price."""
STATES = {"a reformar": -0.20, "regular": -0.08, "bueno": 0.0, "muy bueno": 0.07, "excelente": 0.15}
"""State of repair, from the worst up → what it adds to the log of a price."""


def expected_log_price(sales: pl.DataFrame) -> pl.Series:
    """Return the log of the expected price of each sale, in euros."""
    c, (north, east) = pl.col, CENTRE
    km = (((c("latitude") - north) * KM_NORTH) ** 2 + ((c("longitude") - east) * KM_EAST) ** 2).sqrt()
    years = (c("sale_date") - FIRST_DAY).dt.total_days() / 365.25
    by_floor = pl.when(c("lift")).then(0.015).otherwise(-0.035) * c("floor")
    return sales.select(
        8.2 + 0.85 * c("area").log() + c("quarter").replace_strict(QUARTERS) + c("state").replace_strict(STATES)
        - 0.06 * km - 0.004 * (2024 - c("year_built")) + 0.05 * c("bathrooms") + by_floor + 0.05 * years
        + 0.05 * (c("lot_area") / 600).log()
    ).to_series()  # fmt: skip


def make_sales(count: int = 3000, seed: int = 2026) -> pl.DataFrame:
    """Return so many sales in the order of their dates, with their values as they are: no text, nothing missing."""
    draw = np.random.default_rng(seed)
    area = np.exp(draw.normal(4.5, 0.35, count)).clip(28, 400).round(1)
    floor = draw.integers(0, 9, count)
    houses = pl.DataFrame(
        {
            "parcel": [f"{number:07d}YJ2747N" for number in range(count)],
            "area": area,
            "lot_area": np.exp(draw.normal(6.4, 0.6, count)).clip(150, 6000).round(1),
            "bedrooms": (area / 32 + draw.normal(0, 0.6, count)).round().clip(1, 7).astype(int),
            "bathrooms": (area / 75 + draw.normal(0, 0.4, count)).round().clip(1, 4).astype(int),
            "floor": floor,
            "lift": draw.random(count) < np.where(floor > 3, 0.9, 0.5),
            "state": draw.choice(list(STATES), count, p=[0.1, 0.2, 0.4, 0.2, 0.1]),
            "year_built": draw.integers(1930, 2019, count),
            "quarter": draw.choice(list(QUARTERS), count),
            "latitude": (CENTRE[0] + draw.normal(0, 0.015, count)).round(6),
            "longitude": (CENTRE[1] + draw.normal(0, 0.02, count)).round(6),
        }
    )
    sold = np.arange(count) % (count - count // 50)  # the newest fiftieth were sold before
    days = [FIRST_DAY + timedelta(days=int(day)) for day in np.sort(draw.integers(0, DAYS, count))]
    sales = houses[sold].with_columns(sale_date=pl.Series(days))
    log_price = expected_log_price(sales).to_numpy() + draw.normal(0, NOISE, count)
    return sales.with_columns(price=np.exp(log_price).round(-2))


def with_blanks(
    sales: pl.DataFrame, share: float = 0.03, columns: tuple[str, ...] = ("state", "year_built")
) -> pl.DataFrame:
    """Return the sales with a share of some columns left blank."""
    draw = np.random.default_rng(1)
    masks = {name: pl.Series(draw.random(sales.height) < share) for name in columns}
    return sales.with_columns(pl.when(~mask).then(name).alias(name) for name, mask in masks.items())


def number(value: float, decimals: int) -> str:
    """Return a number as it is written in Spain, such as 1.234,5."""
    return f"{value:,.{decimals}f}".translate(str.maketrans(",.", ".,"))


HEADERS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "parcel": ("Referencia catastral", str),
    "sale_date": ("Fecha de venta", lambda day: f"{day:%d/%m/%Y}"),
    "price": ("Precio de venta", lambda price: f"{number(price, 0)} €"),
    "price_per_area": ("Precio por m²", lambda price: number(price, 2)),
    "area": ("Superficie construida (m²)", lambda area: number(area, 1)),
    "lot_area": ("Superficie de la parcela (m²)", lambda area: number(area, 1)),
    "bedrooms": ("Habitaciones", str),
    "bathrooms": ("Baños", str),
    "floor": ("Planta", str),
    "lift": ("Ascensor", lambda lift: "Sí" if lift else "No"),
    "state": ("Estado de conservación", str),
    "year_built": ("Año de construcción", str),
    "quarter": ("Barrio", str),
    "latitude": ("Latitud", lambda degrees: number(degrees, 6)),
    "longitude": ("Longitud", lambda degrees: number(degrees, 6)),
}
"""Column of the sales → what the file calls it, and how it writes a value."""


def write_spanish(sales: pl.DataFrame) -> bytes:
    """Return the file: semicolons, decimal commas, days before months, `s/d` where nothing is known; Windows-1252."""
    table = sales.with_columns(price_per_area=pl.col("price") / pl.col("area"))
    written = {header: [write(value) if value is not None else "s/d" for value in table[name]]
               for name, (header, write) in HEADERS.items() if name in table.columns}  # fmt: skip
    lines = [list(written), *zip(*written.values(), strict=True)]
    return "".join(";".join(line) + "\r\n" for line in lines).encode("cp1252")
