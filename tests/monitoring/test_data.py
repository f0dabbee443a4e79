"""What monitoring is computed from is whole, or is refused."""

from dataclasses import replace

import numpy as np
import pytest
from made_days import made_predictions, made_sales

from houseprice.errors import DataError


def test_rows_are_chosen_in_all_columns() -> None:
    """Inputs among them."""
    sales = made_sales(10)
    some = sales.where(np.array([3, 5]))
    assert len(some) == 2
    assert some.inputs["area"].tolist() == sales.inputs["area"][[3, 5]].tolist()
    assert some.errors.tolist() == sales.errors[[3, 5]].tolist()


def test_errors_are_above_nothing_where_more_was_paid() -> None:
    """Divided by their forecast standard deviation."""
    sales = replace(made_sales(2), price=np.array([100.0, 100.0]), price_paid=np.array([110.0, 90.0]),
                    fsd=np.array([0.1, 0.2]), low=np.array([95.0, 95.0]), high=np.array([120.0, 120.0]))  # fmt: skip
    assert sales.errors == pytest.approx(np.log([1.1, 0.9]))
    assert sales.standardised == pytest.approx(np.log([1.1, 0.9]) / [0.1, 0.2])
    assert sales.covered.tolist() == [True, False]


def test_columns_of_different_lengths_are_refused() -> None:
    """Also among the inputs."""
    with pytest.raises(DataError) as refused:
        replace(made_predictions(3), count=np.array([1, 2]))
    assert (refused.value.code, refused.value.details["lengths"]) == ("monitoring_data_invalid", [2, 3])
    sales = made_sales(3)
    with pytest.raises(DataError):
        replace(sales, inputs=sales.inputs | {"area": np.ones(4)})


@pytest.mark.parametrize("name", ["price_paid", "price", "low", "high", "fsd"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_impossible_prices_are_refused(name: str, value: float) -> None:
    """The column is named."""
    sales = made_sales(3)
    values = getattr(sales, name).copy()
    values[1] = value
    with pytest.raises(DataError) as refused:
        replace(sales, **{name: values})
    assert refused.value.details["column"] == name
