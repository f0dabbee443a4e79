"""The schema of a store: new, older with data in it, newer than the program."""

import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from houseprice.errors import StoreError
from houseprice.store import open_store
from houseprice.store.schema_upgrade import VERSION_TABLE, current_revision, upgrade
from houseprice.store.tables import metadata
from stored import Open, prediction

HEAD = "r0003"
INSERT = (
    "INSERT INTO predictions (request_id, request_row, reference, predicted_at, model_version, role, price, low, high, "
    "fsd, currency, valuation_date, warnings, inputs, inputs_hash) VALUES "
)


def run(url: str, *statements: str) -> None:
    """Run SQL in a database."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement.replace(":", "\\:")))
    engine.dispose()


def older(url: str, revision: str = "r0001") -> None:
    """Make a store as an older program did, with predictions and a price paid in it."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        upgrade(connection, revision)
    engine.dispose()
    day = 1_777_593_600_000_000  # 2026-05-01
    rows = [
        f"('a', 0, 'house-1', {day}, 'm', 'live', 200000, 150000, 250000, 0.1, 'USD', '2026-05-01', "
        """'[{"kind": "missing"}]', '{"bedrooms": 3}', 'h')""",
        f"('a', 0, 'house-1', {day + 1}, 's', 'shadow', 300000, 1, 2, NULL, 'USD', NULL, NULL, NULL, NULL)",
        f"('b', 0, NULL, {day + 86_400_000_000}, 'm', 'live', 400000, 1, 2, NULL, 'USD', NULL, NULL, NULL, NULL)",
    ]
    run(
        url,
        INSERT + ", ".join(rows),
        "INSERT INTO actuals (prediction_id, price, sale_date, matched_by, recorded_at) "
        "VALUES (1, 210000, '2026-05-20', 'reference', 1780000000000000)",
        "INSERT INTO spool_positions VALUES ('spool-1', 1234, 0)",
    )


def differences(connection: Connection) -> list[object]:
    """Return in what the schema of a database differs from the tables of the program."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
    return list(compare_metadata(context, metadata))


def test_the_migrations_make_the_tables(opened: Open, url: str) -> None:
    """Column by column, on both databases."""
    opened(url)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        assert differences(connection) == []
        assert current_revision(connection) == HEAD
    engine.dispose()


def test_an_older_store_is_migrated_with_what_it_holds(opened: Open, url: str) -> None:
    """Nothing is lost, and the new tables are filled from what was stored."""
    older(url)
    store = opened(url)
    assert (store.status().revision, store.status().predictions, store.position("spool-1")) == (HEAD, 3, 1234)
    labelled = store.labelled()
    assert (labelled.price_paid.tolist(), labelled.price.tolist()) == ([210_000.0], [200_000.0])
    assert labelled.inputs[0] == {"bedrooms": 3}
    sums = [(one.day, one.role, one.predictions, one.fsd_count, one.warned) for one in store.daily_summaries()]
    first = date(2026, 5, 1)
    assert sums == [(first, "live", 1, 1, 1), (first, "shadow", 1, 0, 0), (date(2026, 5, 2), "live", 1, 0, 0)]
    assert store.daily_summaries()[0].log_price_sum == pytest.approx(12.206, abs=0.001)
    store.add([prediction()], ("spool-1", 1300))
    assert store.daily_summaries(role="live")[0].day == first


def test_an_upgrade_that_fails_leaves_the_older_store_as_it_was(opened: Open, url: str) -> None:
    """The first of its tables is not made either, and it can be upgraded once the reason is gone."""
    older(url)
    run(url, "CREATE TABLE daily_inputs (day INTEGER)")
    with pytest.raises(StoreError):
        open_store(url)
    run(url, "DROP TABLE daily_inputs", "CREATE TABLE daily_predictions (day INTEGER)", "DROP TABLE daily_predictions")
    assert opened(url).status().revision == HEAD


def test_a_newer_store_is_refused(opened: Open, url: str) -> None:
    """It names both revisions, and is not changed."""
    opened(url).add([prediction()])
    run(url, "UPDATE houseprice_schema SET version_num = 'r9999'")
    with pytest.raises(StoreError) as raised:
        open_store(url)
    assert raised.value.code == "store_newer"
    assert raised.value.details == {"found": "r9999", "known": HEAD}
    run(url, "UPDATE houseprice_schema SET version_num = 'r0003'")
    assert opened(url).status().predictions == 1


def test_a_database_may_be_shared_with_other_programs_that_use_alembic(opened: Open, url: str) -> None:
    """Such as MLflow, whose revisions stand in a table of another name."""
    run(url, "CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES ('abc')")
    assert opened(url).status().revision == HEAD


def test_the_wheel_holds_the_migrations(root: Path, tmp_path: Path) -> None:
    """What is installed from it can make a store."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    script = f"""
import sys
sys.path.insert(0, {str(tmp_path / "installed")!r})
from houseprice import store
print(store.__file__, store.open_store("sqlite:///{tmp_path}/store.db").status().revision)
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path)
    place, revision = done.stdout.split()
    assert Path(place).is_relative_to(tmp_path)
    assert revision == HEAD


def test_a_store_that_is_current_is_opened_beside_a_writer(opened: Open, url: str) -> None:
    """The lock of an upgrade is taken only where there is something to upgrade."""
    opened(url)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as writer:
        writer.execute(text("INSERT INTO spool_positions VALUES ('another', 1, 0)"))
        assert opened(url).position("another") == 0
    engine.dispose()
