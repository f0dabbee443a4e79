"""Predictions of prepared columns that are finite, or an error that says what failed."""

import numpy as np

from houseprice.bundle.load import Model, Predictions
from houseprice.errors import ServingError
from houseprice.serving.column_layout import ColumnLayout, Columns


def predict_finite(model: Model, layout: ColumnLayout, columns: Columns) -> Predictions:
    """Return the prediction of each house.

    Raises:
        ServingError: The model failed, or predicted a price that is not finite.
    """
    try:
        found = model.predict(layout.named(columns))
    except Exception as err:  # onnxruntime raises its own unrelated kinds, one a cause
        raise ServingError(f"The model failed: {err}.", code="model_failed") from err
    if not np.isfinite((found.price, found.low, found.high)).all():
        raise ServingError("The model predicted a price that is not a finite number.", code="price_not_finite")
    return found
