"""Houses to arrays."""

from datetime import date

import numpy as np
from toy import FULL, LEAST

from houseprice.bundle.load import Bundle
from houseprice.serving.column_layout import ColumnLayout, from_iso, to_iso
from houseprice.serving.scorer import Scorer


def test_each_column_holds_a_value_a_house(toy: Bundle, scorer: Scorer) -> None:
    """Dates are days since 1970, blanks are NaN or an empty text."""
    layout = ColumnLayout(toy)
    named = layout.named(layout.fill(scorer.request.validate([FULL, LEAST])))
    assert set(named) == set(toy.model.inputs)
    assert named["living area"].tolist() == [120.5, 80.0]
    assert named["heating"].tolist() == ["gas", ""]
    np.testing.assert_array_equal(named["lot"], [500.0, np.nan])
    assert named["sold"].tolist() == [from_iso("2014-10-13"), from_iso("2015-05-27")]


def test_a_house_is_the_same_among_complete_ones_and_others(toy: Bundle, scorer: Scorer) -> None:
    """Whether all of them have each column or not."""
    layout = ColumnLayout(toy)
    full, least = scorer.request.validate([FULL, LEAST])
    complete, mixed = layout.fill([full, full]), layout.fill([full, least])
    np.testing.assert_array_equal(complete.numbers[:, 0], mixed.numbers[:, 0])
    np.testing.assert_array_equal(complete.texts[:, 0], mixed.texts[:, 0])
    assert layout.fill([]).numbers.shape == (len(layout.numbers), 0)


def test_the_valuation_date_is_the_newest_sale_unless_it_is_given(toy: Bundle) -> None:
    """A request without a date asks for a price at the end of what was learned from."""
    layout = ColumnLayout(toy)
    assert layout.valuation_date({}) == date(2015, 5, 27)
    assert layout.valuation_date({"sold": None}) == date(2015, 5, 27)
    assert layout.valuation_date({"sold": date(2014, 10, 13)}) == date(2014, 10, 13)


def test_days_go_both_ways() -> None:
    """A day before 1970 is a negative number."""
    assert [to_iso(from_iso(day)) for day in ("1900-01-01", "1970-01-01", "2100-01-01")] == [
        "1900-01-01",
        "1970-01-01",
        "2100-01-01",
    ]
    assert from_iso("1969-12-31") == -1
