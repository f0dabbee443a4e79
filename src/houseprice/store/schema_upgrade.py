"""The schema of a store: brought to this program's revision by Alembic when the store is opened."""

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from houseprice.errors import StoreError

VERSION_TABLE = "houseprice_schema"
"""Of our own, so that MLflow, which uses Alembic as well, may be in the same database."""
_LOCK = 0x686F757365  # any number; the same in all programs that open a store


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the schema; None where there is none yet."""
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def is_current(connection: Connection, place: str) -> bool:
    """Return whether the schema is of this program's revision, not an older one.

    Raises:
        StoreError: It was made by a newer program (`store_newer`).
    """
    scripts = ScriptDirectory.from_config(_config(connection))
    revision, head = current_revision(connection), scripts.get_current_head()
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"The store {place} has the schema {revision}, which is newer than this program's {head}. Install a newer "
            "version of houseprice, or give another store.",
            code="store_newer",
            found=revision,
            known=head,
        )
    return revision == head


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to a revision, in the transaction of the connection; others that do the same wait for it."""
    if connection.dialect.name == "postgresql":  # SQLite allows one writer anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    command.upgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    folder = str(resources.files("houseprice.store") / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
