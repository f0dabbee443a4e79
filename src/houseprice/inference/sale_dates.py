"""The date of the sale: one column, or year with month or quarter (and day) in several."""

import re
from collections.abc import Callable

from houseprice.conversion import CellForm
from houseprice.inference.date_templates import MONTH_NAMES
from houseprice.inference.decisions import ColumnDecision, Finding, Verdict
from houseprice.inference.drafts import Draft

_OF_SALE = re.compile(r"\b(?:sales?|sold|transaction|venta|vente|venda|verkauf\w*|mutation)\b")
_SALE = r"(?:calendar |(?:of |de |del |da |do )?(?:the )?(?:sales?|sold|transaction|venta|vente|venda|verkauf\w*) )*"
_NUMBER = r"(?: (?:no|nr|num\w*|index|of (?:the )?(?:year|month|sale)|sold|de (?:la )?(?:venta|vente)))*"
_MONTH = re.compile(rf"{_SALE}(?:(?:no|num\w*|nr) (?:of |de |del )*)?(?:months?|mes|mois|monat|maand|mo|mth){_NUMBER}")
_QUARTER = re.compile(rf"{_SALE}(?:quarters?|qtr|quartal|trimestre|trimester|kwartaal){_NUMBER}")
_DAY = re.compile(rf"{_SALE}(?:days?|dia|jour|tag|dag){_NUMBER}")
_OF_YEAR = re.compile(
    r"(?:q|t|qtr|quarter|trim\w*)?\W*([1-4])(?:st|nd|rd|th|er|[.º°])?\W*(?:q|t|qtr|quarter|quartal|trim\w*)?"
)
"""A quarter without its year, such as 3, Q3, T3 and 3rd quarter."""
_MOST_PARTS = 62
"""Different texts of a column of months or days: the days of a month, with and without a zero before."""
_ORDER = ("sale_date", "date", "sale_year", "list_date")


def choose_sale_date(drafts: list[Draft]) -> list[ColumnDecision]:
    """Assign the role of sale date to a column, or return the column that is joined of year and month."""
    dates = [draft for draft in drafts if draft.kind == "date" and draft.usable and draft.role is None]
    for concept in _ORDER:
        found = [
            draft
            for draft in dates
            if "earlier_sale" not in draft.concepts
            and concept in draft.concepts[:2]
            and not (concept == "date" and "list_date" in draft.concepts)
        ]
        if found:
            best = min(found, key=_nearness)
            reasons = {
                "sale_date": "the name says so",
                "list_date": "it is the date of the offer, and the file has none of the sale",
            }
            best.take(
                "sale_date",
                "certain" if concept == "sale_date" else "likely",
                reasons.get(concept, "it is the only date that may be that of the sale"),
            )
            best.known = "at_sale"
            return []
    if joined := _year_and_month(drafts):
        return [joined]
    rest = [
        draft
        for draft in dates
        if not {"year_built", "year_renovated", "list_date", "at_sale", "earlier_sale"} & set(draft.concepts)
    ]
    if len(rest) == 1:
        rest[0].take("sale_date", "likely", "it is the only date of the file")
        rest[0].known = "at_sale"
    return []


def _nearness(draft: Draft) -> tuple[bool, int]:
    """Prefer the day of the sale to that of its record, and then the column with the fewest blanks."""
    return not _OF_SALE.search(draft.words), draft.profile.rows - draft.profile.as_values.filled


def _year_and_month(drafts: list[Draft]) -> ColumnDecision | None:
    """Join a year and a month or quarter of the sale, and the day where there is one; a year alone is a date, too."""
    free = [draft for draft in drafts if draft.usable and draft.role is None]
    years = [draft for draft in free if draft.is_number and draft.share(1900, 2100) > 0.99]
    year = next((draft for draft in years if draft.concept == "sale_year"), None)
    month = next((draft for draft in free if draft.concept == "sale_month" and _are(draft, _month)), None) or next(
        (draft for draft in free if _MONTH.fullmatch(draft.words) and _are(draft, _month)), None
    )
    part, read = month, _month
    if part is None:
        part = next((draft for draft in free if _QUARTER.fullmatch(draft.words) and _are(draft, _quarter)), None)
        read = _quarter
    if year is None:
        year = next(
            (
                draft
                for draft in years
                if draft.concept == "year" and (part is not None or float(draft.values.min()) >= 1980)
            ),
            None,
        )
    if year is None:
        return None
    if part is None:
        year.kind, year.form = "date", CellForm(dates=("%Y",), missing=year.form.missing)
        year.take("sale_date", "likely", "the year of the sale is all that the file has")
        year.known = "at_sale"
        return None
    day = next((draft for draft in free if _DAY.fullmatch(draft.words) and _are(draft, _day)), None) if month else None
    parts = [year, part, *([day] if day else [])]
    texts = part.profile.as_values.texts
    names = {text.casefold().rstrip("."): number for text in texts if (number := read(text)) and text != str(number)}
    names = {name: number for name, number in names.items() if month is None or not name.isdigit()}
    form = CellForm(dates=("%Y %m %d" if day else "%Y %m",), month_names=names)
    for draft in parts:
        draft.exclude("it is a part of the date of the sale", "certain")
    verdict: Verdict = "certain" if year.concept == "sale_year" else "likely"
    listed = ", ".join(f'"{draft.name}"' for draft in parts[:-1]) + f' and "{parts[-1].name}"'
    finding = Finding("role", verdict, f"{listed} give the date of the sale together")
    return ColumnDecision(
        _free_name(drafts), "date", form=form, role="sale_date", known="at_sale",
        sources=tuple(draft.name for draft in parts), findings=(finding,),
    )  # fmt: skip


def _free_name(drafts: list[Draft]) -> str:
    """Return a name for the joined column that no column of the file has."""
    names = {draft.name for draft in drafts}
    return next(name for name in ("sale_date", "joined_sale_date", "sale_date_of_year_and_month") if name not in names)


def _are(draft: Draft, read: Callable[[str], int | None]) -> bool:
    """Return whether a column holds several values, all of which can be read."""
    texts = draft.profile.as_values.texts
    return 1 < len(texts) <= _MOST_PARTS and all(read(text) for text in texts)


def _month(text: str) -> int | None:
    """Return the month that a text names or numbers."""
    if re.fullmatch(r"0?[1-9]|1[0-2]", text):
        return int(text)
    return MONTH_NAMES.get(text.casefold().rstrip("."))


def _quarter(text: str) -> int | None:
    """Return the first month of a quarter."""
    found = _OF_YEAR.fullmatch(text.casefold())
    return 3 * int(found[1]) - 2 if found else None


def _day(text: str) -> int | None:
    return int(text) if re.fullmatch(r"0?[1-9]|[12][0-9]|3[01]", text) else None
