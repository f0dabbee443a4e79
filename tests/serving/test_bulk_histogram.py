"""The histogram that observes many values at once."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from houseprice.serving.bulk_histogram import BulkHistogram

BOUNDS = (1.0, 10.0, 100.0)


def samples(kind: type[Histogram], many: bool, values: list[float]) -> list[tuple[str, str, float]]:
    """Return name, bound and value of what a histogram shows of some values."""
    histogram = kind("price", "A price", ["route"], buckets=BOUNDS, registry=CollectorRegistry())
    child = histogram.labels("/predict")
    if many and isinstance(child, BulkHistogram):
        child.observe_many(values)
    else:
        for value in values:
            child.observe(value)
    found = [sample for family in histogram.collect() for sample in family.samples]
    return [(one.name, one.labels.get("le", ""), one.value) for one in found if not one.name.endswith("_created")]


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 10.0, 64.0, 100.0, 128.0, 4096.0])))
def test_many_values_count_as_one_after_the_other(values: list[float]) -> None:
    """Also where a value is a bound; these values have exact sums in any order."""
    assert samples(BulkHistogram, True, values) == samples(Histogram, False, values)
