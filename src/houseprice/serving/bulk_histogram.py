"""A Prometheus histogram that observes many values at once."""

from bisect import bisect_left
from collections.abc import Sequence

from prometheus_client import Histogram


class BulkHistogram(Histogram):
    """A histogram to which the values of many requests or houses are added together, for a fraction of the time."""

    def observe_many(self, amounts: Sequence[float]) -> None:
        """Observe some values, as `observe` would one after the other."""
        counts: dict[int, int] = {}
        for amount in amounts:
            place = bisect_left(self._upper_bounds, amount)  # the last bound is infinite
            counts[place] = counts.get(place, 0) + 1
        self._sum.inc(sum(amounts))
        for place, count in counts.items():
            self._buckets[place].inc(count)
