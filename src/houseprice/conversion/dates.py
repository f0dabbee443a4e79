"""Dates as people write them, by declared strptime formats and a few forms that have none."""

import re
from datetime import date, timedelta
from functools import lru_cache
from math import isfinite

from houseprice.conversion.form import CellForm

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "b": r"(?P<b>[^\W\d_]{3,9})\.?",
    "B": r"(?P<b>[^\W\d_]{3,9})\.?",
    "a": r"[^\W\d_]+\.?",
    "A": r"[^\W\d_]+\.?",
    "H": r"\d{1,2}",
    "I": r"\d{1,2}",
    "M": r"\d{1,2}",
    "S": r"\d{1,2}",
    "f": r"\d{1,9}",
    "z": r"(?:Z|[-+]\d{2}(?::?\d{2})?)",
    "p": r"(?:[aApP]\.?[mM]\.?)",
    "%": "%",
}
"""Directive of strptime → what it takes; times are read over, and dates stay those that were written."""

_SPREADSHEET_DAY_0 = date(1899, 12, 30)
_EPOCH = date(1970, 1, 1)
_MOST_DAYS = 200_000
"""Of a serial: the year 2447; what is larger is no date."""

_Q = r"\s*(?:q|t|quarter|quartal|trimest(?:re|er)|trim\.?)\s*"
_QUARTER = re.compile(
    rf"(\d{{4}})(?:[\s/-]*{_Q}|\s*[年년]\s*第?\s*(?=[1-4]\s*(?:四半期|季度|분기)))([1-4])(?:\s*(?:四半期|季度|분기))?|{_Q}([1-4])[\s/,-]*(\d{{4}})|([1-4])(?:st|nd|rd|th|er|[.º°])?{_Q}[\s/,-]*(\d{{4}})",
    re.IGNORECASE,
)


def is_quarter(text: str) -> bool:
    """Return whether a text is a quarter of a year, such as 2018-Q3, 3T 2018 and 3rd quarter 2018."""
    return _QUARTER.fullmatch(text) is not None


def read_date(text: str, form: CellForm) -> date | None:
    """Return the date that a text holds; without a day it is the first of its month, without a month of its year."""
    text = text.strip()
    names = form.month_names
    if names:
        lowered = {name.casefold(): str(month) for name, month in names.items()}
        text = _names(tuple(names)).sub(lambda found: lowered[found[0].casefold()], text)
    for one in form.dates or ("%Y-%m-%d",):
        read = _WORDS.get(one)
        found = read(text) if read else _by_format(text, one)
        if found is not None:
            return found
    return None


def _by_format(text: str, form: str) -> date | None:
    found = _pattern(form).fullmatch(text)
    if not found:
        return None
    parts = found.groupdict()
    if "Y" in parts:
        year = int(parts["Y"])
    else:
        year = int(parts["y"])
        year += 2000 if year < 69 else 1900  # as strptime does
    month = int(parts.get("m") or 1)
    if "b" in parts:
        name = parts["b"].casefold()[:3]
        if name not in MONTHS:
            return None
        month = MONTHS.index(name) + 1
    return _date(year, month, int(parts.get("d") or 1))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _pattern(form: str) -> re.Pattern[str]:
    pieces = re.split(r"%(.)", form)
    literals = (re.sub(r"(?:\\ |\s)+", r"\\s+", re.escape(piece)) for piece in pieces[::2])
    directives = [_PARTS[letter] for letter in pieces[1::2]]
    if "" in pieces[2:-1:2]:  # digits without signs between them are padded
        directives = [part.replace(r"\d{1,2}", r"\d{2}") for part in directives]
    return re.compile(
        "".join(piece for pair in zip(literals, [*directives, ""], strict=True) for piece in pair), re.ASCII
    )


@lru_cache(maxsize=64)
def _names(names: tuple[str, ...]) -> re.Pattern[str]:
    ordered = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)", re.IGNORECASE)


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if isfinite(value) else None


def _days_after(start: date, days: float) -> date | None:
    return start + timedelta(days=int(days // 1)) if abs(days) <= _MOST_DAYS else None


def _excel_serial(text: str) -> date | None:
    value = _number(text)
    return None if value is None or value < 1 else _days_after(_SPREADSHEET_DAY_0, value)


def _epoch_seconds(text: str) -> date | None:
    value = _number(text)
    return None if value is None else _days_after(_EPOCH, value / 86_400)


def _epoch_milliseconds(text: str) -> date | None:
    value = _number(text)
    return None if value is None else _days_after(_EPOCH, value / 86_400_000)


def _decimal_year(text: str) -> date | None:
    """Read 2012.917; a fraction that is a twelfth to three digits is the first of a month."""
    value = _number(text)
    if value is None or not 1000 <= value < 3000:
        return None
    year, fraction = int(value), value % 1
    month = round(fraction * 12)
    if abs(fraction * 12 - month) < 0.02:
        return date(year + month // 12, month % 12 + 1, 1)
    start = date(year, 1, 1)
    return _days_after(start, fraction * (date(year + 1, 1, 1) - start).days)


def _year_quarter(text: str) -> date | None:
    """Read 2018-Q3, Q3 2018 and 3T2018 as the first day of the quarter."""
    found = _QUARTER.fullmatch(text)
    if not found:
        return None
    year, quarter = int(found[1] or found[4] or found[6]), int(found[2] or found[3] or found[5])
    return _date(year, 3 * quarter - 2, 1)


_WORDS = {
    "epoch_seconds": _epoch_seconds,
    "epoch_milliseconds": _epoch_milliseconds,
    "excel_serial": _excel_serial,
    "decimal_year": _decimal_year,
    "year_quarter": _year_quarter,
}
