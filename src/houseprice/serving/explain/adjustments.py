"""Adjustments of comparable sales: from the price that was paid to what the model makes of it for another house.

The first step is the market's: the price paid is carried to the valuation date by the market trend (time adjustment).
Then the sold house, valued on that date, is turned into the other one: its price changes in the ratio of the two model
prices, and that change is split over the groups of columns in which they differ (`shapley_sampling`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from houseprice.bundle.load import Bundle
from houseprice.errors import ServingError
from houseprice.serving.column_layout import ColumnLayout, Columns
from houseprice.serving.explain.feature_groups import group_features
from houseprice.serving.explain.finite_prediction import predict_finite
from houseprice.serving.explain.schemas import Adjustment
from houseprice.serving.explain.shapley import SEED, to_the_cent
from houseprice.serving.explain.shapley_sampling import ShapleySampler

MARKET = "market"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AdjustedSale:
    """The prices of one sale, in whole cents, and the steps between them.

    Attributes:
        price: price paid.
        time_adjusted_price: price paid, carried to the valuation date.
        adjusted_price: price paid, with all adjustments.
        adjustments: the steps; they add up to the adjusted price less the price paid.
    """

    price: float
    time_adjusted_price: float
    adjusted_price: float
    adjustments: list[Adjustment]


class PriceAdjuster:
    """Adjusts prices paid by a bundle's model."""

    def __init__(self, bundle: Bundle, layout: ColumnLayout) -> None:
        schema = bundle.manifest.schema_
        self._model, self._layout, self._sale_date = bundle.model, layout, schema.sale_date
        groups = group_features(schema, bundle.model.inputs)
        self._names = [group.name for group in groups]
        self._sampler = ShapleySampler(layout, groups, self._predict)

    def adjust(self, own: Columns, sold: Columns, prices: Floats, trend: Floats) -> list[AdjustedSale]:
        """Return each sale with its price adjusted to a house; a sale's adjustments do not depend on the other sales.

        Args:
            own: the house, with its valuation date.
            sold: the sold houses.
            prices: prices paid.
            trend: what the market trend added from each sale to the valuation date, in log price.

        Raises:
            ServingError: The model failed, or a price is too large to be split to the cent.
        """
        if not len(prices):
            return []
        if self._sale_date in self._layout.numbers:
            numbers = sold.numbers.copy()
            day = self._layout.numbers.index(self._sale_date)
            numbers[day] = own.numbers[day]
            sold = Columns(numbers, sold.texts)
        price, bases = float(self._predict(own)[0]), self._predict(sold)
        if min(price, bases.min()) <= 0.0:
            raise ServingError("The model predicted a price that is not above 0.", code="price_not_positive")
        rngs = [np.random.default_rng(SEED) for _ in prices]
        amounts = self._sampler.split(own, price, sold, bases, rngs)
        with np.errstate(over="ignore"):  # what is too large is found below
            carried = prices * np.exp(trend)
            shares = amounts / bases
        return [self._adjusted(*row) for row in zip(prices, carried, shares.T, price / bases, strict=True)]

    def _adjusted(self, price: float, carried: float, shares: Floats, ratio: float) -> AdjustedSale:
        """Return one sale; `shares` are what the groups add to a price of 1, and `ratio` what it becomes."""
        market, *_ = to_the_cent(np.array([carried - price]), round(carried, 2) - round(price, 2))
        paid, carried = round(float(price), 2), round(float(carried), 2)
        adjusted = round(float(carried * ratio), 2)
        amounts = to_the_cent(carried * shares, adjusted - carried)
        ordered = sorted(zip(self._names, amounts, strict=True), key=lambda pair: -abs(pair[1]))
        steps = [Adjustment(MARKET, market)] if self._sale_date else []
        steps += [Adjustment(name, amount) for name, amount in ordered if amount]
        return AdjustedSale(paid, carried, adjusted, steps)

    def _predict(self, columns: Columns) -> Floats:
        return predict_finite(self._model, self._layout, columns).price


def reconcile(prices: Sequence[float], weights: Sequence[float]) -> float | None:
    """Return the mean of adjusted prices by their weights, in whole cents; None where there are none."""
    return round(float(np.dot(prices, weights)), 2) if len(prices) else None
