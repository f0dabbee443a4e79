"""Design of the regression that finds the market trend, and the sums of it that blocks of sales add up to."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs
from scipy import sparse
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TIME = "months_since_first_sale"
MAX_CATEGORIES = 500
"""Of one text; rarer ones share a column, so that a text with thousands of categories fits into memory."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """Sums over some sales of the products of a design and a target; those of two blocks of sales add up.

    Attributes:
        count: number of sales.
        gram: products of the columns of the design with each other [columns, columns].
        columns: of each column.
        moments: products of each column with the target.
        target, squares: of the target, and of its square.
    """

    count: int
    gram: Floats
    columns: Floats
    moments: Floats
    target: float
    squares: float

    def __add__(self, other: "Sums") -> "Sums":
        """Return the sums of both blocks together."""
        return Sums(
            self.count + other.count, self.gram + other.gram, self.columns + other.columns,
            self.moments + other.moments, self.target + other.target, self.squares + other.squares,
        )  # fmt: skip

    def centred(self) -> tuple[Floats, Floats, float]:
        """Return the products of columns, those with the target, and its squares, all less their means."""
        means, of_target = self.columns / self.count, self.target / self.count
        gram = self.gram - self.count * np.outer(means, means)
        return gram, self.moments - self.columns * of_target, self.squares - self.target * of_target


@dataclass(frozen=True)
class Design:
    """Columns of the regression: pieces of the trend, numbers, their roots, and indicators of the texts.

    Attributes:
        knots: months between which the pieces lie.
        scaler: of the numbers.
        encoder: of the texts; None where there are none.
    """

    knots: tuple[float, ...]
    scaler: StandardScaler
    encoder: OneHotEncoder | None

    @classmethod
    def of(cls, knots: tuple[float, ...], features: pl.DataFrame) -> Self:
        """Return the design for some sales and any others."""
        texts = features.select(cs.string())
        rarer = OneHotEncoder(max_categories=MAX_CATEGORIES, handle_unknown="infrequent_if_exist")
        encoder = rarer.fit(texts.to_numpy()) if texts.width else None
        return cls(knots, StandardScaler().fit(_numbers(features)), encoder)

    def sums(self, features: pl.DataFrame, target: Floats) -> Sums:
        """Return the sums over some sales."""
        months, past = features[TIME].to_numpy().astype(np.float64), np.diff(self.knots)
        pieces = np.clip(months[:, None] - np.array(self.knots[:-1]), 0.0, past)
        others = self.scaler.transform(_numbers(features))
        numbers = np.hstack([pieces, others, np.sign(others) * np.sqrt(np.abs(others))])
        indicators = sparse.csr_array((len(target), 0))
        if self.encoder is not None:
            indicators = self.encoder.transform(features.select(cs.string()).to_numpy()).tocsr()
        cross = np.asarray(indicators.T @ numbers)
        return Sums(
            len(target),
            np.block([[numbers.T @ numbers, cross.T], [cross, (indicators.T @ indicators).toarray()]]),
            np.concatenate([numbers.sum(axis=0), np.asarray(indicators.sum(axis=0)).ravel()]),
            np.concatenate([numbers.T @ target, indicators.T @ target]),
            float(target.sum()),
            float(target @ target),
        )


def _numbers(features: pl.DataFrame) -> Floats:
    return features.select(cs.numeric() - cs.by_name(TIME)).to_numpy().astype(np.float64)
