"""Shapley values: what each column of a house adds to its price, in the currency and adding up to the cent.

They are taken over groups of columns, against a background of representative sold houses (Štrumbelj & Kononenko 2014,
"Explaining prediction models and individual predictions with feature contributions"): a column's amount is what the
price changes when it goes from another house's value to this one's, averaged over the other houses and the orders in
which the columns go (`shapley_sampling`). Prices are explained, not their logs.
"""

from functools import cached_property
from itertools import repeat

import numpy as np
import numpy.typing as npt

from houseprice.bundle.load import Bundle
from houseprice.errors import ArtifactError, ServingError
from houseprice.schema import money
from houseprice.serving.column_layout import ColumnLayout, Columns
from houseprice.serving.explain.feature_groups import FeatureGroup, describe, group_features, to_request_values
from houseprice.serving.explain.finite_prediction import predict_finite
from houseprice.serving.explain.schemas import Contribution, Explanation
from houseprice.serving.explain.shapley_sampling import ShapleySampler
from houseprice.serving.request import House, RequestModel
from houseprice.serving.validation_errors import InvalidRequestError

MAX_PRICE = 1e13  # above, a float64 holds no cents
SEED = 20150527
MAX_NAMED = 3
"""Contributions that the summary names."""
Floats = npt.NDArray[np.float64]


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
        self._sampler = ShapleySampler(self._layout, self._groups, self._predict)

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
        rng = np.random.default_rng(SEED)
        amounts = self._sampler.split(own, price, self._others, self._bases, repeat(rng))
        return np.asarray(amounts.mean(axis=1))

    def _predict(self, columns: Columns) -> Floats:
        return predict_finite(self._model, self._layout, columns).price


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
