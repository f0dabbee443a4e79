"""Metrics by slice, such as price band or location, which an average would hide."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from houseprice.bundle.model_card import UNSEEN
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.splitting import TRAIN, Rows
from houseprice.metrics import Prices, measure, measure_interval

MIN_SALES = 30  # with fewer, the error of a slice is mostly noise
Predictions = tuple[Prices, Prices, Prices]


def by_slice(table: FeatureTable, rows: Rows, answers: Predictions) -> dict[str, dict[str, float]]:
    """Return slice → metrics of some rows.

    For price, living area and age by fifths, for each location, and for categories that training has not seen.
    """
    y_true = table.prices[rows]
    found: dict[str, dict[str, float]] = {}
    for name, inside in members(table, rows):
        price, low, high = (values[inside] for values in answers)
        found[name] = measure(y_true[inside], price) | measure_interval(y_true[inside], price, low, high)
    return found


def members(table: FeatureTable, rows: Rows) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield the name of each slice with enough sales, and which of the rows belong to it."""
    for name, inside in _slices(table, rows):
        if inside.sum() >= MIN_SALES:
            yield name, inside


def worst(slices: dict[str, dict[str, float]]) -> str:
    """Return the name of the slice with the largest log error."""
    return max(slices, key=lambda name: slices[name]["log_rmse"])


def _slices(table: FeatureTable, rows: Rows) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    yield from _fifths("price", table.prices[rows])
    roles = table.schema.roles()
    for role, name in (("living_area", "living area"), ("year_built", "year built")):
        if role in roles and roles[role] in table.features.columns:
            yield from _fifths(name, table.features[roles[role]].to_numpy()[rows].astype(np.float64))
    location = roles.get("location")
    if location in table.features.columns:
        places = table.features[location].to_numpy().astype(str)[rows]
        for place in np.unique(places).tolist():
            yield f"{location} {place}", places == place
    yield from _unseen(table, rows)


def _unseen(table: FeatureTable, rows: Rows) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield the rows with a category that no training row has, for each column where these are some and not all."""
    train = table.rows(TRAIN)
    for name, column in table.schema.request.items():
        if column.is_text and column.levels is None and name in table.features.columns:
            texts = table.features[name].to_numpy().astype(str)
            unseen = ~np.isin(texts[rows], np.append(texts[train], ""))
            if unseen.any() and not unseen.all():
                yield f"{name}{UNSEEN}", unseen


def _fifths(name: str, values: npt.NDArray[np.float64]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    edges = np.quantile(values, np.linspace(0, 1, 6))
    for number in range(5):
        above = values >= edges[number] if number == 0 else values > edges[number]
        form = ".0f" if name.startswith("year") else ",.0f"
        words = f"{name}, fifth {number + 1} ({edges[number]:{form}} to {edges[number + 1]:{form}})"
        yield words, above & (values <= edges[number + 1])
