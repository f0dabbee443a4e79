"""Tables of texts that `understand` is given, and what it says of a column."""

import polars as pl

from corpus.houses import houses
from houseprice.inference import ColumnDecision, Understanding

HOUSES = houses(200, 7)


def table(**columns: list[str | None]) -> pl.DataFrame:
    """Return a table of texts with prices and areas."""
    texts = {
        "sale_price": [str(house.price) for house in HOUSES],
        "living_area": [str(house.living) for house in HOUSES],
    }
    return pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in (texts | columns).items()})


def column(understood: Understanding, name: str) -> ColumnDecision:
    """Return what a column was taken for."""
    return next(one for one in understood.columns if one.name == name)


def by_role(understood: Understanding, role: str) -> ColumnDecision:
    """Return the column that has a role."""
    return next(one for one in understood.columns if one.role == role)
