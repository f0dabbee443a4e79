"""Learners that are compared, each a function from a set and a fold to the predicted logs of the judged rows."""

from collections.abc import Callable

import numpy as np
import polars as pl
import polars.selectors as cs
from sets import Logs, SalesSet

from houseprice.config import Training
from houseprice.learning.baselines import ridge as linear
from houseprice.learning.hyperparameters.search import find_hyperparameters
from houseprice.learning.training import PriceModel

THREADS = 2
AUTO = Training(threads=THREADS)
"""Everything is found; nothing is set for a set."""


def ours(sales: SalesSet, fold: int) -> Logs:
    """Predict by the price model, its hyperparameters found on the first fold's learned rows."""
    return _fitted(sales, fold, _found(sales))


def by_hand(sales: SalesSet, fold: int) -> Logs:
    """Predict by the price model with the hyperparameters that were set by hand for this set."""
    assert sales.configured is not None  # noqa: S101 - only asked for where it is
    return _fitted(sales, fold, sales.configured)


FOUND: dict[str, Training] = {}
"""Title of a set → what was found on the rows of its first fold."""


def _found(sales: SalesSet) -> Training:
    learned = sales.pairs[0][0]
    if sales.title not in FOUND:
        FOUND[sales.title] = find_hyperparameters(
            sales.features[learned], sales.prices[learned], AUTO, groups=sales.houses[learned], places=sales.places
        )
        print(sales.title, FOUND[sales.title].model_dump_json(exclude={"trend"}), flush=True)
    return FOUND[sales.title]


def _fitted(sales: SalesSet, fold: int, training: Training) -> Logs:
    learned, judged = sales.pairs[fold]
    model = PriceModel(training, sales.places).fit(sales.features[learned], sales.prices[learned])
    logs: Logs = np.log(model.predict(sales.features[judged]))
    return logs


def ridge(sales: SalesSet, fold: int) -> Logs:
    """Predict by the project's own baseline."""
    learned, judged = sales.pairs[fold]
    training = sales.features[learned]
    logs: Logs = linear(training, 10.0).fit(training, sales.log_prices[learned]).predict(sales.features[judged])
    return logs


def lightgbm(sales: SalesSet, fold: int) -> Logs:
    """Predict by LightGBM with its defaults; texts are categories."""
    from lightgbm import LGBMRegressor

    learned, judged = sales.pairs[fold]
    texts = sales.features.select(cs.string()).columns
    coded = sales.features.with_columns(
        pl.col(name).replace_strict(known := sorted(set(sales.features[name][learned].to_list())),
                                    list(range(len(known))), default=-1, return_dtype=pl.Float32)
        for name in texts
    )  # fmt: skip
    table = coded.to_numpy()
    places = [coded.columns.index(name) for name in texts]
    model = LGBMRegressor(verbose=-1, n_jobs=THREADS)
    model.fit(table[learned], sales.log_prices[learned], categorical_feature=places or "auto")
    logs: Logs = model.predict(table[judged])
    return logs


def catboost(sales: SalesSet, fold: int) -> Logs:
    """Predict by CatBoost with its defaults; texts are categories."""
    from catboost import CatBoostRegressor

    learned, judged = sales.pairs[fold]
    texts = sales.features.select(cs.string()).columns
    model = CatBoostRegressor(verbose=False, thread_count=THREADS, allow_writing_files=False, random_seed=0)
    model.fit(sales.features[learned].to_pandas(), sales.log_prices[learned], cat_features=texts)
    logs: Logs = model.predict(sales.features[judged].to_pandas())
    return logs


LEARNERS: dict[str, Callable[[SalesSet, int], Logs]] = {
    "ours": ours,
    "by_hand": by_hand,
    "ridge": ridge,
    "lightgbm": lightgbm,
    "catboost": catboost,
}
