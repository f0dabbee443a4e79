"""The store of predictions and prices paid, in SQLite or PostgreSQL."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Connection

from houseprice.store import actuals, engine, export, queries, retention, schema_upgrade, writing
from houseprice.store.database_errors import translated
from houseprice.store.records import (
    Actual,
    ActualsResult,
    DailySummary,
    InputCount,
    LabelledPredictions,
    Role,
    StoredPrediction,
    StoreStatus,
)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)


def open_store(url: str, clock: Clock = utc_now) -> "Store":
    """Return the store of a URL, with the schema of this program; an older one is migrated.

    Args:
        url: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`; libpq's parameters may follow.
        clock: what gives the time of a change.

    Raises:
        StoreError: `store_url_invalid`, `store_newer`, or what `database_errors.translated` raises.
    """
    database = engine.connect(url)
    store = Store(database, clock)
    try:
        store.prepare()
    except BaseException:
        store.close()
        raise
    return store


class Store:
    """An open store; its methods may be called from several threads.

    All of them raise `StoreError` when the database cannot be used, and have changed nothing then. A later call
    connects again.

    Attributes:
        place: where it is, without a password.
    """

    def __init__(self, database: engine.Database, clock: Clock) -> None:
        self.place = database.place
        self._database, self._clock = database, clock

    def prepare(self) -> None:
        """Bring the schema to the revision of this program."""
        with self._transaction() as connection:
            if schema_upgrade.is_current(connection, self.place):
                return
        with self._transaction(is_writing=True) as connection:
            schema_upgrade.upgrade(connection)

    def close(self) -> None:
        """Close all connections."""
        self._database.engine.dispose()

    def add(
        self,
        predictions: Sequence[StoredPrediction],
        position: tuple[str, int] | None = None,
        input_counts: Iterable[InputCount] = (),
    ) -> int:
        """Store predictions with their daily sums, all or none of them; return how many were stored.

        Those whose reference was deleted after they were made are only summed up.

        Args:
            predictions: in any order.
            position: ID of the spool that they come from, and how far it is read when they are stored. Nothing is
                stored, and 0 returned, when that position was reached before.
            input_counts: what to add to the daily counts of input values.

        Raises:
            StoreError: A record cannot be stored, however often it is tried (`record_invalid`).
        """
        with self._transaction(is_writing=True) as connection:
            return writing.add(connection, predictions, position, input_counts, self._clock())

    def position(self, spool_id: str) -> int:
        """Return how far a spool was read; 0 where nothing of it was stored."""
        with self._transaction() as connection:
            return writing.position(connection, spool_id)

    def forget(self, spool_id: str) -> None:
        """Delete the position of a spool that is no more."""
        with self._transaction(is_writing=True) as connection:
            writing.forget(connection, spool_id)

    def add_actuals(
        self,
        given: Sequence[Actual],
        currency: str | None = None,
        *,
        skip_known: bool = False,
        skip_unknown: bool = False,
    ) -> ActualsResult:
        """Store prices paid, all or none of them.

        A sale is judged by the last live answer before the end of its day, in UTC. What is stored for the same answer,
        or for the same house and day, is the same sale: another price or day replaces it, and the former stays with the
        time of its replacement.

        Args:
            given: the prices.
            currency: of those that have none of their own; None is that of the prediction.
            skip_known: count prices that are stored already, instead of refusing them.
            skip_unknown: the same for houses that nobody had asked for when they were sold (`prediction_unknown`,
                `sale_before_prediction`).

        Raises:
            InvalidActualsError: Rows are broken; `errors` has their codes: `key_missing`, `price_invalid`,
                `row_invalid`, `sale_in_future`, `prediction_unknown`, `row_needed`, `sale_before_prediction`,
                `currency_mismatch`, `price_implausible`, `duplicate_row` (twice in the list), `duplicate` (stored
                already).
        """
        with self._transaction(is_writing=True) as connection:
            return actuals.add(
                connection, given, currency, self._clock(), skip_known=skip_known, skip_unknown=skip_unknown
            )

    def labelled(
        self,
        since: date | None = None,
        until: date | None = None,
        role: Role = "live",
        *,
        with_inputs: bool = True,
    ) -> LabelledPredictions:
        """Return the predictions whose price paid is known, of sales from `since` to the day before `until`.

        With the role `shadow`, they are what shadow models computed for the same houses of the same requests.
        """
        with self._transaction() as connection:
            return queries.labelled(connection, since, until, role, with_inputs=with_inputs)

    def daily_summaries(
        self, since: date | None = None, until: date | None = None, role: Role | None = None
    ) -> list[DailySummary]:
        """Return the sums over predictions from `since` to the day before `until`, of one role or of both.

        They stay when predictions are deleted.
        """
        with self._transaction() as connection:
            return queries.daily_summaries(connection, since, until, role)

    def input_counts(
        self, since: date | None = None, until: date | None = None, model_version: str | None = None
    ) -> list[InputCount]:
        """Return the daily counts of input values by bin, from `since` to the day before `until`, of a model or all."""
        with self._transaction() as connection:
            return queries.input_counts(connection, since, until, model_version)

    def status(self) -> StoreStatus:
        """Return what the store holds."""
        with self._transaction() as connection:
            revision = schema_upgrade.current_revision(connection) or ""
            return queries.status(connection, self.place, self._database.path, revision)

    def delete(self, reference: str) -> int:
        """Delete all predictions of a reference, live and shadow, with their prices paid; return how many.

        What was predicted before and comes later, out of a spool, is left out, for which a hash of the reference is
        kept until `prune`. Daily sums, which name nobody, stay.
        """
        with self._translated():
            return retention.delete_reference(self._database.engine, reference, self._clock())

    def prune(self, before: datetime) -> int:
        """Delete the predictions made before a time, with their prices paid; return how many. Daily sums stay."""
        with self._translated():
            return retention.prune(self._database.engine, before)

    def export(self, path: Path, *, labelled_only: bool = False) -> int:
        """Write predictions with their prices paid to a Parquet or CSV file, by its suffix; return how many.

        Raises:
            DataError: The suffix is another (`output_format_unknown`).
            MissingDependencyError: Parquet needs polars (`polars_missing`).
        """
        with self._transaction() as connection:
            return export.export(connection, path, labelled_only=labelled_only)

    @contextmanager
    def _transaction(self, *, is_writing: bool = False) -> Iterator[Connection]:
        with (
            self._translated(),
            self._database.engine.connect().execution_options(is_writing=is_writing) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(self.place, self._database.password):
            yield
