"""The currency of the prices, and signs that several currencies share."""

import polars as pl
import pytest

from houseprice.inference import Understanding, understand


def table(**columns: list[str]) -> pl.DataFrame:
    """Return a table of texts."""
    return pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns.items()})


PRICES = [f"{200 + 7 * place},{(31 * place) % 1000:03d}" for place in range(40)]


def understood(price: str, sign: str, **columns: str) -> Understanding:
    """Return what a file of prices with a sign means; the other columns hold numbers or a text in every row."""
    rows = {name: [value.format(60 + place) for place in range(40)] for name, value in columns.items()}
    prices = [sign + text if sign else text.replace(",", "") for text in PRICES]
    return understand(table(**{price: prices}, **rows))


@pytest.mark.parametrize(
    ("price", "sign", "columns", "currency"),
    [
        ("sale_price", "$", {"living_sqft": "{}"}, "USD"),
        ("sale_price", "$", {"living_area_m2": "{}"}, "XXX"),
        ("成交價", "$", {"實用面積": "{}"}, "XXX"),
        ("sale_price_aud", "$", {"living_area_m2": "{}"}, "AUD"),
        ("Precio de venta MXN", "$", {"Superficie": "{}"}, "MXN"),
        ("Sale price (NZ$)", "", {"living_area_m2": "{}"}, "NZD"),
        ("Sale price (₹)", "", {"area": "{}"}, "INR"),
        ("Slutpris", "kr ", {"Boarea": "{}"}, "SEK"),
        ("Købesum", "kr ", {"Boligareal": "{}"}, "DKK"),
        ("sale_price", "kr ", {"area": "{}"}, "XXX"),
        ("sale_price", "R ", {"area": "{}"}, "ZAR"),
        ("sale_price", "", {"area": "{}", "currency": "PAB"}, "PAB"),
    ],
)
def test_a_sign_of_several_currencies_is_not_guessed(
    price: str, sign: str, columns: dict[str, str], currency: str
) -> None:
    """Words of the file tell it; without them there is none."""
    assert understood(price, sign, **columns).currency == currency


def test_a_shared_sign_is_told() -> None:
    """What it is taken for stands in the notes, or that nothing tells it."""
    for columns in ({"living_sqft": "{}"}, {"living_area_m2": "{}"}):
        notes = understood("sale_price", "$", **columns).notes
        assert [note.rows for note in notes if note.rows] == [(1,)]


def test_several_codes_are_asked_about() -> None:
    """A code that no list holds is a currency, too, in a column that is called so."""
    codes = ["USD" if place % 2 else "PAB" for place in range(40)]
    found = understand(table(sale_price=[text.replace(",", "") for text in PRICES], currency=codes))
    assert [question.code for question in found.questions] == ["currency_mixed"]


def test_money_has_no_three_decimals() -> None:
    """A currency in the name says so as one in the cells does; a multiple of it may have them."""
    assert not understand(table(**{"Sale price (EUR)": PRICES})).questions
    assert understand(table(**{"Sale price (k EUR)": PRICES})).questions
