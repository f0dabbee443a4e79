"""Measures by kind of house in, tables of them out, the worst named."""

from collections.abc import Mapping
from typing import Any

from houseprice.learning.report.holdout import Newest
from houseprice.learning.report.markup import Html, Section, element, folded, join, table
from houseprice.learning.slices import MIN_SALES

FIFTHS = ("price", "living area", "year built")
OPEN = 12  # rows of one kind that are shown at once


def tell(newest: Newest) -> Section:
    """Return the section on slices."""
    metrics = newest.evaluation.metrics
    slices, worst = metrics["slices"], metrics["worst_slice"]
    place = newest.table.schema.roles().get("location", "place")
    if not slices:
        body = element("p", f"No kind of house has {MIN_SALES} of the newest sales, so there is nothing to compare.")
    else:
        found = slices[worst]
        bias = found["bias_log"]
        lean = "too low" if bias < 0 else "too high"
        said = element(
            "p", "Worst: ", element("strong", worst),
            f", log-RMSE {found['log_rmse']:.3f} over {found['sales']:,} sales, {abs(bias):.1%} {lean} on the whole.",
        )  # fmt: skip
        body = join(
            [said, *(_kind(kind, rows, worst, found["log_rmse"]) for kind, rows in _by_kind(slices, place).items())]
        )
    return Section(
        "Slices",
        "The same measures for one kind of house at a time: an average hides whom it is wrong about, but a slice of "
        "few sales may also have a large error by chance.",
        body,
    )


def _by_kind(slices: Mapping[str, Any], place: str) -> dict[str, dict[str, Any]]:
    """Return kind → slices: those by fifths under what they divide, all others under the column of the place."""
    kinds: dict[str, dict[str, Any]] = {}
    for name, found in slices.items():
        kind = next((kind for kind in FIFTHS if name.startswith(f"{kind}, fifth ")), place)
        kinds.setdefault(kind, {})[name] = found
    return kinds


def _kind(kind: str, rows: Mapping[str, Any], worst: str, most: float) -> Html:
    many = len(rows) > OPEN
    names = sorted(rows, key=lambda name: -rows[name]["log_rmse"]) if many else list(rows)
    heads = ["slice", "log-RMSE", "sales", "median error", "within 10%", "bias", "held", "mean width"]
    cells = []
    for name in names:
        found = rows[name]
        bar = element("span", class_="bar", style=f"width:{70 * found['log_rmse'] / most:.0f}px")
        cells.append(
            (
                name,
                join([f"{found['log_rmse']:.3f}", element("span", bar, class_="track")]),
                f"{found['sales']:,}",
                f"{found['median_ape']:.1%}",
                f"{found['within_10']:.0%}",
                f"{found['bias_log']:+.3f}".replace("-", "−"),
                f"{found['coverage']:.0%}",
                f"{found['mean_relative_width']:.0%}",
            )
        )
    marks = ["worst" if name == worst else "" for name in names]
    if not many:
        return table(f"By {kind}", heads, cells, marks=marks)
    rest = table(f"By {kind}, all others", heads, cells[OPEN:], marks=marks[OPEN:])
    first = table(f"By {kind}, the {OPEN} with the largest error", heads, cells[:OPEN], marks=marks[:OPEN])
    return join([first, folded(f"The other {len(cells) - OPEN}", rest)])
