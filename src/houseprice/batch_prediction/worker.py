"""A worker process, which prices blocks until its connection is closed: `python -m houseprice.batch_prediction.worker`.

Its arguments are the descriptor of the connection and the folder of the bundle. It ends when the run has ended, however
that came about, since the other end of the connection is closed then.
"""

import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from houseprice.batch_prediction.pricing import Pricer


def run(connection: "Connection[Any, Any]", directory: Path) -> None:
    """Answer each job and block with the priced block, or with the exception."""
    pricer: Pricer | None = None
    while True:
        try:
            version, job, block = connection.recv()
        except (EOFError, OSError):
            return
        answer: Any
        try:
            if pricer is None:
                pricer = Pricer(directory, version)
            answer = pricer.price(job, block)
        except Exception as err:  # noqa: BLE001 - the run raises it
            answer = err
        try:
            connection.send(answer)
        except OSError:
            return


if __name__ == "__main__":
    run(Connection(int(sys.argv[1])), Path(sys.argv[2]))
