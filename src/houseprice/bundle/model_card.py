"""The model card of a bundle: intended use, data, metrics and limits of its model (Mitchell et al. 2019)."""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from houseprice.schema import currency_in_words

HIDDEN = {
    "configured": "as configured",
    "no_sale_date": "since the sales, or many of them, have no date",
    "sale_dates_too_close": "since their dates cover too short a time",
    "sale_dates_too_coarse": "since their dates are too coarse",
}
"""Why houses were held out at random."""
RANDOM_HOLDOUT = "random houses (holdout)"
SPLITS = {
    "holdout": "newest sales (holdout)",
    "rolling_origin": "rolling origin",
    "grouped_folds": "grouped folds",
    "resold": "newest resales",
}

UNSEEN = ": not among the training sales"
"""End of the name of the slice of sales with a category that training has not seen, such as a new postcode."""


def render_model_card(facts: Mapping[str, Any]) -> str:
    """Return the card as Markdown, from the fields of the manifest."""
    environment = Environment(  # noqa: S701 - Markdown, not HTML: `finalize` escapes for both
        loader=PackageLoader("houseprice.bundle"),
        finalize=lambda value: escape(str(value)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = lambda value, spec=",.0f": format(value, spec).replace("-", "−")
    metrics, protocol = facts["metrics"], facts["metrics"]["protocol"]
    slices = sorted(metrics["slices"].items(), key=lambda item: -item[1]["log_rmse"])
    always = [(name, found) for name, found in metrics["slices"].items() if ", fifth " in name or name.endswith(UNSEEN)]
    return environment.get_template("model_card.md").render(
        facts,
        currency=currency_in_words(facts["project"]["currency"]),
        splits=[(label, metrics[name]) for name, label in split_labels(protocol).items() if name in metrics],
        slices=[*always, *[item for item in slices if item not in always][:5]],
        hidden=hidden_by_protocol(protocol),
        features={
            name: column
            for name, column in facts["schema"]["columns"].items()
            if column["role"] not in ("target", "parcel")
        },
    )


def split_labels(protocol: Mapping[str, Any]) -> dict[str, str]:
    """Return the name in the metrics → the label of each set of sales that a model is evaluated on."""
    return SPLITS if protocol["kind"] == "time" else SPLITS | {"holdout": RANDOM_HOLDOUT}


def hidden_by_protocol(protocol: Mapping[str, Any]) -> str:
    """Return what the way in which the sales were divided hides from the metrics; "" for nothing.

    `protocol` is that of the metrics: `kind`, `reason` and `grouped`.
    """
    if protocol["kind"] == "random":
        return (
            f"The held-out sales were drawn at random, {HIDDEN[protocol['reason']]}. This hides how the error grows as "
            "the market moves on: expect larger errors on sales that are newer than these."
        )
    if not protocol["grouped"]:
        return (
            "Most of the newest sales share an identifier with older ones, which may name a block and not a house, so "
            "that the held-out sales are not kept apart from training sales with the same identifier."
        )
    return ""


def escape(text: str) -> str:
    """Return a text as one line of Markdown that shows it: no markup, no HTML, no end of a table cell."""
    return re.sub(r"[&<>|`*\\\[\]]", lambda found: f"&#{ord(found[0])};", " ".join(text.split()))
