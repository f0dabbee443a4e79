"""Limits of values: what a column may hold, and what is learned from."""

import numpy as np

from houseprice.conversion.numbers import read_number
from houseprice.inference.decisions import Finding
from houseprice.inference.drafts import Draft

_FIRST_YEAR, _LAST_YEAR = 1000, 2100
_LEAST_AGE, _MOST_IMPOSSIBLE = -5, 0.05
"""Years before a house is built, and the share of the houses, beyond which an age is an error and no other scale."""
_FAR = 8.0
"""Of the distance from the median to the far percentile: coordinates beyond are errors of typing."""


def set_limits(drafts: list[Draft]) -> None:
    """Bound degrees, years and areas by what is possible, and coordinates by where the houses are."""
    for draft in drafts:
        if not draft.usable:
            continue
        if draft.role in ("latitude", "longitude"):
            most = 90.0 if draft.role == "latitude" else 180.0
            draft.bounds |= {"minimum": -most, "maximum": most}
            _region(draft, most)
        elif draft.role == "year_built":
            draft.bounds |= _years(draft)
        elif draft.role in ("living_area", "lot_area") and draft.share(-1e300, 0) > 0:
            draft.findings.append(Finding("bounds", "likely", "an area of 0 is no area"))
            missing = tuple(
                text for text in draft.profile.as_values.texts if text.strip("0") in ("", ".", ",") and text
            )
            draft.form = draft.form.model_copy(update={"missing": (*draft.form.missing, *missing)})
        elif draft.concept == "age" and draft.is_number:
            _ages(draft)


def _ages(draft: Draft) -> None:
    """Read ages of houses that are built long after the sale as missing, where they are few."""
    share = draft.share(-1e300, _LEAST_AGE - 1)
    if not 0 < share <= _MOST_IMPOSSIBLE:
        return
    ages = {text: read_number(text, draft.form) for text in draft.profile.as_values.texts}
    missing = tuple(text for text, age in ages.items() if age is not None and age < _LEAST_AGE)
    draft.form = draft.form.model_copy(update={"missing": (*draft.form.missing, *missing)})
    reason = f"{share:.1%} are ages of houses that were not built for years, and are blanked"
    draft.findings.append(Finding("bounds", "likely", reason, draft.profile.rows_of(set(missing))))


def _years(draft: Draft) -> dict[str, float]:
    """Return the years that a request may hold; none where sales hold others, which are then blanked."""
    impossible = 1.0 - draft.share(_FIRST_YEAR, _LAST_YEAR)
    if impossible == 0:
        return {"minimum": _FIRST_YEAR, "maximum": _LAST_YEAR}
    reason = f"{impossible:.1%} are no years of a building, and are blanked"
    draft.findings.append(Finding("bounds", "likely", reason))
    return {}


def _region(draft: Draft, most: float) -> None:
    """Bound what is learned from when a few coordinates are far from all others, such as 0."""
    values = draft.values
    if values.size < 20:
        return
    low, middle, high = np.percentile(values, [5, 50, 95])
    reach = max(high - low, 0.01) * _FAR
    inside = values[(values >= middle - reach) & (values <= middle + reach)]
    if inside.size == values.size or inside.size < 0.95 * values.size:
        return
    least, largest = max(-most, float(inside.min()) - 0.1), min(most, float(inside.max()) + 0.1)
    draft.bounds |= {"learn_minimum": round(least, 2), "learn_maximum": round(largest, 2)}
    draft.findings.append(
        Finding(
            "bounds", "likely", f"{values.size - inside.size} coordinates of those looked at are far from all others"
        )
    )
