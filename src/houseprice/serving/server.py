"""The API server: one process, or several under uvicorn's supervisor.

The model is verified before the address is listened on, and a signal to stop lets requests in progress finish.
"""

import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from houseprice.bundle.verdict import failed_gates
from houseprice.errors import HousePriceError, ServingError
from houseprice.serving import json_logging
from houseprice.serving.connections import Connections
from houseprice.serving.draining import DrainingProtocol, DrainingServer, terminate_on_hangup
from houseprice.serving.heap import return_freed_memory
from houseprice.serving.recorder_process import recorder_process
from houseprice.serving.settings import DEFAULT, Settings
from houseprice.serving.startup import verified_app
from houseprice.serving.supervisor import run_workers

BACKLOG = 2048
_HEALTHCHECK_SECONDS = 30
"""A worker that answers no ping for so long hangs; on a busy machine five seconds are not enough."""
_OTHER_FILES = 64
"""Open files of a process that are no connections."""
FULL_COLLECTION = 100
"""Collections of the middle generation before one of everything, which holds all threads up: 100 ms among the values of
a long body. The usual 10 would come several times a body, since what is exempt does not count."""
_log = logging.getLogger(__name__)


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration from the settings; it is pickled into worker processes."""

    def __init__(self, app: Any, settings: Settings) -> None:
        self.settings = settings
        self.pool = Connections(_open_files(settings.max_connections))
        super().__init__(
            app,
            factory=True,
            http=DrainingProtocol,
            ws="none",
            lifespan="on",
            workers=settings.workers,
            log_config=json_logging.config(),
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies or None,
            backlog=BACKLOG,
            timeout_keep_alive=settings.keep_alive_seconds,
            timeout_graceful_shutdown=settings.grace_seconds,
            timeout_worker_healthcheck=_HEALTHCHECK_SECONDS,
        )


def _open_files(connections: int) -> int:
    """Allow so many connections to be open, besides other files; return how many can be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < connections + _OTHER_FILES:
        soft = connections + _OTHER_FILES if hard == resource.RLIM_INFINITY else min(connections + _OTHER_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else max(min(connections, soft - _OTHER_FILES), 1)


def serve(directory: Path, host: str, port: int, settings: Settings = DEFAULT) -> None:
    """Answer requests until SIGTERM, SIGINT or SIGHUP.

    Args:
        directory: the bundle.
        host: address to listen on; `0.0.0.0` is every one.
        port: port to listen on; 0 is any free one, which is logged.
        settings: limits, switches and the number of workers.

    Raises:
        ArtifactError: The bundle is invalid, or its model does not reproduce its golden predictions here.
        GateError: The model failed its gates, and the settings do not allow that.
        ServingError: The address cannot be listened on, or a worker failed to start.
    """
    return_freed_memory()
    with _exit_on_signal():
        app = verified_app(directory, settings)
        with listen(host, port) as listener, recorder_process(directory, settings):
            if settings.workers > 1:
                factory: Any = partial(_worker_app, directory, settings, url_of(listener))
                run_workers(ServerConfig(factory, settings), listener)
                return
            config = ServerConfig(lambda: app, settings)
            _log_start(app, url_of(listener))
            DrainingServer(config).run(sockets=[listener])


def _worker_app(directory: Path, settings: Settings, url: str) -> FastAPI:
    """Return the application in a worker process; a failure to start stops all, since it would only repeat itself."""
    return_freed_memory()
    try:
        app = verified_app(directory, settings)
    except HousePriceError as err:
        _log.error("worker failed to start", extra={"fields": {"code": err.code, "reason": str(err)}})
        sys.exit(STARTUP_FAILURE)
    _log_start(app, url)
    return app


def _exempt_from_collection() -> None:
    """Leave what lives as long as the process out of garbage collection, which requests trigger again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTION)


def _log_start(app: FastAPI, url: str) -> None:
    _exempt_from_collection()
    manifest = app.state.scorer.manifest
    fields = {"address": url, "model_version": manifest.model_version, "reference_date": manifest.reference_date}
    _log.info("serving", extra={"fields": {**fields, "pid": os.getpid()}})
    if failed := failed_gates(manifest.verdict):
        _log.warning("serving a model that failed its gates", extra={"fields": {"gates": failed}})


@contextmanager
def _exit_on_signal() -> Iterator[None]:
    """Exit with 0 on a signal to stop, also while the model is loaded: PID 1 of a container has no default action.

    uvicorn raises the signals again that it has handled, when it has finished; they arrive here.
    """

    def leave(_sig: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    before = {sig: signal.getsignal(sig) for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, leave)
    terminate_on_hangup()
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; uvicorn would only log why there is none.

    Raises:
        ServingError: `host_unknown`, `port_denied` or `address_unavailable`.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as err:
        raise ServingError(
            f'Unknown host "{host}": {err}. Pass an address of this machine with --host, such as 127.0.0.1 or 0.0.0.0.',
            code="host_unknown",
            host=host,
        ) from err
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except PermissionError as err:
        listener.close()
        raise ServingError(
            f"This user may not listen on port {port}; pass one from 1024 on with --port.",
            code="port_denied",
            port=port,
        ) from err
    except OSError as err:
        listener.close()
        raise ServingError(
            f"Cannot listen on port {port} of {host}: {err.strerror}. Stop the program that uses it "
            f"(`ss -ltnp 'sport = :{port}'` names it), or pass another port with --port.",
            code="address_unavailable",
            host=host,
            port=port,
        ) from err
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket."""
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
