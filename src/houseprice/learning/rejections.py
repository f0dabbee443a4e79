"""Rejected rows: how many there are of each reason, and examples that say what to change."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from houseprice.config import Data
from houseprice.errors import DataError, RejectedShareError
from houseprice.learning.csv_reader import REASONS, ROW

COLUMN, KEY = "column", "key"
"""What a reason is about ("" for the whole row), and the key of the configuration that decides."""
ONLY = "data.only"
"""Key that sets rows aside on purpose."""


def count_reasons(found: pl.DataFrame) -> pl.DataFrame:
    """Return how many rows are rejected for each reason, the commonest first."""
    kinds = _kinds(found).group_by("reason").len("rows")
    return kinds.sort("rows", "reason", descending=[True, False])


def check_rejected_share(accepted: int, rejected: pl.DataFrame, found: pl.DataFrame, rules: Data) -> int:
    """Check that not too many rows are rejected, and some accepted; return how many `data.only` sets aside.

    Those do not count.

    Args:
        accepted: number of accepted rows.
        rejected: `row` and the columns of the rejected ones, as texts.
        found: `row`, `reasons`, `column` and `key` of every fault.
        rules: the limit.

    Raises:
        RejectedShareError: More are rejected than `rules.max_rejected_share`; details `examples`.
        DataError: None is accepted (code `no_accepted_rows`); details `examples`.
    """
    set_aside = found.filter(pl.col(KEY).str.starts_with(f"{ONLY}."))[ROW].n_unique()
    total = accepted + rejected.height - set_aside
    share = (rejected.height - set_aside) / total if total else 0.0
    if share <= rules.max_rejected_share and accepted:
        return set_aside
    examples = list(_examples(rejected, found))
    top = "; ".join(map(_told, examples))
    if share > rules.max_rejected_share:
        raise RejectedShareError(
            f"{rejected.height - set_aside} of {total} rows ({share:.1%}) would be rejected ({top}), more than "
            f"{rules.max_rejected_share:.1%} (data.max_rejected_share); correct the table or the declaration.",
            rejected=rejected.height,
            total=total,
            examples=examples,
        )
    raise DataError(
        f"The table has a header, but no row that could be accepted ({top or 'no row'}); check the file.",
        code="no_accepted_rows",
        examples=examples,
    )


def _examples(rejected: pl.DataFrame, found: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the commonest reasons, each with two different values, their rows, and the key that decides."""
    kinds = _kinds(found)
    for reason, rows in count_reasons(found).head(3).iter_rows():
        of_kind = kinds.filter(pl.col("reason") == reason)
        column = of_kind[COLUMN][0]
        shown = pl.col(column) if column in rejected.columns else pl.lit(None, pl.String)
        cases = of_kind.select(ROW).join(rejected, on=ROW).select(ROW, shown.alias("value")).sort(ROW)
        cases = cases.unique("value", keep="first", maintain_order=True).head(2)
        yield {
            "reason": reason,
            "count": rows,
            "rows": cases[ROW].to_list(),
            "values": cases["value"].to_list(),
            "key": of_kind[KEY][0],
        }


def _told(example: dict[str, Any]) -> str:
    """Return an example as a part of a sentence."""
    values = [
        f'"{value[:60]}" in row {row}' for value, row in zip(example["values"], example["rows"], strict=True) if value
    ]
    such = f", such as {' and '.join(values)}" if values else f", such as row {example['rows'][0]}"
    return f"{example['count']} × {example['reason']}{such}{f' (see {key})' if (key := example['key']) else ''}"


def _kinds(found: pl.DataFrame) -> pl.DataFrame:
    """Return the reasons without the values that differ from row to row."""
    verdict = pl.col(REASONS).str.replace(r"(?s): .* is (not a|not yes|no price|below|above|none of)", ": … is $1")
    verdict = verdict.str.replace(r": has \d+ characters", ": has … characters")
    return found.with_columns(verdict.str.replace_all(r"\b(row|in) -?\d+", "$1 …").alias("reason"))
