"""The model card of a bundle: intended use, data, metrics and limits of its model (Mitchell et al. 2019)."""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

SPLITS = {
    "holdout": "newest sales (holdout)",
    "rolling_origin": "rolling origin",
    "grouped_folds": "grouped folds",
    "resold": "newest resales",
}


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
    metrics = facts["metrics"]
    slices = sorted(metrics["slices"].items(), key=lambda item: -item[1]["log_rmse"])
    quintiles = [(name, found) for name, found in metrics["slices"].items() if ", fifth " in name]
    return environment.get_template("model_card.md").render(
        facts,
        splits=[(label, metrics[name]) for name, label in SPLITS.items() if name in metrics],
        slices=[*quintiles, *[item for item in slices if item not in quintiles][:5]],
        features={
            name: column
            for name, column in facts["schema"]["columns"].items()
            if column["role"] not in ("target", "parcel")
        },
    )


def escape(text: str) -> str:
    """Return a text as one line of Markdown that shows it: no markup, no HTML, no end of a table cell."""
    return re.sub(r"[&<>|`*\\\[\]]", lambda found: f"&#{ord(found[0])};", " ".join(text.split()))
