"""Token buckets of the rate limit."""

from houseprice.serving.rate_limit import MAX_CALLERS, TokenBucket


def test_a_bucket_fills_up_again_with_time() -> None:
    """So many at once, then one each time its share of a minute has gone by; never more than the whole."""
    now = [0.0]
    bucket = TokenBucket(6, clock=lambda: now[0])
    assert [bucket.take("ann") for _ in range(6)] == [0.0] * 6
    assert bucket.take("ann") == 10.0
    now[0] = 10.0
    assert bucket.take("ann") == 0.0
    assert bucket.take("ann") == 10.0
    now[0] = 10_000.0
    assert [bucket.take("ann") for _ in range(7)] == [0.0] * 6 + [10.0]


def test_a_clock_that_jumps_back_takes_nothing_away() -> None:
    """The bucket stays as it was."""
    now = [100.0]
    bucket = TokenBucket(2, clock=lambda: now[0])
    bucket.take("ann")
    now[0] = 0.0
    assert bucket.take("ann") == 0.0
    assert bucket.take("ann") > 0.0


def test_callers_beyond_counting_are_forgotten() -> None:
    """A million addresses cost the memory of some thousand."""
    bucket = TokenBucket(1)
    for number in range(MAX_CALLERS + 5):
        bucket.take(str(number))
    assert len(bucket._buckets) == MAX_CALLERS
