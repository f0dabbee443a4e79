"""The value of one house month by month over the period that the model has learned, and the market index beneath it."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import numpy as np
from fastapi import HTTPException
from pydantic import Field

from houseprice.bundle.load import BLOCK, Bundle
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.column_layout import ColumnLayout
from houseprice.serving.explain.finite_prediction import predict_finite
from houseprice.serving.prediction import Day
from houseprice.serving.request import House

MIDDLE = 15
"""Day of the month that values and market index are for."""


@dataclass(frozen=True, slots=True)
class MonthlyValue:
    """The value of a house in one month."""

    month: Annotated[str, Field(description="Such as 2015-05", pattern=r"^\d{4}-\d{2}$")]
    valuation_date: Annotated[Day, Field(description="Day that the price is for, the middle of the month")]
    predicted_price: Annotated[float, Field(description="Price on that day")]
    prediction_interval: Annotated[
        tuple[float, float], Field(description="Lower and upper bound of the prediction interval")
    ]
    market_index: Annotated[float, Field(description="Level of all prices by the market trend; 100 in the first month")]


@dataclass(frozen=True, slots=True)
class History:
    """The value of one house, month by month."""

    history: Annotated[list[MonthlyValue], Field(description="From the month of the first sale to that of the newest")]
    coverage: Annotated[float, Field(description="Nominal coverage of the intervals")]
    currency: Annotated[str, Field(description="ISO 4217 code of the prices")]
    model_version: Annotated[str, Field(description="Version of the model")]


class Historian:
    """A model and the months that it has learned."""

    def __init__(self, bundle: Bundle) -> None:
        self._manifest, self._model, self._layout = bundle.manifest, bundle.model, ColumnLayout(bundle)
        newest = (bundle.manifest.reference_date or "")[:7]
        index: dict[str, float] = bundle.explanation.get("market_index", {})
        self._index = {month: level for month, level in index.items() if month <= newest}

    def _sale_date(self) -> str:
        """Return the column of the valuation date."""
        name = self._manifest.schema_.sale_date
        if not self._index or name is None:
            message = "This model was trained on sales without dates, so values have no history; ask /predict."
            detail = {"type": "sale_dates_missing", "loc": ["body"], "msg": message, "input": None}
            raise HTTPException(422, [detail])
        return name

    def trace(self, house: House) -> History:
        """Return the value of a validated house in each month; its own valuation date has no effect.

        Raises:
            HTTPException: 422, with the type `sale_dates_missing`, where sales have no dates.
            ServingError: The model failed.
        """
        name = self._sale_date()
        days = [date.fromisoformat(f"{month}-{MIDDLE}") for month in self._index]
        found: list[MonthlyValue] = []
        levels = list(self._index.items())
        for start in range(0, len(days), BLOCK):
            checkpoint()
            block = days[start : start + BLOCK]
            columns = self._layout.fill([{**house, name: day} for day in block])
            prices = predict_finite(self._model, self._layout, columns)
            numbers = np.round([prices.price, prices.low, prices.high], 2).T.tolist()
            for day, (month, level), (price, low, high) in zip(block, levels[start:], numbers, strict=False):
                index = round(100.0 * float(np.exp(level)), 2)
                found.append(MonthlyValue(month, day.isoformat(), price, (low, high), index))
        return History(found, self._manifest.coverage, self._manifest.project["currency"], self._manifest.model_version)
