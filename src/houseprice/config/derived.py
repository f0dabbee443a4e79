"""Names of the derived features, and the roles of the columns that each is computed from."""

from collections.abc import Iterator
from typing import Literal

from houseprice.errors import nearest
from houseprice.schema import Schema

DERIVED_ROLES: dict[str, tuple[str, ...]] = {
    "months_since_first_sale": ("sale_date",),
    "age_at_sale": ("sale_date", "year_built"),
    "years_since_renovation": ("sale_date", "year_built", "year_renovated"),
    "living_area_per_lot_area": ("living_area", "lot_area"),
    "living_area_per_room": ("living_area", "bedrooms"),
    "bathrooms_per_room": ("bathrooms", "bedrooms"),
    "living_area_to_neighbours": ("living_area", "neighbour_living_area"),
    "lot_area_to_neighbours": ("lot_area", "neighbour_lot_area"),
    "north_east": ("latitude", "longitude"),
    "north_west": ("latitude", "longitude"),
}
"""Their functions are in `learning.derived_features`."""


def chosen_derived(derived: tuple[str, ...] | Literal["auto"], schema: Schema) -> tuple[str, ...]:
    """Return the names of the derived features; `auto` are all whose roles the columns of a request have."""
    if derived != "auto":
        return derived
    roles = set(schema.request_roles)
    return tuple(name for name, needed in DERIVED_ROLES.items() if roles >= set(needed) and name not in schema.columns)


def derived_problems(derived: tuple[str, ...], schema: Schema) -> Iterator[str]:
    """Yield why some derived features cannot be computed from the columns of a schema."""
    for name in sorted({name for name in derived if derived.count(name) > 1}):
        yield f'features.derived: "{name}" is given twice'
    for name in derived:
        if name in schema.columns:
            yield f'features.derived: "{name}" is the name of a column'
        elif name not in DERIVED_ROLES:
            yield f'features.derived: unknown "{name}"{nearest(name, DERIVED_ROLES)}'
        elif lacking := sorted(set(DERIVED_ROLES[name]) - set(schema.request_roles)):
            yield f'features.derived: "{name}" needs columns with the roles {", ".join(lacking)}'


def numeric_features(derived: tuple[str, ...], schema: Schema) -> list[str]:
    """Return the names of the numeric features, in their order."""
    columns = schema.request.items()
    numbers = [name for name, column in columns if not column.is_text and name != schema.sale_date]
    return [*numbers, *derived, *(f"{name}_ordinal" for name, column in columns if column.is_text)]
