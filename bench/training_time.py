"""Time of training by the number of sales: everything found, evaluated in folds and by rolling origins, fitted anew.

    python bench/training_time.py                       # 500 to 20,000 sales of King County
    python bench/training_time.py --rows 500 40000      # more than there are: some stand twice, moved and with noise

Each size runs in a process of its own. Seconds depend on the machine; judge by the ratio, which is seconds per sale,
relative to the size where that is smallest: it stays near 1 from some thousand sales on when time grows linearly.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from houseprice.config import load
from houseprice.learning import csv_reader, feature_table, processing
from houseprice.learning.evaluation import evaluate, refit
from houseprice.learning.features import engineer
from houseprice.learning.fitting import found_training
from houseprice.learning.splitting import TRAIN

ROOT = Path(__file__).resolve().parents[1]
MOVED, NOISE = 0.002, 0.05  # standard deviations, in degrees and in log price, of a sale that stands twice


def measured(rows: int) -> dict[str, Any]:
    """Return seconds and errors of so many sales, drawn at random, cleaned and made features of before."""
    config = load(ROOT / "configs" / "model_config.yaml")
    schema = config.schema_
    sales = processing.clean(
        csv_reader.read(ROOT / config.paths.raw, schema, config.data.file), schema, config.data
    ).sales
    made, _ = engineer(_drawn(sales, rows), schema, config.features.derived, config.split, config.training.seed)
    table = feature_table.parse(feature_table.write(made, "0" * 64), "drawn sales", schema)
    start = _clock()
    found = found_training(table, table.rows(TRAIN), config)
    searched = _clock()
    config = config.model_copy(update={"training": found})
    evaluation = evaluate(table, config, lambda *_: None)
    evaluated = _clock()
    refit(table, evaluation, config)
    end = _clock()
    return {
        "rows": rows,
        "search": searched[1] - start[1],
        "evaluation": evaluated[1] - searched[1],
        "refit": end[1] - evaluated[1],
        "wall": end[0] - start[0],
        "cpu": end[1] - start[1],
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
        "folds": evaluation.metrics["grouped_folds"]["log_rmse"],
    }


def _clock() -> tuple[float, float]:
    """Return seconds on the wall, and of the processor, those of the system included."""
    return time.perf_counter(), time.process_time()


def _drawn(sales: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Return so many sales; each beyond the first time around is another house near the first."""
    draw = np.random.default_rng(0)
    order = np.concatenate([draw.permutation(sales.height) for _ in range(-(-rows // sales.height))])[:rows]
    again = np.arange(rows) >= sales.height
    moved, noise = draw.normal(0.0, MOVED, (2, rows)) * again, np.exp(draw.normal(0.0, NOISE, rows) * again)
    return sales[order].with_columns(
        id=pl.concat_str("id", pl.Series((np.arange(rows) // sales.height).astype(str)), separator="-"),
        price=pl.Series((sales["price"].cast(pl.Float64).to_numpy()[order] * noise).round()).cast(sales["price"].dtype),
        lat=pl.Series(sales["lat"].to_numpy()[order] + moved[0]),
        long=pl.Series(sales["long"].to_numpy()[order] + moved[1]),
    )


def main() -> None:
    """Measure each size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 2500, 5000, 10_000, 20_000])
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measured(asked.rows[0])))
        return
    found = []
    for rows in asked.rows:
        words = [sys.executable, __file__, "--one", "--rows", str(rows)]
        found.append(json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout))
        print(found[-1], file=sys.stderr, flush=True)
    least = {name: min(one[name] / one["rows"] for one in found) for name in ("wall", "cpu")}
    print(
        "| sales | search, CPU s | evaluation, CPU s | refit, CPU s | CPU s · ratio | wall s · ratio | memory | folds |"
    )
    print("| --- " * 8 + "|")
    for one in found:
        total = [f"{one[name]:.0f} · {one[name] / one['rows'] / least[name]:.2f}" for name in ("cpu", "wall")]
        parts = [f"{one[name]:.0f}" for name in ("search", "evaluation", "refit")]
        print(f"| {one['rows']:,} | {' | '.join(parts + total)} | {one['memory']:.0f} MB | {one['folds']:.4f} |")


if __name__ == "__main__":
    main()
