"""The market trend that the model has learned, against the sales of each month."""

from typing import Any

import numpy as np

from houseprice.html_report import Figure
from houseprice.learning.report.figure import draw, paint, signed_percent
from houseprice.learning.report.holdout import Holdout
from houseprice.learning.trend_design import TIME

MIN_SALES = 20  # in a month; below, its mean says more about the houses sold
NORMAL_90 = 1.645  # standard errors that hold 90 % of a normal distribution


def market_trend(holdout: Holdout) -> Figure | None:
    """Return the learned trend beside the level of each month's sales; None where the model has no trend."""
    model, table, out_of_fold = holdout.evaluation.model, holdout.table, holdout.evaluation.out_of_fold
    if TIME not in table.features.columns or not model.trend_.knots:
        return None
    months = table.features[TIME].to_numpy()

    def trend(at: Any) -> Any:
        return np.expm1(np.asarray(model.trend_.predict({TIME: np.asarray(at, dtype=np.float64)})))

    days = np.concatenate([out_of_fold["day"].to_numpy(), table.days[holdout.rows]])
    errors = np.concatenate([out_of_fold["log_error"].to_numpy(), holdout.residuals])
    numbers = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    first = float(table.days[holdout.train].min())
    months_per_day = float(months.max()) / max(float(table.days.max()) - first, 1.0)
    points = []  # name, months at which its sales lie on average, level, sales, months at its middle
    for month in np.unique(numbers):
        inside = numbers == month
        if inside.sum() >= MIN_SALES:
            mean = (days[inside].mean() - first) * months_per_day
            level = float(np.expm1(np.log1p(trend([mean])[0]) + errors[inside].mean()))
            middle = ((_first_day(month) + _first_day(month + 1)) / 2 - first) * months_per_day
            points.append((str(np.datetime64(int(month), "M")), mean, level, int(inside.sum()), middle))
    holdout_start = (float(table.days[holdout.rows].min()) - first) * months_per_day
    grid = np.linspace(0, float(months.max()), 60)
    reach = NORMAL_90 * np.sqrt(np.asarray(model.trend_.forecast_variance({TIME: grid})))
    band = [np.expm1(np.log1p(trend(grid)) + side * reach) for side in (-1.0, 1.0)]

    def plot(canvas: Any) -> None:
        upper, lower = canvas.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        if holdout.is_newest:
            upper.axvspan(holdout_start, float(months.max()), color=paint("muted"), alpha=0.12, linewidth=0)
        upper.fill_between(grid, *band, color=paint("primary"), alpha=0.18, linewidth=0)
        upper.plot(grid, trend(grid), color=paint("primary"), linewidth=2.4, label="learned trend")
        if points:
            names, means, levels, counts, middles = zip(*points, strict=True)
            upper.plot(means, levels, "o", color=paint("secondary"), markersize=5, label="sales of the month")
            lower.bar(middles, counts, color=paint("muted"), width=0.7, alpha=0.6)
            labelled = slice(None, None, -(-len(names) // 5))
            lower.set_xticks(middles[labelled], names[labelled])
            lower.set_yticks([0, max(counts)], ["0", f"{max(counts):,}"])
        upper.yaxis.set_major_formatter(signed_percent)
        upper.set_ylabel("since the first sale")
        upper.legend(loc="best")
        lower.set_ylabel("sales")
        lower.grid(visible=False)

    values = ", ".join(f"{name} {level:+.1%}" for name, _, level, *_ in points)
    return draw(
        "Market trend by month",
        "Line: what time alone adds to a prediction. Dots: the same from the prices of each month, by models that had "
        "not seen them. The band holds nine in ten markets like this one."
        + " Shaded: the newest sales, for which the trend was extrapolated."
        * holdout.is_newest,
        f"Change of the market since the first sale, by month: {values}.",
        plot,
        (4.4, 3.4),
    )


def _first_day(month: int) -> int:
    """Return the first day of a month counted from 1970-01, in days since then."""
    return int(np.datetime64(int(month), "M").astype("datetime64[D]").astype(np.int64))
