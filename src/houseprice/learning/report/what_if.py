"""Predictions for houses of the table with some of their columns changed; derived features follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.learning.derived_features import DERIVED_FEATURES
from houseprice.learning.report.holdout import Holdout


@dataclass(frozen=True)
class WhatIf:
    """Changes the columns of some houses of the table, and predicts their prices anew."""

    holdout: Holdout

    @property
    def columns(self) -> list[str]:
        """Names of the request columns that the features are computed from."""
        schema, names = self.holdout.table.schema, self.holdout.table.features.columns
        return [name for name in schema.request if name in names or name == schema.sale_date]

    @property
    def location_columns(self) -> list[str]:
        """Names of the columns that say where a house is."""
        roles = self.holdout.table.schema.roles()
        return [roles[role] for role in ("latitude", "longitude", "location") if roles.get(role) in self.columns]

    def values(self, name: str) -> npt.NDArray[Any]:
        """Return a request column for every row of the table; a date as days since 1970."""
        table = self.holdout.table
        if name == table.schema.sale_date:
            return table.days.astype(np.float64)
        column = table.features[name].to_numpy()
        return column.astype(np.float64) if table.features.schema[name].is_numeric() else column.astype(str)

    def with_values(self, rows: npt.NDArray[np.int64], changes: Mapping[str, npt.NDArray[Any]]) -> pl.DataFrame:
        """Return the features of some rows with other values in some columns, derived features included.

        Values of a text column must occur in the table, so that their position is known.
        """
        table, config = self.holdout.table, self.holdout.config
        features, roles = table.features[rows], table.schema.roles()
        inputs = {role: self.values(name)[rows] for role, name in roles.items() if name in self.columns}
        replaced: dict[str, npt.NDArray[Any]] = {}
        for name, values in changes.items():
            if name in features.columns:
                numeric = features.schema[name].is_numeric()
                replaced[name] = values.astype(np.float32) if numeric else values.astype(str)
            if f"{name}_ordinal" in features.columns:
                replaced[f"{name}_ordinal"] = self._positions(name, values)
            inputs |= {role: values for role, own in roles.items() if own == name}
        changed_roles = {role for role, name in roles.items() if name in changes}
        first_day = float(table.days[self.holdout.train].min())
        for name in config.derived:
            if name in features.columns and changed_roles & set(DERIVED_FEATURES[name].roles):
                replaced[name] = DERIVED_FEATURES[name].compute(inputs, first_day).astype(np.float32)
        return features.with_columns(pl.Series(name, values.tolist() if values.dtype.kind == "U" else values)
                                     for name, values in replaced.items())  # fmt: skip

    def _positions(self, name: str, texts: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        known = self.holdout.table.features.select(name, f"{name}_ordinal").unique(name)
        positions = dict(known.iter_rows())
        return np.array([positions.get(str(text), -1.0) for text in texts], dtype=np.float32)

    def predict_log(
        self, rows: npt.NDArray[np.int64], changes: Mapping[str, npt.NDArray[Any]]
    ) -> npt.NDArray[np.float64]:
        """Return the predicted log price of some rows with other values in some columns."""
        return np.log(self.holdout.evaluation.model.predict(self.with_values(rows, changes)))
