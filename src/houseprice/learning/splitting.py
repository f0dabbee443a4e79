"""Splits of the sales into training and validation rows, which never share a house.

A house is known by its parcel number, else by its address or its repeated coordinates; without any of them each sale
is a house by itself. By time the newest sales are held out. Where dates are missing or cover too short a time, whole
houses are held out at random, which hides how the error grows as the market moves on.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.model_selection import GroupKFold

from houseprice.config import Split
from houseprice.errors import DataError
from houseprice.schema import Schema

TRAIN, HOLDOUT, RESOLD = "train", "holdout", "resold"
MIN_SPAN_DAYS = 90  # that sales must cover to be split by time; fewer tell nothing of a market that moves
MIN_DATES = 3
MAX_HOLDOUT = 0.5
MAX_UNDATED = 0.2  # share of sales without a date, beyond which time cannot divide them
MAX_RESOLD = 0.5  # share of the newest sales; beyond it, what identifies a house is no single house (a block of flats)
Rows = npt.NDArray[np.int64]
"""Positions of rows in a table, ascending."""
Days = npt.NDArray[np.int64]
"""Days since 1970-01-01."""
Houses = npt.NDArray[Any]
"""House of each sale: its name, or a number that is in the order of the names."""
Reason = Literal["", "configured", "no_sale_date", "sale_dates_too_close", "sale_dates_too_coarse"]


@dataclass(frozen=True)
class Protocol:
    """How sales are divided.

    Attributes:
        kind: `time` (the newest are held out) or `random` (whole houses).
        reason: why it is not time; "" when it is.
        grouped: whether no house stands on both sides. Not so by time where most of the newest sales are of what was
            sold before, such as flats of one block.
    """

    kind: Literal["time", "random"]
    reason: Reason = ""
    grouped: bool = True


@dataclass(frozen=True)
class SampledRows:
    """Rows of a table that are sampled.

    Attributes:
        positions: of the rows in the table, ascending.
        side: of the split, for each of them.
        held_out: positions of all held-out rows of the table, sampled or not.
    """

    positions: Rows
    side: npt.NDArray[np.str_]
    held_out: Rows


def houses_of(sales: pl.DataFrame, schema: Schema) -> npt.NDArray[np.str_]:
    """Return the house of each sale, as `house_names` does."""
    return house_names(sales, schema).to_numpy().astype(str)


def house_names(sales: pl.DataFrame, schema: Schema) -> pl.Series:
    """Return the house of each sale: its parcel, else its address with the location, else its coordinates.

    A sale without them is a house by itself. Its name is made of its own values except the price, so that it is the
    same in every table, and nothing that is fitted can depend on a price.
    """
    roles = schema.roles()
    house = pl.repeat(None, pl.len(), dtype=pl.String)
    if schema.parcel:
        house = pl.col(schema.parcel).cast(pl.String)
    elif "address" in roles:
        parts = [roles[role] for role in ("address", "location") if role in roles]
        texts = [pl.col(name).cast(pl.String).str.to_lowercase().str.replace_all(r"\s+", " ") for name in parts]
        house = pl.when(pl.col(parts[0]).is_not_null()).then(pl.concat_str(texts, separator=", ", ignore_nulls=True))
    elif {"latitude", "longitude"} <= set(roles):
        places = [pl.col(roles[role]) for role in ("latitude", "longitude")]
        house = pl.concat_str([place.cast(pl.String) for place in places], separator=" ")
    names = sales.select(house.alias("house"))["house"]
    nameless = names.is_null()
    if not nameless.any():
        return names
    own = _own_names(sales.filter(nameless), schema)
    return names.scatter(nameless.arg_true(), own)


def _own_names(sales: pl.DataFrame, schema: Schema) -> pl.Series:
    values = pl.concat_str(pl.exclude(schema.target).cast(pl.String).fill_null(""), separator="\x1f")
    digests = sales.select(values.alias("values"))["values"].to_list()
    names = pl.Series("name", [hashlib.sha256(text.encode()).hexdigest()[:16] for text in digests])
    again = names.to_frame().select(pl.col("name").cum_count().over("name"))["name"]
    return names + "-" + again.cast(pl.String)


def days_of(sales: pl.DataFrame, schema: Schema) -> Days | None:
    """Return the day of each sale, the median day where it is missing; None where they, or many of them, have none."""
    if schema.sale_date is None or sales[schema.sale_date].null_count() > MAX_UNDATED * sales.height:
        return None
    days = sales[schema.sale_date].cast(pl.Int32).cast(pl.Int64)
    return days.fill_null(int(days.drop_nulls().quantile(0.5, "lower") or 0)).to_numpy()


def split_sales(sales: pl.DataFrame, schema: Schema, rules: Split, seed: int) -> npt.NDArray[np.str_]:
    """Return `train`, `holdout` or `resold` for each sale.

    Raises:
        DataError: They cannot be split (code `split_impossible`).
    """
    days, houses = days_of(sales, schema), numbered(house_names(sales, schema))
    return split_rows(days, houses, choose_protocol(days, houses, rules), rules, seed)


def numbered(names: pl.Series) -> Houses:
    """Return a number of each name, in the order of the names."""
    distinct = names.unique().sort().alias("name").to_frame().with_row_index("number")
    numbered = names.to_frame("name").join(distinct, on="name", how="left", maintain_order="left")
    return numbered["number"].cast(pl.Int64).to_numpy()


def split_rows(days: Days | None, houses: Houses, protocol: Protocol, rules: Split, seed: int) -> npt.NDArray[np.str_]:
    """Return `train`, `holdout` or `resold` for rows of some days and houses, divided by a protocol.

    Raises:
        DataError: They cannot be split (code `split_impossible`).
    """
    if protocol.kind == "random" or days is None:
        return split_at_random(houses, rules.holdout_share, seed)
    return split(days, houses if protocol.grouped else _each(houses), rules.holdout_share)


def choose_protocol(days: Days | None, houses: Houses, rules: Split) -> Protocol:
    """Return how sales can be divided.

    Args:
        days: of each sale; None where there are none.
        houses: of each sale.
        rules: what is configured.

    Raises:
        DataError: Time is configured, and there are no dates (code `split_without_dates`).
    """
    if rules.protocol == "random":
        return Protocol("random", "configured")
    if days is None:
        if rules.protocol == "time":
            raise DataError(
                "The sales cannot be split by time (split.protocol), since no column has the role sale_date, or many "
                "sales lack it; set split.protocol to auto or random.",
                code="split_without_dates",
            )
        return Protocol("random", "no_sale_date")
    if rules.protocol == "auto" and (reason := _against_time(days, rules.holdout_share)):
        return Protocol("random", reason)
    return Protocol("time", grouped=_resold_share(days, houses, rules.holdout_share) <= MAX_RESOLD)


def _against_time(days: Days, share: float) -> Reason:
    dates, counts = np.unique(days, return_counts=True)
    if len(dates) < MIN_DATES or np.ptp(days) < MIN_SPAN_DAYS:
        return "sale_dates_too_close"
    newest = np.cumsum(counts[::-1])[:-1] / len(days)  # what is held out from each date on but the oldest
    return "sale_dates_too_coarse" if newest[np.abs(newest - share).argmin()] > MAX_HOLDOUT else ""


def _resold_share(days: Days, houses: Houses, share: float) -> float:
    """Return the share of the newest sales whose house was sold before them."""
    side = split(days, _each(houses), share)
    newest = side != TRAIN
    return float(np.isin(houses[newest], houses[~newest]).mean())


def _each(houses: Houses) -> Houses:
    """Return another number for each row."""
    return np.arange(len(houses))


def split(days: Days, parcels: Houses, share: float) -> npt.NDArray[np.str_]:
    """Return `train`, `holdout` or `resold` for each sale: the newest sales are held out, by whole days.

    Of the days on which the holdout may begin, that is taken which comes nearest to the share. A newest sale of a house
    that was sold before that day is `resold`: it belongs neither to training nor to the holdout, and is evaluated by
    itself.

    Raises:
        DataError: All sales are of one day, or too few to be split (code `split_impossible`).
    """
    starts, older = np.unique(np.sort(days), return_index=True)  # older: how many sales there are before each day
    house = np.unique(parcels, return_inverse=True)[1]
    first_sale = np.full(len(days), np.iinfo(np.int64).max)
    np.minimum.at(first_sale, house, days)
    possible = (older > 0) & (starts <= first_sale[house].max(initial=0))
    if not possible.any():
        raise DataError(
            f"{len(days)} sales on {len(starts)} days cannot be split into older sales for training and other houses "
            f"among the newest {share:.0%} for the holdout; provide a table that covers more days.",
            code="split_impossible",
        )
    distance = np.where(possible, np.abs(len(days) - older - share * len(days)), np.inf)
    newest = days >= starts[distance.argmin()]
    known = first_sale[house] < starts[distance.argmin()]
    return np.where(~newest, TRAIN, np.where(known, RESOLD, HOLDOUT))


def split_at_random(houses: Houses, share: float, seed: int) -> npt.NDArray[np.str_]:
    """Return `train` or `holdout` for each sale: whole houses are drawn until their sales come nearest to the share.

    Raises:
        DataError: All sales are of one house (code `split_impossible`).
    """
    names, house, counts = np.unique(houses, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise DataError(
            f"{len(houses)} sales of one house cannot be split into training and holdout; provide more sales.",
            code="split_impossible",
        )
    order = np.random.default_rng(seed).permutation(len(names))
    drawn = np.cumsum(counts[order])[:-1]
    held_out = order[: int(np.abs(drawn - share * len(houses)).argmin()) + 1]
    return np.where(np.isin(house, held_out), HOLDOUT, TRAIN)


def folds(parcels: npt.NDArray[np.str_], count: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of training and validation rows; every row is validated once, and parcels stay whole.

    With fewer parcels than folds there are as many folds as parcels.

    Raises:
        DataError: There is one parcel only (code `folds_impossible`).
    """
    if (found := len(np.unique(parcels))) < 2:
        raise DataError(
            f"{len(parcels)} sales of {found} house cannot be split into folds (split.folds); provide sales of others.",
            code="folds_impossible",
        )
    shuffled = GroupKFold(n_splits=min(count, found), shuffle=True, random_state=seed)
    yield from shuffled.split(np.zeros(len(parcels)), groups=parcels)


def origins(days: Days, parcels: npt.NDArray[np.str_], count: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of training and validation rows: all days before an origin, and the days up to the next origin.

    The origins lie in the newer half of the rows, a tenth of all rows apart when there are five. Where dates are
    coarse there may be fewer, or none.
    """
    ordered = np.sort(days)
    edges = [ordered[int(len(days) * (0.5 + 0.5 * step / count))] for step in range(count)]
    ends = [*edges[1:], ordered[-1] + 1]
    for start, end in zip(edges, ends, strict=True):
        before = days < start
        window = (days >= start) & (days < end) & ~np.isin(parcels, parcels[before])
        if before.any() and window.any():
            yield np.flatnonzero(before), np.flatnonzero(window)
