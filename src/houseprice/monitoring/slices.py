"""Slices of sales: each category of the location, parts of the map, and bands of the predicted price."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from houseprice.monitoring.data import LabelledSales
from houseprice.monitoring.profile import ReferenceProfile

Floats = npt.NDArray[np.float64]
THIRDS = {"latitude": ("south", "middle", "north"), "longitude": ("west", "middle", "east")}


@dataclass(frozen=True)
class Slice:
    """Some of the sales.

    Attributes:
        kind: `location`, `map` or `price`.
        name: in words.
        members: which of the sales belong to it.
        usual: error log(paid / predicted) that the holdout had there, beside all other sales; 0 where not known.
        uncertain: twice its standard error.
    """

    kind: str
    name: str
    members: npt.NDArray[np.bool_]
    usual: float = 0.0
    uncertain: float = 0.0


def slices_of(profile: ReferenceProfile, sales: LabelledSales) -> list[Slice]:
    """Return the slices by place, in which an alarm is looked for."""
    return [*_locations(profile, sales), *_map(profile, sales)]


def price_bands(sales: LabelledSales, bands: int = 5) -> list[Slice]:
    """Return bands of about equally many sales, from the lowest to the highest predicted price."""
    ends = np.quantile(sales.price, np.linspace(0.0, 1.0, bands + 1)) if len(sales) else np.zeros(0)
    found = []
    for number in range(len(ends) - 1):
        inside = (sales.price >= ends[number]) & (
            (sales.price < ends[number + 1]) if number < bands - 1 else (sales.price <= ends[-1])
        )
        found.append(Slice("price", f"{ends[number]:,.0f} to {ends[number + 1]:,.0f}", inside))
    return found


def _locations(profile: ReferenceProfile, sales: LabelledSales) -> Iterator[Slice]:
    name = profile.roles.get("location", "")
    if name not in profile.columns or name not in sales.inputs:
        return
    places = sales.inputs[name].astype(str)
    sealed = profile.slices
    for place in profile.columns[name].names[:-1]:
        label = f"{name} {place}"
        usual, count, error = sealed.get(label, (0.0, 0, 0.0))
        doubt = 2.0 * error / float(np.sqrt(count)) if count else 0.0
        yield Slice("location", label, places == place, usual, doubt)


def _map(profile: ReferenceProfile, sales: LabelledSales) -> Iterator[Slice]:
    names = [profile.roles.get(role, "") for role in THIRDS]
    if not all(name in profile.columns and name in sales.inputs for name in names):
        return
    parts = []
    for name in names:
        edges = np.quantile(profile.columns[name].points, [1 / 3, 2 / 3])
        parts.append(np.searchsorted(edges, sales.inputs[name].astype(np.float64)))
    words = tuple(THIRDS.values())
    for row, column in np.ndindex(3, 3):
        place = "the middle of the map" if row == column == 1 else f"the {words[0][row]}, {words[1][column]}"
        yield Slice("map", place, (parts[0] == row) & (parts[1] == column), 0.0, 0.01)
