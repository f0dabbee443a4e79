"""Detection of duplicate keys in JSON objects.

JSON parsers silently keep the last of two values. A colon follows each key and, outside of strings, stands nowhere
else: when a text has no more colons than the parsed objects have keys, there are no duplicates. Only otherwise is it
parsed a second time.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DuplicateKey:
    """A key that stands more than once in an object.

    Attributes:
        path: keys and positions that lead to the object.
        key: unescaped.
    """

    path: tuple[str | int, ...]
    key: str


def find_duplicate_keys(text: bytes, keys: int) -> list[DuplicateKey]:
    """Return the duplicate keys, in the order of the objects.

    Args:
        text: JSON that was parsed without an error, so that it is complete and not nested too deeply.
        keys: how many keys the parsed objects have in all.
    """
    if text.count(b":") <= keys:
        return []
    found = json.loads(text.decode(), object_pairs_hook=_object, parse_int=str, parse_float=str)
    return list(_walk(found, ())) if isinstance(found, dict | list) else []


def count_keys(found: Any, enough: int) -> int:
    """Return how many keys the objects within a parsed value have in all; counting ends at the level with `enough`."""
    keys, level = 0, [found]
    while level:
        keys += sum([len(value) for value in level if type(value) is dict])
        if keys >= enough:
            break
        level = [
            inner
            for value in level
            if type(value) in _NESTED
            for inner in (value.values() if type(value) is dict else value)
            if type(inner) in _NESTED
        ]
    return keys


class _Pairs(list[tuple[str, Any]]):
    """The pairs of an object that has duplicate keys."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Pairs:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Pairs(pairs)


_NESTED = frozenset((dict, list, _Pairs))


def _walk(found: Any, path: tuple[str | int, ...]) -> Iterator[DuplicateKey]:
    if isinstance(found, _Pairs):
        yield from (DuplicateKey(path, key) for key, count in Counter(key for key, _ in found).items() if count > 1)
        inner: Iterable[tuple[str | int, Any]] = found
    else:
        if _NESTED.isdisjoint(map(type, found.values() if isinstance(found, dict) else found)):
            return
        inner = found.items() if isinstance(found, dict) else enumerate(found)
    for key, value in inner:
        if type(value) in _NESTED:
            yield from _walk(value, (*path, key))
