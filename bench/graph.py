"""CPU time of the exported graph against that of another one of the same model, printed as a table.

Both are asked for the same sales in turns, in one thread: in blocks, as the product asks, and one by one. Each round
gives a ratio; the table has the smallest, the middle and the largest, and how far prices differ over all sales. CPU
time is taken, which other programs on the machine change less than wall time.

    taskset -c 1 python bench/graph.py --bundle models/bundle --against OLD.onnx
"""

import argparse
import time
from pathlib import Path

import numpy as np

from houseprice.bundle.load import BLOCK, Columns, Model, open_bundle
from houseprice.bundle.sales_store import unpack

BATCH = 10 * BLOCK
SINGLES = 40


def main() -> None:
    """Time both graphs in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=Path("models/bundle"), help="default: %(default)s")
    parser.add_argument("--against", type=Path, required=True, help="the other graph")
    parser.add_argument("--rounds", type=int, default=31, help="default: %(default)s")
    arguments = parser.parse_args()

    bundle = open_bundle(arguments.bundle)
    models = (Model(arguments.against.read_bytes()), bundle.model)
    sales = unpack(bundle.sales).columns
    print(f"| of {len(next(iter(sales.values()))):,} sales | other, µs a house | this, µs a house | other ÷ this |")
    print("| --- " * 4 + "|")
    batch = part(sales, 0, BATCH)
    singles = [part(sales, place, place + 1) for place in range(SINGLES)]
    for name, houses, asked in (("blocks", BATCH, [batch]), ("one house", SINGLES, singles)):
        times = np.array([[seconds(model, asked) for model in models] for _ in range(arguments.rounds)])
        other, this = np.median(times, axis=0) / houses * 1e6
        ratios = np.quantile(times[:, 0] / times[:, 1], [0.0, 0.5, 1.0])
        low, middle, high = (f"{ratio:.2f}" for ratio in ratios)
        print(f"| {name} | {other:.1f} | {this:.1f} | **{middle}** ({low} to {high}) |", flush=True)
    old, new = (model.predict(sales).price for model in models)
    print(f"\nLargest relative difference of the prices: {np.abs(new / old - 1.0).max():.1e}")


def part(columns: Columns, start: int, end: int) -> Columns:
    """Return some of the houses."""
    return {name: values[start:end] for name, values in columns.items()}


def seconds(model: Model, requests: list[Columns]) -> float:
    """Return the CPU time that the thread takes for some requests."""
    started = time.thread_time()
    for columns in requests:
        model.predict(columns)
    return time.thread_time() - started


if __name__ == "__main__":
    main()
