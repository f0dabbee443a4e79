"""Newest sales in, the dozen that were answered worst out, each with what may have made it so."""

from typing import Any

import numpy as np

from houseprice.learning.report.diagnosis import tell_story, written
from houseprice.learning.report.markup import Html, Section, element, folded, items, join
from houseprice.learning.report.what_if import Question
from houseprice.learning.splitting import RESOLD

SHOWN = 12


def tell(question: Question) -> Section:
    """Return the section on the worst sales; the newest sales of houses sold before are looked at too."""
    newest = question.newest
    rows = np.concatenate([newest.rows, newest.table.rows(RESOLD)])
    off = np.log(newest.table.prices[rows]) - np.log(np.asarray(newest.evaluation.predictions[0])[rows])
    largest = rows[np.argsort(-np.abs(off), kind="stable")[:SHOWN]]
    said = join(_sale(question, int(row), number) for number, row in enumerate(largest, 1))
    key = element(
        "ul",
        element("li", join([element("i", style="background:var(--other)"), "paid"])),
        element("li", join([element("i", style="background:var(--ours);border-radius:1px;width:3px"), "answered"])),
        element("li", join([element("i", style="background:var(--ours);opacity:.4;border-radius:2px"), "interval"])),
        class_="key",
    )
    return Section(
        "Worst sales",
        f"The {len(largest)} newest sales with the largest errors, those of houses sold before included; under each "
        "stands what is unusual about it against the training sales, which is a place to look and not a proof.",
        join([key, element("ol", said, class_="sales")]),
    )


def _sale(question: Question, row: int, number: int) -> Html:
    newest = question.newest
    table = newest.table
    paid = float(table.prices[row])
    answered, low, high = (float(np.asarray(values)[row]) for values in newest.evaluation.predictions)
    day = str(np.datetime64(int(table.days[row]), "D"))
    side = "inside" if low <= paid <= high else "outside"
    error = f"{answered / paid - 1:+.0%}".replace("-", "−")
    heading = element("h3", f"{number}. Parcel {table.parcels[row]} ", element("span", f"sold {day}"))
    numbers = element(
        "p", "Paid ", element("strong", f"{paid:,.0f}"), ", answered ", element("strong", f"{answered:,.0f}"),
        f" ({error}); interval {low:,.0f} to {high:,.0f}, the price is {side}.",
    )  # fmt: skip
    asked = [
        part
        for name in question.columns
        for part in (element("dt", name), element("dd", written(question, name, question.values(name)[row])))
    ]
    return element(
        "li", heading, _range(paid, answered, low, high), numbers, items(tell_story(question, row)),
        folded("What was asked", element("dl", *asked)), class_="sale",
    )  # fmt: skip


def _range(paid: float, answered: float, low: float, high: float) -> Html:
    """Return the interval, the answer and the price on one line, by shares."""
    ends = np.log([min(paid, low), max(paid, high)])
    wide = max(float(ends[1] - ends[0]), 1e-9)

    def at(price: float) -> float:
        return float(100 * (np.log(price) - ends[0]) / wide)

    def mark(kind: str, style: str) -> Any:
        return element("span", class_=kind, style=style)

    return element(
        "div",
        mark("line", ""),
        mark("held", f"left:{at(low):.1f}%;width:{at(high) - at(low):.1f}%"),
        mark("said", f"left:{at(answered):.1f}%"),
        mark("paid", f"left:{at(paid):.1f}%"),
        class_="range",
        role="img",
        aria_label=f"paid {paid:,.0f}, answered {answered:,.0f}, interval {low:,.0f} to {high:,.0f}",
    )
