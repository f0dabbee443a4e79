"""Errors by group of any sales: without dates, places or parcels, and few of them."""

import json

import polars as pl
import pytest

from learning.commands import RunCli
from learning.markets import Road, sales

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("count", "lacking", "bases", "verdict"),
    [
        (80, ["vendida", "finca", "norte", "este", "barrio", "calle"], {"grouped_folds", "holdout"}, "passed"),
        (40, ["vendida", "finca", "norte", "este", "barrio", "calle"], {"grouped_folds", "holdout"}, "not_judged"),
        (240, [], {"rolling_origin", "holdout"}, "passed"),
    ],
)
def test_whatever_columns_there_are_groups_are_compared_or_said_to_be_too_small(
    road: Road, run_cli: RunCli, count: int, lacking: list[str], bases: set[str], verdict: str
) -> None:
    """A lift is there in half of the houses, and the prices do not ask for it."""
    pipe = road(sales(count).drop(lacking))
    words = ["equity", "--config", pipe.config_file, "--reports-dir", pipe.reports, "--data", pipe.cleaned]
    code, out, err = run_cli(*words, "--by-column", "ascensor", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert set(found["bases"]) == bases
    assert found["verdict"] == verdict
    (grouping,) = found["groupings"]
    assert {group["group"] for group in grouping["groups"]} == {"0", "1"}
    assert sum(group["sales"] for group in grouping["groups"]) == found["sales"] <= count
    assert run_cli(*words, "--by-column", "ascensor")[0] == 0


def test_a_raw_file_with_parcels_groups_by_a_column_that_nobody_declared(road: Road, run_cli: RunCli) -> None:
    """Its rows repeat a parcel as often as it was sold."""
    pipe = road(sales())
    raw = pl.read_csv(pipe.raw, infer_schema=False)
    path = pipe.raw.with_name("grouped.csv")
    raw.with_columns(lado=pl.col("norte").cast(pl.Float64).gt(39.5).cast(pl.String)).unique("finca").write_csv(path)
    code, out, _ = run_cli(
        "equity", "--config", pipe.config_file, "--reports-dir", pipe.reports, "--data", pipe.cleaned,
        "--by", path, "--key", "finca", "--group", "lado", "--json",
    )  # fmt: skip
    assert code in (0, 6)
    (grouping,) = json.loads(out)["groupings"]
    assert {group["group"] for group in grouping["groups"]} == {"false", "true"}
    assert grouping["sales_without_group"] == 0
    assert grouping["units"]["kind"] == "neighbourhood"
