"""Trusted sales in, columns to learn from and the fitted preprocessor out.

The preprocessor knows nothing of prices: whatever needs the target is part of the model, and is fitted within its
folds. What it does know, it learned from training rows only.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from houseprice.errors import ConfigError, DataError, nearest
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.derived_features import DERIVED
from houseprice.learning.deterministic_pickle import PlainPickle
from houseprice.learning.splitting import TRAIN, split
from houseprice.schema import Column, Schema

SPLIT = "split"
PROCESSED = "processed_sha256"
EPOCH = date(1970, 1, 1)
Lookup = Callable[[Any, dict[str, float], float], Any]
"""Texts, text → number, number for the unknown; gives one number a row."""


def columns_of(table: pl.DataFrame, schema: Schema) -> dict[str, npt.NDArray[Any]]:
    """Give back the request's columns as the preprocessor and the sealed model take them.

    Numbers, flags and dates (days since 1970-01-01) are float64 with NaN where blank; texts are `str`, "" where blank.
    """
    columns: dict[str, npt.NDArray[Any]] = {}
    for name, column in schema.request.items():
        if column.is_text:
            columns[name] = np.array(table[name].cast(pl.String).fill_null("").to_list(), dtype=object)
        else:
            numbers = table[name].cast(pl.Int32) if column.kind == "date" else table[name]
            columns[name] = numbers.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    return columns


def look_up(texts: npt.NDArray[Any], table: dict[str, float], unknown: float) -> npt.NDArray[np.float64]:
    """Give back the number that stands for each text."""
    # A float32 on the way, as in the graph's look-up: both sides must give the same number.
    return np.array([table.get(text, unknown) for text in texts], dtype=np.float32).astype(np.float64)


def matrix(features: pl.DataFrame) -> FeatureMatrix:
    """Give back a table of features as a model computes with them: numbers as float32, texts as objects."""
    numbers = {name: features[name].to_numpy().astype(np.float32) for name in features.select(cs.numeric()).columns}
    texts = features.select(cs.string()).columns
    return FeatureMatrix.of(numbers, {name: np.array(features[name].to_list(), dtype=object) for name in texts})


class Preprocessor(PlainPickle, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Fills blanks, derives columns and numbers the texts.

    Attributes:
        first_day_: day of the first training sale, in days since 1970-01-01.
        fillings_: numeric column → median of its training rows, for blanks.
        positions_: text column → text → its position: of an ordinal among its declared levels, lowest first, of any
            other in the sorted list of the training rows' texts.
        made_: sha256 of the feature table that was written with this preprocessor ("" before it is written).
    """

    _values: ClassVar = {"schema": Schema}

    def __init__(self, schema: Schema, derived: tuple[str, ...] = ()) -> None:
        self.schema = schema
        self.derived = derived

    def fit(self, X: pl.DataFrame, y: None = None) -> Self:  # noqa: ARG002 - scikit-learn's form; no target is taken
        """Learn from training rows of the processed table.

        Raises:
            ConfigError: a derived column is unknown, or the schema lacks a role that it needs.
        """
        check_derived(self.derived, self.schema)
        columns = columns_of(X, self.schema)
        self.first_day_ = float(columns[self.schema.sale_date].min())
        self.fillings_ = {
            name: 0.0 if np.isnan(values).all() else float(np.nanmedian(values))
            for name, values in columns.items()
            if not self.schema.columns[name].is_text
        }
        self.positions_ = {
            name: {text: float(place) for place, text in enumerate(_ranked(self.schema.columns[name], values))}
            for name, values in columns.items()
            if self.schema.columns[name].is_text
        }
        self.made_ = ""
        return self

    def feature_names(self) -> list[str]:
        """Give back the names of the numeric features, in their order."""
        columns = self.schema.request.items()
        numbers = [name for name, column in columns if not column.is_text and name != self.schema.sale_date]
        return [*numbers, *self.derived, *(f"{name}_position" for name, column in columns if column.is_text)]

    def compute(self, columns: Mapping[str, Any], lookup: Lookup = look_up) -> FeatureMatrix:
        """Give back the features, numbers as float64, from the request's columns alone.

        Written against the array API: numpy arrays give numbers, traced arrays give the same steps as an ONNX graph.
        """
        check_is_fitted(self)
        asked = FeatureMatrix.of({name: columns[name] for name in self.fillings_})
        xp = asked.table.__array_namespace__()
        fillings = xp.asarray(np.array(list(self.fillings_.values()))[:, None])
        filled = FeatureMatrix(asked.names, xp.where(xp.isnan(asked.table), fillings, asked.table), {})
        house = {role: filled[name] for role, name in self.schema.roles().items() if name in self.fillings_}
        made = {name: DERIVED[name].compute(house, self.first_day_) for name in self.derived}
        for name, positions in self.positions_.items():
            made[f"{name}_position"] = lookup(columns[name], positions, -1.0)
        kept = tuple(name for name in filled.names if name != self.schema.sale_date)
        texts = {name: columns[name] for name in self.positions_}
        return FeatureMatrix(kept, filled.rows(kept), texts).with_columns(made)

    def transform(self, X: pl.DataFrame) -> pl.DataFrame:
        """Give back the features of a table that has the request's columns: float32 numbers, then the texts."""
        columns = columns_of(X, self.schema)
        features = self.compute(columns).as_float32()
        numbers = {name: features[name] for name in self.feature_names()}
        return pl.DataFrame(numbers | {name: columns[name].astype(str) for name in self.positions_})


def _ranked(column: Column, values: npt.NDArray[Any]) -> list[str]:
    """Give back the texts of a column in the order that their positions are to tell."""
    if column.kind == "ordinal":
        return [str(level) for level in column.levels or ()]
    return sorted(set(values) - {""})


def check_derived(derived: tuple[str, ...], schema: Schema) -> None:
    """Check that every derived column is known and that the schema has the roles which it is made of.

    Raises:
        ConfigError: with one problem for each.
    """
    twice = sorted({name for name in derived if derived.count(name) > 1})
    problems = [f'features.derived: "{name}" is given twice' for name in twice]
    for name in derived:
        if name in schema.columns:
            problems.append(f'features.derived: "{name}" is the name of a column')
        elif name not in DERIVED:
            problems.append(f'features.derived: unknown "{name}"{nearest(name, DERIVED)}')
        elif lacking := sorted(set(DERIVED[name].roles) - set(schema.roles())):
            problems.append(f'features.derived: "{name}" needs columns with the roles {", ".join(lacking)}')
    if problems:
        raise ConfigError("The derived features cannot be made: " + "; ".join(problems) + ".", problems)


def engineer(
    sales: pl.DataFrame, schema: Schema, derived: tuple[str, ...], share: float
) -> tuple[pl.DataFrame, Preprocessor]:
    """Give back the feature table, in the order of the sales, and the preprocessor fitted on its training rows.

    The table holds parcel, date, price and `split`, then the features.

    Raises:
        ConfigError: a derived column cannot be made.
        DataError: the sales cannot be divided by time.
    """
    if sales.is_empty():
        raise DataError("The processed table holds no sale; expected rows; run `houseprice process` on another file.")
    keys = sales.select(schema.parcel, schema.sale_date, schema.target)
    days = sales[schema.sale_date].cast(pl.Int32).cast(pl.Int64).to_numpy()
    sides = split(days, sales[schema.parcel].cast(pl.String).to_numpy().astype(str), share)
    preprocessor = Preprocessor(schema, derived).fit(sales.filter(pl.Series(sides == TRAIN)))
    table = keys.with_columns(pl.Series(SPLIT, sides)).hstack(preprocessor.transform(sales))
    return table, preprocessor
