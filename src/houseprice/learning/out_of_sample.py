"""Predictions of sales by models that had not seen them: the table that any audit of errors starts from.

The published model is fitted on all sales, so that its own errors on them are too small. Of every held-out sale the
evaluated model's prediction is kept here, and of the training sales that of a model of earlier sales (rolling origin),
or of other houses (grouped folds) where sales are not divided by time.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.errors import DataError
from houseprice.learning.calibration import Calibration
from houseprice.learning.conformal import Factors, half_widths
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import PROCESSED
from houseprice.learning.interval_ends import IntervalEnds
from houseprice.learning.rolling_origins import Forecasts, factors_of_origins
from houseprice.learning.slices import Predictions
from houseprice.learning.splitting import HOLDOUT, Rows
from houseprice.metrics import Prices

NAME = "out_of_sample.csv"
"""File in the folder of reports."""
ROLLING_ORIGIN, GROUPED_FOLDS = "rolling_origin", "grouped_folds"
_RANGE = (1e-12, 1e30)
"""Of prices, so that no measure of them overflows."""
NUMBERS = ("price", "predicted_price", "interval_low", "interval_high")
SCHEMA = {"row": pl.Int64(), "basis": pl.String(), "period": pl.String(), **dict.fromkeys(NUMBERS, pl.Float64())}
"""`row` is the position in the processed table, from 0. Sales of one `period` were predicted by models that are equally
old: the first day of an origin's sales, or the basis itself."""


@dataclass(frozen=True)
class OutOfSample:
    """Predictions of sales that their model had not seen.

    Attributes:
        sales: columns of `SCHEMA`, each sale once, the earlier rows first.
        processed_sha256: digest of the processed table that `row` counts in.
        sha256: digest of the file that it was read from.
    """

    sales: pl.DataFrame
    processed_sha256: str
    sha256: str = ""


def collect(
    table: FeatureTable,
    predictions: Predictions,
    forecasts: Forecasts | None,
    folds: tuple[Rows, Prices, Prices],
    sizes: Prices,
    calibration: Calibration,
) -> pl.DataFrame:
    """Return the held-out sales, and those after the rolling origins, or else those of the grouped folds.

    Args:
        table: holds the sales.
        predictions: of every row of the table, by the model of the training rows.
        forecasts: of the rolling origins, where there are some.
        folds: rows of the table, the prices that models of the other folds predict for them, and their logs less the
            trend.
        sizes: usual size of the residual of each row of the table.
        calibration: of the interval.
    """
    if forecasts:
        others = rolled(table, forecasts, sizes, calibration.ends, calibration.market, calibration.coverage)
    else:
        rows, *predicted = folds
        others = cross_predicted(table, rows, predicted, sizes, calibration.interval([]).interval, calibration.ends)
    return pl.concat([held_out(table, predictions), others]).sort("row")


def held_out(table: FeatureTable, predictions: Predictions) -> pl.DataFrame:
    """Return the held-out sales; `predictions` are of every row of the table."""
    rows = table.rows(HOLDOUT)
    price, low, high = (values[rows] for values in predictions)
    return _sales(table, rows, HOLDOUT, np.full(len(rows), HOLDOUT), (price, low, high))


def rolled(
    table: FeatureTable, forecasts: Forecasts, sizes: Prices, ends: IntervalEnds, market: float, coverage: float
) -> pl.DataFrame:
    """Return the nearest forecast of each sale, with an interval that is calibrated on the other origins.

    Args:
        table: holds the sales.
        forecasts: of all origins.
        sizes: usual size of the residual of each row of the table.
        ends: of the interval.
        market: factor of the trend's standard error.
        coverage: that the interval aims at.
    """
    parts = []
    for number, factor in factors_of_origins(forecasts, sizes, ends, market, coverage).items():
        own = forecasts.where(forecasts.nearest & (forecasts.origin == number))
        if not len(own.rows):
            continue
        price = table.prices[own.rows] / np.exp(own.residuals)
        log_sizes = np.log(sizes[own.rows])
        below, above = half_widths(Factors(factor, market), ends, log_sizes, own.detrended, own.trend_variance)
        first = str(np.datetime64(int(table.days[own.rows].min()), "D"))
        interval = price, price * np.exp(-below), price * np.exp(above)
        parts.append(_sales(table, own.rows, ROLLING_ORIGIN, np.full(len(own.rows), first), interval))
    return pl.concat(parts)


def cross_predicted(
    table: FeatureTable, rows: Rows, predicted: Sequence[Prices], sizes: Prices, factors: Factors, ends: IntervalEnds
) -> pl.DataFrame:
    """Return sales of grouped folds; the interval was calibrated on these sales together, not on each of them.

    `predicted` are their prices, and the logs of these less the trend; `sizes` is the usual size of the residual of
    each row of the table.
    """
    price, detrended = predicted
    below, above = half_widths(factors, ends, np.log(sizes[rows]), detrended)
    interval = price, price * np.exp(-below), price * np.exp(above)
    return _sales(table, rows, GROUPED_FOLDS, np.full(len(rows), GROUPED_FOLDS), interval)


def _sales(
    table: FeatureTable, rows: Rows, basis: str, period: npt.NDArray[np.str_], predictions: Predictions
) -> pl.DataFrame:
    values = dict(zip(NUMBERS, (table.prices[rows], *predictions), strict=True))
    columns = {"row": table.sampled.positions[rows], "basis": [basis] * len(rows), "period": period.tolist(), **values}
    return pl.DataFrame(columns, schema=SCHEMA).sort("row")


def write(sales: pl.DataFrame, processed_sha256: str) -> bytes:
    """Return the CSV; its last column names the processed table."""
    stream = io.BytesIO()
    sales.sort("row").with_columns(pl.lit(processed_sha256).alias(PROCESSED)).write_csv(stream)
    return stream.getvalue()


def read(path: Path) -> OutOfSample:
    """Return the predictions that `write` wrote.

    Raises:
        DataError: The file is missing (code `predictions_missing`) or is not such a table (`predictions_invalid`).
    """
    try:
        content = path.read_bytes()
    except OSError as err:
        raise DataError(
            f'The predictions of unseen sales "{path}" cannot be read ({err.strerror}). `houseprice train` and `run` '
            "write them; check --reports-dir, or train again.",
            code="predictions_missing",
            path=str(path),
        ) from err
    try:
        table = pl.read_csv(content, schema={**SCHEMA, PROCESSED: pl.String()}, raise_if_empty=True)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as err:
        raise _invalid(path, str(err).split("\n", 1)[0]) from err
    sources = table[PROCESSED].unique()
    usable = all(table[name].is_between(*_RANGE).fill_null(value=False).all() for name in NUMBERS)
    if table.is_empty() or table.null_count().sum_horizontal().item() or not usable or len(sources) != 1:
        raise _invalid(path, "it has blanks, prices that are none, no rows, or names several processed tables")
    if (table["interval_low"] > table["interval_high"]).any():
        raise _invalid(path, "an interval ends below its beginning")
    if table["row"].min() < 0 or table["row"].is_duplicated().any():  # type: ignore[operator]
        raise _invalid(path, "a row is negative, or is there twice")
    return OutOfSample(table.drop(PROCESSED), str(sources.item()), hashlib.sha256(content).hexdigest())


def _invalid(path: Path, reason: str) -> DataError:
    return DataError(
        f'"{path}" does not hold predictions as a training writes them: {reason}. Train again.',
        code="predictions_invalid",
        path=str(path),
    )
