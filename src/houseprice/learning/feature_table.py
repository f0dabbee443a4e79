"""Feature table from disk in, checked `FeatureTable` out: what the model learns from, and no more."""

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.errors import DataError
from houseprice.learning.features import PROCESSED, SPLIT
from houseprice.learning.splitting import HOLDOUT, RESOLD, TRAIN
from houseprice.schema import Schema

AGAIN = "make it again with `houseprice features`."


@dataclass(frozen=True)
class FeatureTable:
    """One sale a row.

    Attributes:
        keys: parcel, date and price.
        features: numeric features (float32), then the texts (`str`, "" where blank).
        side: `train`, `holdout` or `resold`.
        sha256: digest of the file that it was read from.
        processed_sha256: digest of the processed table that it was made from.
    """

    keys: pl.DataFrame
    features: pl.DataFrame
    side: npt.NDArray[np.str_]
    schema: Schema
    sha256: str
    processed_sha256: str

    @cached_property
    def prices(self) -> npt.NDArray[np.float64]:
        """Prices paid."""
        return self.keys[self.schema.target].cast(pl.Float64).to_numpy()

    @cached_property
    def days(self) -> npt.NDArray[np.int64]:
        """Days of sale, since 1970-01-01."""
        return self.keys[self.schema.sale_date].cast(pl.Int32).cast(pl.Int64).to_numpy()

    @cached_property
    def parcels(self) -> npt.NDArray[np.str_]:
        """Which house was sold."""
        return self.keys[self.schema.parcel].to_numpy().astype(str)

    def rows(self, side: str) -> npt.NDArray[np.int64]:
        """Give back the positions of the rows on one side."""
        return np.flatnonzero(self.side == side)


def write(table: pl.DataFrame, processed_sha256: str) -> bytes:
    """Give back the CSV of a feature table; its last column names the processed table that it was made from."""
    stream = io.BytesIO()
    table.with_columns(pl.lit(processed_sha256).alias(PROCESSED)).write_csv(stream)
    return stream.getvalue()


def read(path: Path, schema: Schema) -> FeatureTable:
    """Give back the feature table that `write` wrote.

    Raises:
        DataError: the file is missing, or is not a feature table of this schema, whole and with both sides.
    """
    try:
        content = path.read_bytes()
    except OSError as err:
        raise DataError(
            f'The feature table "{path}" cannot be read ({err.strerror}); expected the CSV that `houseprice features` '
            "writes (artifact featured-data); check the path given with --data."
        ) from err
    return parse(content, str(path), schema)


def parse(content: bytes, path: str, schema: Schema) -> FeatureTable:
    """Give back the feature table that some bytes hold; `path` names them in messages.

    Raises:
        DataError: they are not a feature table of this schema, whole and with both sides.
    """
    try:
        table = pl.read_csv(content, infer_schema=False, raise_if_empty=True)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as err:
        reason = str(err).split("\n", 1)[0]
        raise DataError(f'"{path}" cannot be read as CSV ({reason}); expected a feature table; {AGAIN}') from err
    keys = [schema.parcel, schema.sale_date, schema.target]
    lacking = [name for name in [*keys, SPLIT, PROCESSED] if name not in table.columns]
    if lacking:
        raise DataError(f'"{path}" lacks the columns {", ".join(lacking)}; expected a feature table; {AGAIN}')
    texts = [name for name, column in schema.request.items() if column.is_text and name in table.columns]
    numbers = [name for name in table.columns if name not in {*keys, SPLIT, PROCESSED, *texts}]
    if not numbers:
        raise DataError(f'"{path}" holds no numeric feature; expected a feature table; {AGAIN}')
    features = table.select(
        pl.col(numbers).cast(pl.Float64, strict=False).cast(pl.Float32), pl.col(texts).fill_null("")
    )
    bad = [name for name in numbers if not features[name].is_finite().fill_null(value=False).all()]
    prices = table[schema.target].cast(pl.Float64, strict=False)
    if not (prices > 0).fill_null(value=False).all():
        bad.append(schema.target)
    dates = table[schema.sale_date].str.to_date("%Y-%m-%d", strict=False)
    if dates.null_count():
        bad.append(schema.sale_date)
    if bad:
        raise DataError(f'"{path}" holds blanks or texts in {", ".join(bad)}; expected a value in every row; {AGAIN}')
    side = table[SPLIT].fill_null("").to_numpy().astype(str)
    if not {TRAIN, HOLDOUT} <= set(side) <= {TRAIN, HOLDOUT, RESOLD}:
        raise DataError(
            f'"{path}" has the sides {sorted(set(side.tolist()))} in "{SPLIT}"; expected train and holdout; {AGAIN}'
        )
    origins = table[PROCESSED].fill_null("").unique()
    if len(origins) != 1:
        raise DataError(f'"{path}" names {len(origins)} processed tables; expected one; {AGAIN}')
    return FeatureTable(
        keys=table.select(pl.col(schema.parcel), dates, prices),
        features=features,
        side=side,
        schema=schema,
        sha256=hashlib.sha256(content).hexdigest(),
        processed_sha256=str(origins[0]),
    )
