"""King County cut at six dates: what a model of the sales before each promised, and what came in the weeks after it.

All sales from the cut on are taken away before anything is fitted; the rest goes the whole road: split, evaluation,
interval, and the model of all of them, which prices the sales of the next weeks. Each cut is kept under .cache/bench,
so that a broken run goes on where it stopped; another configuration or other code is another key.

    python bench/market_cuts.py            # the table; exit code 1 when a must is missed
    python bench/market_cuts.py --quick    # fewer trees and centres, for a first look
"""

import argparse
import hashlib
import json
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from houseprice.config import Config, load
from houseprice.learning import csv_reader, feature_table, processing
from houseprice.learning.evaluation import evaluate, refit
from houseprice.learning.features import engineer
from houseprice.metrics import measure, measure_interval

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench" / "market_cuts"
CUTS = ("2014-11-03", "2014-12-03", "2015-01-03", "2015-02-03", "2015-03-03", "2015-04-03")
EVERY_SALE = "2100-01-01"
MUST_MEAN, MUST_EACH = (0.88, 0.92), 0.86
COLUMNS = ("cut", "sales", "promised", "worst origin", "came", "bias", "promised coverage", "coverage", "half-width")


def cut_at(config: Config, sales: pl.DataFrame, first: date, weeks: int) -> dict[str, Any]:
    """Return what was promised before a date, and what came in the weeks from it on."""
    schema = config.schema_
    days = sales[schema.sale_date]
    before = sales.filter(days < first)
    after = sales.filter((days >= first) & (days < first + timedelta(weeks=weeks)))
    made, preprocessor = engineer(before, schema, config.features.derived, config.split, config.training.seed)
    table = feature_table.parse(feature_table.write(made, "0" * 64), "before the cut", schema)
    evaluation = evaluate(table, config, lambda *_: None)
    found = {name: evaluation.metrics[name] for name in ("promise", "rolling_origin", "holdout")}
    if after.is_empty():
        return found
    model = refit(table, evaluation, config)
    price, low, high = model.predict_interval(preprocessor.transform(after))
    y_true = after[schema.target].cast(pl.Float64).to_numpy()
    came = measure(y_true, price) | measure_interval(y_true, price, low, high)
    return found | {"came": came, "half_width": float(np.median(np.log(high / low)) / 2.0)}


def quick(config: Config) -> Config:
    """Return the configuration with fewer trees, centres and folds."""
    values = config.model_dump()
    values["split"]["folds"] = 3
    training = values["training"]
    if isinstance(training["boosting"], dict):
        training["boosting"] |= {"iterations": 200, "learning_rate": 0.2}
    if isinstance(training["kernel_ridge"], dict):
        training["kernel_ridge"]["centres"] = 400
        for kernel in training["kernel_ridge"]["additional_kernels"]:
            kernel["centres"] = 300
    return Config.model_validate(values)


def row(cut: str, found: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of a cut."""
    promise, came = found["promise"], found["came"]
    return (
        cut, f"{came['sales']:,}", f"{promise['log_rmse']:.4f}", f"{promise['worst_log_rmse']:.4f}",
        f"{came['log_rmse']:.4f}", f"{came['bias_log']:+.1%}", f"{promise['coverage']:.1%}", f"{came['coverage']:.1%}",
        f"{found['half_width']:.3f}",
    )  # fmt: skip


def key_of(config: Config, sales: pl.DataFrame, weeks: int) -> str:
    """Return what tells one run from another: rows, settings and the code of learning."""
    digest = hashlib.sha256(sales.write_csv().encode())
    digest.update(f"{config.sha256} {weeks}".encode())
    for path in sorted((ROOT / "src" / "houseprice" / "learning").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def main() -> int:
    """Print the table; return 1 when a must is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "model_config.yaml")
    parser.add_argument("--cuts", nargs="+", default=CUTS, help="dates, YYYY-MM-DD")
    parser.add_argument("--weeks", type=int, default=7, help="that are priced after each cut")
    parser.add_argument("--quick", action="store_true", help="fewer trees and centres")
    asked = parser.parse_args()
    config = load(asked.config)
    if asked.quick:
        config = quick(config)
    raw = csv_reader.read(ROOT / config.paths.raw, config.schema_, config.data.file)
    sales = processing.clean(raw, config.schema_, config.data).sales
    key = key_of(config, sales, asked.weeks)
    CACHE.mkdir(parents=True, exist_ok=True)
    results = {}
    for cut in (*asked.cuts, EVERY_SALE):
        path = CACHE / f"{cut}_{key}.json"
        if not path.is_file():
            begun = time.perf_counter()
            path.write_text(json.dumps(cut_at(config, sales, date.fromisoformat(cut), asked.weeks)))
            print(f"{cut}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
        results[cut] = json.loads(path.read_text())
    print(f"| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|")
    every_sale = results.pop(EVERY_SALE)
    for cut, found in results.items():
        print(f"| {' | '.join(row(cut, found))} |")
    coverages = [found["came"]["coverage"] for found in results.values()]
    came = max(found["came"]["log_rmse"] for found in results.values())
    worst, reported = every_sale["rolling_origin"]["worst"]["log_rmse"], every_sale["promise"]["worst_log_rmse"]
    print(f"\nThe run on every sale: worst origin {worst:.4f}, promised to be no more than {reported:.4f}.")
    musts = {
        f"mean coverage {np.mean(coverages):.1%}, must 88 to 92 %": MUST_MEAN[0] <= np.mean(coverages) <= MUST_MEAN[1],
        f"lowest coverage {min(coverages):.1%}, must be at least 86 %": min(coverages) >= MUST_EACH,
        f"worst cut {came:.4f}, must be at most what the run on every sale promises": came <= reported,
    }
    for words, met in musts.items():
        print(f"{'met' if met else 'MISSED'}: {words}")
    return int(not all(musts.values()))


if __name__ == "__main__":
    sys.exit(main())
