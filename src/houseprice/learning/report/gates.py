"""Verdict in, the table of gates out."""

import re

from houseprice.learning.gates import Gate, Verdict
from houseprice.learning.report.markup import Html, Section, element, join, table

MEANING = {
    "log_rmse": "log-RMSE on the newest sales: low enough, and not so low that the price must have leaked",
    "median_ape": "half of the newest answers are closer to the price paid than this share of it",
    "gain_over_constant": "share of the error of always answering the same price that the model takes away",
    "gain_over_ridge": "share of a plain linear model's error that the model takes away",
    "coverage": "share of the newest prices that fell into their interval",
    "coverage_by_price": "the same in the fifth of prices where it is lowest",
    "width_to_constant": "mean width of the interval, to that of one as wide for every house",
    "worst_slice": "log-RMSE of the kind of house that is answered worst",
    "cod": "how far answers scatter around the price, in percent (IAAO)",
    "prd": "whether dear houses are answered like cheap ones; 1 is alike (IAAO)",
    "prb": "change of answered ÷ paid when the value doubles; 0 is alike (IAAO)",
    "holdout_separation": "held-out sales that share a parcel with training sales, or are no newer",
    "unknown_categories": "share of the newest houses with a text that no training sale had",
    "leakage": "columns from which the price could be worked out",
    "parity": "largest relative difference between the exported model and the trained one",
    "model_bytes": "size of the exported model",
    "latency_microseconds": "time of one answer on one core",
    "champion_comparison": "squared error above the champion's, with the noise of the folds taken off",
}


def tell(verdict: Verdict) -> Section:
    """Return the section on the verdict."""
    ordered = [*verdict.failed, *(gate for gate in verdict.gates if gate.passed)]
    rows = [
        (_named(gate), _badge(gate.passed), _number(f"{gate.found:,.4g}"), _number(gate.required)) for gate in ordered
    ]
    body = table("Gates, red ones first", ["gate", "verdict", "found", "required"], rows, texts=2)
    red = f"{len(verdict.failed)} of {len(verdict.gates)} gates are red." if verdict.failed else ""
    none = "No gate was judged, so nothing may be published." if not verdict.gates else ""
    return Section(
        "Verdict and gates",
        "Each gate is a demand that was written into the configuration before this training; one red gate and the "
        "model may not be published.",
        join([element("p", summary(verdict), f" {red}{none}"), body]),
    )


def summary(verdict: Verdict) -> Html:
    """Return the verdict in two words."""
    return _badge(verdict.passed, "All gates passed" if verdict.passed else "Not to be published")


def _badge(passed: bool, words: str = "") -> Html:
    return element("span", words or ("passed" if passed else "RED"), class_=f"badge {'passed' if passed else 'red'}")


def _number(text: str) -> str:
    return re.sub(r"(?<!\w)-(?=[\d.])", "−", text)


def _named(gate: Gate) -> Html:
    more = join(element("small", text, class_=None) for text in (MEANING.get(gate.name, ""), gate.detail) if text)
    return join([gate.name.replace("_", " "), more])
