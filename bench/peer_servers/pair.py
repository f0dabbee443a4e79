"""Houses in, prices out, by the two pickles of a training run behind a DataFrame: what every peer serves."""

from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import polars as pl


class Pair:
    """The fitted preprocessor and the model, as the road leaves them."""

    def __init__(self, trained: Path) -> None:
        self._preprocessor = joblib.load(trained / "preprocessor.pkl")
        self._model = joblib.load(trained / "house_price_model.pkl")
        self._date = self._preprocessor.schema.sale_date

    def of(self, frame: pd.DataFrame) -> list[dict[str, float]]:
        """Return price and interval of each row."""
        # Not `pl.from_pandas`: it is the slower way for a few rows.
        table = pl.DataFrame({str(name): column.tolist() for name, column in frame.items()})
        table = table.with_columns(pl.col(self._date).str.to_date("%Y-%m-%d"))
        answers = self._model.predict_interval(self._preprocessor.transform(table))
        return [
            {"predicted_price": price, "interval_low": low, "interval_high": high}
            for price, low, high in zip(*(part.tolist() for part in answers), strict=True)
        ]

    def one(self, house: dict[str, Any]) -> dict[str, float]:
        """Return price and interval of one house."""
        return self.of(pd.DataFrame([house]))[0]
