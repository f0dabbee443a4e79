"""Compatibility of request schemas: a rollback must not refuse requests that the live model accepts."""

from datetime import date
from typing import Any

from houseprice.errors import DeploymentError
from houseprice.schema import Column, Schema

_ACCEPTED_BY = {"integer": ("integer", "number"), "flag": ("flag",), "number": ("number",), "date": ("date",)}
"""Kind → kinds that accept all its values."""


def require_compatible(live: Schema, target: Schema) -> None:
    """Refuse a target that would refuse requests that the live model accepts.

    Raises:
        DeploymentError: `schema_incompatible`.
    """
    if found := incompatibilities(live, target):
        raise DeploymentError(
            f"It would refuse requests that the live model accepts ({'; '.join(found)}); choose another version from "
            "`houseprice rollback --list`.",
            code="schema_incompatible",
        )


def incompatibilities(live: Schema, target: Schema) -> list[str]:
    """Return a phrase for each kind of request that the live model accepts and the target would refuse."""
    found = [f'column "{name}" is unknown to it' for name in live.request if name not in target.request]
    for name, column in target.request.items():
        current = live.request.get(name)
        optional = name == target.sale_date or not column.required
        if current is None:
            found += [] if optional else [f'it requires "{name}", which requests do not have today']
            continue
        if not optional and (name == live.sale_date or not current.required):
            found.append(f'it requires "{name}", which is optional today')
        found += [f'column "{name}" {phrase}' for phrase in _narrower(current, column)]
    return found


def _narrower(live: Column, target: Column) -> list[str]:
    categorical = ("category", "ordinal")
    accepted = _ACCEPTED_BY.get(live.kind, categorical)
    if target.kind not in accepted:
        return [f"is of kind {target.kind} instead of {live.kind}"]
    if live.kind not in categorical:
        return _narrower_range(live, target)
    if live.is_text != target.is_text:
        names = {True: "texts", False: "numbers"}
        return [f"takes {names[target.is_text]} instead of {names[live.is_text]}"]
    if target.levels is None:
        return []
    if live.levels is None:
        return [f"takes {len(target.levels)} levels instead of any"]
    gone = [str(level) for level in live.levels if level not in target.levels]
    return [f"does not know the level{'s' if len(gone) > 1 else ''} {', '.join(gone)}"] if gone else []


def _narrower_range(live: Column, target: Column) -> list[str]:
    found = []
    if target.minimum is not None and (live.minimum is None or _order(target.minimum) > _order(live.minimum)):
        found.append(f"has minimum {target.minimum} instead of {_bound(live.minimum)}")
    if target.maximum is not None and (live.maximum is None or _order(target.maximum) < _order(live.maximum)):
        found.append(f"has maximum {target.maximum} instead of {_bound(live.maximum)}")
    return found


def _bound(bound: Any) -> str:
    return "none" if bound is None else str(bound)


def _order(bound: Any) -> float:
    return float(bound.toordinal() if isinstance(bound, date) else bound)
