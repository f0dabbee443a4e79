"""Sales keep their identifiers from one bundle to the next."""

import numpy as np
import pytest
from toy import PAID, SOLD

from houseprice.bundle import sales_store
from houseprice.bundle.sales_store import Sales
from houseprice.serving.explain.sale_ids import DIGITS, SaleIds


def ids_of(sales: Sales) -> list[str]:
    """Return all identifiers, in the order of the sales."""
    ids = SaleIds(sales)
    return [ids.of(position) for position in range(len(sales.prices))]


def part(positions: list[int]) -> Sales:
    """Return some of the toy's sales, as a bundle holds them."""
    columns = {name: values[positions] for name, values in SOLD.items()}
    return sales_store.unpack(sales_store.pack(columns, PAID[positions]))


def test_an_identifier_depends_on_its_sale_alone() -> None:
    """Neither on the other sales, nor on the order of sales and columns, nor on how numbers are packed."""
    found = ids_of(part([0, 1, 2, 3]))
    assert ids_of(part([3, 1])) == [found[3], found[1]]
    assert ids_of(Sales(dict(reversed(SOLD.items())), PAID)) == found
    assert all(len(one) == DIGITS and int(one, 16) >= 0 for one in found)


@pytest.mark.parametrize("name", [*SOLD, ""])
def test_an_identifier_changes_with_every_value(name: str) -> None:
    """Of the price, too."""
    before = ids_of(part([0, 2]))
    sales = part([0, 2])
    if name:
        sales.columns[name][0] = "other" if sales.columns[name].dtype == object else sales.columns[name][0] + 1
    else:
        sales.prices[0] += 0.01
    after = ids_of(sales)
    assert (after[0] != before[0], after[1]) == (True, before[1])


def test_sales_that_are_alike_in_everything_have_identifiers_of_their_own() -> None:
    """Each is found again by its own; a blank is as good as another, and zero has no sign."""
    twins = part([1, 1, 1])
    twins.columns["rooms"][:] = [0.0, -0.0, 0.0]
    found = ids_of(twins)
    ids = SaleIds(twins)
    assert len(set(found)) == 3
    assert [ids.position(one) for one in found] == [0, 1, 2]


def test_what_is_no_sale_is_not_found() -> None:
    """Before, between and after the known ones, and where there are none."""
    found = ids_of(part([0, 1, 2, 3]))
    ids = SaleIds(part([0, 1, 2, 3]))
    for number in (0, *(int(one, 16) + step for one in found for step in (-1, 1)), 16**DIGITS - 1):
        assert ids.position(f"{number:0{DIGITS}x}") is None
    none = Sales({"rooms": np.empty(0)}, np.empty(0))
    assert SaleIds(none).position(found[0]) is None
