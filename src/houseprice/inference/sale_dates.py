"""The date of the sale: one column, or year and month in two."""

import re

from houseprice.conversion import CellForm
from houseprice.inference.date_templates import MONTH_NAMES
from houseprice.inference.decisions import ColumnDecision, Finding, Verdict
from houseprice.inference.drafts import Draft

_OF_SALE = re.compile(r"\b(?:sales?|sold|transaction|venta|vente|venda|verkauf\w*|mutation)\b")
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
    """Join a year and a month of the sale; a year alone is a date, too."""
    years = [
        draft
        for draft in drafts
        if draft.usable and draft.role is None and draft.is_number and draft.share(1900, 2100) > 0.99
    ]
    year = next((draft for draft in years if draft.concept == "sale_year"), None)
    months = [draft for draft in drafts if draft.usable and draft.role is None and _is_month(draft)]
    month = next((draft for draft in months if draft.concept == "sale_month"), None) or next(
        (draft for draft in months if draft.words in ("month", "mes", "mois", "monat")), None
    )
    if year is None:
        year = next(
            (
                draft
                for draft in years
                if draft.concept == "year" and (month is not None or float(draft.values.min()) >= 1980)
            ),
            None,
        )
    if year is None:
        return None
    if month is None:
        year.kind, year.form = "date", CellForm(dates=("%Y",), missing=year.form.missing)
        year.take("sale_date", "likely", "the year of the sale is all that the file has")
        year.known = "at_sale"
        return None
    names = {
        text.casefold().rstrip("."): MONTH_NAMES[text.casefold().rstrip(".")]
        for text in month.profile.as_values.texts
        if not text.replace(".", "").isdigit()
    }
    form = CellForm(dates=("%Y %m",), month_names=names)
    for draft in (year, month):
        draft.exclude("it is a part of the date of the sale", "certain")
    verdict: Verdict = "certain" if year.concept == "sale_year" else "likely"
    finding = Finding("role", verdict, f'"{year.name}" and "{month.name}" are year and month of the sale')
    return ColumnDecision(
        _free_name(drafts), "date", form=form, role="sale_date", known="at_sale", sources=(year.name, month.name),
        findings=(finding,),
    )  # fmt: skip


def _free_name(drafts: list[Draft]) -> str:
    """Return a name for the joined column that no column of the file has."""
    names = {draft.name for draft in drafts}
    return next(name for name in ("sale_date", "joined_sale_date", "sale_date_of_year_and_month") if name not in names)


def _is_month(draft: Draft) -> bool:
    texts = draft.profile.as_values.texts
    if draft.concept not in ("sale_month", "date") or not 1 < len(texts) <= 24:
        return False
    return all(
        (text.isdigit() and 1 <= int(text) <= 12) or text.casefold().rstrip(".") in MONTH_NAMES for text in texts
    )
