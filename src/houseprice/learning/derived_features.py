"""Columns of a house in, derived columns out, each by the function of its name.

Every function is written once against the array API, works on rows that have only what a request has, and needs
neither the target nor the clock. numpy runs it when we learn; the exporter runs the very same code to record it into
the ONNX graph. Only +, −, ×, ÷, floor and comparisons are used: both sides round them alike to the last bit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

DAYS_A_MONTH = 365.2425 / 12

House = Mapping[str, Any]
"""Role → array of float64, one value a sale, nothing missing; dates are days since 1970-01-01."""


@dataclass(frozen=True)
class Derived:
    """One derived column: the roles that it is made of, and how.

    `compute` takes the house and the day of the first sale that was learned from.
    """

    roles: tuple[str, ...]
    compute: Callable[[House, float], Any]
    description: str


def year_of(days: Any) -> Any:
    """Give back the calendar year of days since 1970-01-01.

    Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    """
    xp = days.__array_namespace__()
    shifted = days + 719468.0
    era = xp.floor(shifted / 146097.0)
    day = shifted - era * 146097.0
    year = xp.floor((day - xp.floor(day / 1460.0) + xp.floor(day / 36524.0) - xp.floor(day / 146096.0)) / 365.0)
    day_of_year = day - (365.0 * year + xp.floor(year / 4.0) - xp.floor(year / 100.0))
    month = xp.floor((5.0 * day_of_year + 2.0) / 153.0)  # 0 is March
    return year + era * 400.0 + xp.astype(month >= 10.0, days.dtype)


def months_since_first_sale(house: House, first_day: float) -> Any:
    """Time on the market's own scale."""
    return (house["sale_date"] - first_day) / DAYS_A_MONTH


def age_at_sale(house: House, _: float) -> Any:
    """Years from building to sale."""
    return year_of(house["sale_date"]) - house["year_built"]


def years_since_renovation(house: House, _: float) -> Any:
    """Years since the last work on the house: its renovation, or its building when it never had one."""
    built, renovated = house["year_built"], house["year_renovated"]
    xp = built.__array_namespace__()
    return year_of(house["sale_date"]) - xp.where(renovated > built, renovated, built)


def _ratio(above: Any, below: Any) -> Any:
    """Divide; an area or a count below one, which would be a typing error, counts as one."""
    xp = below.__array_namespace__()
    return above / xp.where(below >= 1.0, below, xp.asarray(1.0))


DERIVED: dict[str, Derived] = {
    "months_since_first_sale": Derived(("sale_date",), months_since_first_sale, "Months since the first sale"),
    "age_at_sale": Derived(("sale_date", "year_built"), age_at_sale, "Years from building to sale"),
    "years_since_renovation": Derived(
        ("sale_date", "year_built", "year_renovated"), years_since_renovation, "Years since renovation or building"
    ),
    "living_area_per_lot_area": Derived(
        ("living_area", "lot_area"), lambda h, _: _ratio(h["living_area"], h["lot_area"]), "Living area ÷ lot area"
    ),
    "living_area_per_room": Derived(
        ("living_area", "bedrooms"),
        lambda h, _: h["living_area"] / (h["bedrooms"] + 1.0),
        "Living area ÷ (bedrooms + 1)",
    ),
    "bathrooms_per_room": Derived(
        ("bathrooms", "bedrooms"), lambda h, _: h["bathrooms"] / (h["bedrooms"] + 1.0), "Bathrooms ÷ (bedrooms + 1)"
    ),
    "living_area_to_neighbours": Derived(
        ("living_area", "neighbour_living_area"),
        lambda h, _: _ratio(h["living_area"], h["neighbour_living_area"]),
        "Living area ÷ that of the nearest houses",
    ),
    "lot_area_to_neighbours": Derived(
        ("lot_area", "neighbour_lot_area"),
        lambda h, _: _ratio(h["lot_area"], h["neighbour_lot_area"]),
        "Lot area ÷ that of the nearest houses",
    ),
    "north_east": Derived(
        ("latitude", "longitude"), lambda h, _: h["latitude"] + h["longitude"], "How far north-east, degrees"
    ),
    "north_west": Derived(
        ("latitude", "longitude"), lambda h, _: h["latitude"] - h["longitude"], "How far north-west, degrees"
    ),
}
