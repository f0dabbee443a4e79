"""Made sales, requests and profiles for the tests of monitoring."""

from typing import Any

import numpy as np

from houseprice.metrics import measure_fsd, measure_standardised
from houseprice.monitoring.bins import number_bins
from houseprice.monitoring.data import DailyInputs, DailyPredictions, LabelledSales
from houseprice.monitoring.profile import ReferenceProfile, read_profile

VERSION = "0123456789ab"
FIRST = np.datetime64("2020-01-01")
TRAINING = 20_000


def houses(draw: np.random.Generator, count: int) -> dict[str, Any]:
    """Return columns of houses: areas, rooms, a place and its quarter."""
    north, east = draw.uniform(50.0, 51.0, count), draw.uniform(8.0, 9.0, count)
    quarter = np.where(north > 50.5, np.where(east > 8.5, "a", "b"), np.where(east > 8.5, "c", "d"))
    area = np.exp(draw.normal(7.5, 0.4, count))
    return {
        "area": area,
        "lot": np.exp(draw.normal(9.0, 0.8, count)),
        "rooms": draw.integers(1, 8, count).astype(float),
        "cellar": np.where(draw.random(count) < 0.6, 0.0, draw.uniform(100, 900, count)),
        "quarter": quarter.astype(object),
        "lat": north,
        "long": east,
    }


def reference(columns: dict[str, Any]) -> dict[str, Any]:
    """Return what reference.json says of some columns."""
    found: dict[str, Any] = {}
    for name, values in columns.items():
        if values.dtype == object:
            levels, counts = np.unique(values.astype(str), return_counts=True)
            found[name] = {"levels": dict(zip(levels.tolist(), counts.tolist(), strict=True)), "blank_share": 0.0}
        else:
            found[name] = {**number_bins(values), "blank_share": 0.0}
    return found


def errors(draw: np.random.Generator, count: int) -> tuple[Any, Any]:
    """Return log errors with heavy tails, and the forecast standard deviation of each."""
    fsd = draw.uniform(0.10, 0.20, count)
    return fsd * 0.75 * draw.standard_t(4, count), fsd


def made_profile(coverage: float = 0.9, **weights: float) -> ReferenceProfile:
    """Return the profile of a made model; columns that are not given a weight have one of 0.2."""
    draw = np.random.default_rng(1)
    columns = houses(draw, TRAINING)
    residuals, fsd = errors(draw, 4000)
    half = fsd * 1.6448536269514722
    manifest = {
        "model_version": VERSION,
        "project": {"name": "made", "currency": "EUR"},
        "reference_date": "2019-12-31",
        "coverage": coverage,
        "schema": {"columns": {"quarter": {"role": "location"}, "lat": {"role": "latitude"},
                               "long": {"role": "longitude"}, "area": {"role": "living_area"}}},
        "metrics": {"holdout": {
            "sales": 4000, "coverage": float((np.abs(residuals) <= half).mean()), "median_ape": 0.085,
            "within_10": 0.6, "bias_log": 0.0, **measure_fsd(np.exp(residuals), np.ones(4000), fsd),
            "standardised": measure_standardised(np.exp(residuals), np.ones(4000), fsd),
        }},
    }  # fmt: skip
    weighed = {**dict.fromkeys(columns, 0.2), **weights}
    index = {f"2019-{month:02}": 0.002 * month for month in range(1, 13)} | {"2020-01": 0.026, "2020-02": 0.028}
    return read_profile(reference(columns), {"weights": weighed, "market_index": index}, manifest)


def made_sales(count: int, seed: int = 0, *, a_day: int = 5, shift: Any = 0.0, width: float = 1.0,
               version: str = VERSION, **inputs: Any) -> LabelledSales:  # fmt: skip
    """Return labelled sales; `shift` is added to the log of each price paid, in all or one a sale."""
    draw = np.random.default_rng(seed)
    columns = {**houses(draw, count), **inputs}
    residuals, fsd = errors(draw, count)
    price = 200.0 * columns["area"] if "area" not in inputs else np.full(count, 4e5)
    half = fsd * 1.6448536269514722 * width
    low, high = price * np.exp(-half), price * np.exp(half)
    day = FIRST + np.arange(count) // a_day
    if callable(shift):
        shift = shift(columns)
    return LabelledSales(
        sale=np.arange(count).astype(str).astype(object), predicted_at=(day - 20).astype("datetime64[s]"),
        sale_date=day, price_paid=price * np.exp(residuals + shift), price=price, low=low, high=high,
        fsd=fsd * width, model_version=np.full(count, version, dtype=object), inputs=columns,
    )  # fmt: skip


def made_predictions(days: int, **changed: Any) -> DailyPredictions:
    """Return days of a hundred predictions each."""
    count = np.full(days, 100)
    values: dict[str, Any] = {
        "day": FIRST + np.arange(days), "model_version": np.full(days, VERSION, dtype=object),
        "role": np.full(days, "live", dtype=object), "count": count, "distinct": count - 3,
        "sum_log_price": count * 12.8, "sum_fsd": count * 0.15, "with_warnings": count // 50, "dated": count // 2,
        "misdated": count // 50,
    }  # fmt: skip
    return DailyPredictions(**{**values, **changed})


def made_inputs(profile: ReferenceProfile, days: int, change: Any = None, since: int = 0, seed: int = 5) -> DailyInputs:
    """Return days of a hundred requests each; `change` is given the columns of each day from `since` on."""
    draw = np.random.default_rng(seed)
    counts: dict[str, list[Any]] = {name: [] for name in profile.columns}
    for day in range(days):
        columns = houses(draw, 100)
        if change is not None and day >= since:
            columns = columns | change(columns)
        for name, column in profile.columns.items():
            counts[name].append(column.count(columns[name]))
    version = np.full(days, VERSION, dtype=object)
    return DailyInputs(FIRST + np.arange(days), version, {name: np.stack(rows) for name, rows in counts.items()})
