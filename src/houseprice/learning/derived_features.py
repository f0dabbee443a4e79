"""Derived features, each computed by the function of its name.

Every function is written once against the array API, works on rows that have only what a request has, and needs
neither the target nor the clock. numpy runs it in training; the exporter traces the very same code into the ONNX
graph. Only +, −, ×, ÷, floor and comparisons are used: numpy and onnxruntime round them equally to the last bit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from houseprice.config.derived import DERIVED_ROLES

DAYS_A_MONTH = 365.2425 / 12

House = Mapping[str, Any]
"""Role → array of float64, one value per sale, nothing missing; dates are days since 1970-01-01."""


@dataclass(frozen=True)
class DerivedFeature:
    """One derived feature: the roles of its sources, and its function.

    `compute` takes the house and the day of the first training sale.
    """

    roles: tuple[str, ...]
    compute: Callable[[House, float], Any]
    description: str


def year_of(days: Any) -> Any:
    """Return the calendar year of days since 1970-01-01.

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
    """Time since the first sale."""
    return (house["sale_date"] - first_day) / DAYS_A_MONTH


def age_at_sale(house: House, _: float) -> Any:
    """Years between construction and sale."""
    return year_of(house["sale_date"]) - house["year_built"]


def years_since_renovation(house: House, _: float) -> Any:
    """Years since the last renovation, or since the house was built if it never had one."""
    built, renovated = house["year_built"], house["year_renovated"]
    xp = built.__array_namespace__()
    return year_of(house["sale_date"]) - xp.where(renovated > built, renovated, built)


def _ratio(above: Any, below: Any) -> Any:
    """Divide; an area or a count below one, which would be a typing error, counts as one."""
    xp = below.__array_namespace__()
    return above / xp.where(below >= 1.0, below, xp.asarray(1.0))


_FUNCTIONS: dict[str, tuple[Callable[[House, float], Any], str]] = {
    "months_since_first_sale": (months_since_first_sale, "Months since the first sale"),
    "age_at_sale": (age_at_sale, "Years from building to sale"),
    "years_since_renovation": (years_since_renovation, "Years since renovation or building"),
    "living_area_per_lot_area": (lambda h, _: _ratio(h["living_area"], h["lot_area"]), "Living area ÷ lot area"),
    "living_area_per_room": (lambda h, _: h["living_area"] / (h["bedrooms"] + 1.0), "Living area ÷ (bedrooms + 1)"),
    "bathrooms_per_room": (lambda h, _: h["bathrooms"] / (h["bedrooms"] + 1.0), "Bathrooms ÷ (bedrooms + 1)"),
    "living_area_to_neighbours": (
        lambda h, _: _ratio(h["living_area"], h["neighbour_living_area"]),
        "Living area ÷ that of the nearest houses",
    ),
    "lot_area_to_neighbours": (
        lambda h, _: _ratio(h["lot_area"], h["neighbour_lot_area"]),
        "Lot area ÷ that of the nearest houses",
    ),
    "north_east": (lambda h, _: h["latitude"] + h["longitude"], "How far north-east, degrees"),
    "north_west": (lambda h, _: h["latitude"] - h["longitude"], "How far north-west, degrees"),
}

DERIVED_FEATURES = {name: DerivedFeature(roles, *_FUNCTIONS[name]) for name, roles in DERIVED_ROLES.items()}
