"""A table of texts in, what it means out: kinds, forms, roles, and what is left out, each with its proof."""

import numpy as np
import polars as pl

from houseprice.inference.answers import apply_answers
from houseprice.inference.arms_length import sales_alone, sales_at_arms_length, sold_alone
from houseprice.inference.currency import ask_about_currencies, currency_of_file
from houseprice.inference.decisions import ColumnDecision, Finding, Question, Understanding
from houseprice.inference.drafts import Draft
from houseprice.inference.identifiers import decide_identifiers, join_lot
from houseprice.inference.kinds import draft_columns
from houseprice.inference.leaks import exclude_by_name, exclude_by_values, exclude_states
from houseprice.inference.limits import set_limits
from houseprice.inference.profile import ROW
from houseprice.inference.roles import assign_roles
from houseprice.inference.sale_dates import choose_sale_date
from houseprice.inference.sale_parts import tell_sale_parts
from houseprice.inference.spelling import fold_case
from houseprice.inference.target import choose_target, holds_two_kinds
from houseprice.inference.vocabulary import concepts_of
from houseprice.schema import RESERVED

_OTHER_REASONS = 0.05
"""Share of the rows that may be rejected for other reasons than a blank or token price."""


def understand(texts: pl.DataFrame, answers: dict[str, str] | None = None) -> Understanding:
    """Return what a table of texts means.

    Args:
        texts: columns of String, and perhaps `row`; blanks are null.
        answers: what a person told, by the keys of `Question`; also `currency`, and kind, role, unit, decimal,
            thousands, date_order and exclude of a column, such as `Price.decimal`.
    """
    answers = answers or {}
    if ROW not in texts.columns:
        texts = texts.with_row_index(ROW, 1)
    drafts = draft_columns(texts, answers)
    for draft in drafts:
        if draft.usable and draft.name in RESERVED:
            draft.exclude("the pipeline adds a column of this name; rename it in the file to use it", "certain")
    told = apply_answers(drafts, answers)
    sale_dates = choose_sale_date(drafts) if not any(draft.role == "sale_date" for draft in drafts) else []
    lots = join_lot(drafts) if not any(draft.role == "parcel" for draft in drafts) else []
    exclude_states(drafts)
    assign_roles(drafts)
    target, questions = choose_target(drafts, answers.get("target"))
    exclude_by_name(drafts)
    joined = lots + decide_identifiers(drafts, texts, house_is_known=bool(lots))
    if target is not None:
        exclude_by_values(drafts, target)
        target.questions += ask_about_currencies(target, drafts) + _of_rents(target, drafts)
    set_limits(drafts)
    fold_case(drafts)
    only = sales_at_arms_length(drafts) | sales_alone(drafts) | sold_alone(target, drafts)
    told(drafts)
    decisions = tuple(_decision(draft) for draft in drafts) + tuple(sale_dates) + tuple(joined)
    asked = [question for draft in drafts if not draft.excluded for question in draft.questions]
    currency, told_of_it = currency_of_file(target, drafts, texts, answers)
    return Understanding(
        decisions,
        currency,
        texts.height,
        _rejected(target),
        only,
        (
            *(one for draft in drafts for one in draft.findings if one.about == "only"),
            *_notes(decisions),
            *tell_sale_parts(drafts, texts),
            *told_of_it,
        ),
        (*questions, *_once(asked)),
    )


def _decision(draft: Draft) -> ColumnDecision:
    is_target = draft.role == "target"
    return ColumnDecision(
        draft.name,
        None if draft.excluded else draft.kind,
        draft.form,
        draft.unit,
        None if draft.excluded else draft.role,
        draft.levels,
        "at_sale" if draft.known == "at_sale" else "before_sale",
        required=is_target,
        minimum=draft.bounds.get("minimum"),
        maximum=draft.bounds.get("maximum"),
        learn_minimum=draft.bounds.get("learn_minimum"),
        learn_maximum=draft.bounds.get("learn_maximum"),
        excluded=draft.excluded,
        findings=tuple(draft.findings),
        questions=() if draft.excluded else tuple(draft.questions),
    )


def _rejected(target: Draft | None) -> float | None:
    """Return the share of rows that may be rejected, when many prices are blank or token."""
    if target is None:
        return None
    too_low = np.nansum(target.sample < target.bounds.get("learn_minimum", -np.inf))
    share = float(too_low + np.isnan(target.sample).sum()) / max(1, target.sample.size)
    return min(1.0, round(share + _OTHER_REASONS, 2)) if share > _OTHER_REASONS else None


def _once(questions: list[Question]) -> list[Question]:
    """Return each question once; the order of dates is one question for the whole file."""
    return list({(question.code, question.key): question for question in reversed(questions)}.values())[::-1]


_SALES = frozenset(
    (
        "sale",
        "sales",
        "for sale",
        "sell",
        "sold",
        "venta",
        "vente",
        "vendre",
        "à vendre",
        "venda",
        "verkauf",
        "kauf",
        "koop",
    )
)
"""Words of offers that are no rents."""


def _of_rents(target: Draft, drafts: list[Draft]) -> list[Question]:
    """Ask when rows are sales and rents, or totals and prices per area, whose prices are not of one kind."""
    if holds_two_kinds(target):
        per = target.shapes.affixes.per if target.shapes else ""
        code, meant = ("rents_mixed", "rents by the month") if per == "month" else ("per_area_mixed", "prices per area")
        text = f'Some prices in "{target.name}" are {meant}, and others are totals; give a file of one kind.'
        return [Question(code, "target", text, {}, target.name, target.profile.first[:2])]
    for draft in drafts:
        words = {text.casefold() for text in draft.profile.as_texts.texts[:10]}
        rents = sorted(word for word in words if concepts_of(word)[:1] == ("rent",))
        kinds_of_offer = draft.concept in ("operation", "code", "at_sale") or words - set(rents) <= _SALES
        if kinds_of_offer and rents and len(words) > len(rents):
            text = f'"{draft.name}" says that some rows are rents ({rents[0]}); give a file with the sales alone.'
            return [Question("rents_mixed", "target", text, {}, draft.name, draft.profile.first[:2])]
    return []


def _notes(decisions: tuple[ColumnDecision, ...]) -> tuple[Finding, ...]:
    roles = {decision.role for decision in decisions}
    notes = []
    if "sale_date" not in roles:
        notes.append(
            Finding(
                "file",
                "certain",
                "no date of sale: the model is judged on random sales, and cannot see that prices move",
            )
        )
    if not {"latitude", "location", "address"} & roles:
        notes.append(
            Finding("file", "certain", "no place: houses are told apart by what they are, not by where they stand")
        )
    return tuple(notes)
