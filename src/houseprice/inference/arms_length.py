"""Columns that tell which rows are sales at arm's length; the others are set aside, since their prices tell little."""

import re

from houseprice.conversion.value import FALSE, TRUE
from houseprice.inference.decisions import Finding
from houseprice.inference.drafts import Draft
from houseprice.inference.leaks import NAMES_OF_SOLD, SOLD_STATES, are_states, state_of
from houseprice.inference.translations import fold
from houseprice.inference.vocabulary import PHRASES

_NAMED = re.compile(
    r"\b(?:arms? ?(?:s ?)?length|(?:full )?market (?:price|sale|value)|(?:qualified|valid|open market) ?sales?|"
    r"sales? ?(?:qualified|qualification|valid|validity))\b|^qual(?:ified)?$|\bmarket filter\b|\bfull market\b"
)
_NEGATED = re.compile(r"\b(?:not?|non|un|in)(?: |\b)|unqualified|invalid")
_YES = frozenset((*TRUE, "q", "qualified", "valid", "arms length", "arm's length", "market"))
_NO = frozenset((*FALSE, "u", "unqualified", "invalid", "not arms length", "not arm's length", "non-arm's length"))
_SALE = re.compile(
    r"(?:sales?|sell|sold|ventes?|ventas?|compraventas?|compra e venda|vendas?|verkauf|kauf|kaufvertrag|verkoop|koop|"
    r"vendita|compravendita|sprzedaz|prodej|satis|salg|forsaljning|kop)\b"
)
_NO_SALE = re.compile(
    r"(?:mortgages?|hipotecas?|gifts?|donations?|donacion\w*|doac\w*|schenkung|exchanges?|echange|permutas?|tausch|"
    r"expropriation|expropiacion|adjudication|adjudicacion|inheritance|herencia|cessao|cesion|cession|heranca|erbschaft|succession|partition)\b"
)
"""How texts, folded, of transfers begin that are no sales in the market."""
_LEAST_KEPT = 0.5
"""Share of the rows; a column that would set more aside means something else."""


def sales_at_arms_length(drafts: list[Draft]) -> dict[str, tuple[str, ...]]:
    """Return column → its texts of sales at arm's length, for a column whose name and texts tell them apart."""
    for draft in drafts:
        words, column = draft.words, draft.profile.as_values
        folded = {text: text.casefold() for text in column.texts}
        if draft.role or not _NAMED.search(words) or not set(folded.values()) <= _YES | _NO:
            continue
        sought = _NO if _NEGATED.search(words) else _YES
        kept = tuple(text for text, one in folded.items() if one in sought)
        rows = sum(count for text, count in zip(column.texts, column.counts, strict=True) if text in kept)
        if kept and len(kept) < len(folded) and rows >= _LEAST_KEPT * column.filled:
            others = column.filled - rows
            reason = f'{others:,} sales were not at arm\'s length by "{draft.name}", and are set aside'
            draft.findings.append(Finding("only", "likely", reason, column.rows_of(set(folded) - set(kept))))
            if draft.usable:
                draft.exclude(PHRASES["at_sale"])
            return {draft.name: kept}
    return {}


def sales_alone(drafts: list[Draft]) -> dict[str, tuple[str, ...]]:
    """Return column → its texts of sales, for one that tells them from other transfers, such as gifts."""
    for draft in drafts:
        column = draft.profile.as_texts
        folded = {text: fold(text).lstrip("0123456789.-) ") for text in column.texts}
        kept = tuple(text for text, plain in folded.items() if _SALE.match(plain))
        others = {text: plain for text, plain in folded.items() if text not in kept}
        if draft.role or not kept or not others or not all(map(_NO_SALE.match, others.values())):
            continue
        rows = sum(count for text, count in zip(column.texts, column.counts, strict=True) if text in others)
        if rows > (1 - _LEAST_KEPT) * column.filled:
            continue
        reason = f'{rows:,} rows are no sales by "{draft.name}", such as "{min(others)}", and are set aside'
        draft.findings.append(Finding("only", "likely", reason, column.rows_of(set(others))))
        if draft.usable:
            draft.exclude(PHRASES["at_sale"])
        return {draft.name: kept}
    return {}


def sold_alone(target: Draft | None, drafts: list[Draft]) -> dict[str, tuple[str, ...]]:
    """Return column → its texts of what was sold, for one of the states of offers: the others have prices not paid."""
    if target is None or target.concept == "list_price":
        return {}
    for draft in drafts:
        column = draft.profile.as_texts
        states = {text: state_of(text) for text in column.texts}
        if draft.kind == "flag" and draft.words in NAMES_OF_SOLD:
            kept = tuple(text for text in states if text in (draft.form.true or ()))
        elif are_states(set(states.values())):
            kept = tuple(text for text, state in states.items() if state in SOLD_STATES)
        else:
            continue
        if kept and len(kept) < len(states):
            unsold = set(states) - set(kept)
            reason = f'rows that were not sold by "{draft.name}", such as "{min(unsold)}", are set aside'
            draft.findings.append(Finding("only", "likely", reason, column.rows_of(unsold)))
            return {draft.name: kept}
    return {}
