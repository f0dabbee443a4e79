"""The feature table: its CSV, and its validation when it is read."""

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.config import Split
from houseprice.errors import DataError
from houseprice.learning.features import GROUP, PROCESSED, SPLIT
from houseprice.learning.splitting import HOLDOUT, RESOLD, TRAIN, Protocol, SampledRows, choose_protocol, days_of
from houseprice.learning.unsampled_sales import UnsampledSales
from houseprice.schema import Schema


@dataclass(frozen=True)
class FeatureTable:
    """Features and keys, one sale per row.

    Attributes:
        keys: parcel (or `sale_group`), date where there is one, and price.
        features: numeric features (float32), then the texts (`str`, "" where blank).
        side: `train`, `holdout` or `resold`.
        sha256: digest of the file that it was read from.
        processed_sha256: digest of the processed table that it was made from.
        unsampled: the other sales, where the table holds a sample of them.
    """

    keys: pl.DataFrame
    features: pl.DataFrame
    side: npt.NDArray[np.str_]
    schema: Schema
    sha256: str
    processed_sha256: str
    unsampled: UnsampledSales | None = None

    @cached_property
    def prices(self) -> npt.NDArray[np.float64]:
        """Sale prices."""
        return self.keys[self.schema.target].cast(pl.Float64).to_numpy()

    @cached_property
    def days(self) -> npt.NDArray[np.int64]:
        """Days of sale, since 1970-01-01; the median day where it is missing, 0 where sales have no dates."""
        days = days_of(self.keys, self.schema)
        return np.zeros(self.keys.height, dtype=np.int64) if days is None else days

    @property
    def has_dates(self) -> bool:
        """Whether sales have dates."""
        return days_of(self.keys, self.schema) is not None

    @cached_property
    def parcels(self) -> npt.NDArray[np.str_]:
        """House of each sale: its parcel, or what stands for one."""
        return self.keys[self.schema.parcel or GROUP].to_numpy().astype(str)

    def number(self, role: str) -> npt.NDArray[np.float64] | None:
        """Return the numbers of the column with a role, one per row; None where there is none."""
        name = self.schema.roles().get(role)
        if name not in self.features.columns or not self.features.schema[name].is_numeric():
            return None
        return self.features[name].to_numpy().astype(np.float64)

    def text(self, role: str) -> npt.NDArray[np.str_] | None:
        """Return the texts of the column with a role, one per row; None where there is none."""
        name = self.schema.roles().get(role)
        if name not in self.features.columns or self.features.schema[name].is_numeric():
            return None
        return self.features[name].to_numpy().astype(str)

    def protocol(self, rules: Split) -> Protocol:
        """Return how the sales were divided."""
        if self.unsampled is not None:
            return self.unsampled.protocol
        return choose_protocol(self.days if self.has_dates else None, self.parcels, rules)

    @property
    def sampled(self) -> SampledRows:
        """Which rows of the processed table it holds."""
        if self.unsampled is not None:
            return self.unsampled.sampled
        return SampledRows(np.arange(len(self.side)), self.side, self.rows(HOLDOUT))

    def rows(self, side: str) -> npt.NDArray[np.int64]:
        """Return the positions of the rows of one side of the split."""
        return np.flatnonzero(self.side == side)


def write(table: pl.DataFrame, processed_sha256: str) -> bytes:
    """Return the CSV of a feature table; its last column names the processed table that it was made from."""
    stream = io.BytesIO()
    write_to(stream, table, processed_sha256)
    return stream.getvalue()


def write_to(stream: IO[bytes], table: pl.DataFrame, processed_sha256: str) -> None:
    """Write that CSV to a stream."""
    table.with_columns(pl.lit(processed_sha256).alias(PROCESSED)).write_csv(stream)


def read(path: Path, schema: Schema) -> FeatureTable:
    """Return the feature table that `write` wrote.

    Raises:
        DataError: The file cannot be read (code `feature_table_unreadable`), or is not a whole feature table of this
            schema with both sides of the split (`feature_table_invalid`).
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe, which can be read only once
            return parse(path.read_bytes(), str(path), schema)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as err:
        raise DataError(
            f'The feature table "{path}" (artifact featured-data) cannot be read ({err.strerror}); check the path of '
            "--data.",
            code="feature_table_unreadable",
        ) from err
    return _parse(path, digest, str(path), schema)


def parse(content: bytes, path: str, schema: Schema) -> FeatureTable:
    """Return the feature table of some bytes; `path` names them in messages.

    Raises:
        DataError: They are not a whole feature table of this schema with both sides of the split (code
            `feature_table_invalid`).
    """
    return _parse(content, hashlib.sha256(content).hexdigest(), path, schema)


def _parse(source: Path | bytes, sha256: str, path: str, schema: Schema) -> FeatureTable:

    def invalid(reason: str) -> DataError:
        return DataError(
            f'"{path}" is not a feature table: it {reason}. Run `houseprice features` again.',
            code="feature_table_invalid",
        )

    house = schema.parcel or GROUP
    keys = [house, *([schema.sale_date] if schema.sale_date else []), schema.target]
    try:
        columns = pl.read_csv(source, infer_schema=False, raise_if_empty=True, n_rows=0, glob=False).columns
        lacking = [name for name in [*keys, SPLIT, PROCESSED] if name not in columns]
        if lacking:
            raise invalid(f"lacks the columns {', '.join(lacking)}")
        texts = [name for name, column in schema.request.items() if column.is_text and name in columns]
        numbers = [name for name in columns if name not in {*keys, SPLIT, PROCESSED, *texts}]
        if not numbers:
            raise invalid("has no numeric feature")
        table = _typed(source, {**dict.fromkeys(numbers, pl.Float32()), schema.target: pl.Float64()})
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as err:
        reason = str(err).split("\n", 1)[0]
        raise invalid(f"is not CSV ({reason})") from err
    features = table.select(pl.col(numbers), pl.col(texts).fill_null(""))
    bad = [name for name in numbers if not features[name].is_finite().fill_null(value=False).all()]
    prices = table[schema.target]
    if not (prices > 0).fill_null(value=False).all():
        bad.append(schema.target)
    dates = table.select(pl.col(keys[1:-1]).str.to_date("%Y-%m-%d", strict=False))
    bad += [name for name in dates.columns if dates[name].null_count() > table[name].null_count()]
    if table[house].null_count():
        bad.append(house)
    if bad:
        raise invalid(f"has blanks or texts in {', '.join(bad)}")
    sides, origins = (set(table[name].unique().cast(pl.String).fill_null("")) for name in (SPLIT, PROCESSED))
    if not {TRAIN, HOLDOUT} <= sides <= {TRAIN, HOLDOUT, RESOLD}:
        raise invalid(f'has {sorted(sides)} in "{SPLIT}" instead of {TRAIN} and {HOLDOUT}')
    if len(origins) != 1:
        raise invalid(f"names {len(origins)} processed tables")
    return FeatureTable(
        keys=pl.DataFrame([table[house], *dates, prices]),
        features=features,
        side=table[SPLIT].cast(pl.String).to_numpy().astype(str),
        schema=schema,
        sha256=sha256,
        processed_sha256=origins.pop(),
    )


def _typed(source: Path | bytes, numbers: dict[str, pl.DataType]) -> pl.DataFrame:
    """Return a CSV with some columns as numbers; what is no number is missing."""
    few: dict[str, pl.DataType] = dict.fromkeys((SPLIT, PROCESSED), pl.Categorical())
    with suppress(pl.exceptions.ComputeError):
        return pl.read_csv(source, infer_schema=False, schema_overrides={**numbers, **few}, glob=False)
    texts = pl.read_csv(source, infer_schema=False, schema_overrides=few, glob=False)
    return texts.with_columns(pl.col(name).cast(pl.Float64, strict=False).cast(kind) for name, kind in numbers.items())
