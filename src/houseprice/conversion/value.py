"""Conversion of one text to a value: what a column's declared form says about one cell."""

import re
from datetime import date
from functools import lru_cache
from unicodedata import decimal

from houseprice.conversion.dates import read_date
from houseprice.conversion.form import CellForm, Kind
from houseprice.conversion.numbers import read_number

Value = float | int | date | str

BLANKS = frozenset(("na", "n/a", "#n/a", "nan", "null", "none"))
"""Texts that mean "missing" in every column but those of texts, where "None" says it."""

TRUE = ("true", "t", "yes", "y", "sí", "si", "s", "1", "1.0")
FALSE = ("false", "f", "no", "n", "0", "0.0")
"""Words of flags that declare none."""

TEXTS: tuple[Kind, ...] = ("category", "ordinal", "text")
LARGEST_INTEGER = 2**53
"""Past it a float no longer tells one whole number from the next."""

_OTHER_DIGITS = re.compile(r"[^\D0-9]")
"""Digits of other alphabets, such as those of Arabic, and full-width ones."""
_BLANK_CHARACTERS = re.compile(r"[\s\ufeff\u200b\u200e\u200f\u2060]+")


def normalized(text: str) -> str:
    """Return a text without blanks at its ends, with one plain space for every run of blanks, and with plain digits."""
    if text.isascii() and "  " not in text and text.isprintable():
        return text.strip()
    text = _BLANK_CHARACTERS.sub(" ", text).strip()
    return text if text.isascii() else _OTHER_DIGITS.sub(lambda found: str(decimal(found[0])), text)


def is_missing_value(text: str | None, form: CellForm, kind: Kind = "category") -> bool:
    """Return whether a text is blank or a missing mark, in a column of a kind."""
    if text is None:
        return True
    folded = normalized(text).casefold()
    return not folded or folded in missing_marks(form, kind)


def convert_value(text: str | None, kind: Kind, form: CellForm) -> Value | None:
    """Return the value of a cell: a float, a whole number, a date or a text; flags are 0 or 1.

    None is returned both for what is missing and for what cannot be read; `is_missing_value` tells them apart.
    """
    if text is None or is_missing_value(text, form, kind):
        return None
    plain = normalized(text)
    if kind in TEXTS:
        return plain.lower() if form.case else plain
    if kind == "date":
        return read_date(plain, form)
    if kind == "flag":
        return _flags(form.true or TRUE, form.false or FALSE).get(plain.casefold())
    number = read_number(plain, form)
    if kind == "number" or number is None:
        return number
    return int(number) if number == round(number) and abs(number) < LARGEST_INTEGER else None


def missing_marks(form: CellForm, kind: Kind) -> frozenset[str]:
    """Return the texts, in small letters, that mean in a column of a kind that there is no value."""
    return _marks(form.missing, kind in TEXTS)


@lru_cache(maxsize=256)
def _marks(missing: tuple[str, ...], is_text: bool) -> frozenset[str]:
    return frozenset(normalized(mark).casefold() for mark in missing) | (frozenset() if is_text else BLANKS)


@lru_cache(maxsize=256)
def _flags(true: tuple[str, ...], false: tuple[str, ...]) -> dict[str, int]:
    return {word.casefold(): 0 for word in false} | {word.casefold(): 1 for word in true}
