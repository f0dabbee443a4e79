"""Groups of columns that are explained together, and their values in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from houseprice.schema import Schema
from houseprice.serving.column_layout import to_iso

GROUP_ROLES: dict[str, tuple[str, ...]] = {
    "place": ("location", "latitude", "longitude"),
    "age": ("year_built", "year_renovated"),
    "neighbours": ("neighbour_living_area", "neighbour_lot_area"),
}
"""Name of a group → roles of its columns, of which one alone has no meaning, such as a latitude without its longitude.
A group of which the schema has only one column bears that column's name."""


@dataclass(frozen=True)
class FeatureGroup:
    """Columns that are explained together."""

    name: str
    columns: tuple[str, ...]


def group_features(schema: Schema, names: Iterable[str]) -> list[FeatureGroup]:
    """Return the groups of some columns of a request, in the order of the schema; each column is in one group."""
    wanted, roles = set(names), schema.roles()
    of = {roles[role]: name for name, members in GROUP_ROLES.items() for role in members if role in roles}
    found: dict[str, list[str]] = {}
    for name in schema.request:
        if name in wanted:
            found.setdefault(of.get(name, f"column {name}"), []).append(name)
    return [FeatureGroup(name if len(names) > 1 else names[0], tuple(names)) for name, names in found.items()]


def to_request_values(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return model inputs as a request would hold them: name → value, None where there is none."""
    return {name: _to_request_value(schema.columns[name].kind, value) for name, value in values.items()}


def _to_request_value(kind: str, value: Any) -> Any:
    if isinstance(value, str):
        return value or None
    if value != value:  # noqa: PLR0124 - NaN
        return None
    if kind == "date":
        return to_iso(value)
    if kind == "flag":
        return bool(value)
    return int(value) if value == int(value) and abs(value) < 1e15 else float(value)


def describe(value: Any, unit: str | None = None) -> str:
    """Return a value of `to_request_values` in words."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value} {unit}" if unit and unit != "degrees" and not isinstance(value, str) else str(value)
