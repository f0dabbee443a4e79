"""The disparity test of one model: groups of its unseen sales compared with each other, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.config import Config
from houseprice.errors import DataError
from houseprice.learning.disparity.groups import NONE, Grouping
from houseprice.learning.disparity.measures import Measure, describe, measures, values_of_sales
from houseprice.learning.disparity.permutation import Differences, max_t_test
from houseprice.learning.disparity.units import choose_units
from houseprice.learning.out_of_sample import OutOfSample
from houseprice.learning.splitting import houses_of
from houseprice.schema import Schema

LEVEL = 0.05
"""Probability of any false alarm."""
MIN_SALES = 30
"""Of a group, and of the sales beside it; with fewer nothing is told."""
POWER_QUANTILE = 0.8416
"""Of a normal distribution: a bias is detectable when it is found four times out of five."""
PASSED, DIFFERS, FAILED, TOO_FEW, NOT_JUDGED = "passed", "differs", "failed", "too_few_sales", "not_judged"


@dataclass(frozen=True)
class Sales:
    """Unseen sales, and what else is known of them.

    Attributes:
        predictions: columns of `out_of_sample.SCHEMA`.
        columns: those of the processed table, row by row beside them.
        houses: house of each sale.
        places: coordinates in equal units, or one number by which neighbours are sorted; None without either.
    """

    predictions: pl.DataFrame
    columns: pl.DataFrame
    houses: npt.NDArray[np.str_]
    places: npt.NDArray[np.float64] | None

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Sales":
        """Return some of the sales."""
        kept = pl.Series(chosen)
        places = None if self.places is None else self.places[chosen]
        return Sales(self.predictions.filter(kept), self.columns.filter(kept), self.houses[chosen], places)


def unseen_sales(found: OutOfSample, processed: pl.DataFrame, schema: Schema) -> Sales:
    """Return the sales that were predicted unseen, with their columns of the processed table.

    Raises:
        DataError: The table has not as many rows (code `predictions_invalid`).
    """
    if (last := int(found.sales["row"].to_numpy().max())) >= processed.height:
        raise DataError(
            f"The predictions name row {last} of a processed table of {processed.height} rows. Train again.",
            code="predictions_invalid",
        )
    columns = processed[found.sales["row"].to_numpy()]
    return Sales(found.sales, columns, houses_of(columns, schema), _places(columns, schema))


def _places(columns: pl.DataFrame, schema: Schema) -> npt.NDArray[np.float64] | None:
    roles = schema.roles()
    if {"latitude", "longitude"} <= set(roles):
        latitude, longitude = (columns[roles[role]].cast(pl.Float64) for role in ("latitude", "longitude"))
        if latitude.null_count() < len(latitude) and longitude.null_count() < len(longitude):
            north, east = (one.fill_null(one.median()).to_numpy() for one in (latitude, longitude))
            return np.column_stack([north, east * np.cos(np.deg2rad(north.mean()))])
    if "location" in roles:
        names = columns[roles["location"]].cast(pl.String).fill_null("").to_list()
        return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.float64)[:, None]
    return None


def audit(sales: Sales, groupings: Sequence[Grouping], config: Config) -> dict[str, Any]:
    """Return the result of the test as plain values.

    `verdict` is `failed` when a group differs from all other sales beyond chance and by more than a limit, `not_judged`
    when no grouping has two groups to compare, else `passed`. `groupings` hold, by group, the measures as they are, and
    as `compared` the `difference` (or ratio less 1) from the other sales, its interval `ci95`, the adjusted `p_value`,
    the `limit` and the `outcome`. Intervals and p-values hold together for all groups, measures and groupings.

    Args:
        sales: that are to be compared.
        groupings: one or more.
        config: with the limits and the seed.
    """
    level = LEVEL / len(groupings)
    found = [_audit(sales, grouping, config, level) for grouping in groupings]
    outcomes = {one["verdict"] for one in found}
    return {
        "verdict": FAILED if FAILED in outcomes else NOT_JUDGED if outcomes == {NOT_JUDGED} else PASSED,
        "sales": sales.predictions.height,
        "bases": dict(sorted(sales.predictions["basis"].value_counts().iter_rows())),
        "false_alarms": LEVEL,
        "interval_aims_at": config.interval.coverage,
        "all": describe(sales.predictions),
        "groupings": found,
    }


def _audit(sales: Sales, grouping: Grouping, config: Config, level: float) -> dict[str, Any]:
    given = grouping.labels != NONE
    names, codes = np.unique(grouping.labels[given], return_inverse=True)
    grouped = sales.where(given)
    sizes = np.bincount(codes)
    tested = np.flatnonzero((sizes >= MIN_SALES) & (sizes.sum() - sizes >= MIN_SALES))
    groups = [
        {
            "group": name,
            **describe(grouped.predictions.filter(pl.Series(codes == code))),
            "outcome": TOO_FEW,
            "compared": {},
        }
        for code, name in enumerate(names.tolist())
    ]
    result: dict[str, Any] = {"name": grouping.name, "verdict": NOT_JUDGED, **grouping.facts}
    if not len(tested):
        return result | {"groups": groups}
    keys = None if grouping.keys is None else grouping.keys[given]
    units = choose_units(codes, int(sizes[tested].min()), keys, grouped.houses, grouped.places)
    compared = measures(config.gates.disparity)
    differences = max_t_test(
        values_of_sales(grouped.predictions, codes),
        codes,
        units.codes,
        tested,
        np.array([one.two_sided for one in compared]),
        level,
        config.training.seed,
    )
    of_group = np.bincount(np.unique(np.column_stack([codes, units.codes]), axis=0)[:, 0])
    for position, code in enumerate(tested.tolist()):
        group = groups[code]
        group["units"] = int(of_group[code])
        group["detectable_bias"] = float(
            (differences.critical + POWER_QUANTILE) * differences.standard_error[position, 0]
        )
        group["compared"] = {
            one.name: _comparison(one, differences, position, column, level) for column, one in enumerate(compared)
        }
        outcomes = {one["outcome"] for one in group["compared"].values()}
        group["outcome"] = next(outcome for outcome in (FAILED, DIFFERS, PASSED) if outcome in outcomes)
    failed = any(group["outcome"] == FAILED for group in groups)
    result |= {"verdict": FAILED if failed else PASSED, "units": {"kind": units.kind, "count": units.count}}
    return result | {"groups": groups}


def _comparison(measure: Measure, found: Differences, group: int, column: int, level: float) -> dict[str, Any]:
    """Return one difference with its interval, and what it means; a ratio is given less 1."""
    scale = 1.0
    if measure.scale == "ratio":
        others = float(found.others[group, column])
        scale = 1.0 / others if others > 0.0 else 0.0
    value = float(found.value[group, column]) * scale
    half = float(found.critical * found.standard_error[group, column]) * scale
    p_value = float(found.p_value[group, column])
    size = abs(value) if measure.two_sided else value
    outcome = PASSED if p_value > level else FAILED if size > measure.limit else DIFFERS
    return {
        measure.scale: value,
        "ci95": [value - half, value + half],
        "p_value": p_value,
        "limit": measure.limit,
        "outcome": outcome,
    }
