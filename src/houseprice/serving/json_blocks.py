"""Parsing of long JSON texts in blocks, so that neither time nor memory depends on more than what may be sent.

Most long texts are an array of houses. Such an array is cut at a guess into pieces that are arrays as well, which is
cheap; a piece that cannot be parsed shows that the guess was wrong.

A parser builds a whole text at once, with no pause for other threads, and needs fifty times the bytes of `[[],[],…`.
That does for a short text. In a long one each run of objects or arrays that hold nothing nested, such as houses or the
rows of a table, is parsed by itself; what is left around them is short in any request that makes sense, and refused
otherwise.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.json_duplicate_keys import DuplicateKey, count_keys, find_duplicate_keys

MAX_WHOLE_BYTES = 16 * 2**10
"""Bytes of a text that is parsed at once, which then takes a fraction of a millisecond and of a megabyte at most."""
MAX_RUN_BYTES = 2**20
"""Bytes of one run, such as the values of a column."""
MAX_FRAME_BYTES = 64 * 2**10
"""Bytes around the runs."""

PIECE_BYTES, MAX_PIECE_OBJECTS = 16 * 2**10, 256
"""Bytes of a piece of an array, and objects in it; each may have an error a column."""

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_INNER = rb"[^\[\]{}\"]*+(?:%(string)s[^\[\]{}\"]*+)*+" % {b"string": _STRING}
_FLAT = rb"(?:\{%(inner)s\}|\[%(inner)s\])" % {b"inner": _INNER}
_SPACE = rb"[ \t\n\r]*+"
_NEXT = rb"%(space)s,%(space)s%(flat)s" % {b"space": _SPACE, b"flat": _FLAT}


def run_pattern(length: int) -> re.Pattern[bytes]:
    """Return the pattern of a run of up to so many objects or arrays."""
    parts = {b"flat": _FLAT, b"next": _NEXT, b"more": length - 1}
    return re.compile(rb"%(flat)s(?:%(next)s){0,%(more)d}" % parts, re.DOTALL)


_RUN = run_pattern(128)
_ONE, _TEXT, _BEGIN = re.compile(_FLAT, re.DOTALL), re.compile(_STRING, re.DOTALL), re.compile(rb"[\"\[{]")
_ARRAY = re.compile(rb"%(space)s\[" % {b"space": _SPACE})
_NO_TABLE = "it holds too much that is neither a house nor a row or column of a table"
_BLANK = bytes(byte if byte == ord("\n") else ord(" ") for byte in range(256))


class JsonTooLargeError(ValueError):
    """The text holds more values than may be sent, or is nested where it may not be."""


@dataclass(frozen=True)
class _Run:
    values: list[Any]
    duplicates: list[DuplicateKey]


def array_pieces(text: bytes) -> Iterator[bytes]:
    """Yield an array of objects in arrays of some of them.

    An array is cut where an object seems to end. If each piece is an array of at least one object, the text is the
    array of all; a cut within a text or a nested object leaves a piece that is no JSON.

    Raises:
        ValueError: It is no array, or an object is too long; there may be pieces before.
    """
    begin = _ARRAY.match(text)
    whole = text.rstrip(b" \t\n\r")
    if not begin or not whole.endswith(b"]"):
        raise ValueError("no array")
    at, end = begin.end(), len(whole) - 1
    while at <= end:
        cut = text.rfind(b"},", at, at + PIECE_BYTES) + 1 if end - at > PIECE_BYTES else end
        if not cut or text.count(b"{", at, cut) > MAX_PIECE_OBJECTS:
            raise ValueError("too long an object, or too short ones")
        yield b"[%b]" % text[at:cut]
        at = cut + 1


def parse_json(text: bytes, most: int, longest: int = MAX_RUN_BYTES) -> tuple[Any, list[DuplicateKey]]:
    """Return the value of a JSON text, and the duplicate keys in its objects.

    Args:
        text: the JSON.
        most: how many values it may hold, about; commas are counted, also those within strings.
        longest: bytes of a run at most.

    Raises:
        JsonTooLargeError: It holds more values, or too much around the innermost objects and arrays.
        ValueError: It is not JSON; the message has line and column.
    """
    if text.count(b",") > most:
        raise JsonTooLargeError(f"it holds more than {most} values")
    if len(text) <= MAX_WHOLE_BYTES:
        value = from_json(text)
        return value, find_duplicate_keys(text, count_keys(value, text.count(b":")))
    frame, runs = _split(text, longest)
    try:
        outer = from_json(frame)
    except ValueError:
        raise _located(text) from None
    duplicates = find_duplicate_keys(frame, count_keys(outer, frame.count(b":")))
    found: list[DuplicateKey] = []
    value = _Assembly(text, runs, found).value(outer, ())
    return value, [*duplicates, *found]


def _split(text: bytes, longest: int) -> tuple[bytes, list[_Run]]:
    """Return the text with a mark in the place of each run, and the runs."""
    frame, runs = bytearray(), list[_Run]()
    at = 0
    while begin := _BEGIN.search(text, at, at + MAX_FRAME_BYTES + 1):
        start = begin.start()
        is_text = text[start] == ord('"')
        pattern, most_bytes = (_TEXT, MAX_FRAME_BYTES) if is_text else (_RUN, longest)
        part = pattern.match(text, start, start + most_bytes)
        frame += text[at:start]
        at = part.end() if part else start + 1
        if part and not is_text:
            frame += b'{"":%d}' % len(runs)
            runs.append(_parse_run(text, part))
            checkpoint()
        else:
            frame += text[start:at]
        if len(frame) > MAX_FRAME_BYTES or (is_text and not part and len(text) - start > MAX_FRAME_BYTES):
            raise JsonTooLargeError(_NO_TABLE)
        if is_text and not part:
            raise _located(text)
    if len(frame) + len(text) - at > MAX_FRAME_BYTES:
        raise JsonTooLargeError(_NO_TABLE)
    return bytes(frame + text[at:]), runs


def _parse_run(text: bytes, part: re.Match[bytes]) -> _Run:
    run = b"[%b]" % part[0]
    try:
        values = from_json(run)
    except ValueError:
        for one in _ONE.finditer(text, *part.span()):
            try:
                from_json(one[0])
            except ValueError:
                from_json(text[: one.start()].translate(_BLANK) + one[0])  # raises, with the place in the text
        raise
    return _Run(values, find_duplicate_keys(run, count_keys(values, run.count(b":"))))


def _located(text: bytes) -> ValueError:
    """Return the error of a text that is not JSON; what is before the error was counted."""
    try:
        from_json(text)
    except ValueError as err:
        return err
    return ValueError("an object or array is not where it may be")


class _Assembly:
    """Puts the runs back where their marks are."""

    def __init__(self, text: bytes, runs: list[_Run], duplicates: list[DuplicateKey]) -> None:
        self._text, self._runs, self._duplicates = text, runs, duplicates

    def value(self, outer: Any, path: tuple[str | int, ...]) -> Any:
        if isinstance(outer, list):
            found: list[Any] = []
            for item in outer:
                if (run := self._run(item)) is None:
                    found.append(self.value(item, (*path, len(found))))
                else:
                    self._note(run, path, len(found))
                    found += run.values
            return found
        if (run := self._run(outer)) is not None:
            if len(run.values) > 1:
                raise _located(self._text)
            self._note(run, path)
            return run.values[0]
        if isinstance(outer, dict):
            return {name: self.value(inner, (*path, name)) for name, inner in outer.items()}
        return outer

    def _run(self, outer: Any) -> _Run | None:
        """Return the run that a mark stands for; nothing else in the frame has its form, or it would be a run."""
        if isinstance(outer, dict) and len(outer) == 1 and type(index := outer.get("")) is int:
            return self._runs[index]
        return None

    def _note(self, run: _Run, path: tuple[str | int, ...], first: int | None = None) -> None:
        for duplicate in run.duplicates:
            index, *rest = duplicate.path
            place = () if first is None else (first + int(index),)
            self._duplicates.append(DuplicateKey((*path, *place, *rest), duplicate.key))
