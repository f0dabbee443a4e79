"""Columns that are proposed to be left out, because they hold the price or are known only at the sale."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from houseprice.inference.drafts import Draft
from houseprice.inference.units import SQUARE_METRES, currency_of_name
from houseprice.inference.vocabulary import PHRASES
from houseprice.price_curve import deviations_from_curve

LEAST_SPREAD = 0.05
"""Robust spread of the log: what is nearer to the price than this holds it."""
MONEY_SPREAD = 0.15
"""The same of an amount of money, such as a valuation or the sum that was insured."""
LEAST_ROWS = 15
LEAST_CORRELATION = 0.99
"""With the ratio of the price to what leaks: a column that is nearer, such as a discount in percent, holds it."""
_NUMERIC_ONLY = ("tax", "assessment", "days_on_market", "list_price", "price_per_area", "rent")
_MOST_PAIRED = 40
SOLD_STATES = frozenset(
    (
        *(
            "sold",
            "closed",
            "settled",
            "completed",
            "past sale",
            "recently sold",
            "vendido",
            "vendida",
            "vendu",
            "vendue",
        ),
        *("verkauft", "verkocht", "venduto", "solgt", "sald", "såld", "sprzedane", "myyty", "prodano", "satildi"),
    )
)
"""Words of the state of an offer that ended in a sale."""
UNSOLD_STATES = frozenset(
    (
        *(
            "for sale",
            "active",
            "pending",
            "withdrawn",
            "expired",
            "under offer",
            "under contract",
            "contingent",
            "unsold",
        ),
        *("cancelled", "canceled", "off market", "coming soon", "listed", "passed in", "sale agreed", "available"),
        *(
            "new",
            "hold",
            "temporarily off market",
            "en venta",
            "reservado",
            "reservada",
            "retirado",
            "retirada",
            "activo",
        ),
        *("à vendre", "a vendre", "sous compromis", "retiré", "retire", "zu verkaufen", "aktiv", "reserviert"),
        *("zurückgezogen", "te koop", "onder bod", "onder voorbehoud", "ingetrokken", "in vendita", "ritirato"),
        *("à venda", "a venda", "em venda", "til salg", "til salgs", "till salu", "aktualne", "wycofane"),
    )
)
"""Words of the state of an offer that has not ended in a sale, or not yet."""
_MOST_STATES = 12
NAMES_OF_SOLD = ("sold", "is sold", "sale", "vendido", "vendu", "verkauft")
_AREAS = frozenset(("area", "living_area", "lot_area", "part_area", "other_area"))


def exclude_states(drafts: list[Draft]) -> None:
    """Leave out the states of offers, whatever their column is called."""
    for draft in drafts:
        states = {state_of(text) for text in draft.profile.texts}
        is_named = draft.words.endswith("status")
        if draft.usable and are_states(states) and (is_named or states & SOLD_STATES):
            draft.exclude(PHRASES["at_sale"], rows=draft.profile.first[:2])


def exclude_by_name(drafts: list[Draft]) -> None:
    """Leave out columns whose names say that they hold the price, or are known only at the sale."""
    for draft in drafts:
        if not draft.usable or draft.role is not None:
            continue
        if draft.shapes and draft.shapes.affixes.per and draft.concept not in ("lot_area", "fee"):
            draft.exclude(
                PHRASES["price_per_area" if draft.shapes.affixes.per == "area" else "rent"],
                rows=draft.profile.first[:1],
            )
        elif draft.questions:
            continue
        elif draft.concept in ("sale_price", "price"):
            draft.exclude("it is another price, known at the sale" if draft.is_number else PHRASES["of_price"])
        elif draft.kind in ("flag", "category") and draft.words in NAMES_OF_SOLD:
            draft.exclude(PHRASES["at_sale"])
        elif draft.concept in PHRASES and (draft.is_number or draft.concept not in _NUMERIC_ONLY):
            draft.exclude(PHRASES[draft.concept])
        elif draft.concept in ("sale_year", "sale_month", "sale_date") and (
            draft.kind == "date" or (draft.is_number and draft.concept != "sale_date")
        ):
            draft.exclude("it is another date of the sale")


def are_states(states: set[str]) -> bool:
    """Return whether texts are states of offers: all are known, or a few are that were sold and that were not."""
    others = states - SOLD_STATES - UNSOLD_STATES
    return not others or (len(states) <= _MOST_STATES and bool(states & SOLD_STATES) and bool(states & UNSOLD_STATES))


def state_of(text: str) -> str:
    """Return a text as the states of offers are listed."""
    return text.casefold().replace("_", " ")


def exclude_by_values(drafts: list[Draft], target: Draft) -> None:
    """Leave out near-copies of the price, and columns that give it together with another one."""
    price = log_values(target.sample)
    columns = [
        draft
        for draft in drafts
        if draft.usable and draft.is_number and draft.role != "target" and len(draft.profile.texts) > 1
    ]
    logs = {draft.name: log_values(draft.sample) for draft in columns}
    for draft in columns:
        if robust_spread(price - logs[draft.name]) < LEAST_SPREAD:
            draft.exclude(f'it is nearly a multiple of "{target.name}"', rows=draft.profile.first[:1])
        elif _is_money(draft) and robust_spread(price - logs[draft.name]) < min(MONEY_SPREAD, robust_spread(price) / 2):
            draft.exclude(f'it is money that "{target.name}" is nearly in proportion to', rows=draft.profile.first[:1])
        elif robust_spread(deviations_from_curve(draft.sample, price)) < LEAST_SPREAD / 2 <= robust_spread(price) / 4:
            draft.exclude(f'"{target.name}" follows from it', rows=draft.profile.first[:1])
    left = [draft for draft in columns if draft.usable]
    # Whatever looks least like a property of the house first, so that pairs of them are found in a wide file, too.
    left.sort(key=lambda draft: (draft.role is not None, bool(draft.concept)))
    for one, other in combinations(left[:_MOST_PAIRED], 2):
        if one.usable and other.usable:
            _exclude_pair(one, other, target, price, logs)
    leaked = [
        draft
        for draft in drafts
        if not draft.usable and draft.is_number and draft.concept in PHRASES and draft.values.size
    ]
    for one in leaked:
        for other in left[:_MOST_PAIRED]:
            if (
                other.usable
                and other.role is None
                and other.unit not in SQUARE_METRES
                and not set(other.concepts) & _AREAS
            ):
                _exclude_ratio(one, other, target, price)


def _is_money(draft: Draft) -> bool:
    return bool(draft.currency or currency_of_name(draft.words))


def _exclude_ratio(leaked: Draft, other: Draft, target: Draft, price: NDArray[np.float64]) -> None:
    """Leave out a ratio of the price to a column that was left out, such as a list price."""
    first, second = log_values(leaked.sample), log_values(other.sample)
    is_copy = robust_spread(price - first) <= 2 * LEAST_SPREAD  # any small number is their ratio
    ratio = np.exp(price - first)
    known = ~np.isnan(ratio) & ~np.isnan(other.sample)
    varied = known.sum() >= LEAST_ROWS and min(ratio[known].std(), other.sample[known].std()) > 0
    linear = leaked.concept in ("list_price", "assessment") and varied
    linear = linear and abs(np.corrcoef(ratio[known], other.sample[known])[0, 1]) > LEAST_CORRELATION
    pairs = () if is_copy else ((1, 1), (1, -1))
    if linear or any(robust_spread(price - sign * first - times * second) < LEAST_SPREAD for sign, times in pairs):
        other.exclude(f'it is nearly the ratio of "{target.name}" to "{leaked.name}"', rows=other.profile.first[:1])


def _exclude_pair(
    one: Draft, other: Draft, target: Draft, price: NDArray[np.float64], logs: dict[str, NDArray[np.float64]]
) -> None:
    first, second = logs[one.name], logs[other.name]
    for signs, word in (((1, 1), "times"), ((1, -1), "divided by"), ((-1, 1), "divided by")):
        if robust_spread(price - signs[0] * first - signs[1] * second) < LEAST_SPREAD:
            a, b = (one, other) if signs[0] > 0 else (other, one)
            leaking = a if b.role or a.role is None else b
            leaking.exclude(f'"{target.name}" is nearly "{a.name}" {word} "{b.name}"', rows=leaking.profile.first[:1])
            return
    if (
        one.role is None
        and other.role is None
        and robust_spread(price - log_values(one.sample + other.sample)) < LEAST_SPREAD / 5
    ):
        for draft in (one, other):
            draft.exclude(f'"{target.name}" is nearly "{one.name}" plus "{other.name}"', rows=draft.profile.first[:1])


def log_values(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return logarithms; NaN where there is none."""
    return np.log(np.where(values > 0, values, np.nan))


def robust_spread(values: NDArray[np.float64]) -> float:
    """Return the robust spread of what is known; infinite when that is too little."""
    known = values[~np.isnan(values)]
    if known.size < max(LEAST_ROWS, 0.1 * values.size):
        return float("inf")
    low, high = np.percentile(known, [16, 84])
    return float(high - low) / 2
