"""Sales with a place in, maps out."""

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from houseprice.learning.report.figure import Floats, dots, draw, paint, some
from houseprice.learning.report.holdout import Newest
from houseprice.learning.report.markup import Html, element, join
from houseprice.learning.report.style import SCALE

SALES = (-0.25, -0.15, -0.05, 0.05, 0.15, 0.25)
AREAS = (-0.10, -0.06, -0.02, 0.02, 0.06, 0.10)
FEWEST = 5  # sales in a cell; below, its median says nothing


def error_maps(newest: Newest) -> list[Html]:
    """Return the maps of the newest sales' errors; none where the schema knows of no places."""
    places = where(newest, newest.rows)
    if places is None:
        return []
    east, north = places
    return [
        coloured(
            "Error of each sale on the map",
            "One dot is one sale; larger errors lie on top. Many of one colour side by side would mean that a place is "
            "not understood.",
            "Map of the newest sales, coloured by error.",
            (east, north, newest.error),
            SALES,
        ),
        _areas(east, north, newest.error),
    ]


def where(newest: Newest, rows: Any) -> tuple[Floats, Floats] | None:
    """Return longitude and latitude of some rows; None where the schema has no such roles."""
    east, north = newest.column("longitude"), newest.column("latitude")
    return None if east is None or north is None else (east[rows], north[rows])


def coloured(
    title: str,
    caption: str,
    alt: str,
    points: tuple[Floats, Floats, Floats],
    edges: tuple[float, ...],
    growth: float = 0.5,
) -> Html:
    """Return a map of dots, coloured by the class of their value; they grow class by class from the middle one."""
    east, north, values = points

    def fill(figure: Any) -> None:
        axes = _ground(figure, east, north)
        shown = some(len(values))
        kind = np.digitize(values[shown], edges)
        middle = len(edges) // 2
        for number in sorted(range(len(SCALE)), key=lambda number: abs(number - middle)):
            inside = shown[kind == number]
            size = 2.4 + (growth * abs(number - middle) or 0.8)
            if len(inside):
                dots(axes, east[inside], north[inside], SCALE[number], size, 0.85)
        _bounds(axes, east, north)

    return draw(title, caption, alt, fill, _size(east, north), _key(edges))


def _areas(east: Floats, north: Floats, error: Floats) -> Html:
    def fill(figure: Any) -> None:
        axes = _ground(figure, east, north)
        scale = ListedColormap([paint(name) for name in SCALE])
        axes.hexbin(
            east, north, C=error, reduce_C_function=np.median, mincnt=FEWEST, gridsize=24, cmap=scale,
            norm=BoundaryNorm([-9.0, *AREAS, 9.0], len(SCALE)), linewidths=0, alpha=1.0,
        )  # fmt: skip
        _bounds(axes, east, north)

    return draw(
        "Median error by area",
        f"One cell is at least {FEWEST} sales that lie together: what remains when the luck of single sales is taken "
        "out. The scale is finer.",
        "Map of cells, coloured by the median error of their sales.",
        fill,
        _size(east, north),
        _key(AREAS),
    )


def _ground(figure: Any, east: Floats, north: Floats) -> Any:
    axes = figure.add_subplot()
    axes.set_aspect(1 / np.cos(np.radians(np.median(north))))
    axes.set(xlabel="longitude", ylabel="latitude")
    axes.locator_params(nbins=6)
    _bounds(axes, east, north)
    return axes


def _bounds(axes: Any, east: Floats, north: Floats) -> None:
    for setter, values in ((axes.set_xlim, east), (axes.set_ylim, north)):
        room = 0.03 * max(values.max() - values.min(), 0.01)
        setter(values.min() - room, values.max() + room)


def _size(east: Floats, north: Floats) -> tuple[float, float]:
    """Return inches that the map fills, within what a page bears."""
    wide = max((east.max() - east.min()) * np.cos(np.radians(np.median(north))), 0.01)
    tall = max(north.max() - north.min(), 0.01)
    return 4.4, float(np.clip(3.8 * tall / wide + 0.5, 2.6, 6.0))


def _key(edges: tuple[float, ...]) -> Html:
    words = [f"below {edges[0]:+.0%}", *(f"{a:+.0%} to {b:+.0%}" for a, b in pairwise(edges))]
    words.append(f"above {edges[-1]:+.0%}")
    return element(
        "ul",
        *(
            element("li", join([element("i", style=f"background:var(--{name})"), text.replace("-", "−")]))
            for name, text in zip(SCALE, words, strict=True)
        ),
        class_="key",
    )
