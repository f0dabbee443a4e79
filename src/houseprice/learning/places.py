"""Places of sales: their coordinates, as points of which the straight distances order as those on the ground."""

import numpy as np
import numpy.typing as npt

from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.splitting import Rows

Floats = npt.NDArray[np.float64]


def coordinates_of(table: FeatureTable, rows: Rows) -> Floats | None:
    """Return the latitude and longitude of some rows, one row each; None where there are no such columns."""
    north, east = table.number("latitude"), table.number("longitude")
    return None if north is None or east is None else np.column_stack([north, east])[rows]


def as_points(coordinates: Floats) -> Floats:
    """Return latitudes and longitudes in degrees as points on the unit sphere [places, 3].

    Coordinates that cannot be degrees are taken for those of a plane, and returned as they are.
    """
    if (np.abs(coordinates) > (90.0, 180.0)).any():
        return coordinates
    latitude, longitude = np.radians(coordinates).T
    across = np.cos(latitude)
    return np.column_stack([across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)])
