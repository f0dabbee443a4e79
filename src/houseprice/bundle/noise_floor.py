"""What the noise floor of a model says, in a sentence for model card, report and terminal."""

from collections.abc import Mapping
from typing import Any

NOT_MEASURED = {"too_few_pairs": "there are too few sales of other houses that are like each other"}
"""Code of the reason → why there is no noise floor."""


def noise_floor_in_words(metrics: Mapping[str, Any]) -> str:
    """Return what the noise floor says beside the error of the holdout, or why it was not measured."""
    floor, error = metrics["noise_floor"], metrics["holdout"]["log_rmse"]
    if "reason" in floor:
        return f"The noise floor is not measured: {NOT_MEASURED[floor['reason']]}."
    low, high = floor["ci95"]
    words = (
        f"Noise floor: a model of these columns errs by a log-RMSE of at least about {floor['value']:.3f} "
        f"({low:.3f} to {high:.3f}) on the held-out sales, this one by {error:.3f}"
    )
    if not (share := floor.get("explained_of_explainable")):
        return f"{words}; the constant errs by no more, so that there is nothing to explain."
    if floor["value"] >= error:
        return f"{words}; these sales do not tell the two apart."
    value, least, most = (f"{min(end, 1.0):.1%}" for end in (share["value"], *share["ci95"]))
    return f"{words}; it explains {value} of what can be explained ({least} to {most})."


def near_twins_in_words(metrics: Mapping[str, Any]) -> str:
    """Return how far the prices of near twins lie apart; "" where there are too few of them."""
    if not (twins := metrics["noise_floor"].get("near_twins")):
        return ""
    low, high = twins["ci95"]
    return (
        f"{twins['pairs']:,} pairs of sales of different houses should differ by at most 5%. Carried to one day by the "
        f"market trend, each log price is {twins['log_rms']:.3f} ({low:.3f} to {high:.3f}) from the price that both "
        f"should have (root mean square; {twins['robust']:.3f} without the outliers). They do not stand for all: "
        f"their mean forecast standard deviation is {twins['mean_fsd']:.1%}, that of the held-out sales "
        f"{metrics['holdout']['mean_fsd']:.1%}."
    )
