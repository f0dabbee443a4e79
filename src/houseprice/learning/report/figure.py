"""What to draw in, SVG for the page out: its colours are the page's own, so that it fits a dark and a light one."""

import io
import re
import warnings
import zlib
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from houseprice.learning.report.markup import Html, element, join, safe, visible
from houseprice.learning.report.style import COLOURS

Floats = npt.NDArray[np.float64]
MOST = 4000  # dots; more would only weigh on the page
LAYERS = 24  # a path is painted once however often it crosses itself, so density needs several


def paint(name: str) -> str:
    """Return the stand-in, as a drawing may hold it, of one of the page's colours."""
    return f"#fe00{list(COLOURS).index(name):02x}"


STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "path.simplify": False,
    "text.parse_math": False,
    "figure.constrained_layout.h_pad": 0.02,
    "figure.constrained_layout.w_pad": 0.02,
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "text.color": paint("ink"),
    "axes.labelcolor": paint("soft"),
    "axes.edgecolor": paint("rule"),
    "xtick.labelcolor": paint("soft"),
    "ytick.labelcolor": paint("soft"),
    "grid.color": paint("rule"),
    "legend.labelcolor": paint("ink"),
}


def draw(
    title: str,
    caption: str,
    alt: str,
    fill: Callable[[Any], None],
    size: tuple[float, float] = (4.4, 3.05),
    below: Html | None = None,
) -> Html:
    """Return a figure with its heading; `fill` draws into a matplotlib figure of some inches.

    `alt` says what is to be seen to those who cannot see it.
    """
    stream = io.BytesIO()
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # the browser has the letters that this machine lacks
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_visible(False)
        fill(figure)
        for axes in figure.axes:
            axes.patch.set_visible(False)
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    said = element("figcaption", element("h3", title), element("p", caption))
    name = f"f{zlib.crc32((title + alt).encode('utf-8', 'replace')):08x}"  # apart from all other figures' names
    return element("figure", said, _inline(stream.getvalue(), name, alt), below)


def _inline(svg: bytes, name: str, alt: str) -> Html:
    """Return a drawing as an element of a page that holds others: no second `id`, no style for everybody."""
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    referred = set(re.findall(rb'(?:url\(|href=")#([^")]+)', svg))
    known = {place.decode() for place in referred}

    def write(node: ET.Element) -> Html:
        tag = node.tag.rpartition("}")[2]
        if tag in ("metadata", "style") or (tag == "defs" and all(n.tag.endswith(("style", "defs")) for n in node)):
            return Html("")
        attributes = {}
        for key, value in node.attrib.items():
            attribute = key.rpartition("}")[2]
            if attribute == "id" and value not in known:
                continue
            attributes[attribute] = _own(attribute, value, name)
        children = join([safe((node.text or "").strip()), *(write(child) for child in node)])
        if tag == "g" and not children:
            return Html("")
        said = "".join(f' {key}="{safe(value)}"' for key, value in attributes.items())
        return Html(f"<{tag}{said}>{children}</{tag}>")

    return element("svg", *(write(child) for child in root), viewBox=root.attrib["viewBox"], role="img", aria_label=alt)


def _own(attribute: str, value: str, name: str) -> str:
    """Return an attribute with the page's colours, the drawing's own ids and numbers no finer than is seen."""
    if attribute == "id":
        return f"{name}-{value}"
    value = re.sub(r"^#|(?<=url\()#", f"#{name}-", value)
    if attribute == "style":
        value = re.sub(r"#fe00([0-9a-f]{2})", lambda found: f"var(--{list(COLOURS)[int(found[1], 16)]})", value)
        value = re.sub(r"font: ([\d.]+)px [^;]*", r"font-size: \1px", value)
        value = re.sub(r"font-family: [^;]*(;|$)", "", value)
        return re.sub(r"([:;]) ", r"\1", value).strip(" ;")
    value = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)
    if attribute == "d":
        value = re.sub(r"\s*([A-Za-z])\s*", r"\1", value).strip()
        value = re.sub(r"M([-\d.]+ [-\d.]+)L\1(?=[A-Za-z]|$)", r"M\1h0", value)
    return value


def dots(axes: Any, x: Floats, y: Floats, colour: str, size: float = 2.6, alpha: float = 0.4) -> None:
    """Draw dots as short paths: a twentieth of the bytes of matplotlib's own markers."""
    order = np.random.default_rng(0).permutation(len(x))
    for part in np.array_split(order, min(LAYERS, max(len(order), 1))):
        points = np.column_stack([x[part], y[part]]).repeat(2, axis=0)
        codes = np.tile([Path.MOVETO, Path.LINETO], len(part))
        look = {"edgecolor": paint(colour), "linewidth": size, "alpha": alpha, "capstyle": "round", "fill": False}
        axes.add_patch(PathPatch(Path(points, codes), **look))
    axes.autoscale_view()


def note(axes: Any, text: str, x: float, y: float, aside: tuple[float, float] = (5, 0)) -> None:
    """Write a few words beside a point, so many printer's points away."""
    look = {"color": paint("soft"), "va": "center", "textcoords": "offset points"}
    axes.annotate(text, (x, y), xytext=aside, **look)


def some(count: int) -> npt.NDArray[np.int64]:
    """Return which of so many rows are drawn: all, or as many of them by chance as a drawing bears."""
    return np.sort(np.random.default_rng(0).permutation(count)[:MOST])


def label(text: str, longest: int = 28) -> str:
    """Return a text from the data as a drawing's label."""
    text = visible(text).replace("\n", " ")
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def thousands(value: float, _: object = None) -> str:
    """Return a price for an axis."""
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    return f"{value / 1e3:.3g} k" if value >= 1e3 else f"{value:.3g}"


def percent(value: float, _: object = None) -> str:
    """Return a difference for an axis."""
    return f"{value:+.0%}".replace("-", "−") if abs(value) >= 5e-4 else "0%"


def price_axis(axis: Any, low: float, high: float) -> None:
    """Return a logarithmic axis of prices a few round ticks."""
    steps = np.array([1, 2, 5]) if high / low > 6 else np.array([1, 1.5, 2, 3, 4, 5, 6, 8])
    if high / low > 200:
        steps = np.array([1])
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    ticks = np.outer(powers, steps).ravel()
    ticks = ticks[(ticks >= low) & (ticks <= high)]
    if len(ticks) < 2:
        ticks = np.asarray(MaxNLocator(4).tick_values(low, high))
    axis.set_ticks(ticks[(ticks >= low) & (ticks <= high)])
    axis.set_ticks([], minor=True)
    axis.set_major_formatter(thousands)
