"""Only the price is mandatory: sales that lack identifiers, places or most columns go the whole road."""

import polars as pl
import pytest

from learning.markets import COLUMNS, Road, blank, configuration, sales, served

pytestmark = pytest.mark.long


EVERY = tuple(COLUMNS)


def without(*names: str) -> pl.DataFrame:
    """Return the sales without some columns."""
    return sales().drop(*names)


@pytest.mark.parametrize(
    ("lacking", "kind"),
    [
        ((), "time"),
        (("finca",), "time"),
        (("finca", "calle"), "time"),
        (("finca", "calle", "norte", "este"), "time"),
        (("vendida", "finca", "calle", "norte", "este", "barrio"), "random"),
        (tuple(name for name in EVERY if name not in ("precio", "superficie", "barrio")), "random"),
    ],
    ids=lambda value: "+".join(value) or "nothing" if isinstance(value, tuple) else value,
)
def test_columns_may_be_missing(road: Road, lacking: tuple[str, ...], kind: str) -> None:
    """The model is trained, judged, sealed and served by what there is."""
    pipe = road(without(*lacking))
    found = served(pipe)
    assert pipe.trained.metrics["protocol"]["kind"] == kind
    assert ("rolling_origin" in pipe.trained.metrics) is (kind == "time")
    assert (found["manifest"].reference_date is None) is ("vendida" in lacking)
    assert (found["prediction"].valuation_date is None) is ("vendida" in lacking)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_nothing_need_be_required_of_a_request(road: Road, share: float) -> None:
    """As `houseprice init` writes it: also a request for no date and a sale without one are answered as checked."""
    table = blank(sales(), share)
    settings = configuration(table.columns)
    for column in settings["data"]["columns"].values():
        column["required"] = column.get("role") == "target"
    served(road(table, data=settings["data"]))
