"""Alarms on prices that were paid: the market, the coverage and scale of the errors, single slices."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from houseprice.metrics import median_bounds, share_bounds
from houseprice.monitoring.alarms import ALPHAS, Alarm, by_epoch
from houseprice.monitoring.betting import adaptive_log_wealth, log_mean, restarted_log_wealth
from houseprice.monitoring.data import LabelledSales
from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.scores import CORE, ShiftScore, scale_scores, shift_score
from houseprice.monitoring.slices import Slice, slices_of

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
MARKET_SHIFT = float(np.log(1.05))
"""Shift of the market that is found fastest."""
MARKET_BLOCK = 25
SLICE_SHIFT = float(np.log(1.10))
"""Shift of one slice, beyond what it may differ, that is found fastest."""
SLICE_MARGIN = 0.02
"""By how much a slice may differ from all other sales, in log price, beyond what it did in the holdout."""
SLICE_BLOCK = 10
RECENT = 100
"""Sales that the level of the market is taken from when slices are compared with it, and that details are about."""


def sales_alarms(profile: ReferenceProfile, sales: LabelledSales) -> list[Alarm]:
    """Return the alarms on the labelled sales of the model of the profile, in the order of `ALPHAS`.

    A price that becomes known late is counted on the day of the newest sale that was known before. What was
    paid for a house that was asked for with a number outside of training says nothing of the market, nor of its place.
    """
    days, score = np.maximum.accumulate(sales.sale_date), shift_score(profile.errors)
    sales = replace(sales, sale_date=days)
    inside = sales.where(~outside_training(profile, sales))
    alarms = [_market(profile, inside, score, direction) for direction in (1, -1)]
    misses, errors = (~sales.covered).astype(np.float64), profile.errors
    # No interval is asked to cover more than is nominal, and none of a sealed lower coverage to be better than that.
    sealed = share_bounds(round(errors.found_coverage * errors.sales), errors.sales)
    allowed = max(1.0 - errors.coverage, 1.0 - sealed.low)
    evidence = by_epoch(days, lambda rows: adaptive_log_wealth(misses[rows], allowed, min(2.0 * allowed, 0.95)))
    alarms.append(_with_detail(Alarm("coverage", "", ALPHAS["coverage"], days, evidence), profile, sales))
    sizes, usual = scale_scores(sales.standardised, errors)
    evidence = by_epoch(days, lambda rows: adaptive_log_wealth(sizes[rows], usual, min(1.5 * usual, 0.95)))
    alarms.append(_with_detail(Alarm("error_scale", "", ALPHAS["error_scale"], days, evidence), profile, sales))
    return [*alarms, _slices(profile, inside, score)]


def outside_training(profile: ReferenceProfile, sales: LabelledSales) -> npt.NDArray[np.bool_]:
    """Return whether each house has a number where training had none, such as an area in another unit."""
    outside = np.zeros(len(sales), dtype=bool)
    for name, column in profile.columns.items():
        if name in sales.inputs and len(column.outside):
            outside |= np.isin(column.places(sales.inputs[name]), column.outside)
    return outside


def _market(profile: ReferenceProfile, sales: LabelledSales, score: ShiftScore, direction: int) -> Alarm:
    """Return the alarm on prices that are all above (1) or below (-1) the predictions, which a stale index makes."""
    margin = 2.0 * score.standard_error
    payoffs = direction * score.of(sales.standardised) - margin
    bets = score.bets(MARKET_SHIFT, sales.fsd, margin)
    evidence = by_epoch(sales.sale_date, lambda rows: restarted_log_wealth(payoffs[rows], bets[rows], MARKET_BLOCK))
    name = "market_above" if direction > 0 else "market_below"
    return _with_detail(Alarm(name, "", ALPHAS[name], sales.sale_date, evidence), profile, sales)


def _slices(profile: ReferenceProfile, sales: LabelledSales, score: ShiftScore) -> Alarm:
    """Return the alarm on slices that differ from the other sales, by the mean of the e-processes of all slices."""
    level = recent_level(sales, profile)
    relative = (sales.errors - level) / sales.fsd
    found = [
        (part, _slice_evidence(part, direction, relative, sales, score))
        for part in slices_of(profile, sales)
        for direction in (1, -1)
    ]
    days = sales.sale_date
    if not found or not len(sales):
        return Alarm("slice", "", ALPHAS["slice"], days, np.zeros(len(sales)))
    kinds = sorted({part.kind for part, _ in found})
    by_kind = [log_mean(np.stack([evidence for part, evidence in found if part.kind == kind])) for kind in kinds]
    alarm = Alarm("slice", "", ALPHAS["slice"], days, log_mean(np.stack(by_kind)))
    if not alarm.raised:
        return alarm
    at = (alarm.raised_after or 1) - 1
    part, _ = max(found, key=lambda item: float(item[1][at]))
    rows = np.flatnonzero(part.members)[-RECENT:]
    by = median_bounds((sales.errors - level)[rows])
    detail = (
        f"In {part.name} prices are {_beside(by.value)} the predictions, once the market is taken into account "
        f"({np.expm1(by.low):+.1%} to {np.expm1(by.high):+.1%}, {len(rows)} sales)."
    )
    facts = {"cause": "slice", "slice": part.name, "shift": by.value}
    return Alarm("slice", part.name, alarm.alpha, days, alarm.log_evidence, detail, facts)


def _slice_evidence(part: Slice, direction: int, relative: Floats, sales: LabelledSales, score: ShiftScore) -> Floats:
    """Return the log evidence of one slice and direction after each of all sales."""
    margins = (SLICE_MARGIN + max(direction * part.usual, 0.0) + part.uncertain) / sales.fsd * CORE
    payoffs = direction * score.of(relative) - margins
    bets = score.bets(SLICE_SHIFT, sales.fsd, margins)

    def evidence(rows: Rows) -> Floats:
        inside = part.members[rows]
        own = restarted_log_wealth(payoffs[rows][inside], bets[rows][inside], SLICE_BLOCK)
        return np.asarray(np.append(0.0, own)[np.cumsum(inside)])  # what it was after the newest sale of the slice

    return by_epoch(sales.sale_date, evidence)


def recent_level(sales: LabelledSales, profile: ReferenceProfile) -> Floats:
    """Return the shift of the market that the sales before each one show, in log price; 0 while there are few.

    It is the median of up to `RECENT` errors less the sealed one, shrunk to 0 as if ten exact sales came first.
    """
    above = sales.errors - float(np.median(profile.errors.quantiles)) * sales.fsd
    level = np.zeros(len(sales))
    for number in range(1, min(RECENT, len(sales))):
        level[number] = np.median(above[:number]) * number / (number + 10)
    if len(sales) > RECENT:
        windows = np.lib.stride_tricks.sliding_window_view(above[:-1], RECENT)
        level[RECENT:] = np.median(windows, axis=1) * RECENT / (RECENT + 10)
    return level


def _with_detail(alarm: Alarm, profile: ReferenceProfile, sales: LabelledSales) -> Alarm:
    """Return an alarm with what was found in the newest sales, if it is raised."""
    if not alarm.raised:
        return alarm
    newest, errors = sales.where(np.arange(max(0, len(sales) - RECENT), len(sales))), profile.errors
    if alarm.name.startswith("market"):
        by = median_bounds(newest.errors - float(np.median(errors.quantiles)) * newest.fsd)
        detail = (
            f"Prices are {_beside(by.value)} the predictions ({np.expm1(by.low):+.1%} to {np.expm1(by.high):+.1%}, "
            f"newest {len(newest)} sales): the market has moved on from the model's index."
        )
        facts = {"cause": "market", "shift": by.value}
    elif alarm.name == "coverage":
        share = share_bounds(int(newest.covered.sum()), len(newest))
        detail = (
            f"{share.value:.0%} of the prices lie in their interval ({share.low:.0%} to {share.high:.0%}, newest "
            f"{len(newest)} sales) instead of {errors.coverage:.0%}."
        )
        facts = {"cause": "coverage", "coverage": share.value}
    else:
        ratio = float(np.median(np.abs(newest.standardised)) / np.median(np.abs(errors.quantiles)))
        detail = f"Errors are {ratio:.1f} times as large as those of the holdout (newest {len(newest)} sales)."
        facts = {"cause": "error_scale", "ratio": ratio}
    return Alarm(alarm.name, alarm.about, alarm.alpha, alarm.days, alarm.log_evidence, detail, facts)


def _beside(shift: float) -> str:
    """Return a difference of log prices in words."""
    return f"{abs(np.expm1(shift)):.1%} {'above' if shift > 0 else 'below'}"
