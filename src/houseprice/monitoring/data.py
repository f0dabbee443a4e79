"""What monitoring is computed from: arrays of sales that have a price by now, and counts of what was asked by day.

They hold nothing of where they come from. The store fills them in production, and the benchmark from made days.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from houseprice.errors import DataError

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]


class _Rows:
    """Arrays of one length each; a column of `inputs` or `counts` is one as well."""

    def __post_init__(self) -> None:
        lengths = {len(values) for _, values in self._arrays()}
        if len(lengths) > 1:
            raise DataError(
                f"The columns of {type(self).__name__} have different lengths ({sorted(lengths)}).",
                code="monitoring_data_invalid",
                lengths=sorted(lengths),
            )

    def __len__(self) -> int:
        return len(next(iter(self._arrays()))[1])

    def _arrays(self) -> Iterator[tuple[str, Any]]:
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, field.name)
            yield from value.items() if isinstance(value, Mapping) else [(field.name, value)]

    def where(self, chosen: npt.NDArray[Any]) -> Self:
        """Return the rows that a mask or positions choose."""
        changed = {
            field.name: {name: values[chosen] for name, values in value.items()}
            if isinstance(value := getattr(self, field.name), Mapping)
            else value[chosen]
            for field in fields(self)  # type: ignore[arg-type]
        }
        return replace(self, **changed)  # type: ignore[type-var]


@dataclass(frozen=True)
class LabelledSales(_Rows):
    """Sales that were priced before, one row each, in the order in which their prices became known.

    Attributes:
        sale: what identifies the sale, the same for the live and the shadow model.
        predicted_at: when it was priced, UTC, to the second.
        sale_date: day of the sale.
        price_paid: in the currency of the model.
        price, low, high: the prediction and its interval.
        fsd: forecast standard deviation, in log price.
        model_version: of the model that priced it.
        inputs: column → its value, as the model takes it; NaN and "" are missing.
    """

    sale: Texts
    predicted_at: Days
    sale_date: Days
    price_paid: Floats
    price: Floats
    low: Floats
    high: Floats
    fsd: Floats
    model_version: Texts
    inputs: dict[str, npt.NDArray[Any]]

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("price_paid", "price", "low", "high", "fsd"):
            values = getattr(self, name)
            if not (np.isfinite(values) & (values > 0.0)).all():
                raise DataError(
                    f'"{name}" of a labelled sale is not a number above 0.', code="monitoring_data_invalid", column=name
                )

    @property
    def errors(self) -> Floats:
        """Return log(paid / predicted): above 0 where the prediction was too low."""
        return np.asarray(np.log(self.price_paid) - np.log(self.price))

    @property
    def standardised(self) -> Floats:
        """Return each error divided by its forecast standard deviation."""
        return np.asarray(self.errors / self.fsd)

    @property
    def covered(self) -> Mask:
        """Return whether each price lies in its interval."""
        return np.asarray((self.price_paid >= self.low) & (self.price_paid <= self.high))


@dataclass(frozen=True)
class DailyPredictions(_Rows):
    """What was asked, one row for each day, model version and role, in the order of the days.

    Attributes:
        day: UTC.
        model_version: of the model that answered.
        role: "live" or "shadow".
        count: predictions.
        distinct: houses among them that differ in their inputs.
        sum_log_price: of the predictions.
        sum_fsd: of their forecast standard deviations.
        with_warnings: predictions with a warning.
        dated: predictions whose request gave a valuation date.
        misdated: those of them whose date is more than `MISDATED_DAYS` from the day of the prediction.
    """

    day: Days
    model_version: Texts
    role: Texts
    count: Counts
    distinct: Counts
    sum_log_price: Floats
    sum_fsd: Floats
    with_warnings: Counts
    dated: Counts
    misdated: Counts


MISDATED_DAYS = 183
"""A valuation date that is further from the day of the prediction is counted as misdated."""


@dataclass(frozen=True)
class DailyInputs(_Rows):
    """Inputs of the live model, one row for each day and model version, in the order of the days.

    Attributes:
        day: UTC.
        model_version: of the model that answered.
        counts: column → predictions by bin [days, bins], as `ColumnProfile.count` gives them.
    """

    day: Days
    model_version: Texts
    counts: dict[str, Counts]
