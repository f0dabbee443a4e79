"""Encoding of a text file, by its byte order mark, by what is valid, and by the words that come out."""

import codecs
import re

from houseprice.errors import DataError
from houseprice.sales_file import plausibility
from houseprice.sales_file.notes import Note, Verdict, ambiguous, contradicted

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EAST_ASIAN = ("gbk", "big5", "cp932", "cp949")
_STEP = 4 * 2**20
_SHOWN = 5
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_LEAST_WORDS = 5
"""Different words beyond ASCII from which another alphabet is recognised."""


def python_name(encoding: str) -> str:
    """Return the name of the codec to decode by; a byte order mark of UTF-8 is no part of the text."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def find_encoding(content: bytes, stated: str, where: str) -> tuple[str, list[Note]]:
    """Return the encoding of a text, and what it was found by.

    Raises:
        DataError: It has another encoding than stated (code `layout_contradicted`), is damaged UTF-8
            (`encoding_damaged`), or may have several (`layout_ambiguous`).
    """
    if stated != "auto":
        _check(content, stated, where)
        return stated, []
    for mark, name in _MARKS:
        if content.startswith(mark):
            _check_whole(content, name, where)
            return name, [_note(name, "certain", "It begins with the byte order mark of this encoding.")]
    if name := _wide(content):
        _check_whole(content, name, where)
        return name, [_note(name, "certain", "Every other byte is zero, as only this encoding writes Latin letters.")]
    if content.isascii():
        return "utf-8", [_note("utf-8", "certain", "All characters are ASCII, which most encodings write alike.")]
    position = invalid_at(content, "utf-8")
    if position is None:
        return "utf-8", [_note("utf-8", "certain", "All characters beyond ASCII are valid UTF-8.")]
    _refuse_damaged(content, where)
    return _eight_bit(content, where)


def invalid_at(content: bytes, encoding: str) -> int | None:
    """Return the position of the first byte that an encoding does not allow, or None; in steps, to save memory."""
    decoder = codecs.getincrementaldecoder(python_name(encoding))()
    for start in range(0, len(content), _STEP):
        step = content[start : start + _STEP]
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(step, final=start + _STEP >= len(content))
        except UnicodeDecodeError as err:
            return start - pending + err.start
        except UnicodeError:  # UTF-16 and UTF-32 without a byte order mark do not say where
            return start
    return None


def line_at(content: bytes, position: int) -> int:
    """Return the number of the line of a position, from 1."""
    return len(re.findall(rb"\r\n|\r|\n", content[:position])) + 1


def _check(content: bytes, encoding: str, where: str) -> None:
    position = invalid_at(content, encoding)
    if position is not None:
        line = line_at(content, position)
        raise contradicted(where, "encoding", encoding, f"byte 0x{content[position]:02x} in line {line} is invalid.")


def _check_whole(content: bytes, encoding: str, where: str) -> None:
    position = invalid_at(content, encoding)
    if position is not None:
        raise DataError(
            f'"{where}" is {encoding}, but damaged or cut at byte {position}; get it again.',
            code="encoding_damaged",
            path=where,
        )


def _wide(content: bytes) -> str:
    """Return UTF-16 or UTF-32 in some order when the zeros of a text say so, or nothing."""
    start = content[:4000]
    if not start.count(0):
        return ""
    for name, zero, plane in (("utf-32-le", 3, 2), ("utf-32-be", 0, 1)):
        planes = len(start) >= 8 and not any(start[zero::4]) and max(start[plane::4]) <= 16  # Unicode has 17
        if planes and _decodes(start, 4, name):
            return name
    for name, place in (("utf-16-le", 1), ("utf-16-be", 0)):
        zero, other = start[place::2].count(0), start[1 - place :: 2].count(0)
        # Letters of another alphabet have no zero, but separators and line ends have.
        if zero > max(2, 8 * other) and zero >= 0.05 * len(start) / 2 and _decodes(start, 2, name):
            return name
    return ""


def _decodes(start: bytes, width: int, name: str) -> bool:
    try:
        start[: len(start) // width * width].decode(name)
    except UnicodeDecodeError as err:
        return err.start >= len(start) - 4  # half of a surrogate pair
    return True


def _refuse_damaged(content: bytes, where: str) -> None:
    """Refuse a text in UTF-8 of which only some bytes are not: read by another encoding, all others would be wrong."""
    valid = invalid = 0
    for start in range(0, len(content), _STEP):  # a character cut by a step counts for little
        text = content[start : start + _STEP].decode("utf-8", errors="replace")
        replaced = text.count("\ufffd")
        valid += len(_BEYOND_ASCII.findall(text)) - replaced
        invalid += replaced
    if valid < 4 * invalid:
        return
    lines = [line_at(content, position) for position in _invalid_positions(content)]
    listed = ", ".join(map(str, lines[:_SHOWN])) + (", …" if len(lines) > _SHOWN else "")
    raise DataError(
        f'"{where}" is UTF-8 but for some bytes in line {listed}; correct or remove these lines, or get the file '
        "again if it was cut.",
        code="encoding_damaged",
        path=where,
        lines=lines[:_SHOWN],
    )


def _invalid_positions(content: bytes) -> list[int]:
    """Return the first positions at which a text is not UTF-8, and one more than is shown."""
    found: list[int] = []
    start = 0
    while len(found) <= _SHOWN and (position := invalid_at(content[start:], "utf-8")) is not None:
        found.append(start + position)
        start += position + 1
    return found


def _eight_bit(content: bytes, where: str) -> tuple[str, list[Note]]:
    """Return the encoding with one byte a character, or several in Asia, whose words are the most plausible."""
    words = plausibility.words_of(content)
    found = plausibility.judge(words)
    lines = tuple(word.line for word in words[:_SHOWN])
    if found.verdict != "ambiguous":
        return found.encoding, [_note(found.encoding, found.verdict, found.reason, lines)]
    choices = found.choices or _by_charset_normalizer(content)
    if not found.choices and len(words) >= _LEAST_WORDS and choices:
        other = choices[0]
        if plausibility.of_one_script([word.text.decode(other, errors="replace") for word in words]):
            reason = "Its characters are the most frequent ones of a language by this encoding."
            return other, [_note(other, "likely", reason, lines)]
    if not found.choices:
        choices = tuple(dict.fromkeys((*_east_asian(content, words), *choices)))
    raise ambiguous(where, _note("", "ambiguous", found.reason, lines), choices or ["the encoding it was written in"])


def _east_asian(content: bytes, words: list[plausibility.Word]) -> tuple[str, ...]:
    """Return the encodings of Chinese, Japanese and Korean by which the words of a text have one script."""
    return tuple(
        name
        for name in _EAST_ASIAN
        if invalid_at(content, name) is None
        and plausibility.of_one_script([word.text.decode(name, errors="replace") for word in words])
    )


def _by_charset_normalizer(content: bytes) -> tuple[str, ...]:
    """Return the encodings that a text in another alphabet may have, the most plausible first."""
    from charset_normalizer import from_bytes

    found = [match.encoding for match in from_bytes(content[: 2**18])]
    return tuple(name for name in found[:4] if invalid_at(content, name) is None)


def _note(encoding: str, verdict: Verdict, reason: str, lines: tuple[int, ...] = ()) -> Note:
    return Note("encoding", encoding, verdict, reason, lines)
