"""Coordinates in two columns that are called x and y and no more."""

import re
from dataclasses import replace

from houseprice.inference.drafts import Draft

_PLAIN = re.compile(r"-?\d+(?:[.,]\d+)?", re.ASCII)
_LEAST_METRES = 10_000
"""Of coordinates in metres."""


def name_plane_coordinates(drafts: list[Draft]) -> None:
    """Take two columns called x and y for coordinates, when both hold numbers as large or as exact as those are."""
    pair = [next((draft for draft in drafts if draft.words == word), None) for word in ("x", "y")]
    if None in pair:
        return
    x, y = (draft for draft in pair if draft is not None)
    some = [draft.profile.as_values.texts[:200] for draft in (x, y)]
    if any(not texts or not all(_PLAIN.fullmatch(text) for text in texts) for texts in some):
        return
    largest = [max(abs(float(text.replace(",", "."))) for text in texts) for texts in some]
    exact = all(re.search(r"[.,]\d{3,}", text) for texts in some for text in texts[:5])
    if min(largest) > _LEAST_METRES:
        x.profile, y.profile = replace(x.profile, meant="coord x"), replace(y.profile, meant="coord y")
    elif exact and largest[0] <= 180 and largest[1] <= 90:
        x.profile, y.profile = replace(x.profile, meant="longitude"), replace(y.profile, meant="latitude")
