"""Standardised coordinates of houses: numbers after their transforms, centred, scaled and clipped."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.feature_matrix import FeatureMatrix

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Standardisation:
    """How numbers become coordinates.

    Attributes:
        columns: name → transform before standardisation: `none`, `log` or `sqrt`; equal ones are adjacent.
        shifts, scales: standardisation of each transformed column: (value − shift) × scale.
        minimum, maximum: range of the training coordinates; values outside are clipped to it.
    """

    columns: dict[str, str]
    shifts: Floats
    scales: Floats
    minimum: Floats
    maximum: Floats

    def apply(self, features: FeatureMatrix) -> Any:
        """Return the coordinates of each house [columns, houses], by the array API.

        They are clipped, because a linear term would extrapolate without end: near the pole a house would cost more
        than all houses there are.
        """
        xp = features.table.__array_namespace__()
        standardised = (transformed(features, self.columns) - xp.asarray(self.shifts[:, None])) * xp.asarray(
            self.scales[:, None]
        )
        return xp.clip(standardised, xp.asarray(self.minimum[:, None]), xp.asarray(self.maximum[:, None]))


def fit_standardisation(features: FeatureMatrix, transforms: Mapping[str, str]) -> tuple[Standardisation, Floats]:
    """Return the standardisation of some columns, and the coordinates of the rows themselves [houses, columns]."""
    columns = dict(sorted(transforms.items(), key=lambda item: item[1]))
    values = transformed(features, columns).T
    deviation = values.std(axis=0)
    shifts, scales = values.mean(axis=0), 1.0 / np.where(deviation > 0.0, deviation, 1.0)
    coordinates = (values - shifts) * scales
    found = Standardisation(columns, shifts, scales, coordinates.min(axis=0), coordinates.max(axis=0))
    return found, coordinates


def transformed(features: FeatureMatrix, columns: Mapping[str, str]) -> Any:
    """Return the columns as float64 after their transforms; columns of one transform must be adjacent."""
    xp = features.table.__array_namespace__()
    values, parts, start = xp.astype(features.rows(columns), xp.float64), [], 0
    for transform, group in groupby(columns.values()):
        end = start + len(list(group))
        part = values[start:end, ...]
        if transform == "log":  # of 1 at least
            part = xp.log(xp.where(part > 1.0, part, xp.asarray(1.0)))
        elif transform == "sqrt":
            part = xp.sqrt(xp.abs(part))
        parts.append(part)
        start = end
    return xp.concat(parts, axis=0)
