"""JSON that was read in, the names that an object gives more than once out.

Readers of JSON keep the last of two values and say nothing of the first. A colon stands behind each name and, outside
of texts, nowhere else: when there are no more colons than names that were read, none was lost, and that is all that it
costs. Only otherwise the text is read once more.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Repeat:
    """A name that is given more than once.

    Attributes:
        place: names and positions that lead to the object.
        name: as it reads, whatever its spelling.
    """

    place: tuple[str | int, ...]
    name: str


def repeats(text: bytes, names: int) -> list[Repeat]:
    """Give back what is given more than once, in the order of the objects.

    Args:
        text: JSON that a reader has taken, so that it is whole and not nested too deeply.
        names: how many names there were at least in all objects that it gave.
    """
    if text.count(b":") <= names:
        return []
    found = json.loads(text.decode(), object_pairs_hook=_object, parse_int=str, parse_float=str)
    return list(_walk(found, ())) if isinstance(found, dict | list) else []


def count_names(found: Any) -> int:
    """Give back how many names the objects hold of what was read."""
    is_object = isinstance(found, dict)
    inner = found.values() if is_object else found
    own = len(found) if is_object else 0
    if not isinstance(found, dict | list) or _NESTED.isdisjoint(map(type, inner)):
        return own
    return own + sum([count_names(value) for value in inner if type(value) in _NESTED])


class _Repeating(list[tuple[str, Any]]):
    """An object as it was written, names and all."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Repeating:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeating(pairs)


_NESTED = frozenset((dict, list, _Repeating))


def _walk(found: Any, place: tuple[str | int, ...]) -> Iterator[Repeat]:
    if isinstance(found, _Repeating):
        yield from (Repeat(place, name) for name, count in Counter(name for name, _ in found).items() if count > 1)
        inner: Iterable[tuple[str | int, Any]] = found
    else:
        if _NESTED.isdisjoint(map(type, found.values() if isinstance(found, dict) else found)):
            return
        inner = found.items() if isinstance(found, dict) else enumerate(found)
    for key, value in inner:
        if type(value) in _NESTED:
            yield from _walk(value, (*place, key))
