"""Shares of the blend: least squares on predictions that were made out of sample, without parts that do not help.

Stacking with weights that are not negative and add up to one (Breiman 1996, "Stacked regressions"). Few
rows do not tell parts apart that err alike: their shares have a normal prior around equal ones, and none is dropped.

Predictions by least squares spread less than prices do, so that cheap houses are valued too high and dear ones too low
against what was paid. The slope of the blend undoes some of it, at a small cost of squared error that is bounded.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

Floats = npt.NDArray[np.float64]
EVIDENCE = 0.25  # standard errors by which a part must lessen the squared error
SPREAD = 0.2  # of the shares of few rows around equal ones, as a standard deviation
MAX_COST = 0.0002  # of the log-RMSE, for predictions that spread more as prices do


def find_shares(
    predictions: Mapping[str, Floats],
    y_true: Floats,
    by_hand: Mapping[str, float] | None = None,
    spread: float | None = None,
) -> dict[str, float]:
    """Return part → its share; the shares add up to 1, and those that are not set by hand are found to two decimals.

    Without a prior, a part is dropped when, row by row, the others do no worse without it than chance explains.

    Args:
        predictions: part → its predictions for rows that it was not fitted on.
        y_true: the true values of these rows.
        by_hand: part → its share; the other parts share what is left.
        spread: standard deviation of the shares around equal ones, in their prior; None: there is none.
    """
    if by_hand:
        rest = max(1.0 - sum(by_hand.values()), 0.0)
        free = {part: values for part, values in predictions.items() if part not in by_hand}
        missing = y_true - np.sum([predictions[part] * share for part, share in by_hand.items()], axis=0)
        shares = find_shares(free, missing / rest, spread=spread) if rest else dict.fromkeys(free, 0.0)
        return {part: by_hand.get(part, shares.get(part, 0.0) * rest) for part in predictions}
    parts = list(predictions)
    while spread is None and len(parts) > 1:
        errors = _squared_errors(predictions, parts, y_true)
        losses = {}
        for part in parts:
            others = [other for other in parts if other != part]
            difference = _squared_errors(predictions, others, y_true) - errors
            losses[part] = float(difference.mean() / max(difference.std() / np.sqrt(len(difference)), 1e-300))
        least = min(losses, key=lambda part: losses[part])
        if losses[least] > EVIDENCE:
            break
        parts.remove(least)
    found = dict(zip(parts, np.round(_shares(predictions, parts, y_true, spread), 2).tolist(), strict=True))
    largest = max(found, key=lambda part: found[part])
    found[largest] = round(1.0 - sum(share for part, share in found.items() if part != largest), 2)
    return {part: found.get(part, 0.0) for part in predictions}


def blend_error(predictions: Mapping[str, Floats], shares: Mapping[str, float], y_true: Floats) -> float:
    """Return the mean squared error of a blend."""
    blend = np.sum([predictions[part] * share for part, share in shares.items()], axis=0)
    return float(((blend - y_true) ** 2).mean())


def find_slope(blend: Floats, y_true: Floats, max_cost: float = MAX_COST) -> float:
    """Return the slope, about the mean, by which predictions spread as the true values do, to three decimals.

    That is the ratio of both standard deviations (Hirsch 1982, "A comparison of four streamflow record extension
    techniques", MOVE.1), by which no group by price and prediction together is valued higher than another. It is not
    less than 1, and adds no more than `max_cost` (a share) to the root mean squared error of these rows, nor to that of
    others that least squares would give a slope of 1: what it gains here, others may lose.

    Args:
        blend: predictions for rows that it was not fitted on.
        y_true: the true values of these rows.
        max_cost: of the root mean squared error.
    """
    residuals, variance = y_true - blend, float(blend.var())
    if variance <= 0.0:
        return 1.0
    excess = min(float(np.mean((blend - blend.mean()) * residuals)) / variance, 0.0)
    allowed = ((1.0 + max_cost) ** 2 - 1.0) * float((residuals**2).mean()) / variance
    most = excess + float(np.sqrt(excess**2 + allowed))
    wanted = float(y_true.std()) / float(np.sqrt(variance)) - 1.0
    return round(1.0 + max(min(wanted, most), 0.0), 3)


def _squared_errors(predictions: Mapping[str, Floats], parts: list[str], y_true: Floats) -> Floats:
    blend = np.column_stack([predictions[part] for part in parts]) @ _shares(predictions, parts, y_true)
    return np.asarray((blend - y_true) ** 2)


def _shares(predictions: Mapping[str, Floats], parts: list[str], y_true: Floats, spread: float | None = None) -> Floats:
    """Return the best shares; a heavy row makes them add up to 1, and those of the prior draw them together."""
    errors = np.column_stack([predictions[part] for part in parts]) - y_true[:, None]
    heavy = 1e3 * max(float(np.sqrt((errors**2).sum())), 1e-12)
    design, target = [errors, np.full((1, len(parts)), heavy)], [np.zeros(len(errors)), np.array([heavy])]
    if spread is not None:
        precise = float(np.sqrt((errors.mean(axis=1) ** 2).mean())) / spread
        design.append(precise * np.eye(len(parts)))
        target.append(np.full(len(parts), precise / len(parts)))
    shares, _ = nnls(np.vstack(design), np.concatenate(target))
    return np.asarray(shares / shares.sum())
