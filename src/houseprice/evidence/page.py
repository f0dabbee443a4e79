"""The page of a pack, for people: one self-contained HTML file that shows what `evidence.json` and the files say."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment

from houseprice.evidence.pack import Document
from houseprice.html_report import environment, number, printable
from houseprice.schema import amount_in_words, currency_in_words

SECTIONS = {
    "check": "How to check this pack",
    "factors": "Five quality control factors",
    "sample": "Random sample test",
    "sales": "The sales of the sample",
    "label": "Key requirements of the European AVM Alliance",
    "files": "Files",
}
SAMPLE_MEASURES = {
    "median_ape": "Median absolute error",
    "within_10": "Within 10% of the price",
    "within_20": "Within 20% of the price",
    "coverage": "Prices within their interval",
    "within_fsd": "Errors within one forecast standard deviation",
    "log_rmse": "Root mean squared log error",
}


def render(document: Document, sample: Mapping[str, Any], sizes: Mapping[str, int]) -> bytes:
    """Return the page, UTF-8.

    Args:
        document: what `evidence.json` states.
        sample: content of `sample.json`.
        sizes: bytes of each file that the page lists.
    """
    page = (
        _environment()
        .get_template("evidence.html")
        .render(
            pack=document,
            model=document.model,
            sections=SECTIONS,
            currency=currency_in_words(document.model["currency"]),
            sample=document.random_sample,
            sample_measures=SAMPLE_MEASURES,
            holdout=_holdout(document),
            sales=list(_sales(sample)),
            sizes=sizes,
            attachments=[path for path in sizes if path.startswith("attachments/")],
        )
    )
    return printable(page).encode()


def written(value: Any, form: str) -> str:
    """Return a value as the page writes it."""
    match form:
        case "gate":
            return "passed" if value else "failed"
        case "names":
            return ", ".join(map(str, value))
        case "percent":
            return number(value, ".1%")
        case "count":
            return number(value)
        case "number":
            return number(value, ".4f" if abs(value) < 10 else ".2f")
    return str(value)


def _holdout(document: Document) -> dict[str, Any]:
    """Return name → value of the measures of the whole holdout, as the claims state them."""
    start = "/metrics/holdout/"
    claims = (claim for factor in document.factors for claim in factor["measures"] if claim["measured"])
    return {
        claim["pointer"].removeprefix(start): claim["value"] for claim in claims if claim["pointer"].startswith(start)
    }


def _sales(sample: Mapping[str, Any]) -> Any:
    """Yield what the page shows of each sale."""
    count = len(sample["rows"])
    prices, evaluated = (sample.get(name) or [None] * count for name in ("prices", "evaluated"))
    rows = (sample.get("draw") or {}).get("rows") or [None] * count
    for row, house, paid, own, published in zip(
        rows, sample["rows"], prices, evaluated, sample["answers"], strict=True
    ):
        error = own["predicted_price"] / paid - 1 if own and paid else None
        inside = own["interval_low"] <= paid <= own["interval_high"] if own and paid else None
        yield {
            "row": row, "house": house, "paid": paid, "evaluated": own, "published": published, "error": error,
            "inside": inside,
        }  # fmt: skip


@cache
def _environment() -> Environment:
    found = environment("houseprice.evidence")
    found.filters |= {"written": written, "amount": amount_in_words}
    return found
