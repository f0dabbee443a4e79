"""Feature engineering: the preprocessor that turns cleaned sales into features.

The preprocessor never sees prices: whatever needs the target is part of the model, and is fitted within its folds. It
is fitted on training rows only.
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

from houseprice.config import Split
from houseprice.config.derived import derived_problems, numeric_features
from houseprice.errors import ConfigError, DataError
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.derived_features import DERIVED_FEATURES, RATIOS, quotients
from houseprice.learning.deterministic_pickle import PlainPickle
from houseprice.learning.splitting import TRAIN, house_names, split_sales
from houseprice.schema import Column, Schema

SPLIT = "split"
MISSING = "_missing"
"""Suffix of the feature that tells whether a number is missing."""
MIN_MISSING = 0.01  # share of the training rows, and the same of those that have a value
GROUP = "sale_group"
"""Column that names the house of a sale where no column of the table identifies it."""
PROCESSED = "processed_sha256"
BLOCK_ROWS = 100_000
"""Rows whose features are computed at once."""
EPOCH = date(1970, 1, 1)
Lookup = Callable[[Any, dict[str, float], float], Any]
"""Function of texts, text → number, and the number of unknown texts; returns one number per row."""


def columns_of(table: pl.DataFrame, schema: Schema) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of a request as the preprocessor and the exported model take them.

    Numbers, flags and dates (days since 1970-01-01) are float64 with NaN where blank; texts are `str`, "" where blank.
    """
    return {name: _values(table[name], column) for name, column in schema.request.items()}


def _values(cells: pl.Series, column: Column) -> npt.NDArray[Any]:
    if column.is_text:
        return np.array(cells.cast(pl.String).fill_null("").to_list(), dtype=object)
    numbers = cells.cast(pl.Int32) if column.kind == "date" else cells
    return numbers.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()


def look_up(texts: npt.NDArray[Any], table: dict[str, float], unknown: float) -> npt.NDArray[np.float64]:
    """Return the number of each text."""
    # Through float32, as in the lookup of the graph: both must give the same number.
    return np.array([table.get(text, unknown) for text in texts], dtype=np.float32).astype(np.float64)


def matrix(features: pl.DataFrame) -> FeatureMatrix:
    """Return a table of features as a feature matrix: numbers as float32, texts as objects."""
    numbers = {name: features[name].to_numpy().astype(np.float32) for name in features.select(cs.numeric()).columns}
    texts = features.select(cs.string()).columns
    return FeatureMatrix.of(numbers, {name: np.array(features[name].to_list(), dtype=object) for name in texts})


class Preprocessor(PlainPickle, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Imputes medians, computes derived features and encodes texts as ordinals.

    Attributes:
        first_day_: day of the first training sale, in days since 1970-01-01; 0 where sales have no date.
        medians_: numeric column → median of its training rows, which replaces blanks.
        gaps_: numeric columns that some of the training rows lack and others have; each has a feature that tells which.
        ordinals_: text column → text → its number: the position among the declared levels of an ordinal column, or
            in the sorted texts of the training rows.
        feature_table_sha256_: sha256 of the feature table that it made ("" before that is written).
    """

    _values: ClassVar = {"schema": Schema}

    def __init__(self, schema: Schema, derived: tuple[str, ...] = ()) -> None:
        self.schema = schema
        self.derived = derived

    def fit(self, X: pl.DataFrame, y: None = None) -> Self:  # noqa: ARG002 - scikit-learn's form; no target is taken
        """Fit the preprocessor to the training rows of the processed table.

        Raises:
            ConfigError: A derived feature is unknown, or the schema lacks a role that it needs (see `check_derived`).
        """
        check_derived(self.derived, self.schema)
        self.first_day_, shares = 0.0, {}
        self.medians_, self.ordinals_ = {}, {}
        for name, column in self.schema.request.items():  # one by one, to save memory
            if column.is_text:
                texts = X[name].cast(pl.String).fill_null("").unique().to_list()
                self.ordinals_[name] = {text: float(place) for place, text in enumerate(_ranked(column, texts))}
                continue
            values = _values(X[name], column)
            missing = np.isnan(values)
            self.medians_[name] = 0.0 if missing.all() else float(np.nanmedian(values))
            if name != self.schema.sale_date:
                shares[name] = float(missing.mean())
            elif not missing.all():
                self.first_day_ = float(np.nanmin(values))
        self.gaps_ = tuple(
            name
            for name, share in shares.items()
            if MIN_MISSING <= share <= 1.0 - MIN_MISSING and f"{name}{MISSING}" not in self.schema.columns
        )
        self.feature_table_sha256_ = ""
        return self

    def feature_names(self) -> list[str]:
        """Return the names of the numeric features, in their order."""
        return [*numeric_features(self.derived, self.schema), *(f"{name}{MISSING}" for name in self.gaps_)]

    def compute(self, columns: Mapping[str, Any], lookup: Lookup = look_up) -> FeatureMatrix:
        """Return the features, numbers as float64, from the request's columns alone.

        Written against the array API: numpy arrays give numbers, tracing arrays give the same steps as an ONNX graph.
        """
        check_is_fitted(self)
        texts = {name: columns[name] for name in self.ordinals_}
        if not self.medians_:
            encoded = {name: lookup(columns[name], positions, -1.0) for name, positions in self.ordinals_.items()}
            return FeatureMatrix.of({f"{name}_ordinal": values for name, values in encoded.items()}, texts)
        given = FeatureMatrix.of({name: columns[name] for name in self.medians_})
        xp = given.table.__array_namespace__()
        medians = xp.asarray(np.array(list(self.medians_.values()))[:, None])
        filled = FeatureMatrix(given.names, xp.where(xp.isnan(given.table), medians, given.table), {})
        roles = {role: name for role, name in self.schema.roles().items() if name in self.medians_}
        house = {role: filled[name] for role, name in roles.items()}
        ratios = {name: RATIOS[name] for name in self.derived if name in RATIOS}  # together, which takes fewer nodes
        others = [name for name in self.derived if name not in ratios]
        made = {name: DERIVED_FEATURES[name].compute(house, self.first_day_) for name in others}
        for name, positions in self.ordinals_.items():
            made[f"{name}_ordinal"] = lookup(columns[name], positions, -1.0)
        for name in self.gaps_:
            made[f"{name}{MISSING}"] = xp.where(xp.isnan(given[name]), xp.asarray(1.0), xp.asarray(0.0))
        kept = tuple(name for name in filled.names if name != self.schema.sale_date)
        table = filled.rows(kept)
        if ratios:
            above, below = (
                filled.rows(roles[role] for role in of_all) for of_all in list(zip(*ratios.values(), strict=True))[:2]
            )
            table = xp.concat([table, quotients(list(ratios.values()), above, below)], axis=0)
        return FeatureMatrix((*kept, *ratios), table, texts).with_columns(made)

    def transform(self, X: pl.DataFrame) -> pl.DataFrame:
        """Return the features of a table that has the request's columns: float32 numbers, then the texts."""
        parts = X.iter_slices(BLOCK_ROWS) if X.height else [X]
        return pl.concat([self._transform(part) for part in parts])

    def _transform(self, X: pl.DataFrame) -> pl.DataFrame:
        features = self.compute(columns_of(X, self.schema)).as_float32()
        numbers = {name: features[name] for name in self.feature_names()}
        return pl.DataFrame(numbers | {name: X[name].cast(pl.String).fill_null("") for name in self.ordinals_})


def _ranked(column: Column, values: list[str]) -> list[str]:
    """Return the texts of a column in the order that their positions are to progress."""
    if column.kind == "ordinal":
        return [str(level) for level in column.levels or ()]
    return sorted(set(values) - {""})


def source_column(feature: str, schema: Schema) -> str:
    """Return the column of a request that a feature which is not derived is made of."""
    return feature if feature in schema.columns else feature.removesuffix("_ordinal").removesuffix(MISSING)


def check_derived(derived: tuple[str, ...], schema: Schema) -> None:
    """Check that every derived column is known and that the schema has the roles which it is made of.

    Raises:
        ConfigError: With one problem for each.
    """
    problems = list(derived_problems(derived, schema))
    if problems:
        raise ConfigError("The derived features cannot be made: " + "; ".join(problems) + ".", problems)


def engineer(
    sales: pl.DataFrame, schema: Schema, derived: tuple[str, ...], rules: Split, seed: int = 0
) -> tuple[pl.DataFrame, Preprocessor]:
    """Return the feature table, in the order of the sales, and the preprocessor fitted on its training rows.

    The table holds parcel (or `sale_group`), date where there is one, price and `split`, then the features.

    Raises:
        ConfigError: A derived column cannot be made.
        DataError: the sales cannot be divided.
    """
    if sales.is_empty():
        raise DataError(
            "The processed table has no rows; run `houseprice process` on a file with sales.", code="no_sales"
        )
    if not set(schema.request) - {schema.sale_date}:
        raise DataError(
            f'No column tells the houses of "{schema.target}" from each other, so that nothing can be learned; declare '
            "others, such as the area or the place.",
            code="no_features",
        )
    houses = house_names(sales, schema).alias(schema.parcel or GROUP)
    dates = [schema.sale_date] if schema.sale_date else []
    keys = sales.select(houses, *dates, schema.target)
    sides = split_sales(sales, schema, rules, seed)
    preprocessor = Preprocessor(schema, derived).fit(sales.filter(pl.Series(sides == TRAIN)))
    table = keys.with_columns(pl.Series(SPLIT, sides)).hstack(preprocessor.transform(sales))
    return table, preprocessor
