"""Log-linear mixed model: a line in every number, and a random effect of every category.

It is the part of the price model that a small table can carry, and it makes numbers of texts for the other parts: the
effect of a category says how much more its houses cost than houses that are alike in all else. Effects of nested texts
(town, street, block) add up, so that a street with few sales is shrunk towards its town, and no category needs a column
of its own: a text with thousands of them costs no more than one with ten.

Variances are found from the data: that of the slopes by the evidence (MacKay 1992), that of each text's effects by the
method of moments of the one-way random-effects model (Searle, Casella & McCulloch 1992, section 3.6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.kernel_ridge import Lookup
from houseprice.learning.matrix_product import matmul
from houseprice.learning.other_sales import OtherSales
from houseprice.learning.standardisation import Standardisation, fit_standardisation
from houseprice.learning.text_pairs import Pair, texts_of
from houseprice.schema import Schema

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
GROUPS = 5
ITERATIONS = 12  # of backfitting; the effects then move by less than they are uncertain
MAX_WEIGHT = 1e6  # a text whose categories differ no more than chance has no effects
ENCODING, MEAN = "_target_encoding", "_mean_price"  # end the names of what is made of a text
MIN_LEVELS = 12  # of a text whose mean prices are given beside its effects; trees tell fewer categories apart by these
TOTAL = f"all_texts{ENCODING}"


@dataclass(frozen=True)
class MixedModel:
    """A fitted log-linear mixed model.

    Attributes:
        standardisation: of the numbers.
        slopes: coefficient of each standardised number.
        effects: text → category → its effect on the log price, shrunk; unknown categories have none.
        means: text with many categories → category → its mean log price less that of all houses, shrunk.
        weights: text → the number of average sales as if which an effect is shrunk.
        intercept: constant term.
        pairs: texts whose pairs have effects, too.
    """

    standardisation: Standardisation
    slopes: Floats
    effects: dict[str, dict[str, float]]
    means: dict[str, dict[str, float]]
    weights: dict[str, float]
    intercept: float
    pairs: tuple[Pair, ...] = ()

    def encode(self, features: FeatureMatrix, lookup: Lookup) -> dict[str, Any]:
        """Return numbers for each house's categories, by the array API: effects, their sum, and mean prices."""
        encoded = {f"{name}{ENCODING}": lookup(features[name], table, 0.0) for name, table in self.effects.items()}
        means = {f"{name}{MEAN}": lookup(features[name], table, 0.0) for name, table in self.means.items()}
        return with_total(encoded) | means

    def predict(self, features: FeatureMatrix) -> Any:
        """Return the predicted log price of each house, by the array API; the features hold what `encode` returns."""
        coordinates = self.standardisation.apply(features)
        xp = coordinates.__array_namespace__()
        prediction = xp.reshape(matmul(self.slopes[None, :], coordinates), (-1,)) + self.intercept
        if self.effects:
            prediction = prediction + xp.astype(features[total_name(self.effects)], xp.float64)
        return prediction


def total_name(texts: Mapping[str, Any]) -> str:
    """Return the name of the feature that holds the sum of all effects; with one text, that is its own."""
    return f"{next(iter(texts))}{ENCODING}" if len(texts) == 1 else TOTAL


def with_total(encoded: dict[str, Any]) -> dict[str, Any]:
    """Return encodings with their sum, which is a feature of its own where there are several."""
    return {**encoded, TOTAL: sum(encoded.values())} if len(encoded) > 1 else encoded


def fit_mixed_model(
    features: FeatureMatrix,
    log_prices: Floats,
    transforms: Mapping[str, str],
    weight: float | None = None,
    others: OtherSales | None = None,
) -> MixedModel:
    """Fit the model by backfitting slopes and effects.

    Args:
        features: numbers and texts of the houses.
        log_prices: what is predicted.
        transforms: number → its transform; only these numbers are used.
        weight: of every text's shrinkage; None finds one for each text.
        others: sales that the effects are fitted to as well, with the slopes of the houses above.
    """
    standardisation, coordinates = fit_standardisation(features, transforms)
    texts = _all_coded(features, others)
    codes_of = {name: codes for name, (_, codes) in texts.items()}
    rows = np.arange(len(log_prices))
    fitted = _backfit(coordinates, log_prices, {name: codes[rows] for name, codes in codes_of.items()}, weight)
    prices = log_prices
    if others is not None:
        (fitted,) = _with_others([(rows, fitted)], coordinates, log_prices, codes_of, weight, others, standardisation)
        prices = np.concatenate([log_prices, others.log_prices])
    effects = {name: dict(zip(names, fitted.effects[name].tolist(), strict=True)) for name, (names, _) in texts.items()}
    means = {
        name: dict(zip(names, shrunken_means(prices, codes, weight)[0].tolist(), strict=True))
        for name, (names, codes) in texts.items()
        if len(names) >= MIN_LEVELS
    }
    return MixedModel(standardisation, fitted.slopes, effects, means, fitted.weights, fitted.intercept)


def cross_fit_encode(
    features: FeatureMatrix,
    log_prices: Floats,
    transforms: Mapping[str, str],
    seed: int,
    weight: float | None = None,
    others: OtherSales | None = None,
) -> tuple[dict[str, Floats], Floats]:
    """Return what `encode` and `predict` return, for each row from a model of the other groups of rows.

    The other parts are trained on such numbers, or a rare category would tell the price of its one house. Other sales
    belong to no group, and are in the model of each.
    """
    standardisation, coordinates = fit_standardisation(features, transforms)
    codes = {name: codes for name, (_, codes) in _all_coded(features, others).items()}
    many = [name for name, values in codes.items() if values.max() + 1 >= MIN_LEVELS]
    encoded = {f"{name}{ENCODING}": np.zeros(len(log_prices)) for name in codes}
    means = {f"{name}{MEAN}": np.zeros(len(log_prices)) for name in many}
    predicted = np.zeros(len(log_prices))
    if not codes:
        return with_total(encoded) | means, predicted
    number = np.random.default_rng(seed).permutation(len(log_prices)) % GROUPS
    learned = [np.flatnonzero(number != group) for group in range(GROUPS)]
    fits = [
        _backfit(coordinates[rows], log_prices[rows], {name: values[rows] for name, values in codes.items()}, weight)
        for rows in learned
    ]
    prices = log_prices
    if others is not None:
        pairs = list(zip(learned, fits, strict=True))
        fits = _with_others(pairs, coordinates, log_prices, codes, weight, others, standardisation)
        prices = np.concatenate([log_prices, others.log_prices])
    for group, (learn, fitted) in enumerate(zip(learned, fits, strict=True)):
        rows = np.flatnonzero(number == group)
        predicted[rows] = coordinates[rows] @ fitted.slopes + fitted.intercept
        for name, values in codes.items():
            effects = _of_rows(fitted.effects[name], values, rows)
            encoded[f"{name}{ENCODING}"][rows] = effects
            predicted[rows] += effects
        every = _and_others(learn, len(log_prices), len(prices))
        for name in many:
            found, _ = shrunken_means(prices[every], codes[name][every], weight)
            means[f"{name}{MEAN}"][rows] = _of_rows(found, codes[name], rows)
    return with_total(encoded) | means, predicted


def _and_others(rows: Codes, houses: int, total: int) -> Codes:
    """Return some rows of so many houses, and those of the other sales, which come after them."""
    return np.concatenate([rows, np.arange(houses, total)])


def _with_others(
    fits: list[tuple[Codes, "_Fit"]],
    coordinates: Floats,
    log_prices: Floats,
    codes: Mapping[str, Codes],
    weight: float | None,
    others: OtherSales,
    standardisation: Standardisation,
) -> list["_Fit"]:
    """Return the fits of some rows with effects that are fitted to what their lines leave over of others, too."""
    slopes, intercepts = np.array([fit.slopes for _, fit in fits]), np.array([fit.intercept for _, fit in fits])
    found = []
    left_over = others.left_over(standardisation, slopes, intercepts)
    for (rows, fit), of_others in zip(fits, left_over, strict=True):
        left = np.concatenate([log_prices[rows] - coordinates[rows] @ fit.slopes - fit.intercept, of_others])
        every = _and_others(rows, len(log_prices), len(log_prices) + len(of_others))
        texts = {name: values[every] for name, values in codes.items()}
        of_all = _backfit(np.zeros((len(left), 0)), left, texts, weight)
        found.append(_Fit(fit.slopes, of_all.effects, of_all.weights, fit.intercept + of_all.intercept))
    return found


def _of_rows(effects: Floats, codes: Codes, rows: Codes) -> Floats:
    """Return the effects of some rows' categories; 0 for those numbered beyond the last that has one."""
    return np.pad(effects, (0, int(codes.max()) + 1 - len(effects)))[codes[rows]]


def coded(texts: npt.NDArray[Any] | pl.Series) -> tuple[list[str], Codes]:
    """Return the sorted categories of a text, and the number of each row's one among them."""
    series = pl.Series(texts, dtype=pl.String)
    names = series.unique().sort()
    return names.to_list(), series.cast(pl.Enum(names)).to_physical().cast(pl.Int64).to_numpy()


def _all_coded(features: FeatureMatrix, others: OtherSales | None) -> dict[str, tuple[list[str], Codes]]:
    """Return the categories of each text, and those of the rows, the other sales last.

    The texts with the fewest categories come first.
    """
    columns = {name: pl.Series(values, dtype=pl.String) for name, values in features.texts.items()}
    if others is not None:
        columns = {name: pl.concat([values, others.features[name].alias("")]) for name, values in columns.items()}
    texts = {name: coded(values) for name, values in columns.items()}
    return dict(sorted(texts.items(), key=lambda item: len(item[1][0])))


@dataclass
class _Fit:
    slopes: Floats
    effects: dict[str, Floats]
    weights: dict[str, float]
    intercept: float


def _backfit(coordinates: Floats, target: Floats, texts: Mapping[str, Codes], weight: float | None) -> _Fit:
    """Fit slopes and effects in turn, each to what the others leave over."""
    count, columns = coordinates.shape
    eigenvalues, vectors = np.linalg.eigh(coordinates.T @ coordinates)
    eigenvalues = np.maximum(eigenvalues, 0.0)
    penalty, of_texts = 1.0, np.zeros(count)
    fit = _Fit(np.zeros(columns), {name: np.zeros(codes.max() + 1) for name, codes in texts.items()}, {}, 0.0)
    for _ in range(ITERATIONS):
        left = target - of_texts
        fit.intercept = float(left.mean())
        rotated = vectors.T @ (coordinates.T @ (left - fit.intercept)) / (eigenvalues + penalty)
        fit.slopes = vectors @ rotated
        linear = coordinates @ fit.slopes + fit.intercept
        determined = float((eigenvalues / (eigenvalues + penalty)).sum())  # number of well-determined slopes
        noise = float(((left - linear) ** 2).sum()) / max(count - determined, 1.0)
        penalty = float(np.clip(determined * noise / max(float((rotated**2).sum()), 1e-12), 1e-6, 1e12))
        for name, codes in texts.items():
            others = of_texts - fit.effects[name][codes]
            fit.effects[name], fit.weights[name] = shrunken_means(target - linear - others, codes, weight)
            of_texts = others + fit.effects[name][codes]
    return fit


def shrunken_means(values: Floats, codes: Codes, weight: float | None) -> tuple[Floats, float]:
    """Return each category's effect, and as if how many average rows it was shrunk; effects are 0 on average."""
    counts = np.bincount(codes)
    centred = values - values.mean()
    sums = np.bincount(codes, centred).astype(np.float64)
    if weight is None:
        weight = _moments_weight(centred, codes, counts, sums)
    effects = sums / np.maximum(counts + weight, 1e-12) if weight < MAX_WEIGHT else np.zeros(len(counts))
    return np.where(counts > 0, effects - float(effects[codes].mean()), 0.0), weight


def _moments_weight(centred: Floats, codes: Codes, counts: Codes, sums: Floats) -> float:
    """Return the variance within categories divided by that of their effects."""
    rows, categories = len(codes), int(np.count_nonzero(counts))
    if categories in (1, rows):  # nothing to compare, or nothing is known of the noise
        return MAX_WEIGHT
    means = sums / np.maximum(counts, 1)
    within = float(((centred - means[codes]) ** 2).sum()) / (rows - categories)
    between = float((counts * means**2).sum()) - (categories - 1) * within
    variance = between / (rows - float((counts**2).sum()) / rows)
    return MAX_WEIGHT if variance <= 0.0 else float(np.clip(within / variance, 1e-3, MAX_WEIGHT))


def source_texts(feature: str, schema: Schema) -> list[str]:
    """Return the request's texts that a target encoding is made of; none for another feature."""
    texts = [name for name, column in schema.request.items() if column.is_text]
    if feature == TOTAL:
        return texts
    return next((texts_of(feature.removesuffix(end), texts) for end in (ENCODING, MEAN) if feature.endswith(end)), [])
