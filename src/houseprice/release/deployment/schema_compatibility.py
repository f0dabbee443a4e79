"""Two schemas in, what one refuses that the other takes out: nobody who asks today may be turned away tomorrow."""

from datetime import date
from typing import Any

from houseprice.schema import Column, Schema

_WIDER = {"integer": ("integer", "number"), "flag": ("flag",), "number": ("number",), "date": ("date",)}
"""Kind of today → kinds that take whatever it takes."""


def refusals(today: Schema, target: Schema) -> list[str]:
    """Give back a phrase for each kind of request that is taken today and that the target would refuse."""
    faults = [f'column "{name}" is unknown to it' for name in today.request if name not in target.request]
    for name, column in target.request.items():
        before = today.request.get(name)
        optional = name == target.sale_date or not column.required
        if before is None:
            faults += [] if optional else [f'it requires "{name}", which is not asked for today']
            continue
        if not optional and (name == today.sale_date or not before.required):
            faults.append(f'it requires "{name}", which may be left out today')
        faults += [f'column "{name}" {fault}' for fault in _narrower(before, column)]
    return faults


def _narrower(today: Column, target: Column) -> list[str]:
    """Give back what one column takes today, and the target does not."""
    if today.kind in _WIDER:
        if target.kind not in _WIDER[today.kind]:
            return [f"is of kind {target.kind} instead of {today.kind}"]
        return _range(today, target)
    if today.kind not in ("category", "ordinal") or target.kind not in ("category", "ordinal"):
        return [f"is of kind {target.kind} instead of {today.kind}"]
    if today.is_text != target.is_text:
        return [f"takes {_values(target)} instead of {_values(today)}"]
    return _levels(today, target)


def _levels(today: Column, target: Column) -> list[str]:
    if target.levels is None:
        return []
    if today.levels is None:
        return [f"takes {len(target.levels)} levels instead of any"]
    gone = [str(level) for level in today.levels if level not in target.levels]
    return [f"does not know the level{'s' if len(gone) > 1 else ''} {', '.join(gone)}"] if gone else []


def _range(today: Column, target: Column) -> list[str]:
    faults = []
    if target.minimum is not None and (today.minimum is None or _order(target.minimum) > _order(today.minimum)):
        faults.append(f"begins at {target.minimum} instead of {_said(today.minimum)}")
    if target.maximum is not None and (today.maximum is None or _order(target.maximum) < _order(today.maximum)):
        faults.append(f"ends at {target.maximum} instead of {_said(today.maximum)}")
    return faults


def _values(column: Column) -> str:
    return "texts" if column.is_text else "numbers"


def _said(bound: Any) -> str:
    return "nowhere" if bound is None else str(bound)


def _order(bound: Any) -> float:
    """Give back a number that orders bounds of one kind; a day has one too."""
    return float(bound.toordinal() if isinstance(bound, date) else bound)
