"""Columns that tell which sales were at arm's length; the other rows are set aside, since their prices tell little."""

import re

from houseprice.conversion.value import FALSE, TRUE
from houseprice.inference.decisions import Finding
from houseprice.inference.drafts import Draft

_NAMED = re.compile(
    r"\b(?:arms? ?(?:s ?)?length|(?:full )?market (?:price|sale|value)|(?:qualified|valid|open market) ?sales?|"
    r"sales? ?(?:qualified|qualification|valid|validity))\b|^qualified$|\bfull market\b"
)
_NEGATED = re.compile(r"\b(?:not?|non|un|in)(?: |\b)|unqualified|invalid")
_YES = frozenset((*TRUE, "q", "qualified", "valid", "arms length", "arm's length", "market"))
_NO = frozenset((*FALSE, "u", "unqualified", "invalid", "not arms length", "not arm's length", "non-arm's length"))
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
            return {draft.name: kept}
    return {}
