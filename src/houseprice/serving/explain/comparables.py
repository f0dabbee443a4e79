"""A house in, the sold houses that the model finds most like it out, with prices at the level of the day asked for.

A house stands at coordinates that count in shares of a price, so that two houses are as far apart as their differences
are worth: the sealed graph of likeness says where, for the sold houses once at the start.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle.load import Bundle
from houseprice.bundle.sales_store import unpack
from houseprice.bundle.similarity import Similarity
from houseprice.errors import ArtifactError, ServingError
from houseprice.serving.column_layout import Layout
from houseprice.serving.explain.feature_groups import Group, groups, shown, words
from houseprice.serving.explain.schemas import Comparable, Comparables
from houseprice.serving.request import House

DEFAULT, MOST = 5, 20
TOLD = 3
"""So many reasons are told each way."""
SLIGHT = 0.01
"""What sets two houses apart is told from this share of a price on."""
EARTH_KM = 6371.0088  # mean radius; Moritz 2000, "Geodetic Reference System 1980"
Floats = npt.NDArray[np.float32]


class Comparer:
    """The sold houses of a sealed model, placed where the model sees them."""

    def __init__(self, bundle: Bundle) -> None:
        schema = bundle.manifest.schema_
        self._manifest, self._schema = bundle.manifest, schema
        self._layout = Layout(bundle)
        self._sales = unpack(bundle.sales)
        self._likeness = Similarity(bundle.similarity)
        self._groups = groups(schema, schema.request)
        roles = schema.roles()
        north, east = roles.get("latitude"), roles.get("longitude")
        self._where = (north, east) if north and east else None
        try:
            coordinates, self._trend = self._likeness.coordinates(self._sales.columns)
            made_of = list(bundle.explanation["coordinates"].values())
            self._members = _members(self._groups, made_of, len(coordinates))
        except Exception as err:  # onnxruntime raises its own unrelated kinds, one a cause
            raise ArtifactError(
                f'The sold houses in "{bundle.directory}" cannot be placed ({err}); expected the columns that likeness '
                "asks for; seal the folder again with `houseprice bundle`."
            ) from err
        self._places: Floats = coordinates.astype(np.float32)
        spread = self._places.var(axis=1, dtype=np.float64)
        self._usual = np.sqrt(2.0 * self._members @ spread)  # how far apart two houses are in a group, as a rule

    def compare(self, house: House, count: int = DEFAULT) -> Comparables:
        """Give back the sold houses most like a checked one; of those equally near, the newest first.

        Raises:
            ServingError: the graph of likeness failed.
        """
        columns = self._layout.named(self._layout.fill([house]))
        try:
            place, trend = self._likeness.coordinates(columns)
        except Exception as err:
            raise ServingError(
                f"The graph of likeness failed ({err}); expected coordinates; start again, or seal it again."
            ) from err
        apart = self._places - place.astype(np.float32)
        squares = np.einsum("ij,ij->j", apart, apart)
        found = self._nearest(squares, count)
        own = shown(self._schema, {name: values[0] for name, values in columns.items()})
        adjusted = self._sales.prices[found] * np.exp(trend[0] - self._trend[found])
        reasons = np.sqrt(self._members @ (apart[:, found].astype(np.float64) ** 2))
        return Comparables(
            [
                self._told(int(sale), float(price), reason, own)
                for sale, price, reason in zip(found, adjusted, reasons.T, strict=True)
            ],
            self._manifest.project["currency"],
            self._layout.valuation_date(house).isoformat(),
            self._manifest.model_version,
        )

    def _nearest(self, squares: Floats, count: int) -> npt.NDArray[np.int64]:
        count = min(count, len(squares))
        if not count:
            return np.empty(0, dtype=np.int64)
        near = np.flatnonzero(squares <= np.partition(squares, count - 1)[count - 1])
        days = self._sales.columns[self._schema.sale_date][near]
        return near[np.lexsort((-days, squares[near]))][:count]

    def _told(self, sale: int, adjusted: float, reasons: npt.NDArray[np.float64], own: dict[str, Any]) -> Comparable:
        columns = self._sales.columns
        theirs = shown(self._schema, {name: columns[name][sale] for name in self._schema.request if name in columns})
        day = theirs.pop(self._schema.sale_date)
        common = [place for place in np.argsort(reasons - self._usual, kind="stable") if self._alike(reasons, place)]
        parting = [place for place in np.argsort(-reasons, kind="stable") if reasons[place] >= SLIGHT]
        alike = [self._words(self._groups[place], theirs, own) for place in common[:TOLD]]
        different = [self._words(self._groups[place], theirs, own) for place in parting if place not in common[:TOLD]]
        del different[TOLD:]
        text = f"Alike in {_listed(alike)}" if alike else "Alike in little"
        text += f"; different in {_listed(different)}." if different else "; nothing that counts sets them apart."
        paid, distance = float(self._sales.prices[sale]), float(np.sqrt((reasons**2).sum()))
        return Comparable(day, paid, round(adjusted, 2), round(distance, 4), alike, different, text, theirs)

    def _alike(self, reasons: npt.NDArray[np.float64], place: int) -> bool:
        return bool(self._usual[place] > 0.0 and reasons[place] < self._usual[place] / 4.0)

    def _words(self, group: Group, theirs: Mapping[str, Any], own: Mapping[str, Any]) -> str:
        """Say what both have in a group, the day of the sale left out."""
        if self._where and self._where[0] in group.columns:
            ends = [(values.get(self._where[0]), values.get(self._where[1])) for values in (theirs, own)]
            if None not in (*ends[0], *ends[1]):
                return f"{group.name} ({kilometres(ends[0], ends[1]):.1f} km away)"
        said = []
        for name in group.columns:
            unit = self._schema.columns[name].unit
            mine, other = words(own.get(name), unit), words(theirs.get(name), unit)
            said.append(f"{name} ({other})" if mine == other else f"{name} ({other} against {mine})")
        return " and ".join(said)


def kilometres(one: tuple[Any, Any], other: tuple[Any, Any]) -> float:
    """Give back the distance of two places, given as latitude and longitude in degrees.

    The haversine formula: 2R·asin √(sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2)); Sinnott 1984, "Virtues of the Haversine".
    """
    north, east, north2, east2 = (math.radians(degrees) for degrees in (*one, *other))
    half = math.sin((north2 - north) / 2) ** 2
    half += math.cos(north) * math.cos(north2) * math.sin((east2 - east) / 2) ** 2
    return 2.0 * EARTH_KM * math.asin(math.sqrt(min(half, 1.0)))


def _members(found: list[Group], made_of: list[list[str]], count: int) -> npt.NDArray[np.float64]:
    """Give back which coordinate belongs to which group [groups, coordinates]: to that of its first column."""
    if len(made_of) != count:
        raise ValueError(f"{len(made_of)} coordinates are named, {count} were found")
    members = np.array([[names[0] in group.columns for names in made_of] for group in found], dtype=np.float64)
    if not (members.sum(axis=0) == 1.0).all():
        raise ValueError("a coordinate is made of a column that no request has")
    return members


def _listed(said: list[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
