"""Cleaning: split raw sales into accepted rows, and rejected rows with the reasons.

Nothing is imputed: blanks in optional columns are left to the preprocessor, so that training and serving treat them
alike. Each row is checked by itself, except for duplicates of an earlier sale.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from houseprice.config import Data
from houseprice.conversion import CellForm, convert, is_missing
from houseprice.conversion.value import normalized
from houseprice.errors import DataError
from houseprice.learning.csv_reader import REASONS, ROW, RawTable
from houseprice.learning.duplicates import find_duplicates
from houseprice.learning.implausible import blank_implausible, check_currency, token_limit
from houseprice.learning.rejections import COLUMN, KEY, ONLY, check_rejected_share, count_reasons
from houseprice.schema import LONGEST_TEXT, WHOLE_NUMBER, Column, Schema

TYPES: dict[str, type[pl.DataType]] = {
    "number": pl.Float64,
    "integer": pl.Int64,
    "flag": pl.Int64,
    "category": pl.String,
    "text": pl.String,
    "date": pl.Date,
}
SHORTENED = r"^[-+]?[0-9]([.,][0-9]+)?[eE]\+[0-9]{2,3}$"
"""A long number as spreadsheets show it, such as 7.12930E+09; as a code it has lost its last digits."""


@dataclass(frozen=True)
class CleanTable:
    """Accepted sales, in the order of schema and file, and the rejected ones with the reason.

    Attributes:
        sales: every declared column, typed.
        undeclared: the file's other columns for the same sales, as texts; only for the detection of leakage.
        rejected: `row`, `reasons`, and the columns as they were typed.
        report: what was read, kept and rejected, with counts by reason and blanks by column.
        set_aside: how many of the rejected are so on purpose.
    """

    sales: pl.DataFrame
    undeclared: pl.DataFrame
    rejected: pl.DataFrame
    report: dict[str, object]
    set_aside: int = 0


def clean(raw: RawTable, schema: Schema, rules: Data) -> CleanTable:
    """Return the accepted and the rejected sales, the latter with the reason.

    Raises:
        RejectedShareError: More rows would be rejected than `rules.max_rejected_share`.
        DataError: no row survives, or numbers can be read in two ways (code `number_ambiguous`).
    """
    texts = declared_texts(raw.texts, schema)
    check_thousands(texts, schema)
    check_currency(texts[schema.target], schema.target)
    typed = pl.DataFrame([texts[ROW], *(typed_column(texts[name], column) for name, column in schema.columns.items())])
    unreadable = list(_unreadable(texts, typed, schema))
    typed, blanked = blank_implausible(typed, schema, ROW)
    found = pl.concat(
        [
            *unreadable,
            _forbidden(typed, schema),
            *_no_prices(typed, schema),
            *_impossible(typed, schema, rules),
            *_not_sought(raw, rules),
            _reasons(raw.broken, "", pl.col(REASONS), "data.file.separator"),
        ]
    )
    typed = _without(typed, found)
    found = pl.concat([found, *_duplicates(typed, schema)])
    reasons = found.group_by(ROW).agg(pl.col(REASONS).unique(maintain_order=True).str.join("; "))
    rejected = reasons.join(raw.texts, on=ROW, how="left").sort(ROW)
    sales = _without(typed, found).drop(ROW)
    undeclared = _without(raw.undeclared, found).drop(ROW)
    report = _report(raw, sales, found, schema) | {
        "ignored_columns": [name for name in raw.ignored if name not in rules.excluded],
        "excluded_columns": {name: reason for name, reason in rules.excluded.items() if name in raw.ignored},
        "empty_columns": [name for name in schema.columns if sales[name].is_null().all()],
        "blanked": [cells.as_dict() for cells in blanked],
    }
    set_aside = check_rejected_share(sales.height, rejected, found, rules)
    return CleanTable(sales, undeclared, rejected, report, set_aside)


def pandera_schema(schema: Schema) -> pa.DataFrameSchema:
    """Return the checks of a typed table, made from the declaration."""
    return pa.DataFrameSchema(
        {
            name: pa.Column(_type(column), _checks(column), nullable=column.role != "target")
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


def declared_texts(texts: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Return `row` and the text of every declared column; those of several columns of the file joined by a space.

    A date lacks its value where one of its parts is missing; a category is made of the parts that there are.
    """

    def joined(name: str, sources: tuple[str, ...]) -> pl.Expr:
        if len(sources) == 1:
            return pl.col(sources[0]).alias(name)
        text = pl.concat_str(sources, separator=" ", ignore_nulls=schema.columns[name].kind != "date")
        return pl.when(text != "").then(text).alias(name)

    return texts.select(ROW, *(joined(name, sources) for name, sources in schema.sources.items()))


def typed_column(texts: pl.Series, column: Column) -> pl.Series:
    """Return the values of a column of texts; what cannot be converted becomes null, for `_unreadable`."""
    form = column.form or CellForm()
    if not column.is_text:
        return convert(texts, column.cell_kind, form)
    values = convert(texts, column.kind, form)
    if column.kind == "text":
        return values
    levels, decimal = column.canonical_levels, re.escape(form.decimal or ".")  # as Column.canonical does
    text = pl.col(values.name)
    code = text.str.replace(f"^{WHOLE_NUMBER.format(decimal)}$", "$1")
    canonical = pl.when(text.is_in(list(levels))).then(text).otherwise(code).replace(levels)
    return values.to_frame().select(canonical.alias(values.name))[values.name]


def check_thousands(texts: pl.DataFrame, schema: Schema) -> None:
    """Check that no column's decimal sign may as well separate thousands, as in 525.000.

    Raises:
        DataError: One may (code `number_ambiguous`, details `column` and `values`).
    """
    for name, column in schema.columns.items():
        form = column.form or CellForm()
        if column.kind not in ("number", "integer") or column.role in ("latitude", "longitude") or form.thousands:
            continue
        decimal = form.decimal or "."
        values = texts[name].drop_nulls()
        marked = values.filter(values.str.contains(decimal, literal=True))
        sign = re.escape(decimal)
        if marked.is_empty() or not marked.str.contains(rf"^[-+]?[1-9][0-9]{{0,2}}({sign}[0-9]{{3}})+$").all():
            continue
        thousands = marked.str.replace_all(decimal, "", literal=True).cast(pl.Float64, strict=False)
        plain = values.cast(pl.Float64, strict=False).filter(~values.str.contains(decimal, literal=True)).abs()
        low, high = column.minimum, column.maximum
        within = (low is None or (thousands >= low).all()) and (high is None or (thousands <= high).all())
        if not within or (plain >= 1000).any():  # the file does not separate thousands
            continue
        value = marked[0]
        raise DataError(
            f'"{value}" in column "{name}" may be {value.replace(decimal, "")} or '
            f'{value.replace(decimal, ".")}: every value there that holds the decimal sign "{decimal}" '
            f"has three digits behind it. Set data.columns.{name}.form.thousands to none if it is a decimal sign, or "
            "name the signs that separate thousands and decimals there.",
            code="number_ambiguous",
            column=name,
            values=marked.head(2).to_list(),
        )


def _reasons(rows: pl.DataFrame, column: str, reason: pl.Expr, key: str | None = None) -> pl.DataFrame:
    """Return why some rows are rejected, the column that it is about ("" for none) and the key that decides."""
    key = f"data.columns.{column}" if key is None else key
    return rows.select(ROW, reason.alias(REASONS), pl.lit(column).alias(COLUMN), pl.lit(key).alias(KEY))


def _unreadable(texts: pl.DataFrame, typed: pl.DataFrame, schema: Schema) -> Iterator[pl.DataFrame]:
    """Find prices that are missing, and fields that cannot be read as what they should be.

    A blank anywhere else is for the preprocessor; that a column is required is about requests.
    """
    words = {"date": "a date", "flag": "yes or no", "number": "a number"}
    keys = {"date": "dates", "number": "decimal", "integer": "decimal", "flag": "true"}
    for name, column in schema.columns.items():
        text = pl.col(name)
        unread = texts.select(ROW, name).filter(typed[name].is_null())
        blank = is_missing(unread[name], column.form or CellForm(), column.cell_kind)
        if column.is_text and column.kind != "text":
            yield _reasons(
                texts.filter(text.str.contains("\0", literal=True)), name, pl.lit(f"{name}: holds a NUL byte")
            )
            long = pl.format(f"{name}: has {{}} characters, more than {LONGEST_TEXT}", text.str.len_chars())
            yield _reasons(texts.filter(text.str.len_chars() > LONGEST_TEXT), name, long)
            if column.levels is None:
                shortened = pl.format(f'{name}: "{{}}" is not a code, but a number that a spreadsheet shortened', text)
                yield _reasons(texts.filter(text.str.contains(SHORTENED)), name, shortened)
        if column.role == "target":
            yield _reasons(unread.filter(blank), name, pl.lit(f"{name}: missing"))
        reason = pl.format(f'{name}: "{{}}" is not {words.get(column.kind, "a whole number")}', text)
        key = f"data.columns.{name}.form.{keys[column.kind]}" if column.kind in keys else None
        yield _reasons(unread.filter(~blank), name, reason, key)


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
        key = pl.format("data.columns.{}", COLUMN).alias(KEY)
        found: pl.DataFrame = cases.select(typed[ROW].gather(cases["index"]), reason.alias(REASONS), COLUMN, key)
        return found
    return pl.DataFrame(schema={ROW: pl.Int64, REASONS: pl.String, COLUMN: pl.String, KEY: pl.String})


def _no_prices(typed: pl.DataFrame, schema: Schema) -> Iterator[pl.DataFrame]:
    """Find prices that are none, and tokens far below all others, where the declaration sets no lowest price."""
    name, column = schema.target, schema.columns[schema.target]
    price = pl.col(name)
    yield _reasons(typed.filter(price <= 0), name, pl.format(f"{name}: {{}} is no price", price))
    if column.minimum is None and column.learn_minimum is None and (limit := token_limit(typed[name])):
        tokens = typed.filter((price > 0) & (price < limit))
        reason = pl.format(f"{name}: {{}} is below {limit:,.0f}, a token far below the other prices", price)
        yield _reasons(tokens, name, reason)


def _impossible(typed: pl.DataFrame, schema: Schema, rules: Data) -> Iterator[pl.DataFrame]:
    """Find dates that contradict each other."""
    roles = schema.roles()
    ahead = rules.max_years_sold_before_built
    for role, word in (("year_built", "built"), ("year_renovated", "renovated")):
        if role in roles and schema.sale_date:
            sold = pl.col(schema.sale_date).dt.year()
            name = roles[role]
            reason = pl.format(f"{name}: {word} in {{}}, after the sale in {{}}", pl.col(name), sold)
            yield _reasons(typed.filter(pl.col(name) > sold + ahead), name, reason, "data.max_years_sold_before_built")
    if "year_built" in roles and "year_renovated" in roles:
        name, built, renovated = roles["year_renovated"], pl.col(roles["year_built"]), pl.col(roles["year_renovated"])
        reason = pl.format(f"{name}: renovated in {{}}, before it was built in {{}}", renovated, built)
        yield _reasons(typed.filter((renovated > 0) & (renovated < built)), name, reason)


def _duplicates(typed: pl.DataFrame, schema: Schema) -> Iterator[pl.DataFrame]:
    found = find_duplicates(typed, schema, ROW)
    same = pl.format("duplicate of row {}", pl.col("first"))
    yield _reasons(found.filter(~pl.col("another")), "", same, "")
    other = pl.format(f"duplicate of row {{}} under another {schema.parcel}", pl.col("first"))
    yield _reasons(found.filter(pl.col("another")), schema.parcel or "", other, "")


def _without(table: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Return a table without the rows that were found, in its order."""
    return table.filter(~pl.col(ROW).is_in(found[ROW].unique().implode())) if found.height else table


def _not_sought(raw: RawTable, rules: Data) -> Iterator[pl.DataFrame]:
    """Find rows that are set aside since a column tells that they are no sales of the kind to learn from."""
    table = raw.texts.hstack(raw.undeclared.drop(ROW))
    for name, sought in rules.only.items():
        texts, kept = table[name], {normalized(text).casefold() for text in sought}
        others = [text for text in texts.unique().drop_nulls().to_list() if normalized(text).casefold() not in kept]
        rows = table.filter(texts.is_in(others) & ~is_missing(texts, CellForm(missing=rules.missing)))
        shown = pl.format(f'{name}: "{{}}" is not {" or ".join(sought)}', pl.col(name))
        yield _reasons(rows, name, shown, f"{ONLY}.{name}")


def _report(raw: RawTable, sales: pl.DataFrame, found: pl.DataFrame, schema: Schema) -> dict[str, object]:
    counts = count_reasons(found)
    return {
        "rows_read": raw.texts.height + raw.broken.height,
        "rows_kept": sales.height,
        "rows_rejected": found[ROW].n_unique(),
        "reasons": dict(counts.iter_rows()),
        "blanks": {name: sales[name].null_count() for name in schema.columns},
    }
