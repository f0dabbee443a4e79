"""Small charts as SVG, drawn in the colours of the page without a library: for reports that are written in production.

Text is as large as beside the chart, and every chart says in words what it shows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from houseprice.html_report import printable

Point = tuple[float, float, float] | None
"""A value and the ends of its interval; None is left out."""
WIDTH = 520.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 12.0, 12.0, 34.0
SIZE = 12.5
CHARACTER = 7.2
"""Width of a character of that size."""
GAP = 2.5 * CHARACTER


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return up to so many round numbers that hold a range between them."""
    step = max(high - low, 1e-9) / (most - 1)
    power = 10.0 ** np.floor(np.log10(step))
    step = next(power * times for times in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0) if power * times >= step * 0.999)
    start = np.floor(low / step + 1e-9)
    return [float(tick * step) for tick in range(int(start), int(np.ceil(high / step - 1e-9)) + 1)]


@dataclass
class Chart:
    """A chart whose horizontal axis has evenly spaced names.

    Attributes:
        names: along the axis.
        low, high: ends of the vertical axis.
        spec: how its numbers are written.
        height: of the drawing.
        parts: SVG that was drawn so far.
    """

    names: Sequence[str]
    low: float
    high: float
    spec: Callable[[float], str]
    height: float = 250.0
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        ticks = nice_ticks(self.low, self.high)
        self.low, self.high = ticks[0], ticks[-1]
        for tick in ticks:
            y = self.y(tick)
            self.parts.append(_line(LEFT, y, WIDTH - RIGHT, y, "border", 1))
            self.text(LEFT - 7, y + 4, self.spec(tick), anchor="end")
        longest = max(map(len, self.names), default=1) * CHARACTER + GAP
        step = max(1, int(np.ceil(len(self.names) * longest / (WIDTH - LEFT - RIGHT))))
        for place in range(0, len(self.names), step):
            if self.x(place) + longest / 2.0 - GAP / 2.0 <= WIDTH or len(self.names) <= step:
                self.text(self.x(place), self.height - BOTTOM + 20, self.names[place], anchor="middle")

    def x(self, place: float) -> float:
        """Return the horizontal position of a place among the names."""
        return LEFT + (place + 0.5) / max(len(self.names), 1) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the vertical position of a value, within the chart."""
        share = (min(max(value, self.low), self.high) - self.low) / max(self.high - self.low, 1e-12)
        return self.height - BOTTOM - share * (self.height - TOP - BOTTOM)

    def text(self, x: float, y: float, words: str, *, anchor: str = "start", colour: str = "muted") -> None:
        """Write some words."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{SIZE}" '
            f'style="fill:var(--{colour})">{escape(printable(words))}</text>'
        )

    def level(self, value: float, words: str = "", colour: str = "muted") -> None:
        """Draw a dashed line across the chart, with a few words at its end."""
        y = self.y(value)
        self.parts.append(_line(LEFT, y, WIDTH - RIGHT, y, colour, 1.4, ' stroke-dasharray="5 4"'))
        if words:
            self.text(WIDTH - RIGHT, y - 5, words, anchor="end", colour=colour)

    def line(self, values: Sequence[float | None], colour: str = "primary", width: float = 2.2) -> None:
        """Draw a line through values, with gaps where there is none."""
        places = [(self.x(place), self.y(value)) for place, value in enumerate(values) if value is not None]
        for (x1, y1), (x2, y2) in pairwise(places):
            self.parts.append(_line(x1, y1, x2, y2, colour, width))

    def dots(self, points: Sequence[Point], colour: str = "primary", shift: float = 0.0) -> None:
        """Draw values as dots, each with a bar over its interval."""
        radius = 4.2 if len(points) <= 30 else 2.8
        for place, point in enumerate(points):
            if point is None:
                continue
            value, low, high = point
            x = self.x(place + shift)
            self.parts.append(_line(x, self.y(low), x, self.y(high), colour, radius * 0.9, ' opacity="0.42"'))
            self.parts.append(
                f'<circle cx="{x:.1f}" cy="{self.y(value):.1f}" r="{radius}" style="fill:var(--{colour})"/>'
            )

    def bars(self, values: Sequence[float], colour: str = "neutral") -> None:
        """Draw values as bars from the bottom."""
        width = (WIDTH - LEFT - RIGHT) / max(len(self.names), 1) * 0.72
        for place, value in enumerate(values):
            top = self.y(value)
            self.parts.append(
                f'<rect x="{self.x(place) - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
                f'height="{self.height - BOTTOM - top:.1f}" style="fill:var(--{colour})"/>'
            )

    def svg(self, words: str) -> Markup:
        """Return the drawing, with a description for readers who cannot see it."""
        return Markup(  # noqa: S704 - every text in it is escaped above
            f'<svg viewBox="0 0 {WIDTH:.0f} {self.height:.0f}" role="img" aria-label="{escape(printable(words))}">'
            + "".join(self.parts)
            + "</svg>"
        )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float, more: str = "") -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke-width="{width:.1f}" '
        f'style="stroke:var(--{colour})"{more}/>'
    )
