"""How long a file of sales takes from `init` to a server that has priced a house.

    python bench/time_to_model.py [--rows N]

The file is made: Spanish names, semicolons, decimal commas, no identifier, some cells without a value. It ends with an
error when 300 seconds are not enough, which two cores are given.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from load import post
from processes import running

sys.path.append(str(Path(__file__).resolve().parents[1] / "examples"))
from made_sales import make_sales, with_blanks, write_spanish

MUST_SECONDS = 300
BLANK = ("lot_area", "bedrooms", "bathrooms", "floor", "state", "year_built", "quarter", "latitude", "longitude")
HOUSEPRICE = (sys.executable, "-m", "houseprice")


def main() -> None:
    """Run the commands, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        sales = with_blanks(make_sales(rows).drop("parcel"), 0.05, BLANK)
        (home / "ventas.csv").write_bytes(write_spanish(sales))
        print(f"| {rows:,} sales | seconds | CPU seconds | peak memory |\n| --- | --- | --- | --- |")
        total = _command("init", home, "init", "ventas.csv", "--yes")
        total += _command("run", home, "run", "--config", "configs/ventas.yaml")
        total += _serve(home)
    print(f"| together | {total:.0f} | | |")
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"Python {platform.python_version()}")  # fmt: skip
    if rows <= parser.get_default("rows") and total > MUST_SECONDS:
        raise SystemExit(f"{total:.0f} seconds, and {MUST_SECONDS} are the limit")


def _command(name: str, home: Path, *words: str) -> float:
    """Run a command, print its line, and return its seconds."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([*HOUSEPRICE, *words], cwd=home, capture_output=True, text=True, check=False)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"| {name} | {seconds:.0f} | {cpu:.0f} | {after.ru_maxrss / 2**10:,.0f} MiB |", flush=True)
    return seconds


def _serve(home: Path) -> float:
    """Start the server, print the line of its first price, and return its seconds."""
    house = {"Superficie construida (m²)": "104,5", "Barrio": "Centro"}
    bundle = ("--bundle", str(home / "models" / "ventas" / "bundle"))
    with running(lambda port: [*HOUSEPRICE, "serve", *bundle, "--port", str(port)], post("/predict", house)) as server:
        print(f"| first price | {server.started:.1f} | {server.cpu_seconds:.1f} | {server.memory / 2**20:,.0f} MiB |")
        return server.started


if __name__ == "__main__":
    main()
