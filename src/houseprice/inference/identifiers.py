"""Columns that identify a house or a sale: parcels, addresses, counters of rows."""

import re
from itertools import pairwise

import numpy as np
import polars as pl

from houseprice.inference.decisions import ColumnDecision, Finding
from houseprice.inference.drafts import Draft, names_places

_MOST_DIFFERENT = 0.2
"""Share of the repeated identifiers that may hold houses of different size before they are those of buildings."""
_LEAST_IDENTIFIED = 0.5
"""Share of the rows that have another text where each identifies something; fewer texts are kinds."""
_LEAST_COUNTED, _LEAST_UNIQUE = 10, 20
_OF_SALES = re.compile(
    r"\b(?:transactions?|mls|list(?:ing)?|documents?|disposition|mutation|serial|tui|anuncio|deed|sales?|"
    r"unique identifier)\b"
)
_STATIC = ("living_area", "bedrooms", "bathrooms", "lot_area", "year_built")


def decide_identifiers(drafts: list[Draft], texts: pl.DataFrame, *, house_is_known: bool) -> list[ColumnDecision]:
    """Assign the role of parcel or address, leave out numbers of rows and sales, and return the joined columns."""
    for draft in drafts:
        if draft.usable and draft.role is None:
            _leave_out(draft)
    free = [draft for draft in drafts if draft.usable and draft.role is None and draft.kind in ("category", "text")]
    parcels = [draft for concept in ("parcel", "id") for draft in free if draft.concept == concept]
    for draft in parcels:
        if _is_of_a_house(draft, drafts, texts):
            draft.kind = "category"
            draft.take("parcel", "certain" if draft.concept == "parcel" else "likely", _repeats(draft))
            break
    for draft in parcels:
        if draft.role is None and draft.usable:
            draft.kind = "category"
            if len(draft.profile.as_texts.texts) > _LEAST_IDENTIFIED * draft.profile.as_texts.filled:
                draft.exclude("it is another identifier, which tells nothing about the house")
    return _address(drafts, house_is_known=house_is_known or any(draft.role == "parcel" for draft in drafts))


def _leave_out(draft: Draft) -> None:
    """Leave out counters of rows and numbers of sales."""
    column = draft.profile.as_texts
    unique = len(column.texts) == column.filled
    is_counter = unique and _counts(column.texts)
    is_named = draft.concept in ("id", "") and is_counter and draft.profile.rows > 1
    if is_named or (draft.kind == "integer" and column.rows > _LEAST_COUNTED and _in_steps(column.texts, column.rows)):
        draft.exclude("it numbers the rows", "certain", column.first[:2])
    elif (
        _OF_SALES.search(draft.words)
        and {"id", "at_sale"} & set(draft.concepts)
        and (len(column.texts) > _LEAST_IDENTIFIED * column.filled)
    ):
        draft.exclude("it identifies the sale, not the house", rows=column.first[:1])
    elif (
        unique
        and column.filled >= _LEAST_UNIQUE
        and draft.kind == "category"
        and not draft.concept
        and all(_looks_random(text) for text in column.texts[:100])
    ):
        draft.exclude("every row has another, so that it tells nothing about the house", rows=column.first[:2])


def _counts(texts: tuple[str, ...]) -> bool:
    """Return whether texts count up by one."""
    if not all(text.isdigit() for text in texts[:50]):
        return False
    try:
        values = np.array([int(text) for text in texts])
    except ValueError:
        return False
    return bool((np.diff(np.sort(values)) == 1).all()) and (
        values.min() in (0, 1) or bool((np.abs(np.diff(values)) == 1).all())
    )


def _in_steps(texts: tuple[str, ...], rows: int) -> bool:
    """Return whether every row holds a whole number, one more than the row before."""
    values = [int(text) for text in texts if text.isdigit()]
    return len(values) == len(texts) == rows and all(after - before == 1 for before, after in pairwise(values))


def _looks_random(text: str) -> bool:
    """Return whether a text is a code: long, without blanks, with digits."""
    return len(text) >= 8 and " " not in text and sum(letter.isdigit() for letter in text) >= 3


def _repeats(draft: Draft) -> str:
    column = draft.profile.as_texts
    repeated = sum(count > 1 for count in column.counts)
    return (
        f"it identifies the house: {repeated:,} of {len(column.texts):,} stand in more than one row"
        if repeated
        else "it identifies the house: each stands in one row"
    )


def _is_of_a_house(draft: Draft, drafts: list[Draft], texts: pl.DataFrame) -> bool:
    """Return whether an identifier is that of a house, and not of a block of flats; tell it when it is not."""
    column = draft.profile.as_texts
    if len(column.texts) < 0.2 * column.filled:
        if draft.concept == "parcel":
            each = column.filled / len(column.texts)
            reason = f"it does not identify a house: {each:.0f} rows have the same in the mean"
            draft.findings.append(Finding("role", "certain", reason))
        return False
    static = [one.name for one in drafts if one.role in _STATIC]
    repeated = texts.filter(pl.col(draft.name).is_duplicated() & pl.col(draft.name).is_not_null())
    if repeated.is_empty() or not static:
        return True
    first = static[:3]
    differing = repeated.group_by(draft.name).agg(
        pl.max_horizontal(pl.col(name).n_unique() for name in first).alias("different")
    )
    share = float((differing["different"] > 1).mean() or 0.0)  # type: ignore[arg-type]
    if share <= _MOST_DIFFERENT:
        return True
    example = differing.filter(pl.col("different") > 1)[draft.name].sort()[0]
    rows = (
        tuple(repeated.filter(pl.col(draft.name) == example)["row"].head(2).to_list())
        if "row" in repeated.columns
        else ()
    )
    draft.exclude(f'it identifies a building, not a house: houses of different "{first[0]}" share {example}', rows=rows)
    return False


def join_lot(drafts: list[Draft]) -> list[ColumnDecision]:
    """Join borough, block and lot, which identify a house together."""
    by_words = {draft.words: draft for draft in drafts if draft.usable}
    if not {"block", "lot"} <= set(by_words):
        return []
    parts = [by_words[word] for word in ("borough", "block", "lot", "unit", "apartment number") if word in by_words]
    for draft in parts:
        if draft.words in ("block", "lot"):
            draft.exclude("it is a part of the parcel number", "certain")
    reason = "block and lot identify the house together"
    return [
        ColumnDecision(
            "parcel_number",
            "category",
            role="parcel",
            sources=tuple(draft.name for draft in parts),
            findings=(Finding("role", "likely", reason),),
        )
    ]


def _address(drafts: list[Draft], *, house_is_known: bool) -> list[ColumnDecision]:
    """Assign the role of address to the column or the columns that hold one."""
    if house_is_known:
        for draft in drafts:  # the house is known; an address would only be a category of one sale each
            if (
                draft.usable
                and draft.role is None
                and draft.concept == "address"
                and draft.kind in ("category", "text")
                and not names_places(draft)
            ):
                draft.kind = "category"
                draft.take("address", "likely", "it says where the house is")
                break
        for draft in drafts:
            if draft.usable and draft.role is None and draft.concept == "house_number" and draft.kind == "category":
                draft.exclude("the number of a house tells nothing by itself")
        return []
    places = [
        draft
        for draft in drafts
        if draft.usable
        and draft.concept in ("neighbourhood", "city", "postcode")
        and draft.kind == "category"
        and draft.role in (None, "location")
    ]
    area = min(places, key=lambda draft: ("neighbourhood", "city", "postcode").index(draft.concept)) if places else None
    address = next(
        (
            draft
            for draft in drafts
            if draft.usable
            and draft.role is None
            and draft.concept == "address"
            and draft.kind in ("category", "text")
            and not names_places(draft)
        ),
        None,
    )
    if address is not None:
        address.kind = "category"
        if area is None or _names_place(address, area):
            address.take("address", "likely", "it identifies the house")
            return []
        return [_joined([address], area)]
    numbers = [draft for draft in drafts if draft.usable and draft.role is None and draft.concept == "house_number"]
    streets = [
        draft
        for draft in drafts
        if draft.usable and draft.role is None and draft.concept == "street" and draft.kind == "category"
    ]
    # Names of streets differ more than their kinds do.
    street = max(streets, key=lambda draft: ("code" not in draft.concepts, len(draft.profile.texts)), default=None)
    if street is not None and numbers:
        return [_joined([*numbers, street], area)]
    return []


def _names_place(address: Draft, area: Draft) -> bool:
    """Return whether addresses hold the name of the place already, as "1 Main St, Springfield" does."""
    pairs = zip(address.profile.raw.head(200).to_list(), area.profile.raw.head(200).to_list(), strict=True)
    held = [place.casefold() in text.casefold() for text, place in pairs if text and place]
    return bool(held) and sum(held) > len(held) / 2


def _joined(parts: list[Draft], area: Draft | None) -> ColumnDecision:
    sources = [draft.name for draft in parts] + ([area.name] if area else [])
    words = " and ".join(f'"{name}"' for name in sources)
    for draft in parts:
        if draft.concept in ("address", "house_number"):
            draft.exclude("it is a part of the joined address", "certain")
    return ColumnDecision(
        "joined_address",
        "category",
        role="address",
        sources=tuple(sources),
        findings=(Finding("role", "likely", f"{words} identify the house together"),),
    )
