"""The Jinja2 environment of the report, and how it writes numbers."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from houseprice.schema import amount_in_words

_INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """Return a text with a replacement character for each character that HTML and SVG may not contain."""
    return _INVALID.sub("\N{REPLACEMENT CHARACTER}", text)


def number(value: float, spec: str = ",.0f") -> str:
    """Return a number by a format specification of Python's, or as a price, with a true minus sign."""
    return price(value) if spec == "price" else format(value, spec).replace("-", "−")


def price(amount: float) -> str:
    """Return an amount of money, with a true minus sign."""
    return amount_in_words(amount).replace("-", "−")


def minus(text: str) -> str:
    """Return a text with a true minus sign before each negative number."""
    return re.sub(r"(?<!\w)-(?=[\d.])", "−", text)


def render_template(values: Mapping[str, Any]) -> bytes:
    """Return the page as UTF-8; every value is escaped unless a figure's SVG."""
    return printable(_environment().get_template("report.html").render(values)).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("houseprice.learning.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "price": price, "minus": minus}
    return environment
