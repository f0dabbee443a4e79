"""A PostgreSQL server of the tests: Debian's programs, a temporary folder, a free port, and an unprivileged account.

The server refuses to run as root, so that root starts it as `nobody`.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

USER = "houseprice"
PASSWORD = "p@ss/word%20"  # noqa: S105 - of a server that lives as long as the tests
PASSWORD_IN_URL = quote(PASSWORD, safe="")
_numbers = count()


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, or skip; Debian keeps them apart from others."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))
    if not found:
        pytest.skip(f"{name} of PostgreSQL not found; `make tools` installs what tests need")
    return found


class Postgresql:
    """A server that can be stopped and started again; `settings` such as `fsync=on` go before those for tests."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder, self._settings = folder, settings
        self._account = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        if self._account:
            shutil.chown(folder, "nobody", "nogroup")
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        authentication = ["--auth=scram-sha-256", f"--pwfile={secret}", f"--username={USER}"]
        initdb = [program("initdb"), *authentication, "--no-sync", "--no-locale", "--encoding=UTF8", "-D", self._data]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **self._account)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.start()

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        """Start the server; return when it answers."""
        settings = ["listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.folder}"]
        settings += ["fsync=off", "shared_buffers=32MB", *self._settings]
        options = [word for setting in settings for word in ("-c", setting)]
        log = (self.folder / "log").open("a")
        self._process = subprocess.Popen(
            [program("postgres"), "-D", self._data, *options], stderr=log, cwd=self.folder, **self._account
        )
        log.close()
        waiting = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-d", "postgres"]
        while subprocess.run(waiting, check=False).returncode:
            assert self._process.poll() is None, (self.folder / "log").read_text()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server, at once and with all connections; return when it ended."""
        self._process.send_signal(how)
        self._process.wait()

    def url(self, database: str = "postgres", password: str = PASSWORD_IN_URL) -> str:
        """Return the URL of a database."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run one statement, outside of a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def new_database(self) -> str:
        """Make a database; return its URL."""
        name = f"store_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def new_schema(self) -> str:
        """Make a schema, which is much faster than a database; return the URL with which all tables are in it."""
        name = f"store_{next(_numbers)}"
        self.run(f"CREATE SCHEMA {name}")
        return f"{self.url()}?options=-csearch_path%3D{name}"


@contextmanager
def running(*settings: str) -> Iterator[Postgresql]:
    """Start a server; it is stopped and its folder removed at the end."""
    # Not in pytest's folder, which only its own account may enter.
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        server = Postgresql(Path(folder), *settings)
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)  # without writing anything that is removed anyway
