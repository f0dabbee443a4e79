"""A year on King County: a model of the first eight months in production, watched, found stale, and replaced.

The sales up to the end of 2014 train the model. Every later sale of the county is a request two weeks before it, and a
price that becomes known a week after it, month by month, through the real model, the real store and the real commands.
Two things are planted: from 12 to 25 January three in ten requests have their areas in square metres, and from
16 February on prices paid are 6 % above those of the file. At the end of April the model is retrained from the store.

    python bench/production_year.py                            # some ten minutes of CPU, with an SQLite file
    python bench/production_year.py --store postgresql://…     # the same with an empty PostgreSQL database

Exit code 1 when an alarm is missing or comes too early, or when retraining does not replace the model by a better one.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from houseprice.config import Config, load
from houseprice.learning import accepted_sales
from houseprice.monitoring.alarms import Alarm
from houseprice.monitoring.monitor import Monitor
from played_production import Faults, Production, Sale, sales_of
from production_figure import draw

ROOT = Path(__file__).resolve().parents[1]
FIRST, RETRAINED = date(2015, 1, 1), date(2015, 5, 1)
FAULTS = Faults(units=(date(2015, 1, 12), date(2015, 1, 26)), share=0.3, moved=date(2015, 2, 16), by=0.06)
FOUND_WITHIN = timedelta(days=14)
"""Time after which the move of the market must be found."""
MONTHS = [date(2015, month, 1) for month in range(1, 6)]
AREAS = ("sqft_living", "sqft_lot", "sqft_above", "sqft_living15", "sqft_lot15")


def main() -> int:
    """Play the year; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where models and store are kept; by default a temporary one")
    parser.add_argument("--store", help="URL of an empty store; by default an SQLite file in the folder")
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "model_config.yaml", help="of the model")
    parser.add_argument("--figure", type=Path, help="PNG or SVG of the story to write")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="production-year-") as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        config_file = configured(given.config, folder)
        return play(config_file, folder, given.store or f"sqlite:///{folder / 'store.db'}", given.figure)


def play(config_file: Path, folder: Path, url: str, figure: Path | None) -> int:
    """Train, answer, watch and retrain; print the story."""
    config = load(config_file)
    raw = first_months(config, folder)
    houseprice("run", "--config", config_file, "--raw", raw)
    bundle = config.paths.models / "bundle"
    production = Production(bundle, url)
    sales = list(sales_of(config, accepted_sales.clean_file(config, config.paths.raw).sales, FIRST, FAULTS))
    print(f"model {production.version} of the sales before {FIRST}; {len(sales):,} later ones\n")
    told: set[tuple[str, str]] = set()
    print(f"{'month':8} {'sales':>6} {'median error':>24} {'bias':>24}  alarms raised")
    for begin, end in pairwise(MONTHS):
        month = [sale for sale in sales if begin <= sale.sold < end]
        production.answer(month)
        production.pay(month)
        show(begin, production.monitor(), told)
    before = production.monitor()
    first = config.paths.models.rename(folder / "models-first")
    words = ("retrain", "--config", config_file, "--raw", raw, "--store", url, "--live", first / "bundle")
    retrained = houseprice(*words)
    print(f"\nretrained with {retrained['processing']['additional_sales']['rows_kept']:,} sales of the store: "
          f"{'replaced' if retrained['replaced'] else 'kept'} {retrained['live']}")  # fmt: skip
    after = last_month(production, bundle if retrained["replaced"] else first / "bundle", first / "bundle", sales)
    production.close()
    if figure:
        draw(figure, before, after, FAULTS, RETRAINED)
    problems = judged(before, retrained, after)
    print("\n" + ("\n".join(f"MISSED: {problem}" for problem in problems) or "every must is met"))
    return int(bool(problems))


def configured(config_file: Path, folder: Path) -> Path:
    """Write a configuration with all files in a folder; return its path."""
    values = yaml.safe_load(config_file.read_text(encoding="utf-8"))
    values["paths"] = {
        "raw": str(ROOT / "data/raw/house_data.csv"), "cleaned": str(folder / "processed/cleaned.csv"),
        "featured": str(folder / "processed/featured.csv"), "models": str(folder / "models"),
        "reports": str(folder / "reports"),
    }  # fmt: skip
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path


def first_months(config: Config, folder: Path) -> Path:
    """Write the raw sales before the first month of production; return their path."""
    raw = pl.read_csv(config.paths.raw, infer_schema=False)
    path = folder / "first_months.csv"
    raw.filter(pl.col("date") < FIRST.isoformat()).write_csv(path)
    return path


def last_month(production: Production, new: Path, old: Path, sales: list[Sale]) -> Monitor:
    """Let the new model answer the last month, with the old one as its shadow; return what became of it."""
    month = [sale for sale in sales if sale.sold >= RETRAINED]
    production.deploy(new)
    production.answer(month, shadow=old)
    production.pay(month)
    found = production.monitor()
    show(RETRAINED, found, set())
    return found


def show(month: date, found: Monitor, told: set[tuple[str, str]]) -> None:
    """Print the figures of a month, and the alarms that are new."""
    group = next(one for one in found.months if one.name == f"{month:%Y-%m}")
    new = [alarm for alarm in found.raised if (alarm.name, alarm.about) not in told]
    told |= {(alarm.name, alarm.about) for alarm in new}
    cells = ["–", "–"]
    if group.errors:
        median, bias = group.errors.median_ape, group.errors.bias
        cells = [f"{median.value:.1%} ({median.low:.1%} to {median.high:.1%})"]
        cells += [f"{bias.value:+.1%} ({bias.low:+.1%} to {bias.high:+.1%})"]
    print(f"{group.name:8} {group.sales:6,} {cells[0]:>24} {cells[1]:>24}  " + ("; ".join(map(words_of, new)) or "–"))


def words_of(alarm: Alarm) -> str:
    """Return an alarm in a line."""
    return f"{alarm.name} {alarm.about}".strip() + f" on {alarm.raised_on}"


def judged(before: Monitor, retrained: dict[str, Any], after: Monitor) -> list[str]:
    """Return what is not as it must be."""
    raised = {(alarm.name, alarm.about): date.fromisoformat(str(alarm.raised_on)) for alarm in before.raised}
    units = [day for (name, about), day in raised.items() if name == "outside_range" and about in AREAS]
    problems = []
    if not units or min(units) < FAULTS.units[0] or min(units) >= FAULTS.units[1]:
        problems.append(f"the fault of units is raised while it lasts: {units}")
    market = [day for (name, _), day in raised.items() if name.startswith("market")]
    if not market or min(market) < FAULTS.moved or min(market) >= FAULTS.moved + FOUND_WITHIN:
        problems.append(f"the move of the market is raised within {FOUND_WITHIN.days} days: {market}")
    if not retrained["replaced"]:
        problems.append("retraining replaces the model")
    if after.shadow is None or after.shadow.gain.high >= 0.0:
        problems.append("the new model is better than the old one on the sales of the last month")
    return problems


def houseprice(*words: object) -> dict[str, Any]:
    """Run a command of the project; return what it prints as JSON."""
    arguments = [sys.executable, "-m", "houseprice", *map(str, words), "--json"]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"houseprice {words[0]} ended with {done.returncode}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
