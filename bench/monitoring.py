"""Do the alarms find what they are for, and keep quiet otherwise: ten years of days, a market shift, ten faults.

    python bench/monitoring.py --config CONFIG --bundle DIR --processed CSV

The bundle must not have been fitted on its newest sales (`training.refit: false`), of which prices are paid here.
Prints a table, and ends with exit code 1 when a must is missed.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from houseprice.config import load
from houseprice.monitoring.alarms import Alarm
from houseprice.monitoring.sales_alarms import sales_alarms
from houseprice.monitoring.watching import watch
from made_production import FIRST, Change, Columns, Production, World, halves, open_world

QUIET = 45
"""Days before a fault begins."""
FAULTY = 120
TEN_YEARS = 3652
SHIFTS = {"+5 %": np.log(1.05), "−5 %": np.log(0.95)}
SQUARE_FEET = 10.7639


@dataclass(frozen=True)
class Fault:
    """A fault of production, and the alarms that may find it: their name, what they are about, the cause they name."""

    name: str
    plan: Production
    alarms: str
    about: Iterable[str] = ()
    cause: str = ""

    def is_found_by(self, alarm: Alarm) -> bool:
        """Return whether an alarm is the right one, raised, and of the right cause."""
        return (
            alarm.raised
            and alarm.name in self.alarms.split()
            and (not self.about or alarm.about in self.about)
            and (not self.cause or alarm.facts["cause"] == self.cause)
        )


def from_day(change: Callable[[Columns, Any, np.random.Generator], None]) -> Change:
    """Return a change of the requests from the first faulty day on; `change` is given the faulty rows."""

    def changed(columns: Columns, day: Any, draw: np.random.Generator) -> Columns:
        faulty = np.flatnonzero(day >= QUIET)
        some = {name: values[faulty] for name, values in columns.items()}
        change(some, faulty, draw)
        found = dict(columns)
        for name, values in some.items():
            if not np.array_equal(values, columns[name][faulty]):
                found[name] = columns[name].copy()
                found[name][faulty] = values
        return found

    return changed


def faults(world: World) -> list[Fault]:
    """Return the ten faults."""
    plan = Production(QUIET + FAULTY)

    def units(columns: Columns, _: Any, __: Any) -> None:
        for name in ("sqft_living", "sqft_above", "sqft_living15"):
            columns[name] = np.round(columns[name] / SQUARE_FEET)

    def swapped(columns: Columns, _: Any, __: Any) -> None:
        columns["sqft_living"], columns["sqft_lot"] = columns["sqft_lot"], columns["sqft_living"]

    def postcode(columns: Columns, faulty: Any, draw: np.random.Generator) -> None:
        columns["zipcode"] = np.where(draw.random(len(faulty)) < 0.03, "98999", columns["zipcode"]).astype(object)

    def defaults(columns: Columns, faulty: Any, draw: np.random.Generator) -> None:
        broken = draw.random(len(faulty)) < 0.4
        usual = {"bedrooms": 3.0, "bathrooms": 2.0, "sqft_living": 1800.0, "sqft_above": 1800.0, "grade": 7.0}
        for name, value in usual.items():
            columns[name] = np.where(broken, value, columns[name])

    def city(columns: Columns, _: Any, __: Any) -> None:
        columns["lat"], columns["long"] = columns["lat"] - 2.1, columns["long"] - 0.4  # Portland, Oregon
        columns["zipcode"] = np.array(["97" + code[2:] for code in columns["zipcode"].astype(str)], dtype=object)

    def of_city(_: Columns, day: Any) -> Any:
        return np.where(day >= QUIET, -0.35, 0.0)

    thirds = [np.quantile(world.profile.columns[name].points, 1 / 3) for name in ("lat", "long")]

    def region(columns: Columns, day: Any) -> Any:
        south_west = (columns["lat"] < thirds[0]) & (columns["long"] < thirds[1])
        return np.where(south_west & (day >= QUIET), np.log(1.15), 0.0)

    codes = [f"zipcode {code}" for code in world.profile.columns["zipcode"].names]
    return [
        Fault("square metres for square feet", replace(plan, change=from_day(units)), "inputs outside_range",
              ["sqft_living"], "units"),
        Fault("living area and lot swapped", replace(plan, change=from_day(swapped)), "inputs",
              ["sqft_living", "sqft_lot"], "swapped"),
        Fault("market moves 1 % a month, trend does not",
              replace(plan, days=300, paid=lambda _, day: np.maximum(day - QUIET, 0) / 30.4 * 0.01), "market_above"),
        Fault("a new postcode, 3 % of requests", replace(plan, change=from_day(postcode)), "unknown_category",
              ["zipcode"]),
        Fault("one region up by 15 %", replace(plan, days=400, paid=region), "slice", ["the south, west", *codes]),
        Fault("a client sends defaults, 40 % of requests", replace(plan, change=from_day(defaults)), "inputs",
              ["sqft_living", "grade", "sqft_above", "bathrooms"], "constant"),
        Fault("clock wrong by a year",
              replace(plan, clock_days=lambda day: np.where(day >= QUIET, -365, 0)), "dates"),
        Fault("houses of another city", replace(plan, change=from_day(city), paid=of_city), "unknown_category",
              ["zipcode"]),
        Fault("every request sent three times", replace(plan, copies=3), "repeats"),
        Fault("intervals at six tenths of their width", replace(plan, width=0.6), "coverage"),
    ]  # fmt: skip


def main() -> int:
    """Run the benchmark; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--config", type=Path, default=Path("configs/model_config.yaml"))
    parser.add_argument("--bundle", type=Path, default=Path("models/bundle"))
    parser.add_argument("--processed", type=Path, default=Path("data/processed/cleaned_house_data.csv"))
    parser.add_argument("--decades", type=int, default=5, help="of days without change")
    parser.add_argument("--shifts", type=int, default=400, help="runs of each market shift")
    arguments = parser.parse_args()
    world = open_world(arguments.bundle, load(arguments.config), arguments.processed)
    musts = [*_decades(world, arguments.decades), *_shifts(world, arguments.shifts), *_faults(world)]
    missed = [name for name, met in musts if not met]
    print(f"\n{len(musts) - len(missed)} of {len(musts)} musts met" + "".join(f"\n  missed: {name}" for name in missed))
    return 1 if missed else 0


def _decades(world: World, decades: int) -> Iterable[tuple[str, bool]]:
    print("Ten years without change, 60 requests and 5 labelled sales a day")
    first, second = halves(world)
    for name, worlds in (("errors sealed of all held-out sales", [world]), ("of other sales", [first, second])):
        raised = []
        for seed in range(decades):
            days = worlds[seed % len(worlds)].make(Production(TEN_YEARS), seed)
            alarms = [alarm for alarm in watch(worlds[seed % len(worlds)].profile, *days) if alarm.raised]
            raised.append(len(alarms))
            words = "; ".join(f"{alarm.name} {alarm.about} on {alarm.raised_on}" for alarm in alarms)
            print(f"  {name}, decade {seed + 1}: {words or 'no alarm'}")
        mean = float(np.mean(raised))
        print(f"  {mean:.2f} false alarms in ten years (must: at most 1)")
        yield f"false alarms in ten years, {name}", mean <= 1.0


def _shifts(world: World, runs: int) -> Iterable[tuple[str, bool]]:
    print(f"\nMarket shift, {runs} runs each: labelled sales until the alarm")
    print(f"  {'shift':<8}{'quiet sales before':>20}{'median':>9}{'9 in 10':>9}{'within 100':>12}")
    for name, shift in SHIFTS.items():
        for quiet in (0, 100, 500):
            found = np.array([_until_found(world, float(shift), quiet, seed) for seed in range(runs)])
            share = float((found <= 100).mean())
            middle, most = np.quantile(found, [0.5, 0.9])
            print(f"  {name:<8}{quiet:>20}{middle:>9.0f}{most:>9.0f}{share:>12.1%}")
            if quiet == 0:
                yield f"market shift of {name} within 100 sales", share >= 0.9


def _until_found(world: World, shift: float, quiet: int, seed: int) -> float:
    """Return after how many sales of a shift its alarm is raised; infinity if not, or if it was raised before."""
    draw = np.random.default_rng(seed)
    rows = draw.integers(0, len(world.known), quiet + 400)
    sales = world.known.where(rows)
    factor = np.exp(np.where(np.arange(len(rows)) >= quiet, shift, 0.0))
    days = FIRST + np.arange(len(rows)) // 5
    sales = replace(sales, price_paid=sales.price_paid * factor, sale_date=days, inputs={})
    wanted = "market_above" if shift > 0 else "market_below"
    (alarm,) = [alarm for alarm in sales_alarms(world.profile, sales) if alarm.name == wanted]
    after = (alarm.raised_after or np.inf) - quiet
    return float(after) if after > 0 else np.inf


def _faults(world: World) -> Iterable[tuple[str, bool]]:
    print(f"\n{'fault':<44}{'right alarm':<34}{'after':<22}others raised")
    for fault in faults(world):
        sales, predictions, inputs = world.make(fault.plan, 7)
        raised = [alarm for alarm in watch(world.profile, sales, predictions, inputs) if alarm.raised]
        right = sorted(filter(fault.is_found_by, raised), key=lambda alarm: alarm.raised_on or "")
        start = 0 if fault.plan.copies > 1 or fault.plan.width < 1 else QUIET
        early = [alarm for alarm in raised if np.datetime64(alarm.raised_on) < FIRST + start]
        others = ", ".join(sorted({f"{alarm.name} {alarm.about}".strip() for alarm in raised if alarm not in right}))
        name = f"{right[0].name} {right[0].about}" if right else f"{fault.alarms} (not raised)"
        print(f"{fault.name:<44}{name:<34}{_delay(right[0], sales, start) if right else '-':<22}{others or 'none'}")
        if right:
            print(f"    {right[0].detail}")
        yield fault.name, bool(right) and not early


def _delay(alarm: Alarm, sales: Any, start: int) -> str:
    days = (np.datetime64(alarm.raised_on) - FIRST).astype(int) - start + 1
    if len(alarm.days) == len(sales):
        known = int((alarm.raised_after or 0) - (sales.sale_date < FIRST + start).sum())
        return f"{known} sales, {days} days"
    return f"{days} days"


if __name__ == "__main__":
    sys.exit(main())
