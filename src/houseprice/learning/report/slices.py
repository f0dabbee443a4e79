"""The metrics of each slice of the held-out sales, grouped by what divides them."""

from typing import Any

from houseprice.bundle.model_card import UNSEEN
from houseprice.learning.report.holdout import Holdout

QUINTILES = ("price", "living area", "year built")


def by_kind(holdout: Holdout) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Return kind → its slices in order: quintiles by what they divide, new categories, all others by the location."""
    location = holdout.table.schema.roles().get("location", "location")
    kinds: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for name, metrics in holdout.evaluation.metrics["slices"].items():
        rest = "new categories" if name.endswith(UNSEEN) else location
        kind = next((kind for kind in QUINTILES if name.startswith(f"{kind}, fifth ")), rest)
        kinds.setdefault(kind, []).append((name, metrics))
    return kinds
