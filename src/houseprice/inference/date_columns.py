"""Columns of dates: which they are, and in which form all of them are written."""

from dataclasses import replace

from houseprice.inference.date_forms import DateDecision, decide_dates
from houseprice.inference.decisions import Finding
from houseprice.inference.drafts import Draft

_NEVER_DATES = frozenset(("id", "parcel", "postcode", "house_number", "address", "street"))
_DATES = frozenset(("sale_date", "date", "list_date"))
_MOST_WORDS = 20
"""Different words that a column of dates may hold beside them."""


def decide_date_columns(drafts: list[Draft], answers: dict[str, str]) -> None:
    """Settle the forms of dates; columns that prove the order of day and month help those that do not."""
    decided = {draft.name: found for draft in drafts if draft.usable and (found := _decide_date(draft, None, answers))}
    proven = [found for found in decided.values() if all(one.verdict == "certain" for one in found.findings)]
    orders = {found.order for found in proven if found.order}
    order_of_file = next(iter(orders)) if len(orders) == 1 else None
    for draft in drafts:
        decision = decided.get(draft.name)
        if decision is None:
            continue
        if decision.questions and order_of_file:
            decision = _decide_date(draft, order_of_file, {}) or decision
        draft.kind, draft.form, draft.order, draft.shapes = "date", decision.form, decision.order, None
        draft.findings, draft.questions = list(decision.findings), list(decision.questions)


def _decide_date(draft: Draft, order_of_file: str | None, answers: dict[str, str]) -> DateDecision | None:
    """Return the form of dates of a column; identifiers and names of places hold none.

    Words among the dates of a column that is called one mean that there is none.
    """
    if draft.kind in ("flag", "date", "ordinal") or draft.concept in _NEVER_DATES:
        return None
    answer = answers.get(f"{draft.name}.date_order", answers.get("date_order"))
    found = decide_dates(draft.profile, order_of_file, answer)
    if found is not None or not _DATES & set(draft.concepts):
        return found
    column = draft.profile.as_values
    words = tuple(text for text in column.texts if not any(letter.isdigit() for letter in text))
    dated = draft.profile.without(frozenset(word.casefold() for word in words))
    if len(words) > _MOST_WORDS or dated.as_values.filled < column.filled / 2:
        return None
    found = decide_dates(dated, order_of_file, answer)
    if found is None:
        return None
    reason = f"{', '.join(repr(word) for word in words[:3])} is no date and means missing"
    finding = Finding("missing", "likely", reason, column.rows_of(set(words)))
    form = found.form.model_copy(update={"missing": (*found.form.missing, *words)})
    return replace(found, form=form, findings=(*found.findings, finding))
