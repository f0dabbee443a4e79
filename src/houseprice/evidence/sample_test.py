"""The random sample test: what the evaluated model and the published one answered, and how far prices paid were off."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle.golden import OUTPUTS, largest_difference
from houseprice.bundle.load import Bundle
from houseprice.bundle.random_sample import METHOD
from houseprice.metrics import Estimate, median_bounds, share_bounds
from houseprice.serving.column_layout import ColumnLayout
from houseprice.serving.request import RequestModel

Floats = npt.NDArray[np.float64]


def describe_sample(sample: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a sealed sample was drawn, and its measures.

    Returns:
        `size`, `held_out`, `data_sha256`, `split` and `method` of the draw, which are None where the bundle was sealed
        without one; `evaluated` and `published`: measures of the answers of either model as `measure_answers` gives
        them, None where the answers or the prices paid are not sealed.

    Raises:
        LookupError, TypeError, ValueError: It is no such sample.
    """
    draw, prices = sample.get("draw") or {}, sample.get("prices") or []
    facts = {name: draw.get(name) for name in ("held_out", "data_sha256", "split")}
    return {
        "size": len(sample["rows"]),
        **facts,
        "method": METHOD if draw else None,
        "evaluated": measure_answers(prices, sample.get("evaluated") or []),
        "published": measure_answers(prices, sample["answers"]),
    }


def measure_answers(prices: Sequence[float], answers: Sequence[Mapping[str, float]]) -> dict[str, Any] | None:
    """Return the measures of answers to sales: estimates with 95 % intervals of shares and of the median error.

    None where prices or answers are missing. Names and units are those of `metrics.measure`; `within_fsd` is the share
    of log errors within one forecast standard deviation.

    Raises:
        LookupError, TypeError, ValueError: They are not answers, or not as many.
    """
    if not prices or not answers:
        return None
    found, paid = as_array(answers), np.array(prices, dtype=np.float64)
    numbers = np.append(found.ravel(), paid)
    if not np.isfinite(numbers).all() or found.min() < 0.0 or min(found[:, :3].min(), paid.min()) <= 0.0:
        raise ValueError("a price, an interval or a forecast standard deviation is not a number above 0")
    price, low, high, fsd = found.T
    share, log_error = np.abs(price - paid) / paid, np.log(price) - np.log(paid)
    shares = {
        "within_10": share <= 0.10,
        "within_20": share <= 0.20,
        "coverage": (paid >= low) & (paid <= high),
        "within_fsd": np.abs(log_error) <= fsd,
    }
    estimates = {"median_ape": median_bounds(share)}
    estimates |= {name: share_bounds(int(hits.sum()), len(hits)) for name, hits in shares.items()}
    log_rmse = {"value": float(np.sqrt((log_error**2).mean())), "ci95": None}
    return {"log_rmse": log_rmse} | {name: _as_dict(estimate) for name, estimate in estimates.items()}


def _as_dict(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "ci95": [estimate.low, estimate.high]}


def as_array(answers: Sequence[Mapping[str, float]]) -> Floats:
    """Return answers as an array of one row a house, a column for each of `OUTPUTS`.

    Raises:
        LookupError, TypeError, ValueError: They are not answers.
    """
    values = [[float(answer[name]) for name in OUTPUTS] for answer in answers]
    return np.array(values, dtype=np.float64).reshape(len(values), len(OUTPUTS))


def price_again(bundle: Bundle, sample: Mapping[str, Any]) -> float:
    """Return the largest relative difference of a model's answers to the rows of a sample from the sealed ones.

    Raises:
        InvalidRequestError: A row is not a house that the model can price.
        LookupError, TypeError, ValueError: It is no such sample.
    """
    sealed = as_array(sample["answers"])
    houses = RequestModel(bundle.manifest.schema_).validate(sample["rows"])
    layout = ColumnLayout(bundle)
    answers = bundle.model.predict(layout.named(layout.fill(houses)))
    found = np.stack((answers.price, answers.low, answers.high, answers.fsd), axis=1)
    return largest_difference(found.ravel().tolist(), sealed.ravel().tolist())[0]
