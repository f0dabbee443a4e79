"""Numbers as people write them: currencies, units, separators of thousands, ranges, durations."""

import re
from functools import lru_cache
from math import isfinite

from houseprice.conversion.form import CellForm

TYPED = str.maketrans(
    dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d", "-")
    | dict.fromkeys("\u2018\u2019\u02bc`\u00b4", "'")
)
"""Characters that are printed as a minus or an apostrophe → the one that is typed."""

FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75}
"""What stands behind a whole number, as in 4½ rooms."""

ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018, "民國": 1911, "民国": 1911}
"""Era → the year before its first."""
_ERA = re.compile(rf"({'|'.join(ERAS)}) ?([0-9]{{1,3}}|元)年?")

_NO_FRACTION = re.compile(r"[.,]\s*-+$")  # as in 350.000,- and 350'000.-
_OPEN_RANGE = re.compile(r"(?:[<>≤≥]=?\s*(.+)|(.+?)\s*\+)")
_RANGE = re.compile(r"(.*\d\S*?)\s*(?:\b(?:to|a|à|bis|até|hasta)\b|-)\s*(.*\d.*)", re.IGNORECASE)
_YEARS = r"(?:y|yrs?|years?|a[nñ]os?|ans?|jahre?n?)"
_MONTHS = r"(?:m|mos?|mths?|months?|mes(?:es)?|mois|monate?n?)"
_DURATION = re.compile(
    rf"(?:(\d+(?:[.,]\d+)?)\s*{_YEARS}\b\.?)?[\s,]*(?:(?:and|y|e|et|und)\s+)?(?:(\d+(?:[.,]\d+)?)\s*{_MONTHS}\b\.?)?",
    re.IGNORECASE,
)


def read_number(text: str, form: CellForm) -> float | None:
    """Return the number that a text holds, in the unit of the model; None when it holds none."""
    plain = text.translate(TYPED).strip()
    value = _words(tuple(form.number_words.items())).get(plain.casefold()) if form.number_words else None
    if value is None and form.duration:
        value = _duration(plain)
    if value is None and (era := _ERA.fullmatch(plain)):
        value = float(ERAS[era[1]] + (1 if era[2] == "元" else int(era[2])))
    if value is None:
        value = _single(plain, form)
    if value is None and form.ranges:
        value = _midpoint(plain, form)
    if value is None:
        return None
    value *= form.factor
    return value if isfinite(value) else None


@lru_cache(maxsize=64)
def _words(words: tuple[tuple[str, float], ...]) -> dict[str, float]:
    return {word.casefold(): number for word, number in words}


def _single(text: str, form: CellForm) -> float | None:
    """Read one number with its signs and multipliers."""
    negative = False
    if text.startswith("(") and text.endswith(")"):  # how accountants write a negative one
        text, negative = text[1:-1].strip(), True
    text = _without(text, form.strip)
    if text[:1] in ("+", "-"):
        negative ^= text[0] == "-"
        text = _without(text[1:].strip(), form.strip)
    text = _NO_FRACTION.sub("", text)
    text, times = _multiplier(text, form.multipliers)
    part = FRACTIONS.get(text[-1:], 0.0)
    if part:
        text = text[:-1].strip() or "0"
    decimal, thousands = form.decimal or ".", form.thousands or "none"
    if not _pattern(decimal, thousands).fullmatch(text):
        return None
    if thousands != "none":
        text = text.replace(thousands, "")
    value = (float(text.replace(decimal, ".")) + part) * times
    return -value if negative else value


def _without(text: str, signs: tuple[str, ...]) -> str:
    """Take declared signs from both ends, the longest first."""
    found = bool(signs)
    while found:
        found, folded = False, text.casefold()
        for sign in _by_length(signs):
            if folded.startswith(sign):
                text, found = text[len(sign) :].strip(), True
                break
            if folded.endswith(sign):
                text, found = text[: -len(sign)].strip(), True
                break
    return text


@lru_cache(maxsize=64)
def _by_length(signs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted((sign.casefold() for sign in signs), key=len, reverse=True))


def _multiplier(text: str, multipliers: dict[str, float]) -> tuple[str, float]:
    """Take a declared multiplier from behind a number; return what it multiplies by."""
    for suffix in sorted(multipliers, key=len, reverse=True):
        number = text.removesuffix(suffix).rstrip()
        if number != text and number[-1:].isdigit():
            return number, multipliers[suffix]
    return text, 1.0


@lru_cache(maxsize=64)
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    """Return what a number without signs looks like; groups of two digits are those of lakh and crore."""
    point, mark = re.escape(decimal), re.escape(thousands)
    whole = r"\d+" if thousands == "none" else rf"(?:\d{{1,3}}(?:{mark}\d{{2,3}})*{mark}\d{{3}}|\d+)"
    return re.compile(rf"(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][-+]?\d{{1,3}})?", re.ASCII)


def _midpoint(text: str, form: CellForm) -> float | None:
    """Return the middle of a closed range, and the end of an open one."""
    if found := _OPEN_RANGE.fullmatch(text):
        return _single(found[1] or found[2], form)
    if found := _RANGE.fullmatch(text):
        low, high = _single(found[1].strip(), form), _single(found[2].strip(), form)
        if low is not None and high is not None and low <= high:
            return (low + high) / 2
    return None


def _duration(text: str) -> float | None:
    found = _DURATION.fullmatch(text)
    if not found or not (found[1] or found[2]):
        return None
    years, months = (float(part.replace(",", ".")) if part else 0.0 for part in found.groups())
    return years + months / 12
