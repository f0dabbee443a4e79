"""Sample of the sales, where there are more than trees and kernels need.

Their error falls by ever less with more sales, while a fit takes time by their number: beyond `training.max_sales`,
they learn from a sample, and everything that is measured, compared or shown is of sampled sales. It is stratified by
month and price, and leans to recent sales, which tell more of the prices to come. The trend and the effects of
categories are fitted to all sales.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.bundle.random_sample import draw_sample
from houseprice.config import Config
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import GROUP
from houseprice.learning.other_sales import OtherSales
from houseprice.learning.splitting import HOLDOUT, TRAIN, Days, Rows, SampledRows, days_of, numbered, split_sales
from houseprice.learning.unsampled_sales import UnsampledSales
from houseprice.schema import Schema

RECENT = 3.0
"""How many times as often the newest sales are drawn as the oldest."""
NEWEST_SHARE = 0.25
"""Of `training.max_sales`: sales that are kept of those that are not learned from, at most."""
FITS = 3
"""Folds, and rolling origins, at most, where sales are sampled."""
Floats = npt.NDArray[np.float64]


def sample(table: FeatureTable, config: Config) -> tuple[FeatureTable, Config]:
    """Return the table of the sampled sales, which holds the others beside them, and what such a table is learned by.

    That is fewer folds and rolling origins. Where all sales are kept, both are returned as they are.
    """
    rows = sampled_rows(table.days, table.side, table.prices, config, table.processed_sha256)
    if rows is None:
        return table, config
    left_out = np.ones(len(table.prices), dtype=bool)
    left_out[rows] = False
    houses = numbered(table.keys[table.schema.parcel or GROUP].cast(pl.String))
    unsampled = UnsampledSales(
        OtherSales(table.features.filter(left_out), np.log(table.prices[left_out])),
        table.side[left_out],
        table.days[left_out],
        houses[left_out],
        SampledRows(rows, table.side[rows], table.rows(HOLDOUT)),
        houses[rows],
        table.protocol(config.split),
    )
    sampled = replace(
        table, keys=table.keys[rows], features=table.features[rows], side=table.side[rows], unsampled=unsampled
    )
    split = config.split
    fewer = {"folds": min(split.folds, FITS), "origins": min(split.origins, FITS)}
    return sampled, config.model_copy(update={"split": split.model_copy(update=fewer)})


def sample_sales(sales: pl.DataFrame, schema: Schema, config: Config, sha256: str) -> tuple[pl.DataFrame, SampledRows]:
    """Return the sampled sales of a processed table, and which they are."""
    side = split_sales(sales, schema, config.split, config.training.seed)
    days = days_of(sales, schema)
    prices = sales[schema.target].cast(pl.Float64).to_numpy()
    rows = sampled_rows(np.zeros(len(side), dtype=np.int64) if days is None else days, side, prices, config, sha256)
    if rows is None:
        rows = np.arange(len(side))
    return sales[rows], SampledRows(rows, side[rows], np.flatnonzero(side == HOLDOUT))


def sampled_rows(days: Days, side: npt.NDArray[np.str_], prices: Floats, config: Config, sha256: str) -> Rows | None:
    """Return the positions of the sampled sales, ascending; None where all of them are learned from.

    Args:
        days: of each sale; all alike where they have no dates.
        side: of the split.
        prices: of each sale.
        config: with `training.max_sales`, which holds for the training sales.
        sha256: of the processed table, by which the random sample of the holdout is drawn, that is kept whole.
    """
    most = config.training.max_sales
    if (side == TRAIN).sum() <= most:
        return None
    draw = np.random.default_rng(config.training.seed)
    learned = _drawn(np.flatnonzero(side == TRAIN), days, prices, most, RECENT, draw)
    newest = _drawn(np.flatnonzero(side != TRAIN), days, prices, round(NEWEST_SHARE * most), 1.0, draw)
    random_sample = draw_sample(sha256, np.flatnonzero(side == HOLDOUT).tolist())
    return np.unique(np.concatenate([learned, newest, np.array(random_sample, dtype=np.int64)]))


def _drawn(rows: Rows, days: Days, prices: Floats, count: int, recent: float, draw: np.random.Generator) -> Rows:
    """Return so many of some rows, by systematic sampling of them in the order of month and price.

    The chance of a month's rows rises linearly with the share of older rows, to `recent` times that of the oldest, or
    to 1; within a month it is the same for all.
    """
    if count >= len(rows):
        return rows
    months = days[rows].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    order = rows[np.lexsort((prices[rows], months))]
    _, month, counts = np.unique(months, return_inverse=True, return_counts=True)
    older = (np.cumsum(counts) - counts / 2.0) / len(rows)
    weights = (1.0 + (recent - 1.0) * older)[np.sort(month)]
    chances = weights * (count / weights.sum())
    while (chances > 1.0).any():  # those that are drawn for sure leave their chance to the others
        sure = chances >= 1.0
        chances = np.where(sure, 1.0, weights * ((count - sure.sum()) / weights[~sure].sum()))
    ends = np.floor(np.cumsum(chances) + draw.uniform())
    return order[np.diff(ends, prepend=0.0) > 0.0]
