"""Sales without a date, or with dates of a short time, are divided at random, and all that follows from it is told."""

import pytest

from learning.markets import Road, sales, served

pytestmark = pytest.mark.long


def test_what_time_alone_could_tell_is_left_out_with_the_reason(road: Road) -> None:
    """Gates that need time are neither red nor gone, and report, card and verdict say what is hidden."""
    pipe = road(sales().drop("vendida"))
    found = served(pipe)
    gates = {gate.name: gate for gate in pipe.trained.verdict.gates}
    for name in ("error_growth", "trend_to_error"):
        assert (gates[name].outcome, gates[name].passed) == ("skipped", True)
        assert gates[name].detail
    assert pipe.trained.metrics["protocol"] == {"kind": "random", "reason": "no_sale_date", "grouped": True}
    page = (pipe.reports / "model_report.html").read_text()
    assert "drawn at random" in page
    assert "drawn at random" in found["card"]
    assert "rolling_origin" not in pipe.trained.metrics
    assert found["manifest"].reference_date is None
    assert found["prediction"].valuation_date is None


@pytest.mark.parametrize(("days", "reason"), [(1, "sale_dates_too_close"), (30, "sale_dates_too_close")])
def test_dates_of_a_short_time_do_not_divide(road: Road, days: int, reason: str) -> None:
    """One date only, or some days: houses are held out at random."""
    pipe = road(sales(days=days))
    assert pipe.trained.metrics["protocol"]["reason"] == reason
    assert served(pipe)["prediction"].valuation_date is not None
