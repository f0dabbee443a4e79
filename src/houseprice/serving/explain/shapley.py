"""A house in, what each of its columns does to its price out, in the currency and adding up to the cent.

Shapley values over groups of columns, against sold houses that stand for all others (Štrumbelj & Kononenko 2014,
"Explaining prediction models and individual predictions with feature contributions"): a column's amount is what the
price changes when it goes from another house's value to this one's, averaged over the other houses and the orders in
which the columns go. Some orders are drawn, each with its reverse, which cancels whatever two columns do together
(Mitchell et al. 2022, "Sampling permutations for Shapley value estimation"); where they are few, all are taken. Prices
are explained, not their logs, and amounts along an order telescope, so that they add up whichever orders are drawn.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise, permutations

import numpy as np
import numpy.typing as npt

from houseprice.bundle.load import Bundle
from houseprice.errors import ArtifactError, ServingError
from houseprice.serving.column_layout import ColumnLayout, Columns
from houseprice.serving.explain.feature_groups import Group, groups, shown, words
from houseprice.serving.explain.schemas import Contribution, Explanation
from houseprice.serving.request import House, RequestModel
from houseprice.serving.validation_errors import InvalidRequestError

ROWS = 40
"""The model is asked so many times for each house of the background, or for one order and its reverse when those are
more. Measured with the model of November 2026: 16 × 40 rows take 35 ms and leave an error of 0.3 % of the price."""
FEW = 4
"""Up to so many columns that differ, all orders are taken: the amounts are exact."""
MOST = 1e13  # of a price; above, a float64 holds no cents
SEED = 20150527
NAMED = 3
"""So many contributions are named in the summary."""
Floats = npt.NDArray[np.float64]
Order = tuple[int, ...]


class Explainer:
    """A sealed model and the houses that prices are explained against."""

    def __init__(self, bundle: Bundle, request: RequestModel) -> None:
        self._manifest, self._model = bundle.manifest, bundle.model
        self._layout = ColumnLayout(bundle)
        self._groups = groups(bundle.manifest.schema_, bundle.model.inputs)
        try:
            houses = request.validate(bundle.explanation["background"])
        except (KeyError, InvalidRequestError) as err:
            raise ArtifactError(
                f'The background in "{bundle.directory}" cannot be used ({err}); expected houses that its own schema '
                "allows; seal the folder again with `houseprice bundle`."
            ) from err
        if not houses:
            raise ArtifactError(
                f'The background in "{bundle.directory}" is empty; expected houses to explain prices against; seal the '
                "folder again with `houseprice bundle`."
            )
        self._others = self._layout.fill(houses)

    @cached_property
    def _bases(self) -> Floats:
        """Prices of the background; asked for with the first explanation, since a start must not fail of them."""
        return self._ask(self._others)

    def explain(self, house: House) -> Explanation:
        """Give back how the price of a checked house comes about.

        Raises:
            ServingError: the model failed.
        """
        own = self._layout.fill([house])
        price = round(float(self._ask(own)[0]), 2)
        base = round(float(self._bases.mean()), 2)
        amounts = to_the_cent(self._amounts(own), price - base)
        currency = self._manifest.project["currency"]
        held = shown(self._manifest.schema_, {name: values[0] for name, values in self._layout.named(own).items()})
        contributions = [
            self._told(group, amount, {name: held[name] for name in group.columns})
            for group, amount in sorted(zip(self._groups, amounts, strict=True), key=lambda told: -abs(told[1]))
        ]
        day = self._layout.valuation_date(house).isoformat()
        count = len(self._bases)
        largest = "; ".join(told.text for told in contributions[:NAMED] if told.amount)
        summary = (
            f"On {day} it is worth {price:,.0f} {currency}, {abs(price - base):,.0f} {currency} "
            f"{'more' if price >= base else 'less'} than {count} sold houses that stand for all, at {base:,.0f} "
            f"{currency} on average{f': {largest}' if largest else ''}."
        )
        version = self._manifest.model_version
        return Explanation(price, base, count, currency, day, contributions, summary, version)

    def _told(self, group: Group, amount: float, values: dict[str, object]) -> Contribution:
        columns = self._manifest.schema_.columns
        said = ", ".join(f"{name} {words(value, columns[name].unit)}" for name, value in values.items())
        what = said if len(values) == 1 else f"{group.name} ({said})"
        how = "adds" if amount > 0 else "takes away" if amount < 0 else "changes nothing"
        size = f" {abs(amount):,.0f} {self._manifest.project['currency']}" if amount else ""
        return Contribution(group.name, list(group.columns), values, amount, f"{what} {how}{size}")

    def _amounts(self, own: Columns) -> Floats:
        """Give back what each group adds to the mean of the background's prices."""
        differs = self._differing(own)
        draw = np.random.default_rng(SEED)
        orders = [list(_orders(np.flatnonzero(differs[:, other]).tolist(), draw)) for other in range(differs.shape[1])]
        rows: dict[tuple[int, int], int] = {}
        for other, drawn in enumerate(orders):
            for order in drawn:
                for coalition in _growing(order):
                    rows.setdefault((other, coalition), len(rows))
        prices = self._ask(self._mixed(own, list(rows))) if rows else np.empty(0)
        amounts = np.zeros(len(self._groups))
        for other, drawn in enumerate(orders):
            for order in drawn:
                path = [prices[rows[other, coalition]] for coalition in _growing(order)]
                for group, (before, after) in zip(order, pairwise(path), strict=True):
                    amounts[group] += (after - before) / len(drawn)
        return amounts / len(orders)

    def _differing(self, own: Columns) -> npt.NDArray[np.bool_]:
        """Give back whether a house of the background has another value in a group [groups, background]."""
        numbers = ~np.isclose(self._others.numbers, own.numbers, rtol=0.0, atol=0.0, equal_nan=True)
        apart = dict(
            zip(self._layout.numbers + self._layout.texts, [*numbers, *(self._others.texts != own.texts)], strict=True)
        )
        return np.array([np.any([apart[name] for name in group.columns], axis=0) for group in self._groups])

    def _mixed(self, own: Columns, wanted: list[tuple[int, int]]) -> Columns:
        """Give back houses of the background, each with some groups taken from the house asked about."""
        others = np.array([other for other, _ in wanted])
        bits = np.array([coalition for _, coalition in wanted], dtype=np.int64)
        taken = {
            name: (bits >> place & 1).astype(bool) for place, group in enumerate(self._groups) for name in group.columns
        }
        numbers = np.array([taken[name] for name in self._layout.numbers], dtype=bool).reshape(-1, len(bits))
        texts = np.array([taken[name] for name in self._layout.texts], dtype=bool).reshape(-1, len(bits))
        return Columns(
            np.where(numbers, own.numbers, self._others.numbers[:, others]),
            np.where(texts, own.texts, self._others.texts[:, others]),
        )

    def _ask(self, columns: Columns) -> Floats:
        try:
            prices = self._model.predict(self._layout.named(columns)).price
        except Exception as err:  # onnxruntime raises its own unrelated kinds, one a cause
            raise ServingError(f"The model failed ({err}); expected a price; start again, or seal it again.") from err
        if not np.isfinite(prices).all():
            raise ServingError("The model answered with something that is no number; expected a price; seal it again.")
        return prices


def to_the_cent(amounts: Floats, whole: float) -> list[float]:
    """Give back the amounts rounded to cents so that they add up to the whole, rounded to cents itself.

    The cents that are missing go to those that were rounded down most (the method of largest remainders).

    Raises:
        ServingError: an amount is so large that a float64 holds no cents of it.
    """
    if not np.abs(np.append(amounts, whole)).max() < MOST:
        raise ServingError(
            f"The price is beyond {MOST:.0e}; expected one that can be explained to the cent; seal again."
        )
    cents = amounts * 100.0
    down = np.floor(cents)
    missing = round(whole * 100.0) - int(down.sum())
    turn = np.argsort(down - cents, kind="stable")
    for place in range(abs(missing)):
        down[turn[place % len(turn)]] += 1.0 if missing > 0 else -1.0
    return (down / 100.0).tolist()  # type: ignore[no-any-return]  # numpy cannot tell


def _orders(differing: list[int], draw: np.random.Generator) -> Iterator[Order]:
    """Give orders in which the groups that differ go: all when they are few, pairs of drawn ones and their reverse."""
    if len(differing) <= FEW:
        yield from permutations(differing)
        return
    for _ in range(max(1, ROWS // (2 * (len(differing) - 1)))):
        order = tuple(draw.permutation(differing).tolist())
        yield order
        yield order[::-1]


def _growing(order: Order) -> list[int]:
    """Give back the coalitions along an order, from none to all, each as the bits of its groups."""
    coalitions = [0]
    for group in order:
        coalitions.append(coalitions[-1] | 1 << group)
    return coalitions
