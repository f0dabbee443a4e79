"""Comparison of a model with the registered champion on the same sales, paired by fold.

Common ground are sales that neither model has seen: those that both predicted out of fold, or else the new model's
holdout.
"""

import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from houseprice.bundle.load import Bundle, Model, open_bundle
from houseprice.bundle.manifest import NAME, Manifest
from houseprice.bundle.sales_store import Sales, unpack
from houseprice.errors import ArtifactError
from houseprice.learning.features import columns_of
from houseprice.learning.splitting import houses_of
from houseprice.schema import Schema

KEYS = ("parcel", "day")
LEVEL = 0.95
MIN_SALES = 20
"""Held-out sales that two models are compared on, at least."""
HOLDOUT_FOLDS = 10
"""Groups of parcels that held-out sales are paired by."""


@dataclass(frozen=True)
class Champion:
    """The model that is registered as champion.

    Attributes:
        version: of the registered model.
        out_of_fold: CSV of its out-of-fold errors; empty when its run has none.
        bundle: files of its bundle by name; empty when its run has none.
    """

    version: str
    out_of_fold: bytes = b""
    bundle: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Holdout:
    """The held-out sales of a model as processed, their schema and currency, and its predicted prices of them."""

    sales: pl.DataFrame
    schema: Schema
    currency: str
    predictions: npt.NDArray[np.float64]


@dataclass(frozen=True)
class NotComparable:
    """There is a champion, but no common ground; `reason` says why."""

    reason: str


@dataclass(frozen=True)
class Comparison:
    """How much larger the challenger's mean squared log error is than the champion's, paired by fold.

    `low` and `high` bound the difference with 95 % confidence (Student's t over folds); all 0 for equal predictions.
    `basis` says on which sales.
    """

    difference: float
    low: float
    high: float
    folds: int
    basis: str

    @property
    def worse(self) -> bool:
        """Whether the challenger is worse beyond the noise."""
        return self.low > 0.0

    @property
    def better(self) -> bool:
        """Whether the challenger is better beyond the noise."""
        return self.high < 0.0

    @property
    def promotes(self) -> bool:
        """Whether the challenger may take the champion's place: better beyond the noise, or the very same."""
        return self.better or (self.difference == 0.0 and self.high == 0.0)


def out_of_fold_errors(
    parcels: npt.NDArray[np.str_],
    days: npt.NDArray[np.int64],
    fold: npt.NDArray[np.int64],
    log_error: npt.NDArray[np.float64],
) -> pl.DataFrame:
    """Return the table of a model's out-of-fold log errors, as it is stored with its run."""
    return pl.DataFrame({"parcel": parcels.tolist(), "day": days, "fold": fold, "log_error": log_error})


def compare_with_champion(
    challenger: pl.DataFrame, champion: Champion | None, holdout: Holdout | None
) -> Comparison | NotComparable | None:
    """Compare the challenger with the champion on common ground.

    That is the sales that both predicted out of fold, if they share at least half of the challenger's; else those of
    the challenger's holdout that the champion was not fitted on.

    Args:
        challenger: its out-of-fold errors.
        champion: the registered champion; None when there is none.
        holdout: the challenger's holdout; None when its sales are not at hand.

    Returns:
        None when there is no champion; `NotComparable` when there is one, and no common ground.
    """
    if champion is None:
        return None
    with suppress(pl.exceptions.PolarsError):
        errors = pl.read_csv(champion.out_of_fold, schema_overrides={"parcel": pl.String})
        if (found := compare(challenger, errors)) is not None:
            return found
    return compare_on_holdout(champion, holdout)


def compare(challenger: pl.DataFrame, champion: pl.DataFrame) -> Comparison | None:
    """Compare on the sales that both predicted out of fold; None when they share less than half of them."""
    both = challenger.join(champion.select(*KEYS, champion_error="log_error"), on=list(KEYS), how="inner")
    if both.height < challenger.height / 2:
        return None
    return paired_by_fold(both, "out-of-fold sales")


def compare_on_holdout(champion: Champion, holdout: Holdout | None) -> Comparison | NotComparable:
    """Compare on the challenger's held-out sales, scored by the champion's bundle.

    The champion may have been fitted on some of them. Those are left out: a sale is new to it when none of its own has
    the same day and price.
    """
    if holdout is None:
        return NotComparable("the processed sales of this model are not at hand")
    if not champion.bundle:
        return NotComparable("it predicted too few of the same sales, and its run has no bundle")
    try:
        bundle = _open(champion)
        known = _sales_of(bundle)
    except ArtifactError as err:
        return NotComparable(f"its bundle cannot be used ({err.code})")
    if reason := _difference_of_data(bundle.manifest, bundle.model, holdout):
        return NotComparable(reason)
    schema, columns = holdout.schema, columns_of(holdout.sales, holdout.schema)
    prices = holdout.sales[schema.target].cast(pl.Float64).to_numpy()
    seen = set(_identities(known.columns, known.prices, bundle.manifest.schema_, schema))
    is_new = np.array([sale not in seen for sale in _identities(columns, prices, schema, bundle.manifest.schema_)])
    if (count := int(is_new.sum())) < MIN_SALES:
        return NotComparable(f"only {count} sales of the holdout are new to it, fewer than {MIN_SALES}")
    parcels = houses_of(holdout.sales, schema).tolist()
    errors = pl.DataFrame(
        {
            "fold": [zlib.crc32(parcel.encode()) % HOLDOUT_FOLDS for parcel in parcels],
            "log_error": np.log(prices) - np.log(holdout.predictions),
            "champion_error": np.log(prices) - np.log(bundle.model.predict(columns).price),
        }
    ).filter(pl.Series(is_new))
    return paired_by_fold(errors, f"{count} held-out sales") or NotComparable("an error is not finite")


def _identities(
    columns: Mapping[str, npt.NDArray[Any]], prices: npt.NDArray[np.float64], schema: Schema, other: Schema
) -> Iterator[tuple[str, ...]]:
    """Yield what tells a sale from others: day and price, or all columns that both have where one has no days."""
    names = [schema.sale_date] if schema.sale_date and other.sale_date else sorted(set(columns) & set(other.request))
    values = [[f"{value}" for value in columns[name].tolist()] for name in names if name]
    yield from zip(*values, [f"{price}" for price in prices.tolist()], strict=True)


def _open(champion: Champion) -> Bundle:
    with tempfile.TemporaryDirectory(prefix="houseprice-champion-") as folder:
        for name, content in champion.bundle.items():
            (Path(folder) / name).write_bytes(content)
        return open_bundle(Path(folder))


def _sales_of(bundle: Bundle) -> Sales:
    """Return the sales of a bundle, without which those that are new to its model cannot be told from others.

    Raises:
        ArtifactError: They cannot be read, or were left out on purpose (code `sales_not_in_bundle`).
    """
    sales = unpack(bundle.sales)
    if not len(sales.prices):
        raise ArtifactError("The bundle was exported without its sales.", code="sales_not_in_bundle")
    return sales


def _difference_of_data(manifest: Manifest, model: Model, holdout: Holdout) -> str:
    """Return why a champion cannot predict the holdout, or its prices mean something else; nothing when it can."""
    theirs, ours = manifest.schema_, holdout.schema
    missing = [
        name
        for name in model.inputs
        if name not in ours.request or ours.request[name].is_text != theirs.request[name].is_text
    ]
    if missing:
        return f"it needs {', '.join(missing)}, which the sales do not have"
    units = {
        (manifest.project["currency"], theirs.columns[theirs.target].unit),
        (holdout.currency, ours.columns[ours.target].unit),
    }
    return "its prices are in another unit" if len(units) > 1 else ""


def champion_of_bundle(directory: Path, registered: Champion | None) -> Champion:
    """Return the model of a bundle as champion, with its out-of-fold errors where it is the registered one.

    Raises:
        ArtifactError: The folder is no bundle, or was changed.
    """
    manifest = open_bundle(directory).manifest
    files = {name: (directory / name).read_bytes() for name in (*manifest.files, NAME)}
    same = registered is not None and registered.bundle.get(NAME) == files[NAME]
    return Champion(manifest.model_version, registered.out_of_fold if registered and same else b"", files)


def promotes(comparisons: Sequence[Comparison | NotComparable], *, must_beat: bool) -> bool:
    """Return whether a model may take the champion's place: better on some ground, and worse on none.

    Without any ground, or any champion, and when it is the very same, it may unless it `must_beat` the champion.
    """
    found = [one for one in comparisons if isinstance(one, Comparison)]
    if not found:
        return not must_beat
    return any(one.better if must_beat else one.promotes for one in found) and not any(one.worse for one in found)


def paired_by_fold(errors: pl.DataFrame, basis: str) -> Comparison | None:
    """Compare `log_error` with `champion_error`, paired by `fold`; None when that gives no finite interval."""
    by_fold = (
        errors.group_by("fold")
        .agg((pl.col("log_error") ** 2 - pl.col("champion_error") ** 2).mean().alias("difference"))
        .sort("fold")["difference"]
        .to_numpy()
    )
    if len(by_fold) < 2 or not np.isfinite(by_fold).all():
        return None
    mean = float(by_fold.mean())
    half = float(stats.t.ppf(0.5 + LEVEL / 2, len(by_fold) - 1) * by_fold.std(ddof=1) / np.sqrt(len(by_fold)))
    return Comparison(mean, mean - half, mean + half, len(by_fold), basis)
