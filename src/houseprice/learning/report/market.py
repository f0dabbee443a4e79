"""Sales and the model's trend in, the market month by month out."""

from typing import Any

import numpy as np

from houseprice.learning.report.figure import draw, paint, percent
from houseprice.learning.report.holdout import Newest
from houseprice.learning.report.markup import Html
from houseprice.learning.trend import TIME

FEWEST = 20  # sales in a month; below, its mean says more about the houses sold


def trend(newest: Newest) -> Html | None:
    """Return what the model takes the market to have done, and what each month's sales say; None without time."""
    model, table, out = newest.evaluation.model, newest.table, newest.evaluation.out_of_fold
    if TIME not in table.features.columns or not model.trend_.knots:
        return None
    months = table.features[TIME].to_numpy()

    def line(at: Any) -> Any:
        return np.expm1(np.asarray(model.trend_.predict({TIME: np.asarray(at, dtype=np.float64)})))

    days = np.concatenate([out["day"].to_numpy(), table.days[newest.rows]])
    errors = np.concatenate([out["log_error"].to_numpy(), newest.log_error])
    number = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    first = float(table.days[newest.train].min())
    a_month = float(months.max()) / max(float(table.days.max()) - first, 1.0)
    found = []
    for month in np.unique(number):
        inside = number == month
        if inside.sum() >= FEWEST:
            middle = (days[inside].mean() - first) * a_month
            name = str(np.datetime64(int(month), "M"))
            level = np.log1p(line(middle)) + errors[inside].mean()
            calendar = (_day(month) + _day(month + 1)) / 2
            found.append((middle, float(np.expm1(level)), int(inside.sum()), name, (calendar - first) * a_month))
    held = (float(table.days[newest.rows].min()) - first) * a_month
    grid = np.linspace(0, float(months.max()), 60)

    def fill(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        upper.axvspan(held, float(months.max()), color=paint("soft"), alpha=0.12, linewidth=0)
        upper.plot(grid, line(grid), color=paint("ours"), linewidth=2.4, label="learned trend")
        if found:
            places, levels, counts, names, middles = zip(*found, strict=True)
            upper.plot(places, levels, "o", color=paint("other"), markersize=5, label="month's sales")
            lower.bar(middles, counts, color=paint("soft"), width=0.7, alpha=0.6)
            shown = slice(None, None, -(-len(places) // 5))
            lower.set_xticks(middles[shown], names[shown])
            lower.set_yticks([0, max(counts)], ["0", f"{max(counts):,}"])
        upper.yaxis.set_major_formatter(percent)
        upper.set_ylabel("since the first sale")
        upper.legend(loc="best")
        lower.set_ylabel("sales")
        lower.grid(visible=False)

    said = ", ".join(f"{name} {level:+.1%}" for _, level, _, name, _ in found)
    return draw(
        "The market by month",
        "Line: what time alone adds to an answer. Dots: the same from each month's prices, by models that had not seen "
        "them. Shaded: the newest sales, where the line was carried on.",
        f"Change of the market since the first sale, by month: {said}.",
        fill,
        (4.4, 3.4),
    )


def _day(month: int) -> int:
    """Return the first day of a month since 1970-01, in days since then."""
    return int(np.datetime64(int(month), "M").astype("datetime64[D]").astype(np.int64))
