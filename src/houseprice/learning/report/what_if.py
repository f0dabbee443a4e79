"""Houses and other values for some of their columns in, features as they would then be out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.learning.derived_features import DERIVED_FEATURES
from houseprice.learning.report.holdout import Newest


@dataclass(frozen=True)
class Question:
    """What the model can be asked about some houses of the table."""

    newest: Newest

    @property
    def columns(self) -> list[str]:
        """Names of the request's columns that the features are made of."""
        schema, names = self.newest.table.schema, self.newest.table.features.columns
        return [name for name in schema.request if name in names or name == schema.sale_date]

    @property
    def places(self) -> list[str]:
        """Names of the columns that tell where a house stands."""
        roles = self.newest.table.schema.roles()
        return [roles[role] for role in ("latitude", "longitude", "location") if roles.get(role) in self.columns]

    def values(self, name: str) -> npt.NDArray[Any]:
        """Return a column of the request for every row of the table; the date as days."""
        table = self.newest.table
        if name == table.schema.sale_date:
            return table.days.astype(np.float64)
        column = table.features[name].to_numpy()
        return column.astype(np.float64) if table.features.schema[name].is_numeric() else column.astype(str)

    def with_values(self, rows: npt.NDArray[np.int64], changes: Mapping[str, npt.NDArray[Any]]) -> pl.DataFrame:
        """Return the features of some rows as if columns held other values; what is derived follows.

        A text's values must be taken from the table, so that its position is known.
        """
        table, config = self.newest.table, self.newest.config
        features, roles = table.features[rows], table.schema.roles()
        now = {role: self.values(name)[rows] for role, name in roles.items() if name in self.columns}
        replaced: dict[str, npt.NDArray[Any]] = {}
        for name, values in changes.items():
            if name in features.columns:
                numeric = features.schema[name].is_numeric()
                replaced[name] = values.astype(np.float32) if numeric else values.astype(str)
            if f"{name}_ordinal" in features.columns:
                replaced[f"{name}_ordinal"] = self._positions(name, values)
            now |= {role: values for role, own in roles.items() if own == name}
        touched = {role for role, name in roles.items() if name in changes}
        first = float(table.days[self.newest.train].min())
        for name in config.features.derived:
            if name in features.columns and touched & set(DERIVED_FEATURES[name].roles):
                replaced[name] = DERIVED_FEATURES[name].compute(now, first).astype(np.float32)
        return features.with_columns(pl.Series(name, values.tolist() if values.dtype.kind == "U" else values)
                                     for name, values in replaced.items())  # fmt: skip

    def _positions(self, name: str, texts: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        known = self.newest.table.features.select(name, f"{name}_ordinal").unique(name)
        place = dict(known.iter_rows())
        return np.array([place.get(str(text), -1.0) for text in texts], dtype=np.float32)

    def answer(self, rows: npt.NDArray[np.int64], changes: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
        """Return the log price of some rows with other values."""
        return np.log(self.newest.evaluation.model.predict(self.with_values(rows, changes)))
