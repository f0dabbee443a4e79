"""Dates of sales that stand in several columns, or among words."""

from collections.abc import Callable
from datetime import date

import pytest

from houseprice.conversion import convert_value
from houseprice.inference import understand
from inference.tables import HOUSES, by_role, column, table


@pytest.mark.parametrize(
    ("year", "part", "write"),
    [
        ("Year", "Quarter", lambda day: str((day.month + 2) // 3)),
        ("Year", "Quarter", lambda day: f"Q{(day.month + 2) // 3}"),
        ("Sale Year", "Sale Quarter", lambda day: f"Q{(day.month + 2) // 3}"),
        ("Jahr", "Quartal", lambda day: f"{(day.month + 2) // 3}. Quartal"),
        ("año", "trimestre", lambda day: f"{(day.month + 2) // 3}T"),
        ("Year", "Month number", lambda day: str(day.month)),
        ("Year", "Month", lambda day: f"{day.month:02d}"),
        ("Yr Sold", "Mo Sold", lambda day: f"{day:%b}"),
    ],
)
def test_a_year_and_its_part_are_one_date(year: str, part: str, write: Callable[[date], str]) -> None:
    """Quarters and months, as numbers and as words."""
    texts = table(**{year: [str(house.day.year) for house in HOUSES], part: [write(house.day) for house in HOUSES]})
    found = by_role(understand(texts), "sale_date")
    assert found.sources == (year, part)
    joined = [convert_value(f"{one} {other}", "date", found.form) for one, other in texts.select(year, part).rows()]
    months = (1, 4, 7, 10) if "ar" in part.lower() or "tri" in part else range(1, 13)
    assert joined == [
        date(house.day.year, max(month for month in months if month <= house.day.month), 1) for house in HOUSES
    ]


def test_year_month_and_day_are_one_date() -> None:
    """In three columns."""
    parts = {"year": "%Y", "month": "%m", "day": "%d"}
    texts = table(**{name: [house.day.strftime(form) for house in HOUSES] for name, form in parts.items()})
    found = by_role(understand(texts), "sale_date")
    assert found.sources == tuple(parts)
    assert convert_value("2015 03 21", "date", found.form) == date(2015, 3, 21)


def test_words_among_the_dates_of_a_sale_mean_that_there_is_none() -> None:
    """The others stay dates; where most are words, it is a column of words."""
    days = [house.day.isoformat() for house in HOUSES]
    mixed = ["soon" if house.number % 5 == 0 else day for house, day in zip(HOUSES, days, strict=True)]
    found = by_role(understand(table(sale_date=mixed)), "sale_date")
    assert (found.kind, found.form.missing) == ("date", ("soon",))
    words = [f"soon {house.place}" if house.number % 5 else day for house, day in zip(HOUSES, days, strict=True)]
    assert column(understand(table(sale_date=words)), "sale_date").kind != "date"
