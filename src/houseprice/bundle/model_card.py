"""The model card of a bundle: intended use, data, metrics and limits of its model (Mitchell et al. 2019)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from houseprice.bundle.noise_floor import near_twins_in_words, noise_floor_in_words
from houseprice.schema import currency_in_words

HIDDEN = {
    "configured": "as configured",
    "no_sale_date": "since the sales, or many of them, have no date",
    "sale_dates_too_close": "since their dates cover too short a time",
    "sale_dates_too_coarse": "since their dates are too coarse",
}
"""Why houses were held out at random."""
NOT_MEASURED = {
    "no_coordinates": "no columns have the roles latitude and longitude",
    "few_sales": "too few sales were held out",
    "one_place": "all sales are at one place",
    "equal_errors": "all errors are equal",
}
"""Why there is no Moran's I."""
SIGNIFICANT = 0.05
"""Highest p value at which errors of neighbours are said to go together."""
SLIGHT = 0.1
"""Moran's I below which they do so slightly, however certain that is."""
FURTHER = {
    "male": ("mean absolute log error", ".4f"),
    "rmse": ("root mean squared error", ",.0f"),
    "within_5": ("within 5% of the price (PPE5)", ".1%"),
    "within_15": ("within 15% (PPE15)", ".1%"),
    "within_20": ("within 20% (PPE20)", ".1%"),
    "p15_low": ("more than 15% too low (P15L)", ".1%"),
    "p15_high": ("more than 15% too high (P15H)", ".1%"),
}
"""Metrics below the table of the most important ones: name → label and form."""
CARD_HIT_RATES = (0.1, 0.25, 0.5, 0.75, 1.0)
RANDOM_HOLDOUT = "random houses (holdout)"
SPLITS = {
    "holdout": "newest sales (holdout)",
    "rolling_origin": "rolling origin",
    "grouped_folds": "grouped folds",
    "resold": "newest resales",
}

BASELINES = {
    "constant": "baseline: constant",
    "ridge": "baseline: ridge",
    "nearest_sales": "baseline: ten nearest sales",
    "last_sale": "baseline: last sale (resales)",
}
"""Name in the metrics → label of each baseline; all are measured on the holdout, but the last sale on resales."""

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
        baselines=baseline_rows(metrics),
        noise_floor=noise_floor_in_words(metrics),
        near_twins=near_twins_in_words(metrics),
        slices=[*always, *[item for item in slices if item not in always][:5]],
        hidden=hidden_by_protocol(protocol),
        sampled=sample_in_words(metrics),
        further=FURTHER,
        hit_rates=_shown_hit_rates(metrics["holdout"]["hit_rate"]["curve"]),
        autocorrelation=autocorrelation_in_words(metrics["holdout"]["spatial_autocorrelation"]),
        features={
            name: column
            for name, column in facts["schema"]["columns"].items()
            if column["role"] not in ("target", "parcel")
        },
    )


def split_labels(protocol: Mapping[str, Any]) -> dict[str, str]:
    """Return the name in the metrics → the label of each set of sales that a model is evaluated on."""
    return SPLITS if protocol["kind"] == "time" else SPLITS | {"holdout": RANDOM_HOLDOUT}


def baseline_rows(metrics: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return label → measures of each baseline that was measured."""
    return [(label, metrics["baselines"][name]) for name, label in BASELINES.items() if name in metrics["baselines"]]


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


def sample_in_words(metrics: Mapping[str, Any]) -> str:
    """Return from which part of the sales a model learned, and what that costs; "" where it is all of them."""
    if (found := metrics.get("sample")) is None:
        return ""
    return (
        f"Trees and kernels learned from {found['sales']:,} of {found['of']:,} training sales, a sample that leans to "
        "recent ones; the market trend and the effects of categories are of all. By what half of the sample loses, "
        f"all sales would lessen the log-RMSE by {found['loss']:.1%} (at most {found['loss_high']:.1%}). Folds and "
        f"rolling origins are no more than {found['folds']} and {found['origins']}, and all measures are of sampled "
        "sales."
    )


def autocorrelation_in_words(found: Mapping[str, Any]) -> str:
    """Return what Moran's I of the held-out errors says, or why it was not measured."""
    if "reason" in found:
        return f"Whether errors of neighbours go together is not measured: {NOT_MEASURED[found['reason']]}."
    value, p = f"{found['morans_i']:.3f}".replace("-", "−"), f"p = {found['p_value']:.2g}"
    measured = f"(Moran's I {value}, {p} of {found['permutations']} permutations)"
    if found["p_value"] > SIGNIFICANT:
        return f"No sign that errors of neighbours go together {measured}."
    slightly = " slightly" if found["morans_i"] < SLIGHT else ""
    return (
        f"Errors of neighbours go together{slightly}: where a house is predicted 10% too low, the "
        f"{found['neighbours']} nearest sold ones are {found['morans_i'] / 10:.1%} too low on average {measured}."
    )


def _shown_hit_rates(curve: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """Return the first point of the curve at each of the hit rates that the card shows."""
    shown = [next(point for point in curve if point["hit_rate"] >= rate) for rate in CARD_HIT_RATES]
    return [point for place, point in enumerate(shown) if point not in shown[:place]]


def escape(text: str) -> str:
    """Return a text as one line of Markdown that shows it: no markup, no HTML, no end of a table cell."""
    return re.sub(r"[&<>|`*\\\[\]]", lambda found: f"&#{ord(found[0])};", " ".join(text.split()))
