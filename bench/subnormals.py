"""CPU seconds of one fit with and without subnormal kernel values, printed as a table.

Sharp kernels are nearly 0 between houses that are far apart. Left as they are, many values lie below 2.2e-308, where a
product takes a hundred times as long. The same model is fitted both ways, and its predictions are compared.

    python bench/subnormals.py
"""

import argparse
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars as pl

from houseprice.config import load
from houseprice.learning import csv_reader, processing, rbf_kernel
from houseprice.learning.features import Preprocessor
from houseprice.learning.hyperparameters.search import find_hyperparameters
from houseprice.learning.training import PriceModel

ROOT = Path(__file__).resolve().parents[1]
SALES = 13_257  # the number of sales in the last rolling origin of King County


def main() -> None:
    """Fit the configured model with the smallest kernel value in force and without, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sales", type=int, default=SALES, help="fit the oldest N sales (default: %(default)s)")
    count = parser.parse_args().sales

    config = load(ROOT / "configs" / "model_config.yaml")
    raw = csv_reader.read(ROOT / config.paths.raw, config.schema_, config.data.file)
    sales = processing.clean(raw, config.schema_, config.data).sales.sort(config.schema_.sale_date)[:count]
    features = Preprocessor(config.schema_, config.derived).fit(sales).transform(sales)
    prices = sales[config.schema_.target].cast(pl.Float64).to_numpy()

    roles = config.schema_.roles()
    places = [roles[role] for role in ("latitude", "longitude") if role in roles]
    found = find_hyperparameters(features, prices, config.training, places=places)

    print(f"| one fit of {sales.height:,} sales | CPU seconds | wall seconds |", "| --- " * 3 + "|", sep="\n")
    cpu, predictions = {}, {}
    for name, lowest in (("subnormal kernel values", -np.inf), ("at least 1e-100", rbf_kernel.MIN_LOG_KERNEL)):
        with patch.object(rbf_kernel, "MIN_LOG_KERNEL", lowest):
            wall_start, cpu_start = time.perf_counter(), time.process_time()
            model = PriceModel(found, places).fit(features, prices)
            cpu[name] = time.process_time() - cpu_start
            print(f"| {name} | {cpu[name]:.1f} | {time.perf_counter() - wall_start:.1f} |", flush=True)
            predictions[name] = model.predict(features)
    before, after = predictions.values()
    print(f"| ratio | {np.divide(*cpu.values()):.1f} | |")
    print(f"\nLargest relative difference of the predictions: {np.abs(after / before - 1).max():.1e}")


if __name__ == "__main__":
    main()
