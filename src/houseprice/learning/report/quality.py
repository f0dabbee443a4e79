"""Table and the report of its cleaning in, what the data are like out."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from houseprice.learning.report.diagnosis import number
from houseprice.learning.report.markup import Html, Section, element, join, table
from houseprice.learning.report.what_if import Question
from houseprice.learning.splitting import TRAIN


def tell(question: Question, quality: Mapping[str, Any] | None) -> Section:
    """Return the section on the data; `quality` is what `houseprice process` writes beside its output."""
    return Section(
        "Data quality",
        "What became of the raw rows, and whether the newest sales still look like those learned from: where the "
        "median has moved, or houses lie outside the range, answers are less sure than the numbers above say.",
        join([_cleaning(quality), _columns(question, (quality or {}).get("blanks"))]),
    )


def _cleaning(quality: Mapping[str, Any] | None) -> Html:
    if quality is None:
        return element("p", "The report of the cleaning was not at hand.", class_="soft")
    read, kept, rejected = (int(quality[name]) for name in ("rows_read", "rows_kept", "rows_rejected"))
    said = [element("p", f"{kept:,} of {read:,} raw rows were kept, {rejected:,} rejected.")]
    if quality["reasons"]:
        rows = [(reason, f"{count:,}") for reason, count in quality["reasons"].items()]
        said.append(table("Why rows were rejected", ["reason", "rows"], rows))
    if quality["ignored_columns"]:
        said.append(element("p", f"Ignored, as they are not declared: {', '.join(quality['ignored_columns'])}."))
    return join(said)


def _columns(question: Question, blanks: Mapping[str, int] | None) -> Html:
    newest = question.newest
    train = newest.table.rows(TRAIN)
    rows, marks = [], []
    for name in question.columns:
        values = question.values(name)
        learned, held = values[train], values[newest.rows]
        column = newest.table.schema.columns[name]
        if column.kind == "date":
            continue
        if values.dtype.kind == "U":
            texts, counts = np.unique(learned, return_counts=True)
            middles = [f"{len(texts):,} texts", str(texts[counts.argmax()]), str(_commonest(held))]
            outside = int((~np.isin(held, texts)).sum())
        else:
            low, middle, high = (number(column, value) for value in np.quantile(learned, [0.0, 0.5, 1.0]))
            middles = [f"{low} … {high}", middle, number(column, float(np.quantile(held, 0.5)))]
            outside = int(((held < learned.min()) | (held > learned.max())).sum())
        blank = f"{int(blanks.get(name, 0)):,}" if blanks is not None else "?"
        unit = f", {column.unit}" if column.unit else ""
        what = join([name, element("small", f"{column.description}{unit}")])
        rows.append((what, blank, *middles, f"{outside:,}"))
        marks.append("worst" if outside > 0.01 * len(held) else "")
    heads = ["column", "blank", "range learned from", "median: training", "median: newest", "newest outside"]
    caption = "Columns that the answers are made of; blanks were filled with the training sales' median"
    return table(caption, heads, rows, marks=marks)


def _commonest(texts: Any) -> Any:
    different, counts = np.unique(texts, return_counts=True)
    return different[counts.argmax()]
