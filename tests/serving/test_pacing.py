"""Long work on the event loop leaves most of the time to others."""

import pytest

from houseprice.serving.pacing import REST, Pacer


@pytest.mark.parametrize("connections", [1, 10])
def test_the_steps_of_all_wait_for_each_other(connections: int) -> None:
    """However many have work, the last of them goes on when all have left the time that they owe."""
    pacer = Pacer()
    delays = [pacer.delay(0.5) for _ in range(connections)]
    assert delays == sorted(delays)
    assert delays[-1] == pytest.approx(REST * 0.5 * connections, rel=0.05)
