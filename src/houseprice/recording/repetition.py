"""Which houses were asked for once more on the same day: clients that retry, or send one house for all."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date

from houseprice.store import StoredPrediction

MAX_HOUSES = 200_000
"""Different houses of a day that are remembered; later ones count as new."""
MAX_DAYS = 2


class RepeatedHouses:
    """The houses of today and yesterday, as far as this process has stored them."""

    def __init__(self) -> None:
        self._seen: dict[date, set[int]] = {}

    def marked(self, predictions: Sequence[StoredPrediction]) -> list[StoredPrediction]:
        """Return predictions, those marked whose house was remembered or is among the ones before."""
        new: set[tuple[date, int]] = set()
        found = []
        for one in predictions:
            key = _key(one)
            is_repeated = key is not None and (key in new or key[1] in self._seen.get(key[0], ()))
            found.append(replace(one, repeated=True) if is_repeated else one)
            if key is not None:
                new.add(key)
        return found

    def remember(self, predictions: Sequence[StoredPrediction]) -> None:
        """Remember the houses of predictions that were stored."""
        for one in predictions:
            if (key := _key(one)) is not None:
                houses = self._seen.setdefault(key[0], set())
                if len(houses) < MAX_HOUSES:
                    houses.add(key[1])
        while len(self._seen) > MAX_DAYS:
            del self._seen[min(self._seen)]


def _key(one: StoredPrediction) -> tuple[date, int] | None:
    if one.inputs_hash is None:
        return None
    return one.predicted_at.astimezone(UTC).date(), int(one.inputs_hash[:15], 16)
