"""The Jinja2 environment of the report, and how it writes prices."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment

from houseprice import html_report
from houseprice.html_report import printable
from houseprice.schema import amount_in_words


def number(value: float, spec: str = ",.0f") -> str:
    """Return a number by a format specification of Python's, or as a price, with a true minus sign."""
    return price(value) if spec == "price" else html_report.number(value, spec)


def price(amount: float) -> str:
    """Return an amount of money, with a true minus sign."""
    return amount_in_words(amount).replace("-", "−")


def render_template(values: Mapping[str, Any]) -> bytes:
    """Return the page as UTF-8."""
    return printable(_environment().get_template("report.html").render(values)).encode()


@cache
def _environment() -> Environment:
    environment = html_report.environment("houseprice.learning.report")
    environment.filters |= {"number": number, "price": price}
    return environment
