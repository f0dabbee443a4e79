"""Roles of columns: what the names say, if the values agree."""

import re
from collections.abc import Callable

from houseprice.inference.drafts import Draft, names_places
from houseprice.inference.profile import Profile

_UK_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}")
_SHARE = re.compile(r"\b(?:ratio|percent(?:age)?|pct|share|proportion|coefficient)\b")
"""Words of a name that make an area in it a part of another one."""
_LEAST_LIVING, _MOST_LIVING = 8, 50_000
"""Of the median, in any unit: what is larger is the area of a district."""
_FEW_ROOMS, _FIRST_YEAR, _LAST_YEAR = 15, 1500, 2100


def assign_roles(drafts: list[Draft]) -> None:
    """Assign roles to columns, each role to one; the target, dates and identifiers are assigned elsewhere."""
    _coordinates(drafts)
    for role, concepts, fits in _RULES:
        _give(drafts, role, concepts, fits)
    _plain_area(drafts)
    _rooms(drafts)
    _year(drafts)
    _location(drafts)


def _free(drafts: list[Draft]) -> list[Draft]:
    return [draft for draft in drafts if draft.usable and draft.role is None]


def _give(drafts: list[Draft], role: str, concepts: tuple[str, ...], fits: Callable[[Draft], bool]) -> None:
    for concept in concepts:
        found = [draft for draft in _free(drafts) if draft.concept == concept and fits(draft)]
        if found:
            best = min(found, key=_nearness)
            verdict = "certain" if len(found) == 1 else "likely"
            others = ", ".join(f'"{one.name}"' for one in found if one is not best)
            best.take(role, verdict, f"the name says so{f'; {others} could be meant, too' if others else ''}")
            return


def _nearness(draft: Draft) -> tuple[float, int]:
    """Prefer columns with few blanks, and then the first; a sort keeps their order."""
    return (round(1 - draft.profile.filled / max(1, draft.profile.rows), 1), len(draft.words.split()))


def _is_area(draft: Draft) -> bool:
    if not draft.is_number or _SHARE.search(draft.words):
        return False
    return draft.share(0, 1e9) > 0.9 and draft.median() > 0 and len(draft.profile.texts) > 2


def _is_living_area(draft: Draft) -> bool:
    return _is_area(draft) and _LEAST_LIVING <= draft.median() <= _MOST_LIVING


def _is_count(draft: Draft) -> bool:
    return draft.is_number and draft.share(0, _FEW_ROOMS) > 0.9


def _is_year(draft: Draft) -> bool:
    return draft.is_number and draft.share(_FIRST_YEAR, _LAST_YEAR) > 0.9


def _is_mostly_year(draft: Draft) -> bool:
    """Return whether most values are years; others, such as 20014, are blanked where the name says what they are."""
    return draft.is_number and draft.share(_FIRST_YEAR, _LAST_YEAR) > 0.5


def _is_year_or_never(draft: Draft) -> bool:
    return (
        draft.is_number
        and draft.share(_FIRST_YEAR, _LAST_YEAR) + draft.share(0, 0) > 0.9
        and draft.median() <= _LAST_YEAR
    )


_RULES: tuple[tuple[str, tuple[str, ...], Callable[[Draft], bool]], ...] = (
    ("neighbour_living_area", ("neighbour_living_area",), _is_area),
    ("neighbour_lot_area", ("neighbour_lot_area",), _is_area),
    ("lot_area", ("lot_area",), _is_area),
    ("living_area", ("living_area",), _is_living_area),
    ("year_built", ("year_built",), _is_mostly_year),
    ("year_renovated", ("year_renovated",), _is_year_or_never),
    ("bedrooms", ("bedrooms",), _is_count),
    ("bathrooms", ("bathrooms",), _is_count),
    ("quality", ("quality",), lambda draft: draft.kind in ("ordinal", "integer", "number")),
)


def _plain_area(drafts: list[Draft]) -> None:
    """Take a column that is called area, and no more, for the living area."""
    if any(draft.role == "living_area" for draft in drafts):
        return
    fitting = [draft for draft in _free(drafts) if _is_living_area(draft)]
    found = [draft for concept in ("area", "other_area") for draft in fitting if draft.concept == concept]
    if found:
        found[0].take("living_area", "likely", "it is the area of no part and of no lot")


def _rooms(drafts: list[Draft]) -> None:
    if any(draft.role == "bedrooms" for draft in drafts):
        return
    found = [draft for draft in _free(drafts) if draft.concept == "rooms" and _is_count(draft)]
    if found:
        found[0].take("bedrooms", "likely", "rooms are the nearest that the file has to bedrooms")


def _year(drafts: list[Draft]) -> None:
    """Take a column that is called year for that of construction when it reaches back further than sales do."""
    if any(draft.role == "year_built" for draft in drafts):
        return
    for draft in _free(drafts):
        if draft.concept == "year" and _is_year(draft) and float(draft.values.min()) < 1980:
            draft.take("year_built", "likely", "the years reach back further than sales do")
            return


def _coordinates(drafts: list[Draft]) -> None:
    """Assign latitude and longitude, exchanged when the values say that the names are."""
    pair = [
        next(
            (
                draft
                for draft in _free(drafts)
                if concept in draft.concepts[:2] and draft.kind == "number" and draft.share(-180, 180) > 0.9
            ),
            None,
        )
        for concept in ("latitude", "longitude")
    ]
    if None in pair or pair[0] is pair[1]:
        return
    latitude, longitude = pair
    assert latitude is not None and longitude is not None  # noqa: S101, PT018 - for the type checker
    if latitude.share(-90, 90) < 0.5 <= longitude.share(-90, 90):
        latitude, longitude = longitude, latitude
        reason = "the values say that latitude and longitude are exchanged"
        latitude.take("latitude", "likely", reason)
        longitude.take("longitude", "likely", reason)
    else:
        latitude.take("latitude", "certain", "the name says so, and the values are degrees")
        longitude.take("longitude", "certain", "the name says so, and the values are degrees")
    latitude.unit = longitude.unit = "degrees"
    for draft in (latitude, longitude):
        draft.kind = "number"


def _location(drafts: list[Draft]) -> None:
    """Assign the role of location to the column of places that has enough sales in each."""
    found = []
    for draft in _free(drafts):
        if draft.kind != "category":
            continue
        column = draft.profile.as_texts
        if (
            draft.concept in ("postcode", "neighbourhood", "city", "region")
            or (draft.concept == "address" and names_places(draft))
            or _holds_postcodes(column)
        ):
            each = column.filled / len(column.texts)
            if len(column.texts) > 1:
                found.append((draft, each, column.filled / column.rows))
    if not found:
        streets = [draft for draft in _free(drafts) if draft.concept == "street" and draft.kind == "category"]
        if streets:
            streets[0].take("location", "likely", "it is the only place that the file names")
        return
    order = {"postcode": 0, "neighbourhood": 1, "city": 2, "region": 3, "address": 4}

    def merit(one: tuple[Draft, float, float]) -> tuple[bool, bool, int]:
        draft, each, filled = one
        return filled < 0.5, each < 3, order.get(draft.concept, 0)

    best = min(found, key=merit)[0]
    reason = "the name says so" if best.concept in order else "its values are postcodes"
    if len(found) > 1:
        reason = "it names the place most closely with enough sales in each"
    best.take("location", "certain" if len(found) == 1 else "likely", reason, best.profile.first[:1])


def _holds_postcodes(column: Profile) -> bool:
    some = column.texts[:200]
    return bool(some) and sum(bool(_UK_POSTCODE.fullmatch(text.upper())) for text in some) > 0.9 * len(some)
