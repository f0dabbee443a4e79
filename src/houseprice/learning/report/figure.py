"""Figures of the report: matplotlib's SVG, inlined in the page and drawn in the page's own light or dark colours."""

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
from markupsafe import Markup
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from houseprice.html_report import Figure, printable
from houseprice.learning.report.colours import COLOURS
from houseprice.learning.report.rendering import number

Floats = npt.NDArray[np.float64]
DASHED = (0, (4, 3))
MAX_POINTS = 4000  # more would only make the page heavier
LAYERS = 24  # a path is painted once however often it crosses itself, so density needs several


def paint(name: str) -> str:
    """Return the placeholder that a drawing may hold for one of the page's colours."""
    return f"#fe00{COLOURS.index(name):02x}"


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
    "text.color": paint("text"),
    "axes.labelcolor": paint("muted"),
    "axes.edgecolor": paint("border"),
    "xtick.labelcolor": paint("muted"),
    "ytick.labelcolor": paint("muted"),
    "grid.color": paint("border"),
    "legend.labelcolor": paint("text"),
}


def draw(
    title: str,
    caption: str,
    alt: str,
    plot: Callable[[Any], None],
    size: tuple[float, float] = (4.4, 3.05),
    legend: tuple[tuple[str, str], ...] = (),
) -> Figure:
    """Return a figure; `plot` draws into a matplotlib figure of the given size in inches.

    `alt` describes the drawing to readers who cannot see it.
    """
    stream = io.BytesIO()
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # the browser has the letters that this machine lacks
        canvas = Canvas(figsize=size, layout="constrained")
        canvas.patch.set_visible(False)
        plot(canvas)
        for axes in canvas.axes:
            axes.patch.set_visible(False)
        canvas.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    prefix = f"f{zlib.crc32((title + alt).encode('utf-8', 'replace')):08x}"
    return Figure(title, caption, _inline(stream.getvalue(), prefix, alt), legend)


def _inline(svg: bytes, prefix: str, alt: str) -> Markup:
    """Return a drawing that can share a page with others: unique ids, no style sheet, the page's colours."""
    root = ET.fromstring(svg)  # noqa: S314 - written by matplotlib just now
    referenced = {name.decode() for name in re.findall(rb'(?:url\(|href=")#([^")]+)', svg)}
    for node in list(root.iter()):
        node.tag = _local(node.tag)
        node.text, node.tail = (node.text or "").strip() or None, None
        node.attrib = {
            name: _attribute(name, value, prefix)
            for name, value in ((_local(key), value) for key, value in node.attrib.items())
            if name != "id" or value in referenced
        }
        for child in list(node):
            if _local(child.tag) in ("metadata", "style") or (_local(child.tag) == "g" and not len(child)):
                node.remove(child)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": printable(alt)}
    return Markup(ET.tostring(root, encoding="unicode", short_empty_elements=False))  # noqa: S704 - escaped by ET


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _attribute(name: str, value: str, prefix: str) -> str:
    """Return an attribute with the page's colours, unique ids, and numbers no finer than can be seen."""
    if name == "id":
        return f"{prefix}-{value}"
    value = re.sub(r"^#|(?<=url\()#", f"#{prefix}-", value)
    if name == "style":
        value = re.sub(r"#fe00([0-9a-f]{2})", lambda found: f"var(--{COLOURS[int(found[1], 16)]})", value)
        value = re.sub(r"font: ([\d.]+)px [^;]*", r"font-size: \1px", value)
        value = re.sub(r"font-family: [^;]*(;|$)", "", value)
        return re.sub(r"([:;]) ", r"\1", value).strip(" ;")
    value = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)
    if name == "d":
        value = re.sub(r"\s*([A-Za-z])\s*", r"\1", value).strip()
        value = re.sub(r"M([-\d.]+ [-\d.]+)L\1(?=[A-Za-z]|$)", r"M\1h0", value)
    return value


def scatter(axes: Any, x: Floats, y: Floats, colour: str, size: float = 2.6, alpha: float = 0.4) -> None:
    """Draw points as short paths: a twentieth of the bytes of matplotlib's own markers."""
    order = np.random.default_rng(0).permutation(len(x))
    for part in np.array_split(order, min(LAYERS, max(len(order), 1))):
        points = np.column_stack([x[part], y[part]]).repeat(2, axis=0)
        codes = np.tile([Path.MOVETO, Path.LINETO], len(part))
        look = {"edgecolor": paint(colour), "linewidth": size, "alpha": alpha, "capstyle": "round", "fill": False}
        axes.add_patch(PathPatch(Path(points, codes), **look))
    axes.autoscale_view()


def annotate(axes: Any, text: str, x: float, y: float, offset: tuple[float, float] = (5, 0)) -> None:
    """Write a few words beside a point, offset in printer's points."""
    look = {"color": paint("muted"), "va": "center", "textcoords": "offset points"}
    axes.annotate(text, (x, y), xytext=offset, **look)


def subsample(count: int) -> npt.NDArray[np.int64]:
    """Return the positions that are drawn: all, or a random sample of as many as a figure bears."""
    return np.sort(np.random.default_rng(0).permutation(count)[:MAX_POINTS])


def label(text: str, max_length: int = 28) -> str:
    """Return a text from the data as an axis label."""
    text = printable(text).replace("\n", " ")
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"


def thousands(value: float, _: object = None) -> str:
    """Return a price for an axis."""
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    return f"{value / 1e3:.3g} k" if value >= 1e3 else f"{value:.3g}"


def signed_percent(value: float, _: object = None) -> str:
    """Return a relative difference for an axis."""
    return number(value, "+.0%") if abs(value) >= 5e-4 else "0%"


def percent_axes(*axes: Any) -> None:
    """Set round ticks on some axes, written as percentages."""
    for axis in axes:
        axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
        axis.set_major_formatter(lambda value, _: f"{value:.0%}")


def price_axis(axis: Any, low: float, high: float) -> None:
    """Set a few round ticks on a logarithmic axis of prices."""
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
