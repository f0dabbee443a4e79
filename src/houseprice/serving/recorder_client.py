"""What the server asks the recorder process: operations over a Unix socket in the spool folder, and its status file.

An operation is a line of JSON with its name and the length of the body, then the body; the answer is a line with an
HTTP status and the length of the content, then the content.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from houseprice.errors import ServingError

SOCKET_NAME, STATUS_NAME = "recorder.sock", "recorder.json"
ANSWER_SECONDS, RETRY_SECONDS = 20.0, 5
STALE_SECONDS = 30.0
"""Age from which on a status says that its recorder is gone."""
MAX_PATH_BYTES = 100
"""Length that every Unix takes for the path of a socket."""


class RecorderAwayError(ServingError):
    """The recorder does not answer."""

    code = "recorder_away"


@contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """Return a path of the recorder's socket that is short enough to be one, as long as the context lasts."""
    path = str(folder.absolute() / SOCKET_NAME)
    if len(os.fsencode(path)) <= MAX_PATH_BYTES:
        yield path
        return
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)


async def ask_recorder(folder: Path, operation: str, body: bytes = b"") -> tuple[int, bytes]:
    """Return the status and the content of the recorder's answer.

    Raises:
        RecorderAwayError: It does not run, or does not answer in time.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            with socket_path(folder) as path:
                reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(header(operation=operation, length=len(body)) + body)
                await writer.drain()
                answer = json.loads(await reader.readline())
                return int(answer["status"]), await reader.readexactly(int(answer["length"]))
            finally:
                writer.close()
    except (OSError, EOFError, ValueError, TimeoutError) as err:
        raise RecorderAwayError(
            f"The recorder of predictions does not answer ({type(err).__name__}); retry in a moment."
        ) from err


def header(**fields: Any) -> bytes:
    """Return the line before a body."""
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def read_status(folder: Path) -> dict[str, Any] | None:
    """Return what the recorder last wrote of itself; None if it has written nothing for `STALE_SECONDS`."""
    try:
        found = json.loads((folder / STATUS_NAME).read_bytes())
        age = time.time() - (folder / STATUS_NAME).stat().st_mtime
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and abs(age) < STALE_SECONDS else None
