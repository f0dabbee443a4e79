"""Tables as clients of other servers write them in JSON in, one row a house out.

Rows are judged by the rules of the request afterwards; here is only refused what is no table.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from houseprice.serving.protocols.adapter import Core, quoted, refuse
from houseprice.serving.request import House


def split(found: Any, core: Core) -> list[House]:
    """Give back the rows of a data frame written as `{"columns": […], "data": [[…], …]}`; an index is left aside.

    Raises:
        InvalidRequestError: it is no such table.
        BatchTooLargeError: it has more rows than the limit.
    """
    if not isinstance(found, dict) or not isinstance(found.get("data"), list):
        raise refuse('"dataframe_split" is no table; expected {"columns": […], "data": [[…], …]}; write it so.')
    if strange := sorted(set(found) - {"columns", "data", "index"}):
        raise refuse(f'"dataframe_split" holds {quoted(strange[0])}; expected columns, data and index; leave it out.')
    names = found.get("columns", list(core.columns))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise refuse('"columns" is no list of names; expected the names of the columns in quotes; write them so.')
    return listed(found["data"], names, core)


def table(found: Any, key: str, core: Core) -> list[House]:
    """Give back the rows of a list of objects, of a list of lists, of an object of lists, or of one object.

    Raises:
        InvalidRequestError: it is no such table.
        BatchTooLargeError: it has more rows than the limit.
    """
    if isinstance(found, list):
        core.limit(len(found))
        if all(isinstance(row, dict) for row in found):
            return found
        return listed(found, list(core.columns), core, key)
    if not isinstance(found, dict):
        raise refuse(f'"{key}" is {quoted(found)}; expected a list of houses, or an object of columns; write it so.')
    many = [name for name, value in found.items() if isinstance(value, list)]
    if not many:
        return [found]
    if len(many) < len(found):
        single = next(name for name in found if name not in many)
        raise refuse(f'"{key}" holds lists, and {quoted(single)} is none; expected a list for each column; add it.')
    return columns({name: [_single(value) for value in values] for name, values in found.items()}, core)


def columns(found: dict[str, list[Any]], core: Core) -> list[House]:
    """Give back the rows of columns that are equally long.

    Raises:
        InvalidRequestError: one is longer than another.
        BatchTooLargeError: they are longer than the limit.
    """
    (first, values), *others = found.items()
    for name, other in others:
        if len(other) != len(values):
            raise refuse(
                f"{quoted(name)} has {len(other)} values and {quoted(first)} has {len(values)}; expected one a house "
                "in each; make them equally long."
            )
    core.limit(len(values))
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]


def listed(rows: Sequence[Any], names: Sequence[str], core: Core, key: str = "data") -> list[House]:
    """Give back rows that are lists, in the order of some names.

    Raises:
        InvalidRequestError: one has more or fewer values than there are names, or a name is given twice.
        BatchTooLargeError: there are more than the limit.
    """
    core.limit(len(rows))
    if twice := _repeated(names):
        raise refuse(f"The column {quoted(twice)} is given twice; expected each once; leave one out.")
    for place, row in enumerate(rows):
        if not isinstance(row, list):
            raise refuse(f'House {place} of "{key}" is {quoted(row)}; expected a list of {len(names)} values; send it.')
        if len(row) != len(names):
            raise refuse(
                f'House {place} of "{key}" has {len(row)} values; expected {len(names)}: {", ".join(names)}; send them '
                "all, null for what is not known."
            )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _single(value: Any) -> Any:
    """Take a value out of a tensor of shape [n, 1]."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
