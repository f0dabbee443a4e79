"""Keys and budgets by themselves."""

from houseprice.serving.auth import MOST_CALLERS, Budget


def test_a_budget_fills_up_again_with_time() -> None:
    """So many at once, then one each time its share of a minute has gone by; never more than the whole."""
    now = [0.0]
    budget = Budget(6, clock=lambda: now[0])
    assert [budget.wait("ann") for _ in range(6)] == [0.0] * 6
    assert budget.wait("ann") == 10.0
    now[0] = 10.0
    assert budget.wait("ann") == 0.0
    assert budget.wait("ann") == 10.0
    now[0] = 10_000.0
    assert [budget.wait("ann") for _ in range(7)] == [0.0] * 6 + [10.0]


def test_a_clock_that_jumps_back_takes_nothing_away() -> None:
    """The budget stays as it was."""
    now = [100.0]
    budget = Budget(2, clock=lambda: now[0])
    budget.wait("ann")
    now[0] = 0.0
    assert budget.wait("ann") == 0.0
    assert budget.wait("ann") > 0.0


def test_callers_beyond_counting_are_forgotten() -> None:
    """A million addresses cost the memory of some thousand."""
    budget = Budget(1)
    for number in range(MOST_CALLERS + 5):
        budget.wait(str(number))
    assert len(budget._left) == MOST_CALLERS
