"""Daily counts of the values that were asked for, by the bins of the reference profile that is sealed in the bundle."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC
from pathlib import Path

import numpy as np

from houseprice.bundle import manifest as manifests
from houseprice.monitoring.profile import MISSING, UNKNOWN, ColumnProfile, column_profile
from houseprice.store import MISSING_BIN, UNKNOWN_BIN, InputCount, StoredPrediction


class InputCounter:
    """Counts the values of one model's columns; those of other models have other bins."""

    def __init__(self, model_version: str, columns: Iterable[ColumnProfile]) -> None:
        self._version, self._columns = model_version, list(columns)

    def count(self, predictions: Sequence[StoredPrediction]) -> list[InputCount]:
        """Return how many predictions of each day had a value in each bin; bins without one are left out."""
        by_day = defaultdict(list)
        for one in predictions:
            if one.model_version == self._version and one.inputs is not None:
                by_day[one.predicted_at.astimezone(UTC).date()].append(one.inputs)
        found = []
        for day, houses in by_day.items():
            for column in self._columns:
                blank = "" if column.is_text else np.nan
                counts = column.count(np.array([house.get(column.name, blank) for house in houses], dtype=object))
                bins = {len(counts) + MISSING: MISSING_BIN, len(counts) + UNKNOWN: UNKNOWN_BIN}
                found += [
                    InputCount(day, self._version, column.name, bins.get(place, place), int(counts[place]))
                    for place in np.flatnonzero(counts).tolist()
                ]
        return found


def input_counter(bundle: Path, model_version: str) -> InputCounter:
    """Return the counter of a bundle; it counts nothing where an older program has sealed no profile."""
    reference = json.loads((bundle / manifests.REFERENCE).read_bytes())
    return InputCounter(
        model_version,
        [
            column_profile(name, about, 0.0, "")
            for name, about in reference.items()
            if "shares" in about or ("levels" in about and "blank_share" in about)
        ],
    )
