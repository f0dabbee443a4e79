"""Target leakage: detection of columns that hold the price.

A strong correlation with the price proves nothing: an honest floor area can correlate more than a column that was
computed from the price. So these checks look at structure: can the price be reconstructed from one column or two, do
features change when prices do, do they need more than a request has, are they known before the sale.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.config import Config
from houseprice.errors import DataError, HousePriceError
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import Preprocessor, engineer
from houseprice.learning.processing import CleanTable
from houseprice.learning.splitting import SampledRows
from houseprice.price_curve import deviations_from_curve
from houseprice.schema import Schema

Floats = npt.NDArray[np.float64]
Kind = Literal["reconstruction", "depends_on_target", "not_from_request", "known_at_sale"]
MakeFeatures = Callable[[pl.DataFrame], tuple[pl.DataFrame, Preprocessor]]
"""Function from processed sales to the feature table and the fitted preprocessor."""
SAMPLED_ROWS = 2000  # enough to tell an identity from a coincidence
MIN_ROWS = 30  # with fewer, or with prices all alike, nothing can be distinguished from chance


@dataclass(frozen=True)
class Leak:
    """One column that must not be a feature, how it leaks the price, and the evidence as a sentence."""

    column: str
    kind: Kind
    reason: str


@dataclass(frozen=True)
class TrainingSource:
    """The processed sales that a feature table was made from, or its sample of them, and the preprocessor."""

    sales: pl.DataFrame
    preprocessor: Preprocessor
    sample: SampledRows | None = None


def detect_leakage(
    table: FeatureTable, config: Config, source: TrainingSource | None, make: MakeFeatures | None = None
) -> list[Leak]:
    """Return every leak that the structure of the data shows; without a source, only the feature table is checked."""
    schema, min_spread = table.schema, config.gates.leakage.min_spread
    leaks = known_at_sale(schema, table.features.columns)
    leaks += reconstructions(numbers(table.features, set()), table.prices, min_spread)
    if source is None:
        return leaks
    names = table.features.columns

    def features_of(sales: pl.DataFrame) -> pl.DataFrame:
        engineered = make or (lambda rows: engineer(rows, schema, config.derived, config.split, config.training.seed))
        return engineered(sales)[0].select(names)

    raw = numbers(source.sales, _keys(schema))
    leaks += reconstructions(raw, source.sales[schema.target].cast(pl.Float64).to_numpy(), min_spread)
    leaks += depends_on_target(source.sales, schema, features_of)
    leaks += needs_more_than_request(source.sales, schema, table.features, source.preprocessor.transform)
    first: dict[str, Leak] = {}
    for leak in leaks:
        first.setdefault(leak.column, leak)
    return list(first.values())


def check_raw_columns(cleaned: CleanTable, config: Config) -> list[Leak]:
    """Check that the price cannot be computed from the columns of the raw table that are features.

    Return the leaks of all other columns: those are declared as known only at the sale, or not declared.

    Raises:
        DataError: It can, from a column that is not waived (code `target_leakage`, details `columns`).
    """
    schema, rules = config.schema_, config.gates.leakage
    rows = _sample(cleaned.sales.height)
    log_prices = np.log(cleaned.sales[schema.target].cast(pl.Float64).to_numpy()[rows])
    every = numbers(cleaned.undeclared, set(), rows)
    every |= numbers(cleaned.sales, _keys(schema), rows)
    features = {name: values for name, values in every.items() if name in schema.request}
    if leaks := drop_waived(_reconstructions(features, log_prices, rules.min_spread), rules.waivers):
        names = [leak.column for leak in leaks]
        raise DataError(
            f"The price can be computed from the raw table ({'; '.join(leak.reason for leak in leaks)}). Remove "
            f"{', '.join(names)}, or waive it with a reason in gates.leakage.waivers.",
            code="target_leakage",
            columns=names,
        )
    return drop_waived(_reconstructions(every, log_prices, rules.min_spread), rules.waivers)


def reconstructions(columns: Mapping[str, Floats], prices: Floats, min_spread: float) -> list[Leak]:
    """Find columns from which the price follows, alone or in pairs, up to a factor and a spread below `min_spread`.

    A column from which it follows by another curve, such as a root, counts below half of that.

    The spread is 1.4826 times the median absolute deviation of log(reconstruction) − log(price).
    """
    rows = _sample(len(prices))
    samples = {name: values[rows].astype(np.float64) for name, values in columns.items()}
    return _reconstructions(samples, np.log(prices[rows]), min_spread)


def _sample(rows: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(0).permutation(rows)[:SAMPLED_ROWS]


def _reconstructions(samples: Mapping[str, Floats], log_prices: Floats, min_spread: float) -> list[Leak]:
    if len(log_prices) < MIN_ROWS or _spread(np.ones(len(log_prices)), log_prices) < min_spread:
        return []
    leaks: dict[str, Leak] = {}
    for name, values in samples.items():
        if (spread := _spread(values, log_prices)) < min_spread:
            leaks[name] = Leak(name, "reconstruction", f'"{name}" is the price up to {spread:.1%}')
        elif (spread := _curve_spread(values, log_prices)) < min_spread / 2:
            leaks[name] = Leak(name, "reconstruction", f'the price follows from "{name}" up to {spread:.1%}')
    for one, other in combinations([name for name in samples if name not in leaks], 2):
        for formula, combined in _combinations(samples[one], samples[other]):
            spread = _spread(combined, log_prices)
            # Of the two, the one that alone is closer to the price is the one that was computed from it.
            if spread < min_spread and not {one, other} & set(leaks):
                culprit = min(
                    one, other, key=lambda name: (_is_whole(samples[name]), _spread(samples[name], log_prices))
                )
                expression = formula.format(f'"{one}"', f'"{other}"')
                leaks[culprit] = Leak(culprit, "reconstruction", f"{expression} is the price up to {spread:.1%}")
    return list(leaks.values())


def depends_on_target(sales: pl.DataFrame, schema: Schema, make: Callable[[pl.DataFrame], pl.DataFrame]) -> list[Leak]:
    """Find features that change when every price is replaced; `make` returns the features of some sales."""
    prices = sales[schema.target].cast(pl.Float64)
    other = pl.Series(schema.target, np.random.default_rng(1).permutation(prices.to_numpy()) * 1.7 + 1.0)
    before, after = make(sales), make(sales.with_columns(other))
    return [
        Leak(name, "depends_on_target", f'"{name}" changes when the prices are replaced')
        for name in before.columns
        if not before[name].equals(after[name])
    ]


def needs_more_than_request(
    sales: pl.DataFrame, schema: Schema, features: pl.DataFrame, make: Callable[[pl.DataFrame], pl.DataFrame]
) -> list[Leak]:
    """Find features that cannot be computed, or differ, from rows that have only the columns of a request."""
    try:
        made = make(sales.select(*schema.request))
    except (pl.exceptions.PolarsError, HousePriceError, KeyError) as err:
        return [Leak("(features)", "not_from_request", f"they cannot be computed from the columns of a request: {err}")]
    names = [name for name in features.columns if name not in made.columns or not made[name].equals(features[name])]
    return [Leak(name, "not_from_request", f'"{name}" differs when computed from a request') for name in names]


def known_at_sale(schema: Schema, features: list[str]) -> list[Leak]:
    """Find features that are declared as known only at the sale."""
    return [
        Leak(name, "known_at_sale", f'"{name}" is declared as known only at the sale')
        for name in features
        if name in schema.columns and name not in schema.request
    ]


def drop_waived(leaks: list[Leak], waivers: Mapping[str, str]) -> list[Leak]:
    """Return the leaks of columns that are not waived."""
    return [leak for leak in leaks if leak.column not in waivers]


def numbers(
    table: pl.DataFrame, exclude: set[str], rows: npt.NDArray[np.int64] | slice = slice(None)
) -> dict[str, Floats]:
    """Return the columns of a table that are mostly numbers, also as texts, in some rows, with NaN for other values."""
    columns: dict[str, Any] = {}
    for name in table.columns:
        if name not in exclude:
            is_text = table.schema[name] == pl.String
            number = _any_number(pl.col(name)) if is_text else pl.col(name).cast(pl.Float64, strict=False)
            values = table.select(number.alias(name))[name]
            if values.null_count() < len(values) / 2:
                columns[name] = values.fill_null(float("nan")).to_numpy()[rows]
    return columns


def _keys(schema: Schema) -> set[str]:
    """Return the columns that say which sale it is."""
    return {name for name in (schema.target, schema.parcel, schema.sale_date) if name}


def _any_number(text: pl.Expr) -> pl.Expr:
    """Return the number that a text probably means, whatever its decimal sign, thousands separator and currency."""
    bare = text.str.replace_all(r"[\s\p{Sc}']|\b[A-Z]{3}\b", "")
    point = bare.str.replace_all(",", "", literal=True)
    comma = bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    has_comma_at_end = bare.str.contains(r"^[^,]*,[0-9]*$") & ~bare.str.contains(r"^[^,]*,[0-9]{3}(\.|$)")
    grouped = bare.str.contains(r"^[-+]?[0-9]{1,3}(\.[0-9]{3}){2,}$")
    return pl.when(has_comma_at_end | grouped).then(comma).otherwise(point).cast(pl.Float64, strict=False)


def _combinations(one: Floats, other: Floats) -> Iterator[tuple[str, Floats]]:
    with np.errstate(all="ignore"):
        yield "{} × {}", one * other
        yield "{} ÷ {}", one / other
        yield "{1} ÷ {0}", other / one
        yield "{} + {}", one + other
        yield "{} − {}", one - other
        yield "{1} − {0}", other - one


def _spread(values: Floats, log_prices: Floats) -> float:
    """Return the robust deviation of log(values) − log(price); infinite when most rows cannot be compared."""
    with np.errstate(all="ignore"):
        differences = np.log(values) - log_prices
    differences = differences[np.isfinite(differences)]
    if len(differences) < len(log_prices) / 2:
        return float("inf")
    return float(1.4826 * np.median(np.abs(differences - np.median(differences))))


def _curve_spread(values: Floats, log_prices: Floats) -> float:
    """Return the robust deviation of the log price from a curve over a column; infinite when too few rows have one."""
    deviations = deviations_from_curve(values, log_prices)
    return float(1.4826 * np.median(np.abs(deviations))) if len(deviations) > len(log_prices) / 2 else float("inf")


def _is_whole(values: Floats) -> bool:
    """Return whether a column holds whole numbers only, as counts and measurements mostly do."""
    known = values[np.isfinite(values)]
    return bool((known == np.round(known)).all())
