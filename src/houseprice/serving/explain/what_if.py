"""Prices of one house over a grid of one or two of its columns, and how many sales lie near each point."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product, repeat
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from houseprice.bundle.load import BLOCK, Bundle
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.column_layout import ColumnLayout
from houseprice.serving.explain.comparables import ComparableFinder
from houseprice.serving.explain.feature_groups import to_request_values
from houseprice.serving.explain.finite_prediction import predict_finite
from houseprice.serving.explain.grid_request import Grid, GridReader
from houseprice.serving.explain.sold_values import sold_values
from houseprice.serving.prediction import Day
from houseprice.serving.request import House, RequestModel
from houseprice.serving.valuation import SPARSE_DISTANCE


@dataclass(frozen=True, slots=True)
class GridPoint:
    """The house with other values in the varied columns."""

    values: Annotated[dict[str, Any], Field(description="Column → its value at this point")]
    predicted_price: Annotated[float, Field(description="Price on the valuation date")]
    prediction_interval: Annotated[
        tuple[float, float], Field(description="Lower and upper bound of the prediction interval")
    ]
    sales_near: Annotated[
        int | None,
        Field(description="Sales that differ from it by less than near_distance; null where the bundle holds none"),
    ]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Prices over a grid."""

    points: Annotated[list[GridPoint], Field(description="In the order of the values; the last column varies fastest")]
    near_distance: Annotated[float, Field(description="Share of a price within which a sale counts as near")]
    coverage: Annotated[float, Field(description="Nominal coverage of the intervals")]
    currency: Annotated[str, Field(description="ISO 4217 code of the prices")]
    valuation_date: Annotated[
        Day | None,
        Field(description="Day that the prices are for; null where sales have no date or the date itself is varied"),
    ]
    model_version: Annotated[str, Field(description="Version of the model")]


class WhatIfCalculator:
    """Prices houses over grids."""

    def __init__(self, bundle: Bundle, request: RequestModel, finder: ComparableFinder) -> None:
        self._manifest, self._model, self._layout = bundle.manifest, bundle.model, ColumnLayout(bundle)
        self._finder = finder
        self._reader = GridReader(bundle, request, partial(sold_values, bundle, finder.sales))

    def answer(self, body: bytes) -> WhatIf:
        """Return the prices that a JSON body asks for.

        Raises:
            HTTPException: 422, it is not a house and a grid.
            InvalidRequestError: It is no JSON.
            ServingError: A graph of the bundle failed.
        """
        grid = self._reader.read(body)
        values = [dict(zip(grid.values, point, strict=True)) for point in product(*grid.values.values())]
        houses = [{**grid.house, **point} for point in values]
        points: list[GridPoint] = []
        for start in range(0, len(houses), BLOCK):
            checkpoint()
            points += self._price(values[start : start + BLOCK], houses[start : start + BLOCK])
        return WhatIf(
            points,
            SPARSE_DISTANCE,
            self._manifest.coverage,
            self._manifest.project["currency"],
            self._valuation_day(grid),
            self._manifest.model_version,
        )

    def _price(self, values: Sequence[dict[str, Any]], houses: Sequence[House]) -> list[GridPoint]:
        columns = self._layout.fill(houses)
        found = predict_finite(self._model, self._layout, columns)
        prices = np.round([found.price, found.low, found.high], 2).T.tolist()
        near = self._finder.count_near(self._layout.named(columns), SPARSE_DISTANCE) or repeat(None)
        return [
            GridPoint(self._shown(point), price, (low, high), count)
            for point, (price, low, high), count in zip(values, prices, near, strict=False)
        ]

    def _shown(self, point: dict[str, Any]) -> dict[str, Any]:
        """Return the values of a point as a request would hold them."""
        days = {name: value.isoformat() for name, value in point.items() if hasattr(value, "isoformat")}
        rest = {name: float("nan") if value is None else value for name, value in point.items() if name not in days}
        shown = {**to_request_values(self._manifest.schema_, rest), **days}
        return {name: shown[name] for name in point}

    def _valuation_day(self, grid: Grid) -> str | None:
        if self._manifest.schema_.sale_date in grid.values:
            return None
        return self._layout.valuation_day(grid.house)
