"""What the evaluation found beside the table of metrics, in lines for a terminal and for the workflow's summary."""

from collections.abc import Mapping
from typing import Any

from houseprice.bundle.model_card import autocorrelation_in_words
from houseprice.bundle.noise_floor import noise_floor_in_words
from houseprice.metrics import WITHIN


def evaluation_lines(metrics: Mapping[str, Any], coverage: float) -> list[str]:
    """Return one line for interval, FSD, hit rate, further shares, vertical equity, noise floor and neighbours.

    `coverage` is the share of the prices that the interval is to hold.
    """
    holdout = metrics["holdout"]
    by_fifth = ", ".join(f"{share:.1%}" for share in holdout["within_fsd_by_fifth"])
    half = holdout["hit_rate"]["within_10_at_half"]
    low, high = half["ci95"]
    within = ", ".join(f"{holdout[f'within_{percent}']:.1%} within {percent}%" for percent in WITHIN)
    lines = [
        f"The {coverage:.0%} interval held {holdout['coverage']:.1%} of the held-out prices; "
        f"mean width {holdout['mean_relative_width']:.0%}.",
        f"{holdout['within_fsd']:.1%} of them lie within one forecast standard deviation, {holdout['mean_fsd']:.1%} "
        f"on average{'; by fifths of it, from the smallest: ' if by_fifth else ''}{by_fifth}.",
        f"The {_share_answered(half['hit_rate'])} of the houses that the model is surest of: {half['value']:.1%} "
        f"within 10% of the price ({low:.1%} to {high:.1%} with 95% confidence).",
        f"All of them: {within}; {holdout['p15_low']:.1%} more than 15% too low, {holdout['p15_high']:.1%} too high; "
        f"mean absolute log error {holdout['male']:.4f}.",
    ]
    if vei := holdout.get("vei"):
        low, high = vei["ci95"]
        lines.append(f"Vertical equity indicator (VEI) {vei['value']:+.1f}%, {low:+.1f} to {high:+.1f}; 0 is equal.")
    return [*lines, noise_floor_in_words(metrics), autocorrelation_in_words(holdout["spatial_autocorrelation"])]


def _share_answered(hit_rate: float) -> str:
    """Return a hit rate in words; equal FSDs may make it more than the half that was meant."""
    return "half" if round(hit_rate, 2) == 0.5 else f"{hit_rate:.0%}"
