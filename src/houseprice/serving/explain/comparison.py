"""What a house and a sold one have in common and what sets them apart, in words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.schema import Schema
from houseprice.serving.explain.feature_groups import FeatureGroup, describe

MAX_REASONS = 3
MIN_DIFFERENCE = 0.01
"""Share of a price from which a difference between two houses is named."""
EARTH_KM = 6371.0088  # mean radius; Moritz 2000, "Geodetic Reference System 1980"


class Comparison:
    """Finds and names the groups of columns in which houses are alike, and those in which they differ.

    `typical` is the usual distance of two sold houses in each group.
    """

    def __init__(self, schema: Schema, groups: Sequence[FeatureGroup], typical: npt.NDArray[np.float64]) -> None:
        self._schema, self._groups, self._typical = schema, groups, typical
        roles = schema.roles()
        north, east = roles.get("latitude"), roles.get("longitude")
        self._location = (north, east) if north and east else None

    def reasons(self, distances: npt.NDArray[np.float64]) -> tuple[list[list[int]], list[list[int]]]:
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

    def describe(
        self, common: Sequence[int], apart: Sequence[int], theirs: Mapping[str, Any], own: Mapping[str, Any]
    ) -> tuple[list[str], list[str], str]:
        """Return in words what is alike, what differs, and both in a sentence; `common` and `apart` are groups."""
        alike = [
            self._values(group, theirs, own)
            for group in (self._groups[place] for place in common)
            if any(own.get(name) is not None for name in group.columns)
        ]
        different = [self._values(self._groups[place], theirs, own) for place in apart]
        text = f"Alike in {_listed(alike)}" if alike else "Alike in little"
        text += f"; different in {_listed(different)}." if different else "; no difference that matters."
        return alike, different, text

    def _values(self, group: FeatureGroup, theirs: Mapping[str, Any], own: Mapping[str, Any]) -> str:
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


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
