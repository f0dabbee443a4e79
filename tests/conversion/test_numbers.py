"""Numbers as people write them."""

import pytest

from houseprice.conversion import CellForm, convert_value

US = CellForm(thousands=",", strip=("$", "USD"))
EURO = CellForm(decimal=",", thousands=".", strip=("€", "EUR", "m²"))
SWISS = CellForm(thousands="'", strip=("CHF", "Fr."))
FRENCH = CellForm(decimal=",", thousands=" ", strip=("€", "m2"))


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("1234", CellForm(), 1234.0),
        ("-1.5", CellForm(), -1.5),
        ("\u22121.5", CellForm(), -1.5),
        (" 12\u00a0", CellForm(), 12.0),
        (".5", CellForm(), 0.5),
        ("GROUND floor", CellForm(number_words={"Ground Floor": 0.0}), 0.0),
        ("4½", CellForm(), 4.5),
        ("昭和55年", CellForm(), 1980.0),
        ("平成元年", CellForm(), 1989.0),
        ("民國85年", CellForm(), 1996.0),
        ("3 ¾", CellForm(), 3.75),
        ("½", CellForm(), 0.5),
        ("1.2E+05", CellForm(), 120000.0),
        ("$1,234", US, 1234.0),
        ("$ 1,234,567.50", US, 1234567.5),
        ("-$1,234", US, -1234.0),
        ("$-1,234", US, -1234.0),
        ("($1,234)", US, -1234.0),
        ("1,234 usd", US, 1234.0),
        ("12,34,567", US, 1234567.0),
        ("1.234,50 €", EURO, 1234.5),
        ("€ 350.000,-", EURO, 350000.0),
        ("€350.000,--", EURO, 350000.0),
        ("90 m²", EURO, 90.0),
        ("1234,5", EURO, 1234.5),
        ("CHF 1'250'000.-", SWISS, 1250000.0),
        ("1\u2019250\u2019000", SWISS, 1250000.0),
        ("350\u202f000,5 €", FRENCH, 350000.5),
        ("£350k", CellForm(strip=("£",), multipliers={"k": 1e3, "M": 1e6}), 350000.0),
        ("1.2M", CellForm(multipliers={"k": 1e3, "M": 1e6}), 1200000.0),
        ("1,2 Mio. €", CellForm(decimal=",", strip=("€",), multipliers={"Mio.": 1e6}), 1200000.0),
        ("\u0664\u0662", CellForm(), 42.0),
        ("2.5 acres", CellForm(strip=("acres",), factor=4046.8564224), 10117.141056),
    ],
)
def test_a_number_is_read_as_its_form_says(text: str, form: CellForm, value: float) -> None:
    """Signs, marks and units are those that the form declares."""
    assert convert_value(text, "number", form) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("$1,234", CellForm()),
        ("1,234", CellForm()),
        ("12,5", US),
        ("1.234,5", US),
        ("1,2345", US),
        ("12.5", EURO),
        ("1_000", CellForm()),
        ("nanny", CellForm()),
        ("inf", CellForm()),
        ("1e999", CellForm()),
        ("0x10", CellForm()),
        ("1.2M", CellForm()),
        ("10 TO 12", CellForm()),
        ("€", EURO),
        ("--5", CellForm()),
    ],
)
def test_what_the_form_does_not_declare_is_no_number(text: str, form: CellForm) -> None:
    """Nothing is guessed at: 12,5 with a decimal point is unreadable, never 125."""
    assert convert_value(text, "number", form) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("10 TO 12", 11.0), ("10-12", 11.0), ("10 \u2013 12", 11.0), ("5+", 5.0), (">5", 5.0), ("7", 7.0), ("-3", -3.0)],
)
def test_a_range_is_its_middle(text: str, value: float) -> None:
    """An open range is its end."""
    assert convert_value(text, "number", CellForm(ranges="midpoint")) == value


@pytest.mark.parametrize("text", ["12 TO 10", "TO 12", "ten to 12", "1-2-3"])
def test_what_is_no_range_is_not_read_as_one(text: str) -> None:
    """Bounds in the wrong order have no middle."""
    assert convert_value(text, "number", CellForm(ranges="midpoint")) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("61 years 04 months", 61 + 4 / 12),
        ("61 years", 61.0),
        ("1 year 1 month", 1 + 1 / 12),
        ("6 months", 0.5),
        ("10 años y 3 meses", 10.25),
        ("12y 6m", 12.5),
        ("61", 61.0),
    ],
)
def test_a_duration_is_in_years(text: str, value: float) -> None:
    """Months are twelfths; a bare number is years."""
    assert convert_value(text, "number", CellForm(duration="years")) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("3.0", 3), ("3.5", None), ("9007199254740993", None), ("1e3", 1000)]
)
def test_an_integer_is_a_whole_number(text: str, value: int | None) -> None:
    """A fraction is not rounded away, and digits past 2^53 are not lost silently."""
    assert convert_value(text, "integer", CellForm()) == value
