"""The recorder's Unix socket: operations that the server's workers ask for."""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingMixIn, UnixStreamServer

from houseprice.serving.recorder_client import SOCKET_NAME, header, socket_path

Operation = Callable[[bytes], tuple[int, bytes]]
"""Takes a body, and returns an HTTP status and the content of the answer, JSON."""
READ_SECONDS = 30.0
_FAILED = b'{"detail":"Internal error of the recorder; the log has the reason."}'
_log = logging.getLogger(__name__)


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    operations: Mapping[str, Operation]


class _Handler(StreamRequestHandler):
    server: _Server
    timeout = READ_SECONDS

    def handle(self) -> None:
        with suppress(OSError):  # the worker is gone
            try:
                asked = json.loads(self.rfile.readline())
                body = self.rfile.read(asked["length"])
                status, content = self.server.operations[asked["operation"]](body)
            except OSError:
                raise
            except Exception:  # noqa: BLE001 - the outermost edge: the caller gets an answer, the log the traceback
                _log.exception("operation failed")
                status, content = 500, _FAILED
            self.wfile.write(header(status=status, length=len(content)) + content)


@contextmanager
def operations_socket(folder: Path, operations: Mapping[str, Operation]) -> Iterator[None]:
    """Answer operations by name, in threads, as long as the context lasts; without a socket, the log says so."""
    with suppress(OSError):
        (folder / SOCKET_NAME).unlink()  # of a recorder that was killed
    try:
        with socket_path(folder) as path:
            server = _Server(path, _Handler)
            (folder / SOCKET_NAME).chmod(0o600)
    except OSError as err:
        _log.error("no socket for prices paid", extra={"fields": {"reason": os.strerror(err.errno or 0)}})
        yield
        return
    server.operations = operations
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="socket", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        with suppress(OSError):
            (folder / SOCKET_NAME).unlink()
