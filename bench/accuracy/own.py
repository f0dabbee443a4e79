"""King County and Ames as sets of sales, made by the project's own cleaning and features."""

from collections.abc import Callable
from pathlib import Path

import ames
import numpy as np
import polars as pl
from sets import CACHE, HOLDOUT_SHARE, ROOT, SalesSet
from sklearn.model_selection import KFold

from houseprice.config import Config, load
from houseprice.learning import csv_reader, processing
from houseprice.learning.features import SPLIT, engineer
from houseprice.learning.splitting import HOLDOUT, TRAIN, folds

FOLDS = 10


def _king_county() -> tuple[Config, pl.DataFrame, SalesSet]:
    config = load(ROOT / "configs" / "model_config.yaml")
    return config, *_made(config, ROOT / config.paths.raw)


def _made(config: Config, path: Path) -> tuple[pl.DataFrame, SalesSet]:
    schema = config.schema_
    raw = csv_reader.read(path, schema, config.data.file)
    sales = processing.clean(raw, schema, config.data).sales
    table, preprocessor = engineer(
        sales, schema, config.derived, config.split.model_copy(update={"holdout_share": HOLDOUT_SHARE})
    )
    features = table.select(*preprocessor.feature_names(), *preprocessor.ordinals_)
    roles = schema.roles()
    found = SalesSet(
        "", features, table[schema.target].cast(pl.Float64).to_numpy(), table[schema.parcel].to_numpy().astype(str), [],
        tuple(roles[role] for role in ("latitude", "longitude")),
        configured=config.training if config.training.is_found else None,
    )  # fmt: skip
    return table, found


def king_county_newest() -> SalesSet:
    """Return King County with its newest 15 % held out."""
    _, table, found = _king_county()
    side = table[SPLIT].to_numpy()
    pairs = [(np.flatnonzero(side == TRAIN), np.flatnonzero(side == HOLDOUT))]
    return _with(found, f"King County, newest ({len(pairs[0][0]):,} + {len(pairs[0][1]):,} rows)", pairs, 0.156)


def king_county_grouped() -> SalesSet:
    """Return the older 85 % of King County in ten folds by parcel, as the pipeline evaluates them."""
    config, table, found = _king_county()
    train = np.flatnonzero(table[SPLIT].to_numpy() == TRAIN)
    pairs = [(train[learn], train[judge]) for learn, judge in folds(found.houses[train], FOLDS, config.training.seed)]
    return _with(found, f"King County, grouped {FOLDS}-fold ({len(train):,} rows)", pairs, 0.148)


def ames_folds() -> SalesSet:
    """Return Ames in ten folds."""
    config = load(Path(__file__).with_name("ames.yaml"))
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / "ames.csv"
    ames.mend(ames.fetch(ROOT / ".cache")).write_csv(path)
    _, found = _made(config, path)
    pairs = list(KFold(FOLDS, shuffle=True, random_state=0).split(np.zeros(len(found.prices))))
    return _with(found, f"Ames, {FOLDS}-fold ({len(found.prices):,} rows)", pairs, 0.109, mean=True)


def _with(found: SalesSet, title: str, pairs: list[tuple], must: float, *, mean: bool = False) -> SalesSet:
    return SalesSet(
        title, found.features, found.prices, found.houses, pairs, found.places, must, mean, found.configured
    )


OWN: dict[str, Callable[[], SalesSet]] = {
    "king_county_newest": king_county_newest,
    "king_county_grouped": king_county_grouped,
    "ames": ames_folds,
}
