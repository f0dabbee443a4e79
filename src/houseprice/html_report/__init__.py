"""What the reports have in common: one style sheet, macros of tables and figures, and how numbers are written.

A report is one self-contained HTML file. A package of its own pages has templates/report.html and includes from here.
"""

import re
from dataclasses import dataclass

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Figure:
    """A drawing with its heading, its caption and, where it needs one, a legend of colours and texts."""

    title: str
    caption: str
    svg: Markup
    legend: tuple[tuple[str, str], ...] = ()


def printable(text: str) -> str:
    """Return a text with a replacement character for each character that HTML and SVG may not contain."""
    return _INVALID.sub("\N{REPLACEMENT CHARACTER}", text)


def number(value: float, spec: str = ",.0f") -> str:
    """Return a number by a format specification of Python's, with a true minus sign."""
    return format(value, spec).replace("-", "−")


def minus(text: str) -> str:
    """Return a text with a true minus sign before each negative number."""
    return re.sub(r"(?<!\w)-(?=[\d.])", "−", text)


def environment(package: str) -> Environment:
    """Return the environment of a package's templates; every value is escaped unless a figure's SVG."""
    found = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("houseprice.html_report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters |= {"number": number, "minus": minus}
    return found
