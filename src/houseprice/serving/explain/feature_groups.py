"""Schema in, groups of columns that only make sense together out; and what a group holds, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from houseprice.schema import Schema
from houseprice.serving.column_layout import to_iso

TOGETHER: dict[str, tuple[str, ...]] = {
    "place": ("location", "latitude", "longitude"),
    "age": ("year_built", "year_renovated"),
    "neighbours": ("neighbour_living_area", "neighbour_lot_area"),
}
"""Name of a group → roles of its columns: half a place is another place, and half of what is said of one thing is not
true of any. A group of which the schema has one column only bears that column's name."""


@dataclass(frozen=True)
class Group:
    """Columns that are told together."""

    name: str
    columns: tuple[str, ...]


def groups(schema: Schema, asked: Iterable[str]) -> list[Group]:
    """Give back each column that the model asks for in just one group, in the order of the schema."""
    wanted, roles = set(asked), schema.roles()
    of = {roles[role]: name for name, members in TOGETHER.items() for role in members if role in roles}
    found: dict[str, list[str]] = {}
    for name in schema.request:
        if name in wanted:
            found.setdefault(of.get(name, f"column {name}"), []).append(name)
    return [Group(name if len(names) > 1 else names[0], tuple(names)) for name, names in found.items()]


def shown(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give back what the model takes as a request would hold it: name → value, None where there is none."""
    return {name: _one(schema.columns[name].kind, value) for name, value in values.items()}


def _one(kind: str, value: Any) -> Any:
    if isinstance(value, str):
        return value or None
    if value != value:  # noqa: PLR0124 - NaN
        return None
    if kind == "date":
        return to_iso(value)
    if kind == "flag":
        return bool(value)
    return int(value) if value == int(value) and abs(value) < 1e15 else float(value)


def words(value: Any, unit: str | None = None) -> str:
    """Say a value as `shown` gives it."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value} {unit}" if unit and unit != "degrees" and not isinstance(value, str) else str(value)
