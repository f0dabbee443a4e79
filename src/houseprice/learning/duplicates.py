"""Sales that stand in a table twice, as themselves or under another identifier."""

import polars as pl

from houseprice.schema import Schema


def find_duplicates(typed: pl.DataFrame, schema: Schema, row: str) -> pl.DataFrame:
    """Return the rows that repeat an earlier one: `row`, the `first`, and whether its identifier is `another`.

    A sale is repeated when it is the same in every declared column. The same identifier, day and price are not
    enough: two flats of one block may be sold so. Neither are all columns but the identifier, where most houses look
    like others, or those that do are of different sales; where few do, and most of them are of one day and price, these
    are one sale under two identifiers.

    Args:
        typed: the columns of the schema, and the number of each row.
        schema: the columns.
        row: name of the column of row numbers.
    """
    repeated = _repeated(typed, list(schema.columns), row)
    found = [repeated.with_columns(another=pl.lit(value=False))]
    if schema.parcel:
        others = typed.height - repeated.height
        house = [name for name in schema.columns if name not in (schema.parcel, schema.target, schema.sale_date)]
        alike = typed.head(0)
        if house:
            alike = typed.filter(_digest(house).is_duplicated()).join(repeated, on=row, how="anti")
            alike = alike.filter(pl.len().over(house) > 1)
        sale = [name for name in schema.columns if name != schema.parcel]
        copied = alike.filter(pl.col(schema.parcel).is_not_null() & (pl.col(schema.parcel).n_unique().over(sale) > 1))
        if alike.height / 2 < copied.height and alike.height <= others / 2:
            found.append(_repeated(copied, sale, row).with_columns(another=pl.lit(value=True)))
    return pl.concat(found)


def _repeated(table: pl.DataFrame, columns: list[str], row: str) -> pl.DataFrame:
    candidates = table.filter(_digest(columns).is_duplicated())
    first = pl.col(row).min().over(columns)
    return candidates.select(row, first.alias("first")).filter(pl.col(row) != pl.col("first"))


def _digest(columns: list[str]) -> pl.Expr:
    """Return a hash of some columns; equal rows have equal ones, and few others have: it is compared in their stead."""
    return pl.struct(columns).hash()
