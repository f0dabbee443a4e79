"""Sales that a model is not fitted to as a whole: only its market trend and the effects of categories are of them too.

Where there are more sales than trees and kernels need, these learn from a sample (`sales_sample`). Sums cost little for
each sale, so that they are taken over all: what a street is worth is then known from every sale in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs

from houseprice.learning.features import matrix
from houseprice.learning.standardisation import Standardisation
from houseprice.learning.text_pairs import SEPARATOR, Pair, pair_name

Floats = npt.NDArray[np.float64]
BLOCK_ROWS = 100_000
"""Rows whose numbers are held as a matrix at a time."""


@dataclass(frozen=True)
class OtherSales:
    """Sales that only sums are taken over.

    Attributes:
        features: of the sales, as the model takes them.
        log_prices: of each.
    """

    features: pl.DataFrame
    log_prices: Floats

    def blocks(self) -> Iterator[tuple[pl.DataFrame, Floats]]:
        """Yield features and log prices of some rows at a time."""
        for start in range(0, len(self.log_prices), BLOCK_ROWS):
            yield self.features[start : start + BLOCK_ROWS], self.log_prices[start : start + BLOCK_ROWS]

    def where(self, kept: npt.NDArray[np.bool_]) -> "OtherSales":
        """Return some of the sales."""
        return self if kept.all() else OtherSales(self.features.filter(kept), self.log_prices[kept])

    def with_pairs(self, pairs: tuple[Pair, ...]) -> "OtherSales":
        """Return the sales with the text of each pair."""
        texts = (pl.concat_str(pair, separator=SEPARATOR).alias(pair_name(pair)) for pair in pairs)
        return replace(self, features=self.features.with_columns(texts))

    def left_over(self, standardisation: Standardisation, slopes: Floats, intercepts: Floats) -> Floats:
        """Return the log prices less some linear models [models, sales]; `slopes` is [models, columns]."""
        left = np.empty((len(slopes), len(self.log_prices)))
        start = 0
        for block, log_prices in self.blocks():
            rows = slice(start, start := start + len(log_prices))
            numbers = matrix(block.select(cs.numeric()))
            left[:, rows] = log_prices - slopes @ standardisation.apply(numbers) - intercepts[:, None]
        return left
