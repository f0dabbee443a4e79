"""Columns whose names say one thing and whose values another, and what is known only at the sale."""

from collections.abc import Callable

import pytest

from corpus.houses import House
from houseprice.inference import understand
from inference.tables import HOUSES, by_role, column, table


@pytest.mark.parametrize(
    ("name", "value"),
    [("floor_area_ratio", lambda h: 100 + 20 * h.floor), ("area_m", lambda h: 6_407_578 + 3000 * h.place)],
)
def test_a_share_and_a_district_are_no_living_area(name: str, value: Callable[[House], int]) -> None:
    """A name that has the word area is not enough."""
    found = understand(table(**{name: [str(value(house)) for house in HOUSES]}).drop("living_area"))
    assert column(found, name).role is None


def test_the_living_area_wins_over_a_ratio_of_it() -> None:
    """Both are named after the area of the floors."""
    ratios = [str(100 + 20 * house.floor) for house in HOUSES]
    areas = [str(house.living) for house in HOUSES]
    found = understand(table(floor_area_ratio=ratios, total_floor_area=areas).drop("living_area"))
    assert by_role(found, "living_area").name == "total_floor_area"


@pytest.mark.parametrize("name", ["GIA sqm", "gia_sqft", "GIA (m²)"])
def test_a_gross_internal_area_is_no_price(name: str) -> None:
    """The same three letters are a price in Vietnamese."""
    found = understand(table(**{name: [str(house.living) for house in HOUSES]}).drop("living_area"))
    assert column(found, name).role == "living_area"


def test_a_state_of_a_few_numbers_is_that_of_the_house() -> None:
    """It names no part of a country."""
    found = column(understand(table(state=[str(house.grade) for house in HOUSES])), "state")
    assert (found.kind, found.role) == ("ordinal", None)


def test_a_state_of_letters_is_a_place() -> None:
    """As before."""
    found = understand(table(state=[("NY", "NJ", "CT")[house.heat] for house in HOUSES]))
    assert column(found, "state").role == "location"


@pytest.mark.parametrize(
    "name", ["pending_date", "Beleihungswert EUR", "LTV", "TOTALJUST", "Gain/Loss", "Darlehen EUR"]
)
def test_what_lenders_and_offices_know_at_the_sale_is_left_out(name: str) -> None:
    """Dates of the contract, valuations, loans and gains, whatever the values look like."""
    value = {"pending_date": lambda house: house.listed.isoformat()}.get(name, lambda house: str(1000 * house.door))
    days: list[str | None] = [house.day.isoformat() for house in HOUSES]
    found = understand(table(sale_date=days, **{name: [value(house) for house in HOUSES]}))
    assert column(found, name).excluded


def test_money_in_proportion_to_the_price_is_left_out() -> None:
    """A sum that is insured follows the price more closely than any property of the house."""
    sums = [f"€{house.price * (0.8 + house.door / 900):.0f}" for house in HOUSES]
    fees = [f"€{100 + house.door}" for house in HOUSES]
    found = understand(table(insured_sum=sums, fees=fees))
    assert (bool(column(found, "insured_sum").excluded), column(found, "fees").excluded) == (True, "")


@pytest.mark.parametrize("written", ["POINT (-72.{0:05d} 41.5)", "(41.{0:05d}, -72.25)", "41.{0:05d},-72.25"])
def test_coordinates_in_one_text_are_no_address(written: str) -> None:
    """They are left out, with what to do about it."""
    found = understand(
        table(
            location=[written.format(house.number) for house in HOUSES],
            address=[f"{house.number} {house.street}" for house in HOUSES],
        )
    )
    assert column(found, "location").excluded
    assert by_role(found, "address").name == "address"


def test_a_few_kinds_of_transaction_identify_no_sale() -> None:
    """Resales and new houses are kinds of houses."""
    kinds: list[str | None] = ["Resale" if house.flag else "New Property" for house in HOUSES]
    assert not column(understand(table(Transaction=kinds)), "Transaction").excluded


def test_square_feet_are_known_where_the_name_has_no_blank() -> None:
    """As in names of one word."""
    found = understand(table(HEATEDSQFT=[str(house.living * 11) for house in HOUSES]).drop("living_area"))
    assert (column(found, "HEATEDSQFT").role, column(found, "HEATEDSQFT").unit) == ("living_area", "sq ft")
