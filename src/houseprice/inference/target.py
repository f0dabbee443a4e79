"""The price to learn: the sale price wins over list price, rent and assessment, and the choice is told."""

import numpy as np

from houseprice.inference.decisions import Finding, Question
from houseprice.inference.drafts import Draft
from houseprice.inference.leaks import LEAST_SPREAD, log_values, robust_spread
from houseprice.inference.units import OFFERED, SQUARE_METRES, currency_of_name, factor_of_name

RANKS = ("sale_price", "price", "list_price", "price_per_area", "assessment", "rent")
"""Concepts of prices, the best target first."""

WORDS = {
    "sale_price": "a price that was paid",
    "price": "a price",
    "list_price": "a price that was asked",
    "price_per_area": "a price per area",
    "assessment": "an assessment",
    "rent": "a rent",
}
_LEAST_TOTAL = 10_000
"""Below it a median price is more likely one per area, a rent, or in thousands."""
_LEAST_OF_CURRENCY = {"CLF": 300}
"""The same in a currency of large units."""
_AREAS = frozenset(("area", "living_area", "lot_area", "other_area"))
_MAY_BE_TOTAL = frozenset(("", "id", "price", "sale_price"))
_MOST_COMPARED = 40
_NEAR_ANOTHER = 0.3
"""Spread of the log of the ratio of two prices of the same houses, such as of an assessment and what was paid."""
_FEW_MIXED = 0.01
"""Share of the prices that may be of another kind by error."""
_TOKEN_SHARE = 0.04
"""Of the median: a lower price was not asked at arm's length."""


def choose_target(drafts: list[Draft], answer: str | None) -> tuple[Draft | None, list[Question]]:
    """Return the column of the price, or what has to be asked.

    A constant price cannot be learned, and has a question without answers.
    """
    if answer:
        chosen = next((draft for draft in drafts if draft.name == answer), None)
        if chosen is not None:
            return _take(chosen, drafts, "certain", "as answered"), []
    constant = [
        draft
        for draft in drafts
        if draft.concept in ("sale_price", "price")
        and len(draft.profile.as_values.texts) == 1
        and draft.profile.as_values.filled > 1
    ]
    ranked = {
        rank: [
            draft
            for draft in drafts
            if draft.usable and draft.is_number and draft.role is None and _rank(draft) == rank and draft.values.size
        ]
        for rank in RANKS
    }
    for rank, found in ranked.items():
        if constant and rank not in ("sale_price",):
            same = constant[0].profile.as_values.texts[0]
            text = f'Every price in "{constant[0].name}" is {same}: there is nothing to learn.'
            return None, [Question("target_constant", "target", text, {}, constant[0].name)]
        if not found:
            continue
        different = _most_alike_dropped(_totals(found, drafts))
        if rank not in ("sale_price", "price"):
            different += [
                draft
                for draft in _looking_like_prices(drafts)
                if not any(draft is one for one in different)
                and robust_spread(log_values(draft.sample) - log_values(different[0].sample)) < _NEAR_ANOTHER
            ]
        if len(different) > 1:
            names = {draft.name: f"median {draft.median():,.0f}" for draft in different}
            listed = " and ".join(f'"{name}"' for name in names)
            return None, [Question("target_ambiguous", "target", f"{listed} may each be the price.", names)]
        return _checked(different[0], drafts, rank)
    return _by_content(drafts)


def _rank(draft: Draft) -> str:
    """Return which kind of price a column holds, by its name and what stands beside its numbers."""
    if draft.shapes and draft.shapes.affixes.per and draft.concept != "fee" and not holds_two_kinds(draft):
        return "price_per_area" if draft.shapes.affixes.per == "area" else "rent"
    if draft.concept in RANKS:
        return draft.concept
    return ""


def holds_two_kinds(draft: Draft) -> bool:
    """Return whether some of the prices of a column are per month or area, and others are not."""
    per = draft.shapes.per if draft.shapes else 0
    filled = draft.profile.as_values.filled
    return _FEW_MIXED * filled < min(per, filled - per)


def _totals(found: list[Draft], drafts: list[Draft]) -> list[Draft]:
    """Return candidates for the price, each that is a price per area replaced by the total that it belongs to."""
    numbers = [draft for draft in drafts if draft.usable and draft.is_number and len(draft.profile.texts) > 10]
    areas = [draft for draft in numbers if draft.concept in _AREAS or draft.unit in SQUARE_METRES]
    totals = [draft for draft in numbers if draft.role is None and draft.concept in _MAY_BE_TOTAL][:_MOST_COMPARED]
    kept = []
    for draft in found:
        pair = next(
            (
                (total, area)
                for area in areas
                for total in totals
                if total is not draft and area not in (draft, total) and _is_product(total, draft, area)
            ),
            None,
        )
        if pair is None:
            kept.append(draft)
            continue
        total, area = pair
        draft.exclude(
            f'it is a price per area: times "{area.name}" it gives "{total.name}"', rows=draft.profile.first[:1]
        )
        if not any(total is one for one in (*found, *kept)):
            kept.append(total)
    return kept


def _is_product(total: Draft, price: Draft, area: Draft) -> bool:
    """Return whether one column is the product of two others, and does not follow from one of them alone."""
    logs = [log_values(draft.sample) for draft in (total, price, area)]
    return (
        robust_spread(logs[0] - logs[1] - logs[2]) < LEAST_SPREAD
        and min(robust_spread(logs[0] - logs[1]), robust_spread(logs[0] - logs[2])) > 2 * LEAST_SPREAD
    )


def _checked(draft: Draft, drafts: list[Draft], rank: str) -> tuple[Draft | None, list[Question]]:
    """Ask when a column that is called price holds numbers that no house is sold for."""
    if draft.values.max() <= 0:
        text = f'No value of "{draft.name}" is above 0, as a price is; give a file with prices.'
        return None, [Question("target_not_positive", "target", text, {}, draft.name, draft.profile.first[:1])]
    _multiply(draft)
    currency = draft.currency or currency_of_name(draft.words) or ""
    least = _LEAST_OF_CURRENCY.get(currency, _LEAST_TOTAL)
    if rank in ("sale_price", "price") and not draft.questions and draft.median() < least:
        middle = f"{draft.median():,.6g}"
        text = f'The median of "{draft.name}" is {middle}: it may be a price per area, a rent, or in thousands.'
        return None, [
            Question(
                "target_ambiguous",
                "target",
                text,
                {draft.name: "it is the price to learn, in its own unit"},
                draft.name,
                draft.profile.first[:3],
            )
        ]
    verdict = "certain" if rank == "sale_price" else "likely"
    reason = {
        "sale_price": "it is the price that was paid",
        "price": "it is the only price that is neither asked, assessed nor per area",
    }.get(
        rank,
        f"it is {WORDS[rank]}, and the file has none that was paid",
    )
    if asked := next((mark for mark in draft.form.strip if OFFERED.fullmatch(mark)), ""):
        reason = f'it is the only price, and "{asked}" says that some of it was asked, not paid'
    return _take(draft, drafts, verdict, reason), []


_MOST_COUNTED = 1e6
"""Above it a median price is not one in thousands."""


def _multiply(draft: Draft) -> None:
    """Multiply prices whose name says that they are in thousands, lakhs or millions, when no total price is so low."""
    factor = factor_of_name(draft.words)
    if factor == 1.0 or draft.form.factor != 1.0 or draft.questions or draft.form.multipliers:
        return
    if draft.median() >= (_MOST_COUNTED if factor == 1e4 else _LEAST_TOTAL):
        return
    draft.form = draft.form.model_copy(update={"factor": factor})
    for cached in ("sample", "values"):
        draft.__dict__.pop(cached, None)
    draft.findings.append(Finding("form", "likely", f"the name says that prices are multiplied by {factor:,.0f}"))


def _take(draft: Draft, drafts: list[Draft], verdict: str, reason: str) -> Draft:
    others = [one for one in drafts if one is not draft and one.is_number and _rank(one)]
    if others:
        reason += "; " + ", ".join(f'"{one.name}" is {WORDS[_rank(one)]}' for one in others[:4])
    draft.excluded = ""
    draft.take("target", verdict, reason, draft.profile.first[:1])
    draft.known = "at_sale"
    median = draft.median()
    tokens = draft.values[draft.values < _TOKEN_SHARE * median]
    if tokens.size:
        low = float(f"{_TOKEN_SHARE * median:.1g}")
        draft.bounds["learn_minimum"] = low
        draft.findings.append(
            Finding(
                "bounds",
                "likely",
                f"prices below {low:,.0f} were not agreed at arm's length "
                f"({tokens.size / draft.values.size:.1%} of the rows)",
            )
        )
    return draft


def _most_alike_dropped(found: list[Draft]) -> list[Draft]:
    """Drop columns that hold the same prices as an earlier one."""
    kept: list[Draft] = []
    for draft in found:
        alike = False
        for other in kept:
            both = ~np.isnan(draft.sample) & ~np.isnan(other.sample)
            if (
                both.sum() > 10
                and np.mean(np.abs(draft.sample[both] - other.sample[both]) < 1e-9 * np.abs(other.sample[both]) + 1e-9)
                > 0.99
            ):
                alike = True
        if not alike:
            kept.append(draft)
    return kept


def _by_content(drafts: list[Draft]) -> tuple[Draft | None, list[Question]]:
    """Look for the price in a file whose names do not tell it: the one column of large, skewed, positive numbers."""
    found = _totals(_looking_like_prices(drafts), drafts)
    signed = [draft for draft in found if draft.currency or draft.words == "sold"]
    if len(signed or found) == 1:
        return _take((signed or found)[0], drafts, "likely", "it is the only column of numbers as large as prices"), []
    empty = next(
        (draft for draft in drafts if draft.concept in ("sale_price", "price") and not draft.profile.as_values.filled),
        None,
    )
    if empty is not None:
        text = f'"{empty.name}" is called a price, but no row has one; give a file with prices.'
        return None, [Question("target_empty", "target", text, {}, empty.name)]
    unread = next(
        (draft for draft in drafts if draft.concept in ("sale_price", "price") and draft.kind == "category"), None
    )
    if unread is not None and not found:
        example = unread.profile.as_values.texts[0][:40]
        text = f'"{unread.name}" is called a price, but its values, such as "{example}", cannot be read as numbers.'
        return None, [
            Question("target_unreadable", "target", text, {}, unread.name, unread.profile.as_values.first[:1])
        ]
    numbers = [draft for draft in drafts if draft.is_number and draft.usable][:12]
    names = {draft.name: f"median {draft.median():,.6g}" for draft in found or numbers}
    text = "Several columns may be the price." if found else "No column is called a price, and none looks like one."
    if any(draft.questions for draft in drafts if draft.usable and "price" in " ".join(draft.concepts)):
        return None, []  # what is asked about its form comes first
    return None, [Question("target_ambiguous" if found else "target_missing", "target", text, names)]


def _is_skewed(draft: Draft) -> bool:
    """Return whether the mean is above the median, and the numbers are no counter of rows."""
    values = draft.values
    steps = np.diff(values)
    return bool(values.mean() > np.median(values)) and not bool((steps > 0).all())


def _looking_like_prices(drafts: list[Draft]) -> list[Draft]:
    """Return columns of large, skewed, positive numbers whose names say nothing else."""
    return [
        draft for draft in drafts
        if draft.usable and draft.role is None and draft.is_number and not draft.questions
        and draft.concept in ("", "id", "sale_date")
        and draft.median() >= _LEAST_TOTAL and draft.share(0, 1e12) == 1 and len(draft.profile.as_values.texts) > 10
        and _is_skewed(draft)
    ]  # fmt: skip
