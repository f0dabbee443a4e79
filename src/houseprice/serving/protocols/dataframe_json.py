"""Data frames in JSON, as MLflow and KServe clients write them, as one row per house.

Only the shape is checked here; the rules of a request validate the rows afterwards.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from houseprice.serving.protocols.adapter import ProtocolAdapter, invalid, quoted
from houseprice.serving.request import House


def from_split(value: Any, adapter: ProtocolAdapter) -> list[House]:
    """Return the rows of `{"columns": […], "data": [[…], …]}`, the "split" orientation of pandas; its index is ignored.

    Raises:
        InvalidRequestError: The value has another shape.
        BatchTooLargeError: There are more rows than the limit.
    """
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise invalid('"dataframe_split" must be an object such as {"columns": […], "data": [[…], …]}.')
    if unknown := sorted(set(value) - {"columns", "data", "index"}):
        raise invalid(f'"dataframe_split" has the unknown key {quoted(unknown[0])}; known are columns, data and index.')
    names = value.get("columns", list(adapter.columns))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise invalid('"columns" must be a list of column names.')
    return from_lists(value["data"], names, adapter)


def from_any(value: Any, key: str, adapter: ProtocolAdapter) -> list[House]:
    """Return the rows of a list of objects, of a list of lists, of an object of lists, or of one object.

    Raises:
        InvalidRequestError: The value has another shape.
        BatchTooLargeError: There are more rows than the limit.
    """
    if isinstance(value, list):
        adapter.check_count(len(value))
        if all(isinstance(row, dict) for row in value):
            return value
        return from_lists(value, list(adapter.columns), adapter, key)
    if not isinstance(value, dict):
        raise invalid(f'"{key}" must be a list of houses or an object of columns, not {quoted(value)}.')
    singles = [name for name, values in value.items() if not isinstance(values, list)]
    if len(singles) == len(value):
        return [value]
    if singles:
        raise invalid(f'"{key}" holds lists, but {quoted(singles[0])} is not one.')
    return from_columns({name: [_flat(item) for item in values] for name, values in value.items()}, adapter)


def from_columns(columns: dict[str, list[Any]], adapter: ProtocolAdapter) -> list[House]:
    """Return the rows of columns of equal length.

    Raises:
        InvalidRequestError: One is longer than another.
        BatchTooLargeError: There are more rows than the limit.
    """
    (first, values), *others = columns.items()
    for name, other in others:
        if len(other) != len(values):
            raise invalid(
                f"All columns must have the same length; {quoted(name)} has {len(other)} values and {quoted(first)} "
                f"has {len(values)}."
            )
    adapter.check_count(len(values))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def from_lists(rows: Sequence[Any], names: Sequence[str], adapter: ProtocolAdapter, key: str = "data") -> list[House]:
    """Return rows that are lists of values in the order of `names`.

    Raises:
        InvalidRequestError: A row has more or fewer values than there are names, or a name is repeated.
        BatchTooLargeError: There are more rows than the limit.
    """
    adapter.check_count(len(rows))
    if len(set(names)) < len(names):
        repeated = next(name for name, count in Counter(names).items() if count > 1)
        raise invalid(f"The column {quoted(repeated)} is repeated.")
    for index, row in enumerate(rows):
        if not isinstance(row, list):
            raise invalid(f'House {index} of "{key}" must be a list of {len(names)} values, not {quoted(row)}.')
        if len(row) != len(names):
            raise invalid(
                f'House {index} of "{key}" has {len(row)} values instead of {len(names)}: {", ".join(names)}. '
                "Send null for what is not known."
            )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _flat(value: Any) -> Any:
    """Return the value of a row of a tensor of shape [n, 1]."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
