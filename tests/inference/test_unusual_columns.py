"""Coordinates in metres, prices per area, multiples, and rows that are no sales."""

from collections.abc import Callable

import pytest

from corpus.houses import House
from houseprice.conversion import convert_value
from houseprice.inference import understand
from inference.tables import HOUSES, column, table


def numbers(value: Callable[[House], object]) -> list[str | None]:
    """Return a column of what is computed from each house."""
    return [str(value(house)) for house in HOUSES]


def test_plane_coordinates_are_kept_as_numbers() -> None:
    """Metres are no degrees, no identifiers and no prices."""
    metres = {"x": numbers(lambda h: 840_000 + 90 * h.door), "y": numbers(lambda h: 6_517_000 + 70 * h.floor)}
    found = understand(table(**metres))
    assert [(column(found, name).kind, column(found, name).role) for name in "xy"] == [("integer", None)] * 2


def test_x_and_y_in_degrees_are_longitude_and_latitude() -> None:
    """So maps count them."""
    found = understand(table(x=numbers(lambda h: f"{h.lon:.5f}"), y=numbers(lambda h: f"{h.lat:.5f}")))
    assert [column(found, name).role for name in "xy"] == ["longitude", "latitude"]


def test_the_total_is_learned_and_not_the_price_per_area() -> None:
    """The product of area and price is the total, whatever the columns are called."""
    texts = table(eur_m2=numbers(lambda h: f"{h.per_metre:.2f}"), all_in=numbers(lambda h: h.price)).drop("sale_price")
    found = understand(texts)
    assert column(found, "all_in").role == "target"
    assert column(found, "eur_m2").excluded


@pytest.mark.parametrize(
    ("name", "sold", "unsold"),
    [
        ("status", "Sold", "Withdrawn"),
        ("Listing Status", "CLOSED", "UNDER_OFFER"),
        ("estado", "vendido", "en venta"),
        ("is_sold", "yes", "no"),
    ],
)
def test_rows_that_were_not_sold_are_set_aside(name: str, sold: str, unsold: str) -> None:
    """Their prices were asked and never paid; where prices that were asked are learned, they stay."""
    states = [unsold if house.number % 4 == 0 else sold for house in HOUSES]
    found = understand(table(**{name: states}))
    assert (found.only, found.questions) == ({name: (sold,)}, ())
    assert column(found, name).excluded
    assert not understand(table(**{name: states}).rename({"sale_price": "asking_price"})).only


@pytest.mark.parametrize(
    ("name", "divisor", "factor"),
    [
        ("거래금액(만원)", 1e4, 1e4),
        ("Sale price (HK$M)", 1e6, 1e6),
        ("Kaufpreis in TEUR", 1e3, 1e3),
        ("成交总价(万元)", 1e4, 1e4),
    ],
)
def test_a_name_that_tells_a_multiple_is_read(name: str, divisor: float, factor: float) -> None:
    """The unit of the model is the currency."""
    texts = table(**{name: numbers(lambda h: f"{h.price / divisor:.4f}")}).drop("sale_price")
    found = column(understand(texts), name)
    assert (found.role, found.form.factor) == ("target", factor)


def test_names_with_numbers_are_no_amounts() -> None:
    """A number behind a word is that of a building or a road, unless the column counts."""
    found = understand(
        table(tower=numbers(lambda h: f"Tower {h.door}"), bedrooms=numbers(lambda h: f"approx {h.beds}"))
    )
    assert (column(found, "tower").kind, column(found, "bedrooms").kind) == ("category", "integer")


def test_a_letter_of_the_south_or_the_west_makes_degrees_negative() -> None:
    """In what is priced later, too, since the form says so."""
    texts = table(lat=numbers(lambda house: f"{house.lat:.4f}° S"), lon=numbers(lambda house: f"{-house.lon:.4f} W"))
    found = understand(texts)
    for name, text, value in (("lat", "40.5000° S", -40.5), ("lon", "3.7000 W", -3.7)):
        assert column(found, name).role == {"lat": "latitude", "lon": "longitude"}[name]
        assert convert_value(text, "number", column(found, name).form) == value


def test_an_assessment_beside_an_unknown_price_is_not_taken_for_it() -> None:
    """What the other column is has to be told."""
    texts = table(assessed_value=numbers(lambda h: h.asked), kaufverd=numbers(lambda h: h.price)).drop("sale_price")
    (question,) = understand(texts).questions
    assert (question.code, set(question.answers)) == ("target_ambiguous", {"assessed_value", "kaufverd"})


def test_a_discount_in_percent_is_left_out() -> None:
    """With the list price that was left out it gives the price."""
    texts = table(list_price=numbers(lambda h: h.asked), foo=numbers(lambda h: f"{100 * (h.price / h.asked - 1):.1f}"))
    assert column(understand(texts), "foo").excluded


def test_dates_of_another_sign_prove_nothing() -> None:
    """Two programs may have written them, each in its own order."""
    days = [f"{h.day:%d-%m-%Y}" if h.day.day < 13 else f"{h.day:%m/%d/%Y}" for h in HOUSES]
    assert [question.code for question in understand(table(sold=days)).questions] == ["date_order_ambiguous"]


def test_sales_and_rents_are_told_apart_whatever_their_column_is_called() -> None:
    """Their prices are not of one kind."""
    kinds = ["Rent" if house.flag else "Sale" for house in HOUSES]
    assert [question.code for question in understand(table(offer=kinds)).questions] == ["rents_mixed"]
