"""Benchmark of the store: how fast predictions are written, and the report's queries over ten million of them.

Both databases hold three years of predictions of a model that is replaced every month, with a price paid for one in a
hundred, and are read as monitoring does. All but the last are inserted by the database itself, which is faster; the
others, and the prices, go the way of the recorder. PostgreSQL is Debian's, started for the benchmark. Ends with 1 when
a must is missed.

    python bench/store_queries.py
    python bench/store_queries.py --rows 100000 --only sqlite
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Index, create_engine

from houseprice.store import Actual, InputCount, Store, StoredPrediction, open_store
from houseprice.store.tables import predictions, to_microseconds
from verdicts import Line, exit_code, table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from postgresql import running

START = datetime(2023, 6, 1, tzinfo=UTC)
DAYS = 3 * 365
COLUMNS, BINS = 18, 12
BATCH = 1000
DIRECT_BATCH = 200_000
WRITTEN_SHARE = 50
SALES_SHARE = 100
LAST_YEAR = (START + timedelta(days=DAYS - 365)).date()
MUST_SECONDS = 2.0


def key(number: int) -> str:
    """Return eight hex digits that are spread as those of a hash are."""
    return f"{number * 2654435761 % 2**32:08x}"


def house(number: int) -> int:
    """Return the house that a prediction is for; every third is one that was asked for before."""
    return number - 1 if number % 3 == 2 else number


def prediction(number: int, rows: int) -> StoredPrediction:
    """Return the prediction of a number, in the order of time; `INSERT` makes the same in the database."""
    share = number / rows
    name = key(house(number))
    return StoredPrediction(
        request_id=key(number) * 4,
        row=0,
        reference=f"customer-{name}",
        predicted_at=START + timedelta(microseconds=number * (DAYS * 86_400_000_000 // rows)),
        model_version=f"model-{int(36 * share):02d}",
        role="live",
        price=(price := 300_000.0 + house(number) % 500_000),
        low=0.8 * price,
        high=1.25 * price,
        fsd=0.12,
        currency="USD",
        valuation_date=None,
        warnings=[],
        inputs={f"column_{n}": float(house(number)) for n in range(COLUMNS)},
        inputs_hash=name * 4,
    )


INSERT = """
    INSERT INTO predictions (request_id, request_row, reference, predicted_at, model_version, role, price, low, high,
        fsd, currency, inputs, inputs_hash)
    WITH RECURSIVE
    numbers(n) AS (SELECT CAST({start} AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {end}),
    keyed AS (SELECT n, {key} AS k, {house_key} AS h, n - CASE n % 3 WHEN 2 THEN 1 ELSE 0 END AS house FROM numbers)
    SELECT k || k || k || k, 0, 'customer-' || h, {first} + n * {step}, '{version}', 'live',
        300000.0 + house % 500000, 0.8 * (300000.0 + house % 500000), 1.25 * (300000.0 + house % 500000), 0.12, 'USD',
        {inputs}, h || h || h || h FROM keyed
"""


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Connect to a database, with much memory for it."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        if url.startswith("sqlite"):
            connection.exec_driver_sql("PRAGMA cache_size = -2000000")
        else:
            connection.exec_driver_sql("SET maintenance_work_mem = '1GB'")
        yield connection
    engine.dispose()


def change_indexes(url: str, change: Callable[[Index, Connection], Any]) -> None:
    """Drop or create the indexes of the predictions."""
    with connected(url) as connection:
        for index in sorted(predictions.indexes, key=lambda index: str(index.name)):
            change(index, connection)
            print(f"{index.name}: {change.__name__}", file=sys.stderr)


def insert_directly(url: str, start: int, end: int, rows: int) -> None:
    """Let the database insert predictions of some numbers."""
    is_sqlite = url.startswith("sqlite")
    spread = "({0}) * 2654435761 % 4294967296"
    hexed = f"printf('%08x', {spread})" if is_sqlite else f"lpad(to_hex({spread}), 8, '0')"
    columns = " || '.0,".join(f'"column_{n}":\' || house' for n in range(COLUMNS))
    inputs = f"'{{{columns} || '.0}}'"
    statement = INSERT.format(
        start=start,
        end=end,
        key=hexed.format("n"),
        house_key=hexed.format("n - CASE n % 3 WHEN 2 THEN 1 ELSE 0 END"),
        first=to_microseconds(START),
        step=DAYS * 86_400_000_000 // rows,
        version=prediction(start, rows).model_version,
        inputs=inputs if is_sqlite else f"CAST({inputs} AS JSON)",
    )
    with connected(url) as connection:
        connection.exec_driver_sql(statement if is_sqlite else statement.replace("%", "%%"))


def fill(store: Store, url: str, rows: int) -> tuple[float, float]:
    """Store the predictions with their daily sums.

    Returns:
        How many a second are written where there are many, and seconds of CPU that each takes here.
    """
    direct = rows - rows // WRITTEN_SHARE
    change_indexes(url, Index.drop)
    for start in range(0, direct, DIRECT_BATCH):
        end = min(start + DIRECT_BATCH, direct)
        insert_directly(url, start, end, rows)
        days = {(one := prediction(number, rows)).predicted_at.date(): one for number in range(start, end, 997)}
        for day, one in days.items():
            store.add([replace(one, reference=None)], None, input_counts(day, one.model_version, start))
        print(f"{end:,}", file=sys.stderr)
    change_indexes(url, Index.create)  # once they are large it takes minutes to keep them
    seconds = cpu = 0.0
    for start in range(direct, rows, BATCH):
        batch = [prediction(number, rows) for number in range(start, min(start + BATCH, rows))]
        counts = input_counts(batch[0].predicted_at.date(), batch[0].model_version, start)
        began, used = time.perf_counter(), time.process_time()
        store.add(batch, ("spool", start + len(batch)), counts)
        seconds += time.perf_counter() - began
        cpu += time.process_time() - used
    return (rows - direct) / seconds, cpu / (rows - direct)


def input_counts(day: date, version: str, start: int) -> list[InputCount]:
    """Return the counts that come with a batch."""
    return [
        InputCount(day, version, f"column_{column}", (start // BATCH + column + n) % BINS, 10)
        for column in range(COLUMNS)
        for n in range(BINS)
    ]


def pay(store: Store, rows: int) -> float:
    """Store a price paid for one prediction in a hundred; return how many a second were taken."""
    numbers = [number for number in range(0, rows, SALES_SHARE) if number % 3 != 1]
    began = time.perf_counter()
    for start in range(0, len(numbers), BATCH):
        found = [prediction(number, rows) for number in numbers[start : start + BATCH]]
        store.add_actuals(
            [Actual(1.05 * one.price, one.predicted_at.date() + timedelta(days=1), one.request_id) for one in found]
        )
    return len(numbers) / (time.perf_counter() - began)


def queries(store: Store) -> dict[str, Callable[[], Any]]:
    """Return what monitoring reads, and the commands show."""
    version = prediction(99, 100).model_version
    return {
        "sums by day": store.daily_summaries,
        "counts of inputs of the model in production": lambda: store.input_counts(model_version=version),
        "labelled sales of the last year": lambda: store.labelled(since=LAST_YEAR),
        "all labelled sales": store.labelled,
        "those of a shadow model": lambda: store.labelled(role="shadow"),
        "position of a spool": lambda: store.position("spool"),
        "status": store.status,
    }


def measure(name: str, url: str, rows: int) -> list[Line]:
    """Return the figures of one database."""
    clock_at_end = START + timedelta(days=DAYS + 30)
    store = open_store(url, lambda: clock_at_end)
    (written, cpu), paid = fill(store, url, rows), pay(store, rows)
    lines = [
        Line(
            f"{name}: predictions written",
            5_000,
            15_000,
            round(written),
            "/s",
            at_most=False,
            note=f"{cpu * 1e6:.0f} µs of CPU here",
        ),
        Line(f"{name}: prices paid taken", 200, 1_000, round(paid), "/s", at_most=False),
    ]
    for what, query in queries(store).items():
        times = []
        for _ in range(3):
            began, cpu = time.perf_counter(), time.process_time()
            found = query()
            times.append((time.perf_counter() - began, time.process_time() - cpu))
        size = f"{len(found):,} rows, " if hasattr(found, "__len__") else ""
        best, used = min(times)
        note = f"{size}first time {times[0][0]:.2f} s, {used:.2f} s of CPU here"
        lines.append(Line(f"{name}: {what}", MUST_SECONDS, 0.5, round(best, 2), " s", note=note))
    status = store.status()
    print(f"{status.predictions:,} predictions, {status.bytes / 1e9:.1f} GB", file=sys.stderr)
    store.close()
    return lines


@contextmanager
def database(name: str, folder: Path) -> Iterator[str]:
    """Start a database of an own; return its URL."""
    settings = ("fsync=on", "shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min")
    with running(*settings) if name == "postgresql" else nullcontext() as server:
        yield server.new_database() if server else f"sqlite:///{folder}/store.db"


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--only", nargs="*", default=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    lines = []
    for name in chosen.only:
        with tempfile.TemporaryDirectory(prefix="store-") as folder, database(name, Path(folder)) as url:
            lines += measure(name, url, chosen.rows)
        print(table(lines), flush=True)
    return exit_code(lines)


if __name__ == "__main__":
    sys.exit(main())
