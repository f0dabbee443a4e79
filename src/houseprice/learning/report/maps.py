"""Maps of the held-out sales' errors."""

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from houseprice.html_report import Figure, minus
from houseprice.learning.report.colours import DIVERGING
from houseprice.learning.report.figure import Floats, draw, paint, scatter, subsample
from houseprice.learning.report.holdout import Holdout

SALE_EDGES = (-0.25, -0.15, -0.05, 0.05, 0.15, 0.25)
AREA_EDGES = (-0.10, -0.06, -0.02, 0.02, 0.06, 0.10)
MIN_SALES = 5  # in a cell; below, its median says nothing


def error_maps(holdout: Holdout) -> tuple[Figure, ...]:
    """Return the maps of the errors; none where the schema has no coordinates."""
    places = holdout.coordinates(holdout.rows)
    if places is None:
        return ()
    return (
        point_map(
            "Map of errors by sale",
            "One dot per sale, larger errors on top. A cluster of one colour would be a location that the model does "
            "not understand.",
            "Map of the held-out sales, coloured by error.",
            (*places, holdout.errors),
            SALE_EDGES,
        ),
        _median_map(*places, holdout.errors),
    )


def point_map(
    title: str,
    caption: str,
    alt: str,
    points: tuple[Floats, Floats, Floats],
    edges: tuple[float, ...],
    growth: float = 0.5,
) -> Figure:
    """Return a map of dots coloured by the class of their value; dots grow class by class from the middle one."""
    east, north, values = points

    def plot(canvas: Any) -> None:
        axes = _map_axes(canvas, east, north)
        shown = subsample(len(values))
        kind = np.digitize(values[shown], edges)
        middle = len(edges) // 2
        for number in sorted(range(len(DIVERGING)), key=lambda number: abs(number - middle)):
            inside = shown[kind == number]
            size = 2.4 + (growth * abs(number - middle) or 0.8)
            if len(inside):
                scatter(axes, east[inside], north[inside], DIVERGING[number], size, 0.85)
        _set_limits(axes, east, north)

    return draw(title, caption, alt, plot, _size(east, north), _legend(edges))


def _median_map(east: Floats, north: Floats, errors: Floats) -> Figure:
    def plot(canvas: Any) -> None:
        axes = _map_axes(canvas, east, north)
        colours = ListedColormap([paint(name) for name in DIVERGING])
        axes.hexbin(
            east, north, C=errors, reduce_C_function=np.median, mincnt=MIN_SALES, gridsize=24, cmap=colours,
            norm=BoundaryNorm([-9.0, *AREA_EDGES, 9.0], len(DIVERGING)), linewidths=0, alpha=1.0,
        )  # fmt: skip
        _set_limits(axes, east, north)

    return draw(
        "Median error by area",
        f"Cells of at least {MIN_SALES} sales: what remains when the chance errors of single sales are averaged out. "
        "The scale is finer than in the other map.",
        "Map of cells, coloured by the median error of their sales.",
        plot,
        _size(east, north),
        _legend(AREA_EDGES),
    )


def _map_axes(canvas: Any, east: Floats, north: Floats) -> Any:
    axes = canvas.add_subplot()
    axes.set_aspect(1 / np.cos(np.radians(np.median(north))))
    axes.set(xlabel="longitude", ylabel="latitude")
    axes.locator_params(nbins=6)
    _set_limits(axes, east, north)
    return axes


def _set_limits(axes: Any, east: Floats, north: Floats) -> None:
    for setter, values in ((axes.set_xlim, east), (axes.set_ylim, north)):
        margin = 0.03 * max(values.max() - values.min(), 0.01)
        setter(values.min() - margin, values.max() + margin)


def _size(east: Floats, north: Floats) -> tuple[float, float]:
    """Return inches that keep the map's proportions, within limits."""
    width = max((east.max() - east.min()) * np.cos(np.radians(np.median(north))), 0.01)
    height = max(north.max() - north.min(), 0.01)
    return 4.4, float(np.clip(3.8 * height / width + 0.5, 2.6, 6.0))


def _legend(edges: tuple[float, ...]) -> tuple[tuple[str, str], ...]:
    classes = [f"below {edges[0]:+.0%}", *(f"{a:+.0%} to {b:+.0%}" for a, b in pairwise(edges))]
    classes.append(f"above {edges[-1]:+.0%}")
    return tuple(zip(DIVERGING, map(minus, classes), strict=True))
