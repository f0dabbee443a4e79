"""A recorder in the process of the tests, and what it has written."""

import json
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from toy import Client

from houseprice.bundle.load import Bundle
from houseprice.errors import StoreError
from houseprice.recording.actuals import ActualsTaker
from houseprice.recording.connection import StoreConnection
from houseprice.recording.drain import Follower, SpoolDrain
from houseprice.recording.input_counts import InputCounter, input_counter
from houseprice.recording.options import Options
from houseprice.recording.shadow import Shadow
from houseprice.recording.status import Status
from houseprice.serving.app import create_app
from houseprice.serving.request import RequestModel
from houseprice.serving.settings import Settings
from houseprice.spool.writer import SpoolWriter
from houseprice.store import engine, tables


def rows_of(url: str, table: Table = tables.predictions) -> list[dict[str, Any]]:
    """Return the rows of a table, without waiting; none where there is no such table yet."""
    database = engine.connect(url)
    try:
        with database.engine.connect() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]
    except Exception as err:
        if "no such table" in str(err) or "does not exist" in str(err):
            return []
        raise
    finally:
        database.engine.dispose()


def ids_of(url: str, role: str = "live") -> list[str]:
    """Return the request IDs of the stored predictions of a role, in order."""
    return sorted(row["request_id"] for row in rows_of(url) if row["role"] == role)


class Recorder:
    """The parts of a recorder, and a client that asks an API for predictions and records them in its spool."""

    def __init__(self, directory: Path, bundle: Bundle, url: str, spool: Path, **changes: Any) -> None:
        given = {"inputs": "on", "days": 0, "shadow": None, "max_rows": 100, "spool_bytes": 2**24} | changes
        self.options = Options(bundle=directory, store=url, spool=spool, **given)
        self.status, self.rules = Status(spool), RequestModel(bundle.manifest.schema_)
        self.connection = StoreConnection(url, self.status)
        self.counter: InputCounter = input_counter(directory, bundle.manifest.model_version)
        self.drain = self.new_drain()
        self.taker = ActualsTaker(self.rules, self.connection, self.status, self.options.max_rows)
        self._bundle = bundle

    def new_drain(self, follower: Follower | None = None) -> SpoolDrain:
        """Return what a recorder reads the spool with when it has just started."""
        return SpoolDrain(self.options, self.connection, self.status, self.rules, self.counter, follower)

    def shadow(self) -> Shadow:
        """Return a shadow model that is not open yet."""
        return Shadow(self.options, self.connection, self.status, self.rules)

    def predict(self, *requests: tuple[str, Any], path: str = "/predict") -> None:
        """Answer requests, each with its ID, and record them in a spool whose writer then ends."""
        options = self.options
        settings = Settings(store=options.store, store_spool=str(options.spool), store_inputs=options.inputs)
        app = create_app(self._bundle, settings)
        app.state.spool.start()
        for request_id, body in requests:
            assert Client(app).post(path, body, headers={"X-Request-ID": request_id}).status_code == 200
        app.state.spool.close()

    def write(self, *lines: bytes) -> None:
        """Write lines into a spool of their own."""
        writer = SpoolWriter(self.options.spool, 2**24)
        writer.append(b"".join(line + b"\n" for line in lines))
        writer.close()

    def actuals(self, *rows: dict[str, Any]) -> tuple[int, Any]:
        """Send prices paid; return the status and the answer."""
        status, content = self.taker.answer(json.dumps(rows).encode())
        return status, json.loads(content)

    def rows(self) -> list[dict[str, Any]]:
        """Return the stored predictions."""
        return rows_of(self.options.store)

    def close(self) -> None:
        """Close the store."""
        self.connection.close()


def finish(drain: SpoolDrain, seconds: float = 30.0) -> None:
    """Read all that is in the spool; wait for a database that comes back."""
    ends = time.monotonic() + seconds
    while True:
        try:
            while drain.step():
                pass
        except StoreError:
            assert time.monotonic() < ends, "it never came"
            time.sleep(0.01)
        else:
            return
