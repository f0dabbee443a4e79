"""Comparable sales: the sold houses that are most similar to one, with prices carried to its valuation date.

The similarity graph of the bundle gives each house coordinates in shares of a price, so that the distance between two
houses is what their differences are worth to the model. The coordinates of the sold houses are computed once.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle.load import Bundle, Columns
from houseprice.bundle.sales_store import unpack
from houseprice.bundle.similarity import Similarity
from houseprice.errors import ArtifactError, ServingError
from houseprice.serving.column_layout import ColumnLayout
from houseprice.serving.explain.feature_groups import FeatureGroup, describe, group_features, to_request_values
from houseprice.serving.explain.schemas import Comparable, Comparables
from houseprice.serving.request import House

DEFAULT_COUNT, MAX_COUNT = 5, 20
MAX_REASONS = 3
MIN_DIFFERENCE = 0.01
"""Share of a price from which a difference between two houses is named."""
EARTH_KM = 6371.0088  # mean radius; Moritz 2000, "Geodetic Reference System 1980"
Floats = npt.NDArray[np.float32]


class ComparableFinder:
    """The sold houses of a bundle, with their coordinates."""

    def __init__(self, bundle: Bundle) -> None:
        schema = bundle.manifest.schema_
        self._manifest, self._schema = bundle.manifest, schema
        self._layout = ColumnLayout(bundle)
        self._sales = unpack(bundle.sales)
        self._similarity = Similarity(bundle.similarity)
        self._groups = group_features(schema, schema.request)
        roles = schema.roles()
        north, east = roles.get("latitude"), roles.get("longitude")
        self._location = (north, east) if north and east else None
        try:
            coordinates, self._trend = self._similarity.coordinates(self._sales.columns)
            sources = list(bundle.explanation["coordinates"].values())
            self._members = _members(self._groups, sources, len(coordinates))
        except Exception as err:  # onnxruntime raises its own unrelated kinds, one a cause
            raise ArtifactError(
                f'The sold houses in "{bundle.directory}" do not fit its similarity graph: {err}. Build the bundle '
                "again with `houseprice bundle`.",
                code="comparables_invalid",
            ) from err
        self._coordinates: Floats = coordinates.astype(np.float32)
        spread = self._coordinates.var(axis=1, dtype=np.float64)
        self._typical = np.sqrt(
            2.0 * self._members @ spread
        )  # root mean squared distance of two sold houses in a group

    def find(self, house: House, count: int = DEFAULT_COUNT) -> Comparables:
        """Return the sold houses most similar to a validated one; of those at equal distance, the newest first.

        Raises:
            ServingError: The similarity graph failed.
        """
        columns = self._layout.named(self._layout.fill([house]))
        offsets, squares, trend = self._compare(columns)
        found = self._nearest(squares, count)
        own = to_request_values(self._schema, {name: values[0] for name, values in columns.items()})
        adjusted = self._sales.prices[found] * np.exp(trend - self._trend[found])
        distances = np.sqrt(self._members @ (offsets[:, found].astype(np.float64) ** 2))
        whole = np.sqrt((distances**2).sum(axis=0))
        rows = zip(
            found.tolist(), adjusted.tolist(), whole.tolist(), *self._reasons(distances), strict=True
        )  # numbers of Python, since numpy's own are slow one by one
        return Comparables(
            [self._comparable(*row, own) for row in rows],
            self._manifest.project["currency"],
            self._layout.valuation_day(house),
            self._manifest.model_version,
        )

    def count_within(self, house: House, distance: float) -> int:
        """Return how many sold houses differ from a validated one by less than a share of a price.

        Raises:
            ServingError: The similarity graph failed.
        """
        _, squares, _ = self._compare(self._layout.named(self._layout.fill([house])))
        return int(np.count_nonzero(squares < distance**2))

    def _compare(self, columns: Columns) -> tuple[Floats, Floats, float]:
        """Return offsets and squared distances of all sales from a house, and the trend on its valuation date."""
        try:
            place, trend = self._similarity.coordinates(columns)
        except Exception as err:
            raise ServingError(f"The similarity graph failed: {err}.", code="similarity_failed") from err
        offsets = self._coordinates - place.astype(np.float32)
        return offsets, np.einsum("ij,ij->j", offsets, offsets), float(trend[0])

    def _nearest(self, squares: Floats, count: int) -> npt.NDArray[np.int64]:
        count = min(count, len(squares))
        if not count:
            return np.empty(0, dtype=np.int64)
        near = np.flatnonzero(squares <= np.partition(squares, count - 1)[count - 1])
        name = self._schema.sale_date
        days = self._sales.columns[name][near] if name else np.zeros(len(near))
        return near[np.lexsort((-days, squares[near]))][:count]

    def _reasons(self, distances: npt.NDArray[np.float64]) -> tuple[list[list[int]], list[list[int]]]:
        """Return the groups in which each sale is alike, and those in which it differs, by `distances` [groups, sales].

        A sale is alike where it is much nearer than two sold houses usually are.
        """
        typical = self._typical[:, None]
        is_alike = ((typical > 0.0) & (distances < typical / 4.0)).T.tolist()
        differs = (distances >= MIN_DIFFERENCE).T.tolist()
        ranked = np.argsort(distances - typical, axis=0, kind="stable").T.tolist()
        parting = np.argsort(-distances, axis=0, kind="stable").T.tolist()
        alike = [
            [place for place in places if like[place]][:MAX_REASONS]
            for places, like in zip(ranked, is_alike, strict=True)
        ]
        apart = [
            [place for place in places if far[place] and place not in common][:MAX_REASONS]
            for places, far, common in zip(parting, differs, alike, strict=True)
        ]
        return alike, apart

    def _comparable(
        self, sale: int, adjusted: float, distance: float, common: list[int], apart: list[int], own: dict[str, Any]
    ) -> Comparable:
        """Return one sold house; `common` and `apart` are the groups that are named."""
        columns = self._sales.columns
        theirs = {name: columns[name].item(sale) for name in self._schema.request if name in columns}
        theirs = to_request_values(self._schema, theirs)
        day = theirs.pop(self._schema.sale_date, None) if self._schema.sale_date else None
        alike = [
            self._describe(group, theirs, own)
            for group in (self._groups[place] for place in common)
            if any(own.get(name) is not None for name in group.columns)
        ]
        different = [self._describe(self._groups[place], theirs, own) for place in apart]
        text = f"Alike in {_listed(alike)}" if alike else "Alike in little"
        text += f"; different in {_listed(different)}." if different else "; no difference that matters."
        price = float(self._sales.prices[sale])
        return Comparable(day, price, round(adjusted, 2), round(distance, 4), alike, different, text, theirs)

    def _describe(self, group: FeatureGroup, theirs: Mapping[str, Any], own: Mapping[str, Any]) -> str:
        """Return what both houses have in a group, in words."""
        if self._location and self._location[0] in group.columns:
            ends = [(values.get(self._location[0]), values.get(self._location[1])) for values in (theirs, own)]
            if None not in (*ends[0], *ends[1]):
                return f"{group.name} ({kilometres(ends[0], ends[1]):.1f} km away)"
        parts = []
        for name in group.columns:
            unit = self._schema.columns[name].unit
            mine, other = describe(own.get(name), unit), describe(theirs.get(name), unit)
            parts.append(f"{name} ({other})" if mine == other else f"{name} ({other} against {mine})")
        return " and ".join(parts)


def kilometres(one: tuple[Any, Any], other: tuple[Any, Any]) -> float:
    """Return the distance between two places, each given as latitude and longitude in degrees.

    The haversine formula: 2R·asin √(sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2)); Sinnott 1984, "Virtues of the Haversine".
    """
    north, east, north2, east2 = (math.radians(degrees) for degrees in (*one, *other))
    half = math.sin((north2 - north) / 2) ** 2
    half += math.cos(north) * math.cos(north2) * math.sin((east2 - east) / 2) ** 2
    return 2.0 * EARTH_KM * math.asin(math.sqrt(min(half, 1.0)))


def _members(groups: list[FeatureGroup], sources: list[list[str]], count: int) -> npt.NDArray[np.float64]:
    """Return which coordinate belongs to which group, [groups, coordinates]; `sources` are the columns of each."""
    if len(sources) != count:
        raise ValueError(f"{len(sources)} coordinates are named, {count} were computed")
    members = np.array([[names[0] in group.columns for names in sources] for group in groups], dtype=np.float64)
    if not (members.sum(axis=0) == 1.0).all():
        raise ValueError("a coordinate comes from a column that is not part of a request")
    return members


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
