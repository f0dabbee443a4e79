"""Whether the errors of neighbours go together: the scatter plot of Moran's I."""

from typing import Any

import numpy as np

from houseprice.bundle.model_card import autocorrelation_in_words
from houseprice.html_report import Figure
from houseprice.learning.places import coordinates_of
from houseprice.learning.report.figure import draw, paint, scatter, signed_percent, subsample
from houseprice.learning.report.holdout import Holdout
from houseprice.learning.spatial_autocorrelation import mean_of_neighbours

LIMIT = 0.5  # of both axes; what lies beyond is drawn at the edge


def neighbour_figures(holdout: Holdout) -> tuple[Figure, ...]:
    """Return the figure of the errors of each sale and its neighbours; none where these were not measured."""
    found = holdout.evaluation.metrics["holdout"]["spatial_autocorrelation"]
    coordinates = coordinates_of(holdout.table, holdout.rows)
    if "reason" in found or coordinates is None:
        return ()
    errors = -holdout.residuals
    around = mean_of_neighbours(errors, coordinates)
    slope, mean = found["morans_i"], errors.mean()

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot()
        shown = subsample(len(errors))
        axes.axhline(0, color=paint("border"), linewidth=1)
        axes.axvline(0, color=paint("border"), linewidth=1)
        x, y = (np.clip(values[shown], -LIMIT, LIMIT) for values in (errors, around))
        scatter(axes, x, y, "primary")
        ends = np.array([-LIMIT, LIMIT])
        axes.plot(ends, around.mean() + slope * (ends - mean), color=paint("secondary"), linewidth=2)
        axes.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), xlabel="log error of a sale")
        axes.set_ylabel(f"mean of its {found['neighbours']} neighbours")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(signed_percent)

    figure = draw(
        "Errors of neighbours",
        "One dot per sale. The steeper the line, the more the errors of neighbours go together, and the more there is "
        "about places that the model has not learned.",
        autocorrelation_in_words(found),
        plot,
    )
    return (figure,)
