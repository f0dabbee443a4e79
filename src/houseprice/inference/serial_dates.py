"""Dates that are written as plain numbers: 20141013, 201803, 41925, 1413158400, 2012.917."""

import re
from collections.abc import Callable

from houseprice.conversion import CellForm
from houseprice.conversion.dates import read_date
from houseprice.inference.decisions import Finding, Verdict
from houseprice.inference.profile import Profile

DATED = frozenset(("sale_date", "date", "list_date", "sale_year", "sale_month", "at_sale"))
"""Concepts of names of columns with dates."""

FIRST_YEAR, LAST_YEAR = 1900, 2100


def _years_fit(column: Profile, form: CellForm) -> bool:
    days = [read_date(text, form) for text in column.texts]
    return all(day is not None and FIRST_YEAR <= day.year <= LAST_YEAR for day in days)


def _all_match(pattern: str) -> Callable[[Profile], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda column: all(compiled.fullmatch(text) for text in column.texts)


_FORMS: tuple[tuple[str, str, str, bool, Verdict], ...] = (
    # form, pattern, what it is, whether the name has to say that it is a date, verdict
    ("%Y%m%d", r"(?:19|20)\d{6}(?:\.0)?", "year, month and day without signs", False, "certain"),
    ("%Y%m", r"(?:19|20)\d{4}(?:\.0)?", "year and month without signs", False, "likely"),
    ("decimal_year", r"(?:19|20)\d\d(?:[.,]\d+)?", "years with a fraction", True, "likely"),
    ("%d%m%Y", r"\d{8}", "day, month and year without signs", True, "likely"),
    ("%y%m%d", r"\d{6}", "year, month and day without signs", True, "likely"),
    ("excel_serial", r"[2-6]\d{4}(?:[.,]\d+)?", "days as spreadsheets count them", True, "likely"),
    ("epoch_milliseconds", r"\d{12,13}", "milliseconds since 1970", True, "likely"),
    ("epoch_seconds", r"\d{9,10}(?:\.\d+)?", "seconds since 1970", True, "likely"),
)


def decide_serial_dates(column: Profile) -> tuple[CellForm, Finding] | None:
    """Return the form of dates that are plain numbers; None when the column holds none."""
    column = column.as_values
    named = bool(DATED & set(column.concepts[:2]))
    unnamed = not column.concepts or column.concepts[0] in ("year", "code", "id")
    for form, pattern, words, needs_name, verdict in _FORMS:
        if not column.texts or not _all_match(pattern)(column) or (needs_name and not named):
            continue
        if not named and (not unnamed or len(column.texts) < 2 or column.filled < 20):
            continue
        if form == "decimal_year" and not any(re.search(r"[.,]\d*[1-9]", text) for text in column.texts):
            continue
        found = CellForm(dates=(form,))
        if any(text.endswith(".0") for text in column.texts) and form.startswith("%"):
            found = CellForm(dates=(form, f"{form}.0"))
        if _years_fit(column, found):
            sure: Verdict = "certain" if verdict == "certain" or (named and form == "%Y%m") else "likely"
            return found, Finding("kind", sure, f"{column.texts[0]} is a date: {words}", column.first[:1])
    return None
