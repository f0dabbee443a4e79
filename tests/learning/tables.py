"""Feature tables of made prices, for tests of what is measured on them."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from houseprice.learning import feature_table
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.interval_ends import Curve, IntervalEnds
from houseprice.schema import Schema

LEVEL = Curve(0.0, 0.0, 0.0)
EQUAL_ENDS = IntervalEnds(LEVEL, LEVEL, mean=0.0, deviation=1.0, lowest=0.0, highest=0.0)
"""Ends of a symmetric interval."""
SCHEMA = Schema.model_validate(
    {
        "columns": {
            "plot": {"kind": "category", "role": "parcel", "description": "Plot"},
            "day": {"kind": "date", "role": "sale_date", "known": "at_sale", "description": "Day"},
            "paid": {"kind": "number", "role": "target", "known": "at_sale", "description": "Paid"},
            "area": {"kind": "number", "role": "living_area", "description": "Area"},
            "built": {"kind": "integer", "role": "year_built", "description": "Built"},
            "place": {"kind": "category", "role": "location", "description": "Place"},
        }
    }
)


def prices_table(count: int, places: int = 6) -> FeatureTable:
    """Return so many held-out sales of some locations, and ten to train on."""
    draw = np.random.default_rng(count)
    every = count + 10
    sales = pl.DataFrame(
        {
            "plot": [f"n{number}" for number in range(every)],
            "day": [date(2020, 1, 1) + timedelta(days=number) for number in range(every)],
            "paid": np.exp(draw.normal(12.5, 0.5, every)),
            "split": ["train"] * 10 + ["holdout"] * count,
            "area": draw.uniform(40, 250, every).astype(np.float32),
            "built": draw.integers(1900, 2019, every).astype(np.float32),
            "place": draw.choice([f"p{number}" for number in range(places)], every),
        }
    )
    return feature_table.parse(feature_table.write(sales, "0" * 64), "made", SCHEMA)
