"""Shapley values: what each column of a house adds to its price, in the currency and adding up to the cent.

They are taken over groups of columns, against a background of representative sold houses (Štrumbelj & Kononenko 2014,
"Explaining prediction models and individual predictions with feature contributions"): a column's amount is what the
price changes when it goes from another house's value to this one's, averaged over the other houses and the orders in
which the columns go. Some orders are drawn, each with its reverse, which cancels whatever two columns do together
(Mitchell et al. 2022, "Sampling permutations for Shapley value estimation"); where they are few, all are taken. Prices
are explained, not their logs, and amounts along an order telescope, so that they add up whichever orders are drawn.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate, permutations
from operator import or_

import numpy as np
import numpy.typing as npt

from houseprice.bundle.load import BLOCK, Bundle
from houseprice.errors import ArtifactError, ServingError
from houseprice.schema import money
from houseprice.serving.column_layout import ColumnLayout, Columns
from houseprice.serving.explain.feature_groups import FeatureGroup, describe, group_features, to_request_values
from houseprice.serving.explain.schemas import Contribution, Explanation
from houseprice.serving.request import House, RequestModel
from houseprice.serving.validation_errors import InvalidRequestError
from houseprice.serving.worker_pool import checkpoint

ROWS_PER_HOUSE = 40
"""Rows that are predicted for each house of the background, or for one order and its reverse when those are more.
Measured in November 2026: 16 × 40 rows take 35 ms and leave an error of 0.3 % of the price."""
MAX_EXACT_GROUPS = 4
"""Up to so many differing groups, all orders are taken: the amounts are exact."""
MAX_PRICE = 1e13  # above, a float64 holds no cents
SEED = 20150527
MAX_NAMED = 3
"""Contributions that the summary names."""
Floats = npt.NDArray[np.float64]
Order = tuple[int, ...]


class Explainer:
    """A model and the background of houses that prices are explained against."""

    def __init__(self, bundle: Bundle, request: RequestModel) -> None:
        self._manifest, self._model = bundle.manifest, bundle.model
        self._layout = ColumnLayout(bundle)
        self._groups = group_features(bundle.manifest.schema_, bundle.model.inputs)
        try:
            houses = request.validate(bundle.explanation["background"])
        except (KeyError, InvalidRequestError) as err:
            raise ArtifactError(
                f'The background houses in "{bundle.directory}" break its own schema: {err}. Build the bundle again '
                "with `houseprice bundle`.",
                code="background_invalid",
            ) from err
        if not houses:
            raise ArtifactError(
                f'There are no background houses in "{bundle.directory}". Build the bundle again with `houseprice '
                "bundle`.",
                code="background_invalid",
            )
        self._others = self._layout.fill(houses)
        group_of = {name: place for place, group in enumerate(self._groups) for name in group.columns}
        self._group_of_number = [group_of[name] for name in self._layout.numbers]
        self._group_of_text = [group_of[name] for name in self._layout.texts]

    @cached_property
    def _bases(self) -> Floats:
        """Prices of the background, predicted with the first explanation, so that the start does not depend on them."""
        return self._predict(self._others)

    def explain(self, house: House) -> Explanation:
        """Return the explanation of a validated house's price.

        Raises:
            ServingError: The model failed.
        """
        own = self._layout.fill([house])
        exact = float(self._predict(own)[0])
        price = round(exact, 2)
        base = round(float(self._bases.mean()), 2)
        amounts = to_the_cent(self._amounts(own, exact), price - base)
        currency = self._manifest.project["currency"]
        values = to_request_values(
            self._manifest.schema_, {name: column[0] for name, column in self._layout.named(own).items()}
        )
        contributions = [
            self._contribution(group, amount, {name: values[name] for name in group.columns})
            for group, amount in sorted(zip(self._groups, amounts, strict=True), key=lambda pair: -abs(pair[1]))
        ]
        day = self._layout.valuation_day(house)
        count = len(self._bases)
        largest = "; ".join(part.text for part in contributions[:MAX_NAMED] if part.amount)
        summary = (
            f"{f'On {day} it' if day else 'It'} is worth {money(price, currency)}, "
            f"{money(abs(price - base), currency)} {'more' if price >= base else 'less'} "
            f"than the average of {count} representative sold houses, "
            f"{money(base, currency)}{f': {largest}' if largest else ''}."
        )
        version = self._manifest.model_version
        return Explanation(price, base, count, currency, day, contributions, summary, version)

    def _contribution(self, group: FeatureGroup, amount: float, values: dict[str, object]) -> Contribution:
        columns = self._manifest.schema_.columns
        described = ", ".join(f"{name} {describe(value, columns[name].unit)}" for name, value in values.items())
        what = described if len(values) == 1 else f"{group.name} ({described})"
        how = "adds" if amount > 0 else "takes away" if amount < 0 else "changes nothing"
        size = f" {money(abs(amount), self._manifest.project['currency'])}" if amount else ""
        return Contribution(group.name, list(group.columns), values, amount, f"{what} {how}{size}")

    def _amounts(self, own: Columns, price: float) -> Floats:
        """Return what each group adds to the mean price of the background; `price` is that of the house itself."""
        differs = self._differing(own)
        rng = np.random.default_rng(SEED)
        orders = [list(_orders(np.flatnonzero(of).tolist(), rng)) for of in differs.T]
        rows: dict[tuple[int, int], int] = {}
        for other, drawn in enumerate(orders):
            for order in drawn:
                for coalition in _between(order):
                    rows.setdefault((other, coalition), len(rows))
        prices = self._prices(own, list(rows))
        amounts = np.zeros(len(self._groups))
        for other, drawn in enumerate(orders):
            for order in drawn:
                path = [self._bases[other], *(prices[rows[other, coalition]] for coalition in _between(order)), price]
                amounts[list(order)] += np.diff(path) / len(drawn) if order else 0.0
        return amounts / len(orders)

    def _differing(self, own: Columns) -> npt.NDArray[np.bool_]:
        """Return whether a house of the background has another value in a group, [groups, background]."""
        numbers = ~np.isclose(self._others.numbers, own.numbers, rtol=0.0, atol=0.0, equal_nan=True)
        apart = dict(
            zip(self._layout.numbers + self._layout.texts, [*numbers, *(self._others.texts != own.texts)], strict=True)
        )
        return np.array([np.any([apart[name] for name in group.columns], axis=0) for group in self._groups])

    def _prices(self, own: Columns, wanted: list[tuple[int, int]]) -> list[float]:
        """Return the prices of coalitions, in blocks, so that no more of them are in memory than the model takes."""
        prices: list[float] = []
        for start in range(0, len(wanted), BLOCK):
            checkpoint()
            prices += self._predict(self._mixed(own, wanted[start : start + BLOCK])).tolist()
        return prices

    def _mixed(self, own: Columns, wanted: list[tuple[int, int]]) -> Columns:
        """Return houses of the background, each with some groups taken from the house that is explained."""
        others = [other for other, _ in wanted]
        width = len(self._groups) // 8 + 1
        packed = b"".join([coalition.to_bytes(width, "little") for _, coalition in wanted])
        taken = np.unpackbits(np.frombuffer(packed, np.uint8).reshape(-1, width).T, axis=0, bitorder="little") == 1
        numbers, texts = taken[self._group_of_number], taken[self._group_of_text]
        return Columns(
            np.where(numbers, own.numbers, self._others.numbers[:, others]),
            np.where(texts, own.texts, self._others.texts[:, others]),
        )

    def _predict(self, columns: Columns) -> Floats:
        try:
            prices = self._model.predict(self._layout.named(columns)).price
        except Exception as err:  # onnxruntime raises its own unrelated kinds, one a cause
            raise ServingError(f"The model failed: {err}.", code="model_failed") from err
        if not np.isfinite(prices).all():
            raise ServingError("The model predicted a price that is not a finite number.", code="price_not_finite")
        return prices


def to_the_cent(amounts: Floats, whole: float) -> list[float]:
    """Return the amounts rounded to cents so that they add up to the whole, rounded to cents itself.

    The missing cents go to the amounts that were rounded down most (the method of largest remainders).

    Raises:
        ServingError: An amount is so large that a float64 holds no cents of it.
    """
    if not np.abs(np.append(amounts, whole)).max() < MAX_PRICE:
        raise ServingError(
            f"The price is beyond {MAX_PRICE:.0e} and cannot be explained to the cent.", code="price_too_large"
        )
    cents = amounts * 100.0
    down = np.floor(cents)
    missing = round(whole * 100.0) - int(down.sum())
    order = np.argsort(down - cents, kind="stable")
    for place in range(abs(missing)):
        down[order[place % len(order)]] += 1.0 if missing > 0 else -1.0
    return (down / 100.0).tolist()  # type: ignore[no-any-return]  # numpy cannot tell


def _orders(differing: list[int], rng: np.random.Generator) -> Iterator[Order]:
    """Yield orders of the groups that differ: all when they are few, otherwise random ones, each with its reverse."""
    if len(differing) <= MAX_EXACT_GROUPS:
        yield from permutations(differing)
        return
    for _ in range(max(1, ROWS_PER_HOUSE // (2 * (len(differing) - 1)))):
        order = tuple(rng.permutation(differing).tolist())
        yield order
        yield order[::-1]


def _between(order: Order) -> list[int]:
    """Return the coalitions along an order, between none and all of it, each as the bits of its groups."""
    return list(accumulate((1 << group for group in order[:-1]), or_))
