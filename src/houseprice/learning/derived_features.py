"""Derived features, each computed by the function of its name.

Every function is written once against the array API, works on rows that have only what a request has, and needs
neither the target nor the clock. numpy runs it in training; the exporter traces the very same code into the ONNX
graph. Only +, −, ×, ÷, floor, maximum and comparisons are used: numpy and onnxruntime round them to the same bits.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

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

    Source: Neri & Schneider 2023, "Euclidean affine functions and their application to calendar algorithms", section 5;
    their integers are exact as float64.
    """
    xp = days.__array_namespace__()
    quarters = xp.floor(days) * 4.0 + (4.0 * 719468.0 + 3.0)  # of a day, since the first of March of the year 0
    century = xp.floor(quarters / 146097.0)
    quarters = xp.floor((quarters - century * 146097.0) / 4.0) * 4.0 + 3.0
    year = xp.floor(quarters / 1461.0)
    is_next = quarters - year * 1461.0 >= 4.0 * 306.0  # January and February, which end a year that begins in March
    return century * 100.0 + year + xp.astype(is_next, days.dtype)


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
    return year_of(house["sale_date"]) - xp.maximum(renovated, built)


class Ratio(NamedTuple):
    """A quotient: the roles above and below, and what is added to the latter.

    An area below `least`, which would be a typing error, counts as that.
    """

    above: str
    below: str
    added: float = 0.0
    least: float = 1.0


RATIOS = {
    "living_area_per_lot_area": Ratio("living_area", "lot_area"),
    "living_area_per_room": Ratio("living_area", "bedrooms", 1.0, -math.inf),
    "bathrooms_per_room": Ratio("bathrooms", "bedrooms", 1.0, -math.inf),
    "living_area_to_neighbours": Ratio("living_area", "neighbour_living_area"),
    "lot_area_to_neighbours": Ratio("lot_area", "neighbour_lot_area"),
}


def quotients(ratios: Sequence[Ratio], above: Any, below: Any) -> Any:
    """Return some ratios of the values above and below [ratios, houses]."""
    xp = above.__array_namespace__()
    added, least = (xp.asarray(np.array(values)[:, None]) for values in list(zip(*ratios, strict=True))[2:])
    return above / xp.maximum(below + added, least)


def _ratio(name: str) -> Callable[[House, float], Any]:
    ratio = RATIOS[name]
    return lambda house, _: quotients([ratio], house[ratio.above], house[ratio.below])[0, ...]


_FUNCTIONS: dict[str, tuple[Callable[[House, float], Any], str]] = {
    "months_since_first_sale": (months_since_first_sale, "Months since the first sale"),
    "age_at_sale": (age_at_sale, "Years from building to sale"),
    "years_since_renovation": (years_since_renovation, "Years since renovation or building"),
    "living_area_per_lot_area": (_ratio("living_area_per_lot_area"), "Living area ÷ lot area"),
    "living_area_per_room": (_ratio("living_area_per_room"), "Living area ÷ (bedrooms + 1)"),
    "bathrooms_per_room": (_ratio("bathrooms_per_room"), "Bathrooms ÷ (bedrooms + 1)"),
    "living_area_to_neighbours": (
        _ratio("living_area_to_neighbours"),
        "Living area ÷ that of the nearest houses",
    ),
    "lot_area_to_neighbours": (
        _ratio("lot_area_to_neighbours"),
        "Lot area ÷ that of the nearest houses",
    ),
    "north_east": (lambda h, _: h["latitude"] + h["longitude"], "How far north-east, degrees"),
    "north_west": (lambda h, _: h["latitude"] - h["longitude"], "How far north-west, degrees"),
}

DERIVED_FEATURES = {name: DerivedFeature(roles, *_FUNCTIONS[name]) for name, roles in DERIVED_ROLES.items()}
