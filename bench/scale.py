"""Time and memory of commands on large tables, by the number of rows.

    python bench/scale.py predict                                # 200,000 and 1,000,000 rows, CSV
    python bench/scale.py predict --rows 1000000 --forms csv csv.gz parquet --workers 1 2
    .venv-ray/bin/python bench/scale.py predict --engine ray     # the same with Ray on this machine
    python bench/scale.py process                                # `process`, then `features` on what it wrote
    python bench/scale.py train                                  # the same, then `train`

A table is made of real houses, drawn with a seed; coordinates are moved by some metres, so that few cells are equal. In
one of sales each has a parcel of its own, but for some that are sold again. The command runs as a process of its own.
Memory is that of all its processes, ten times a second: the sum of what each holds, pages that they share counted once
for each (RSS) or divided among them (PSS). Seconds depend on the machine, and on what else it does; judge by CPU
seconds per row, which stay the same when time grows linearly.
"""

import argparse
import csv
import gzip
import hashlib
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from made_sales import MOVED, made_sales

SAMPLE_SECONDS = 0.1
SEED = 20
GATE_FAILED = 6
"""Exit code of `train`."""


@dataclass
class Run:
    """What a command cost: seconds, CPU seconds, and most bytes of memory of all processes together."""

    seconds: float
    cpu_seconds: float
    rss: int
    pss: int


def main() -> None:
    """Run the benchmark that is named."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = options.add_subparsers(required=True)
    predict = kinds.add_parser("predict", help="houseprice predict")
    predict.add_argument("--rows", type=int, nargs="+", default=[200_000, 1_000_000])
    predict.add_argument("--forms", nargs="+", default=["csv"], choices=["csv", "csv.gz", "parquet"])
    predict.add_argument("--workers", type=int, nargs="+", default=[len(os.sched_getaffinity(0))])
    predict.add_argument("--engine", default="local", choices=["local", "ray"])
    predict.add_argument("--bundle", type=Path, default=Path("models/bundle"))
    predict.add_argument("--houses", type=Path, default=Path("data/processed/cleaned_house_data.csv"))
    predict.set_defaults(run=measure_predict)
    process = kinds.add_parser("process", help="houseprice process, and houseprice features")
    process.add_argument("--rows", type=int, nargs="+", default=[200_000, 1_000_000])
    process.add_argument("--sales", type=Path, default=Path("data/raw/house_data.csv"))
    process.add_argument("--digests", action="store_true", help="print the sha256 of each output")
    process.set_defaults(run=measure_process)
    train = kinds.add_parser("train", help="houseprice process, features and train")
    train.add_argument("--rows", type=int, nargs="+", default=[200_000, 1_000_000])
    train.add_argument("--sales", type=Path, default=Path("data/raw/house_data.csv"))
    train.add_argument("--config", type=Path, default=Path("configs/model_config.yaml"))
    train.set_defaults(run=measure_train)
    given = options.parse_args()
    given.run(given)


def measure_predict(given: argparse.Namespace) -> None:
    """Print the cost of pricing files of each size and form, as rows of a table."""
    print("| rows | form | workers | seconds | CPU seconds | µs of CPU a row | rows a second | peak RSS (PSS) |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        for rows in given.rows:
            table = Path(name) / "houses.csv"
            make_table(given.houses, table, rows)
            for form in given.forms:
                source = FORMS[form](table)
                for workers in given.workers:
                    output = Path(name) / f"priced.{form}"
                    paths = ["--bundle", str(given.bundle), "--input", str(source), "--output", str(output)]
                    chosen = ["--engine", given.engine, "--workers", str(workers)]
                    found = run([sys.executable, "-m", "houseprice", "predict", *paths, *chosen])
                    cost = f"{found.cpu_seconds:.1f} | {found.cpu_seconds / rows * 1e6:.1f}"
                    memory = f"{found.rss / 1e6:.0f} MB ({found.pss / 1e6:.0f})"
                    speed = f"{rows / found.seconds:,.0f}"
                    print(f"| {rows:,} | {form} | {workers} | {found.seconds:.1f} | {cost} | {speed} | {memory} |")
                    sys.stdout.flush()
                    output.unlink()


def measure_process(given: argparse.Namespace) -> None:
    """Print the cost of cleaning files of each size and of computing their features, as rows of a table.

    The exponent of growth is that of the CPU seconds beyond those of 1,000 rows, from one size to the next.
    """
    starting = {step: found.cpu_seconds for step, found in clean_and_compute(given, 1_000)}
    print("| rows | command | seconds | CPU seconds | µs of CPU a row | exponent | peak RSS (PSS) |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    smaller: dict[str, tuple[int, float]] = {}
    for rows in given.rows:
        for step, found in clean_and_compute(given, rows):
            beyond, growth = found.cpu_seconds - starting[step], "–"
            if step in smaller:
                growth = f"{math.log(beyond / smaller[step][1]) / math.log(rows / smaller[step][0]):.2f}"
            smaller[step] = rows, beyond
            cost = f"{found.seconds:.1f} | {found.cpu_seconds:.1f} | {found.cpu_seconds / rows * 1e6:.1f} | {growth}"
            print(f"| {rows:,} | {step} | {cost} | {found.rss / 1e6:,.0f} MB ({found.pss / 1e6:,.0f}) |")
            sys.stdout.flush()


def clean_and_compute(given: argparse.Namespace, rows: int) -> Iterator[tuple[str, Run]]:
    """Yield what each command costs for a table of so many sales; print the sha256 of what they write, if asked to."""
    with tempfile.TemporaryDirectory() as name:
        table, clean, featured, pickled = (Path(name) / file for file in ("raw.csv", "c.csv", "f.csv", "p.pkl"))
        make_sales(given.sales, table, rows)
        steps = {
            "process": ["--input", str(table), "--output", str(clean)],
            "features": ["--input", str(clean), "--output", str(featured), "--preprocessor", str(pickled)],
        }
        for step, paths in steps.items():
            yield step, run([sys.executable, "-m", "houseprice", step, *paths])
        for path in (clean, featured, pickled) if given.digests else ():
            with path.open("rb") as stream:
                print(f"{rows:,} {path.name}: {hashlib.file_digest(stream, 'sha256').hexdigest()}")


def measure_train(given: argparse.Namespace) -> None:
    """Print the cost of the three commands by the number of sales, and the error beside the noise of the prices."""
    print("| rows | command | seconds | CPU seconds | peak RSS (PSS) |")
    print("| --- | --- | --- | --- | --- |")
    for rows in given.rows:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            table, clean, featured = (folder / file for file in ("raw.csv", "clean.csv", "featured.csv"))
            noise = make_sales(given.sales, table, rows)
            config, models = ["--config", str(given.config.resolve())], folder / "models"
            pickled = ["--preprocessor", str(models / "trained" / "preprocessor.pkl")]
            written = ["--models-dir", str(models), "--reports-dir", str(folder / "reports")]
            steps = {
                "process": [*config, "--input", str(table), "--output", str(clean)],
                "features": [*config, "--input", str(clean), "--output", str(featured), *pickled],
                "train": [*config, "--data", str(featured), *written],
            }
            for step, paths in steps.items():
                found = run([sys.executable, "-m", "houseprice", step, *paths])
                cost = f"{found.seconds:.0f} | {found.cpu_seconds:.0f}"
                print(f"| {rows:,} | {step} | {cost} | {found.rss / 1e6:,.0f} MB ({found.pss / 1e6:,.0f}) |")
                sys.stdout.flush()
            metrics = json.loads((folder / "reports" / "metrics.json").read_text())
            error = metrics["holdout"]["log_rmse"]
            told = f"log-RMSE of the newest sales {error:.4f}, {error / noise:.3f} times the noise"
            if lost := metrics.get("sample"):
                told += f"; lost by the sample {lost['loss']:.2%} (at most {lost['loss_high']:.2%})"
            verdict = json.loads((folder / "reports" / "verdict.json").read_text())
            print(f"{rows:,}: {told}; verdict {'passed' if verdict['passed'] else 'failed'}")


def make_sales(sales: Path, path: Path, rows: int) -> float:
    """Write so many sales, drawn from a raw table, with prices of a known truth; return the noise of their logs."""
    import numpy as np
    import polars as pl

    real = pl.read_csv(sales, schema_overrides={"id": pl.Int64, "zipcode": pl.String, "date": pl.String})
    made = made_sales(real, rows, SEED)
    made.drop("noise").write_csv(path)
    return float(np.sqrt((made["noise"].to_numpy() ** 2).mean()))


def make_table(houses: Path, path: Path, rows: int) -> None:
    """Write so many houses, drawn from a table."""
    chosen = random.Random(SEED)  # noqa: S311 - no secret
    with houses.open(newline="") as stream:
        header, *real = csv.reader(stream)
    moved = [index for index, name in enumerate(header) if name in ("lat", "long")]
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        for _ in range(rows):
            row = list(chosen.choice(real))
            for index in moved:
                row[index] = f"{float(row[index]) + chosen.uniform(-MOVED, MOVED):.6f}"
            writer.writerow(row)


def run(command: list[str]) -> Run:
    """Return the cost of a command, which may end with the verdict that a model failed its gates."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    rss = pss = 0
    spent: dict[int, float] = {}  # by processes that nobody waits for, as those of Ray
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        alive = family(process.pid)
        spent |= {pid: found for pid in alive if (found := cpu_seconds(pid))}
        held = [memory(pid) for pid in alive]
        rss, pss = max(rss, sum(one for one, _ in held)), max(pss, sum(one for _, one in held))
        time.sleep(SAMPLE_SECONDS)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, GATE_FAILED):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Run(seconds, max(usage.ru_utime + usage.ru_stime, sum(spent.values())), rss, pss)


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Return what a process has computed so far; 0 of one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> tuple[int, int]:
    """Return the RSS and PSS of a process in bytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0, 0
    fields = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("Rss:", "Pss:"))}
    return int(fields.get("Rss", 0)) * 1024, int(fields.get("Pss", 0)) * 1024


def packed(table: Path) -> Path:
    """Return a table within gzip."""
    path = table.with_suffix(".csv.gz")
    with table.open("rb") as source, gzip.open(path, "wb", compresslevel=6) as sink:
        while part := source.read(2**20):
            sink.write(part)
    return path


def as_parquet(table: Path) -> Path:
    """Return a table as Parquet."""
    import polars as pl

    path = table.with_suffix(".parquet")
    texts = {"zipcode": pl.String, "id": pl.String}
    pl.scan_csv(table, schema_overrides=texts, try_parse_dates=True).sink_parquet(path)
    return path


FORMS: dict[str, Callable[[Path], Path]] = {"csv": lambda table: table, "csv.gz": packed, "parquet": as_parquet}

if __name__ == "__main__":
    main()
