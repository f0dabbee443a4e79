"""The weight of each column in explanations of prices: how far its Shapley value usually is from nothing.

The model's log price is explained as the API explains a price (Štrumbelj & Kononenko 2014), column by column, for some
of the sales against others, along orders that are drawn once. What happens to a column in production matters by it.
"""

import numpy as np

from houseprice.bundle.load import Columns, Model

HOUSES = 48
ORDERS = 12
"""Drawn for each house, each against another sale. With 48 × 12, weights of 1 % are right to about a tenth."""
SEED = 20150527


def column_weights(model: Model, columns: Columns) -> dict[str, float]:
    """Return name → mean absolute Shapley value of each column in log price, as a share of their sum."""
    names, sales = list(model.inputs), len(next(iter(columns.values())))
    draw = np.random.default_rng(SEED)
    houses = min(HOUSES, sales)
    own = np.repeat(draw.permutation(sales)[:houses], ORDERS)
    others = draw.integers(0, sales, len(own))
    places = np.argsort(draw.random((len(names), len(own))), axis=0)
    steps = np.arange(len(names) + 1)
    rows = {
        name: np.where(place[:, None] < steps, columns[name][own][:, None], columns[name][others][:, None]).ravel()
        for name, place in zip(names, places, strict=True)
    }
    moves = np.diff(np.log(model.predict(rows).price).reshape(len(own), -1), axis=1)
    values = np.stack([np.take_along_axis(moves, place[:, None], axis=1)[:, 0] for place in places])
    sizes = np.abs(values.reshape(len(names), houses, ORDERS).mean(axis=2)).mean(axis=1)
    shares = sizes / max(float(sizes.sum()), 1e-12)
    return {name: round(float(share), 4) for name, share in zip(names, shares, strict=True)}
