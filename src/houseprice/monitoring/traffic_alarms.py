"""Alarms on what is asked, before any price is known: inputs, categories, dates, repeats, the expected error.

A day is one observation, however many requests it has: requests of one client are no independent witnesses.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.monitoring.alarms import ALPHAS, Alarm, by_epoch
from houseprice.monitoring.betting import adaptive_log_wealth, best_bet, log_mean
from houseprice.monitoring.data import MISDATED_DAYS, DailyInputs, DailyPredictions
from houseprice.monitoring.input_faults import find_fault
from houseprice.monitoring.profile import MISSING, UNKNOWN, ColumnProfile, ReferenceProfile

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
MEMORIES = (1.5, 14.0)
"""Days after which two bettors forget, who share the wealth: one for faults that come at once, one for slow drift."""
WINDOW = 14
"""Days after an alarm that its cause is looked for in."""
DAMAGE = 0.02
"""Share of requests in other bins than in training that a column may have: this, divided by its weight in explanations,
within `TOLERANCE`. What carries little may change much."""
TOLERANCE = (0.10, 0.30)
PRIOR_REQUESTS = 20.0
"""Requests distributed as in training, which those before a day are mixed with."""
DAY_VARIANCE = 0.03**2
"""Of a share from day to day, whatever the number of requests."""
MAX_INDEPENDENT = 30.0
MAX_REQUESTS_A_DAY = 200.0
"""A day counts as at most so many requests among those that the next bet is learned from."""
NEW_CATEGORIES = 0.005
"""Share of requests with an unknown category that is usual, beside what training lets expect."""
NEW_NUMBERS = 0.01
"""Share of requests with a number where training had none that is usual."""
MISDATED = 0.25
REPEATS = 0.25
WORSE = 1.25
"""Ratio of the expected error to that of the holdout that is still usual."""
FULL_SCALE = 4.0


def traffic_alarms(profile: ReferenceProfile, predictions: DailyPredictions, inputs: DailyInputs) -> list[Alarm]:
    """Return the alarms on the requests of the model of the profile."""
    columns = {name: column for name, column in profile.columns.items() if name in inputs.counts}
    found = [_inputs(column, columns, inputs) for column in columns.values()]
    found += [(_unknown if column.is_text else _outside)(column, columns, inputs) for column in columns.values()]
    used = predictions.where(predictions.count > 0)
    expected = used.sum_fsd / used.count / profile.errors.mean_fsd
    found.append(
        _shares("expected_error", used.day, expected / FULL_SCALE, WORSE / FULL_SCALE,
                lambda newest: f"The expected error is {newest * FULL_SCALE:.2f} times that of the holdout.")
    )  # fmt: skip
    dated = used.where(used.dated > 0)
    found.append(
        _shares("dates", dated.day, dated.misdated / dated.dated, MISDATED,
                lambda newest: f"{newest:.0%} of the valuation dates are more than {MISDATED_DAYS} days from the day "
                "of the request.")
    )  # fmt: skip
    found.append(
        _shares("repeats", used.day, 1.0 - used.distinct / used.count, REPEATS,
                lambda newest: f"{newest:.0%} of the requests repeat another one of the same day.")
    )  # fmt: skip
    return found


def _shares(name: str, days: Days, values: Floats, bound: float, words: Callable[[float], str]) -> Alarm:
    """Return an alarm on shares of a day whose mean is at most `bound` under the null."""
    values = np.clip(values, 0.0, 1.0)
    guess = min(2.0 * bound, 0.9)
    alarm = Alarm(name, "", ALPHAS[name], days, _evidence(days, values, bound, guess))
    if not alarm.raised:
        return alarm
    newest = float(values[alarm.window(WINDOW)].mean())
    return Alarm(name, "", ALPHAS[name], days, alarm.log_evidence, words(newest), {"cause": name, "share": newest})


def _evidence(days: Days, values: Floats, bound: float, guess: float) -> Floats:
    return by_epoch(
        days,
        lambda rows: log_mean(np.stack([adaptive_log_wealth(values[rows], bound, guess, some) for some in MEMORIES])),
    )


def _unknown(column: ColumnProfile, columns: dict[str, ColumnProfile], inputs: DailyInputs) -> Alarm:
    """Return the alarm on categories that training has not seen."""
    bound = NEW_CATEGORIES + 2.0 * column.unseen
    return _unseen("unknown_category", column, columns, inputs, [UNKNOWN], bound)


def _outside(column: ColumnProfile, columns: dict[str, ColumnProfile], inputs: DailyInputs) -> Alarm:
    """Return the alarm on numbers where training had none, as those of another unit are."""
    return _unseen("outside_range", column, columns, inputs, column.outside.tolist(), NEW_NUMBERS)


def _unseen(
    name: str,
    column: ColumnProfile,
    columns: dict[str, ColumnProfile],
    inputs: DailyInputs,
    bins: Sequence[int],
    bound: float,
) -> Alarm:
    """Return an alarm on the share of requests whose value training has not seen, which is `bound` at most."""
    counts = inputs.counts[column.name]
    asked = counts.sum(axis=1)
    used = asked > 0
    values, days = counts[used][:, bins].sum(axis=1) / asked[used], inputs.day[used]
    evidence = _evidence(days, values, bound, 2.0 * bound)
    alike = sum(other.is_text == column.is_text for other in columns.values())
    alarm = Alarm(name, column.name, ALPHAS[name] / alike, days, evidence)
    if not alarm.raised:
        return alarm
    newest = float(values[alarm.window(WINDOW)].mean())
    if column.is_text:
        facts: dict[str, Any] = {"cause": "unknown"}
        detail = f"{newest:.1%} of the requests have a category of {column.name} that training has not seen."
    else:
        window = np.isin(inputs.day, days[alarm.window(WINDOW)])
        fault = find_fault(
            column.name, {name: some[window].sum(axis=0) for name, some in inputs.counts.items()}, columns
        )
        facts = {"cause": fault.cause, "found": fault.detail, "touched": round(fault.touched, 2)}
        detail = f"{newest:.1%} of the requests have a number where training had none. {fault.sentence(column.name)}"
    return Alarm(name, column.name, alarm.alpha, days, evidence, detail, facts | {"share": newest})


def _inputs(column: ColumnProfile, columns: dict[str, ColumnProfile], inputs: DailyInputs) -> Alarm:
    counts = inputs.counts[column.name].astype(np.float64)
    used = counts.sum(axis=1) > 0
    counts, days = counts[used], inputs.day[used]
    evidence = by_epoch(
        days, lambda rows: log_mean(np.stack([witness_log_wealth(column, counts[rows], days) for days in MEMORIES]))
    )
    alarm = Alarm("inputs", column.name, ALPHAS["inputs"] / len(columns), days, evidence)
    if not alarm.raised:
        return alarm
    window = np.isin(inputs.day, days[alarm.window(WINDOW)])
    fault = find_fault(column.name, {name: some[window].sum(axis=0) for name, some in inputs.counts.items()}, columns)
    facts = {"cause": fault.cause, "found": fault.detail, "touched": round(fault.touched, 2)}
    return Alarm(alarm.name, column.name, alarm.alpha, days, evidence, fault.sentence(column.name), facts)


def tolerance(column: ColumnProfile) -> float:
    """Return the share of the requests that may lie in other bins than in training before it matters."""
    return float(np.clip(DAMAGE / max(column.weight, 1e-9), *TOLERANCE))


def witness_log_wealth(column: ColumnProfile, counts: Floats, memory: float) -> Floats:
    """Return the log wealth against the null that the inputs of a column are distributed as in training, or about so.

    The null allows a total variation distance of `tolerance`. On each day the bet is on the share of requests in those
    bins that had gained most on the days before, whose mean the null bounds by their share in training + tolerance.
    """
    allowed, fade = tolerance(column), float(np.exp(-1.0 / memory))
    ends = np.zeros(len(column.shares))
    ends[[MISSING, UNKNOWN]] = 1.0
    if column.edges is not None:
        ends[[0, len(column.edges)]] = 1.0
    seen = PRIOR_REQUESTS * (0.5 * column.shares + 0.5 * ends / ends.sum())
    steps = np.zeros(len(counts))
    for day, (row, total) in enumerate(zip(counts, counts.sum(axis=1).tolist(), strict=True)):
        expected = seen / seen.sum()
        order = np.argsort(-(expected + 1e-9) / (column.shares + 1e-9), kind="stable")
        inside, bounds = np.cumsum(expected[order]), np.cumsum(column.shares[order]) + allowed
        open_ = (bounds < 1.0) & (inside > bounds)
        if open_.any():
            growth = np.where(open_, _divergence(inside, np.minimum(bounds, 0.999)), -1.0)
            last = int(growth.argmax())
            mean, bound = float(inside[last]), float(bounds[last])
            variance = mean * (1.0 - mean) / min(total, MAX_INDEPENDENT) + DAY_VARIANCE
            share = float(row[order[: last + 1]].sum()) / total
            steps[day] = np.log1p(best_bet(mean, variance, bound) * (share - bound))
        seen = fade * seen + row * min(1.0, MAX_REQUESTS_A_DAY / total)
    return np.asarray(np.cumsum(steps))


def _divergence(found: Floats, bound: Floats) -> Floats:
    """Return the Kullback-Leibler divergence of two coins, which is the growth of the best bet's wealth."""
    q, p = np.clip(found, 1e-9, 1.0 - 1e-9), np.clip(bound, 1e-9, 1.0 - 1e-9)
    return np.asarray(q * np.log(q / p) + (1.0 - q) * np.log((1.0 - q) / (1.0 - p)))
