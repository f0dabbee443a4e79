"""Sales that are written in several rows, such as a house and its garage, each with the price of all of it."""

import polars as pl

from houseprice.inference.decisions import Finding
from houseprice.inference.drafts import Draft
from houseprice.inference.profile import ROW

_HOUSE = ("address", "street", "house_number", "parcel", "postcode")
"""Concepts of columns that tell one house from another."""
_LEAST = 0.02
"""Share of the rows, fewer of which are chance."""


def tell_sale_parts(drafts: list[Draft], texts: pl.DataFrame) -> list[Finding]:
    """Return a note when many rows share day, price and address with another one that says something else."""
    known = [draft.name for draft in drafts if draft.role in ("target", "sale_date")]
    house = [draft.name for draft in drafts if draft.concept in _HOUSE and draft.profile.filled]
    places = [draft for draft in drafts if draft.name in house and draft.concept in ("address", "street", "parcel")]
    if len(known) < 2 or not places:
        return []
    columns = [name for name in texts.columns if name != ROW]
    rows = texts.unique(subset=columns, maintain_order=True).drop_nulls([*known, places[0].name])
    parts = rows.filter(pl.struct(*known, *house).is_duplicated())
    if parts.height < _LEAST * texts.height:
        return []
    reason = (
        f"{parts.height:,} rows share day, price and address with another: where they are parts of one sale, each has "
        "the price of all; leave one row of each sale in the file"
    )
    return [Finding("file", "likely", reason, tuple(parts[ROW].head(2).to_list()))]
