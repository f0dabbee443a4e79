"""Cleaning: split raw sales into accepted rows, and rejected rows with the reasons.

Nothing is imputed: blanks in optional columns are left to the preprocessor, so that training and serving treat them
alike. Each row is checked by itself, except for duplicates of an earlier sale.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from houseprice.config import Data
from houseprice.errors import DataError, RejectedShareError
from houseprice.learning.csv_reader import REASONS, ROW, RawTable
from houseprice.schema import Column, Schema

TYPES: dict[str, type[pl.DataType]] = {
    "number": pl.Float64,
    "integer": pl.Int64,
    "flag": pl.Int64,
    "category": pl.String,
    "date": pl.Date,
}
BLANKS = ("na", "n/a", "nan", "null", "none")  # of numbers; a text that says "None" says it
FLAGS = {"true": 1, "false": 0, "yes": 1, "no": 0, "y": 1, "n": 0, "1": 1, "0": 0, "1.0": 1, "0.0": 0}


@dataclass(frozen=True)
class CleanTable:
    """Accepted sales, in the order of schema and file, and the rejected ones with the reason.

    Attributes:
        sales: every declared column, typed.
        undeclared: the file's other columns for the same sales, as texts; only for the detection of leakage.
        rejected: `row`, `reasons`, and the columns as they were typed.
        report: what was read, kept and rejected, with counts by reason and blanks by column.
    """

    sales: pl.DataFrame
    undeclared: pl.DataFrame
    rejected: pl.DataFrame
    report: dict[str, object]


def clean(raw: RawTable, schema: Schema, rules: Data) -> CleanTable:
    """Return the accepted and the rejected sales, the latter with the reason.

    Raises:
        RejectedShareError: More rows would be rejected than `rules.max_rejected_share`.
        DataError: no row survives.
    """
    typed = raw.texts.select(ROW, *(_typed(name, column, rules) for name, column in schema.columns.items()))
    found = pl.concat(
        [
            *_unreadable(raw.texts, typed, schema),
            _forbidden(typed, schema),
            *_impossible(typed, schema, rules),
            raw.broken,
        ]
    )
    found = pl.concat([found, _duplicates(typed.join(found, on=ROW, how="anti"), schema)])
    reasons = found.group_by(ROW).agg(pl.col(REASONS).unique(maintain_order=True).str.join("; "))
    rejected = reasons.join(raw.texts, on=ROW, how="left").sort(ROW)
    kept = typed.join(reasons, on=ROW, how="anti").sort(ROW)
    sales = kept.drop(ROW)
    undeclared = kept.select(ROW).join(raw.undeclared, on=ROW, how="left", maintain_order="left").drop(ROW)
    report = _report(raw, sales, found, schema)
    _check_share(sales, rejected, found, rules)
    return CleanTable(sales, undeclared, rejected, report)


def pandera_schema(schema: Schema) -> pa.DataFrameSchema:
    """Return the checks of a typed table, made from the declaration."""
    return pa.DataFrameSchema(
        {
            name: pa.Column(_type(column), _checks(column), nullable=not column.required)
            for name, column in schema.columns.items()
        }
    )


def _type(column: Column) -> type[pl.DataType]:
    return TYPES[column.kind] if column.kind != "ordinal" else pl.String if column.is_text else pl.Int64


def _checks(column: Column) -> list[pa.Check]:
    checks = []
    least = column.minimum if column.learn_minimum is None else column.learn_minimum
    most = column.maximum if column.learn_maximum is None else column.learn_maximum
    if least is not None:
        checks.append(pa.Check.ge(least, error=f"is below {least}"))
    if most is not None:
        checks.append(pa.Check.le(most, error=f"is above {most}"))
    if column.levels is not None:
        levels = [str(level) for level in column.levels] if column.is_text else list(column.levels)
        checks.append(pa.Check.isin(levels, error=f"is none of {', '.join(map(str, column.levels))}"))
    return checks


def _typed(name: str, column: Column, rules: Data) -> pl.Expr:
    """Return the conversion of a text to its type; what cannot be converted becomes null, for `_unreadable`."""
    text = pl.col(name)
    if column.is_text:
        return text
    if column.kind == "date":
        return pl.coalesce(text.str.to_date(form, strict=False) for form in rules.date_formats).alias(name)
    if column.kind == "flag":
        return text.str.to_lowercase().replace_strict(FLAGS, default=None, return_dtype=pl.Int64).alias(name)
    if rules.decimal == ",":
        text = (
            pl.when(text.str.contains(".", literal=True)).then(None).otherwise(text.str.replace(",", ".", literal=True))
        )
    number = text.cast(pl.Float64, strict=False)
    number = pl.when(number.is_finite()).then(number)
    if column.kind == "number":
        return number.alias(name)
    # Past 2^53 a float no longer tells one whole number from the next.
    return pl.when((number == number.round()) & (number.abs() < 2**53)).then(number).cast(pl.Int64).alias(name)


def _unreadable(texts: pl.DataFrame, typed: pl.DataFrame, schema: Schema) -> Iterator[pl.DataFrame]:
    """Find fields that are required and blank, or that cannot be read as what they should be."""
    words = {"date": "a date", "flag": "yes or no", "number": "a number"}
    for name, column in schema.columns.items():
        yield texts.filter(pl.col(name).str.contains("\0", literal=True) & column.is_text).select(
            ROW, pl.lit(f"{name}: holds a NUL byte").alias(REASONS)
        )
        blank = texts[name].is_null()
        if not column.is_text:
            blank |= texts[name].str.to_lowercase().is_in(BLANKS).fill_null(value=False)
        if column.required:
            yield texts.filter(blank).select(ROW, pl.lit(f"{name}: missing").alias(REASONS))
        what = words.get(column.kind, "a whole number")
        reason = pl.format(f'{name}: "{{}}" is not {what}', pl.col(name)).alias(REASONS)
        yield texts.filter(~blank & typed[name].is_null()).select(ROW, reason)


def _forbidden(typed: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Find values outside what the declaration allows; blanks are `_unreadable`'s."""
    try:
        pandera_schema(schema).validate(typed.drop(ROW), lazy=True)
    except SchemaErrors as err:
        cases = err.failure_cases.filter(pl.col("check") != "not_nullable")
        if cases["index"].null_count():  # a check that could not run is a fault of the declaration, not of a row
            raise DataError(
                f"The checks of the columns cannot run: {cases.filter(pl.col('index').is_null())}."
            ) from err
        reason = pl.format("{}: {} {}", pl.col("column"), pl.col("failure_case"), pl.col("check"))
        found: pl.DataFrame = cases.select(typed[ROW].gather(cases["index"]), reason.alias(REASONS))
        return found
    return pl.DataFrame(schema={ROW: pl.Int64, REASONS: pl.String})


def _impossible(typed: pl.DataFrame, schema: Schema, rules: Data) -> Iterator[pl.DataFrame]:
    """Find dates that contradict each other."""
    roles = schema.roles()
    sold = pl.col(schema.sale_date).dt.year()
    ahead = rules.max_years_sold_before_built
    for role, word in (("year_built", "built"), ("year_renovated", "renovated")):
        if role in roles:
            name = roles[role]
            reason = pl.format(f"{name}: {word} in {{}}, after the sale in {{}}", pl.col(name), sold)
            yield typed.filter(pl.col(name) > sold + ahead).select(ROW, reason.alias(REASONS))
    if "year_built" in roles and "year_renovated" in roles:
        built, renovated = pl.col(roles["year_built"]), pl.col(roles["year_renovated"])
        reason = pl.format(
            f"{roles['year_renovated']}: renovated in {{}}, before it was built in {{}}", renovated, built
        )
        yield typed.filter((renovated > 0) & (renovated < built)).select(ROW, reason.alias(REASONS))


def _duplicates(typed: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Find duplicates: sales of one parcel on one day for one price that are already in the table."""
    key = [schema.parcel, schema.sale_date, schema.target]
    first = pl.col(ROW).min().over(key)
    duplicates = typed.with_columns(first.alias("first")).filter(pl.col(ROW) != pl.col("first"))
    return duplicates.select(ROW, pl.format("duplicate of row {}", pl.col("first")).alias(REASONS))


def _report(raw: RawTable, sales: pl.DataFrame, found: pl.DataFrame, schema: Schema) -> dict[str, object]:
    counts = _counts(found)
    return {
        "rows_read": raw.texts.height + raw.broken.height,
        "rows_kept": sales.height,
        "rows_rejected": found[ROW].n_unique(),
        "reasons": dict(counts.iter_rows()),
        "ignored_columns": list(raw.ignored),
        "blanks": {name: sales[name].null_count() for name in schema.columns},
    }


def _counts(found: pl.DataFrame) -> pl.DataFrame:
    """Count the reasons, without the values that differ from row to row."""
    verdict = pl.col(REASONS).str.replace(r"(?s): .* is (not a|not yes|below|above|none of)", ": … is $1")
    kind = verdict.str.replace_all(r"\b(row|in) -?\d+", "$1 …").alias("reason")
    return found.select(kind).group_by("reason").len("rows").sort("rows", "reason", descending=[True, False])


def _check_share(sales: pl.DataFrame, rejected: pl.DataFrame, found: pl.DataFrame, rules: Data) -> None:
    total = sales.height + rejected.height
    share = rejected.height / total if total else 0.0
    top = "; ".join(f"{rows} × {reason}" for reason, rows in _counts(found).head(3).iter_rows())
    if share > rules.max_rejected_share:
        raise RejectedShareError(
            f"{rejected.height} of {total} rows ({share:.1%}) would be rejected ({top}), more than "
            f"{rules.max_rejected_share:.1%} (data.max_rejected_share); correct the table or the declaration.",
            rejected=rejected.height,
            total=total,
        )
    if not sales.height:
        raise DataError(
            f"The table has a header, but no row that could be accepted ({top or 'no row'}); check the file.",
            code="no_accepted_rows",
        )
