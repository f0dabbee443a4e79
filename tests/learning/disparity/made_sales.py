"""Made sales whose errors are known: neighbours err together, and so do the sales of a postcode."""

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.learning.disparity.audit import Sales
from houseprice.learning.disparity.groups import Grouping
from houseprice.learning.out_of_sample import SCHEMA

NOISE, OF_POSTCODE = 0.15, 0.03
"""Standard deviations, in log price, of a sale's error and of what all sales of a postcode have in common."""


def made_sales(draw: np.random.Generator, count: int = 2000, side: int = 6, *, together: bool = True) -> Sales:
    """Return sales on a square of side × side postcodes; without `together` each sale errs by itself."""
    places = draw.uniform(0.0, side, (count, 2))
    postcode = (places.astype(int) @ np.array([side, 1])).astype(np.int64)
    error = NOISE * draw.standard_t(5, count) / np.sqrt(5 / 3)
    if together:
        error += draw.normal(0.0, OF_POSTCODE, side * side)[postcode]
    paid = np.exp(draw.normal(13.0, 0.5, count))
    return sales_of(paid, paid * np.exp(error), places, postcode.astype(str))


def sales_of(
    paid: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64], places: npt.NDArray[np.float64] | None,
    postcodes: npt.NDArray[np.str_],
) -> Sales:  # fmt: skip
    """Return sales with an interval that covers nine of ten, sold in two periods."""
    rows = np.arange(len(paid))
    half = np.exp(1.64 * NOISE)
    columns = [rows, ["holdout"] * len(rows), np.where(rows % 2, "a", "b").tolist(), paid]
    predictions = pl.DataFrame(
        dict(zip(SCHEMA, [*columns, predicted, predicted / half, predicted * half], strict=True)), schema=SCHEMA
    )
    return Sales(predictions, pl.DataFrame({"postcode": postcodes}), rows.astype(str), places)


def by_postcode(sales: Sales, draw: np.random.Generator, groups: int) -> Grouping:
    """Return groups of postcodes that were drawn at random."""
    keys = sales.columns["postcode"].to_numpy().astype(str)
    names, code = np.unique(keys, return_inverse=True)
    return Grouping("band", draw.permutation(np.arange(len(names)) % groups).astype(str)[code], keys)


def planted(sales: Sales, chosen: npt.NDArray[np.bool_], bias: float) -> Sales:
    """Return the sales with all that is predicted for some of them moved by a share."""
    moved = np.where(chosen, 1.0 + bias, 1.0)
    columns = [pl.col(name) * pl.Series(moved) for name in ("predicted_price", "interval_low", "interval_high")]
    return Sales(sales.predictions.with_columns(columns), sales.columns, sales.houses, sales.places)
