"""Few sales, many columns, blanks and coarse identifiers go the whole road."""

import numpy as np
import polars as pl
import pytest

from learning.markets import Road, blank, sales, served

pytestmark = pytest.mark.long


def test_few_sales_are_enough(road: Road) -> None:
    """Eighty rows."""
    served(road(sales(80)))


def test_many_columns_do_no_harm(road: Road) -> None:
    """Eighty columns, most of them noise."""
    draw = np.random.default_rng(5)
    noise = {f"extra {number}": [f"{value:.3f}" for value in draw.normal(size=240)] for number in range(67)}
    table = sales().with_columns(**{name: pl.Series(values) for name, values in noise.items()})
    served(road(table))


@pytest.mark.parametrize("share", [0.4, 0.95])
def test_missing_values_are_normal(road: Road, share: float) -> None:
    """Every cell but the price may be blank; no row is rejected for it."""
    pipe = road(blank(sales(400), share))
    assert pl.read_csv(pipe.cleaned).height == 400
    served(pipe)


def test_a_coarse_identifier_neither_rejects_nor_empties_the_holdout(road: Road) -> None:
    """Flats of a few blocks: no sale is a duplicate, and the newest are held out although their block is known."""
    table = sales().with_columns(finca=pl.Series([f"block {number % 12}" for number in range(240)]))
    pipe = road(table)
    assert pl.read_csv(pipe.cleaned).height == 240
    assert pipe.trained.metrics["protocol"] == {"kind": "time", "reason": "", "grouped": False}
    assert pipe.trained.metrics["sides"]["holdout"] > 20
    gates = {gate.name: gate for gate in pipe.trained.verdict.gates}
    assert gates["holdout_separation"].passed
