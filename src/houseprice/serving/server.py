"""Sealed folder in, running API out: started only when it can keep its promises, stopped without losing an answer."""

import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import uvicorn
from fastapi import FastAPI

from houseprice.bundle.load import open_bundle
from houseprice.errors import ArtifactError, ServingError
from houseprice.serving import protocols, workers
from houseprice.serving.access_log import Journal
from houseprice.serving.app import create_app
from houseprice.serving.scorer import Scorer
from houseprice.serving.settings import DEFAULT, Settings
from houseprice.serving.slow_client_protocol import patient_for

_BACKLOG = 2048
_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "houseprice": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
_log = logging.getLogger(__name__)


def serve(directory: Path, host: str, port: int, settings: Settings = DEFAULT) -> None:
    """Answer requests until SIGTERM or SIGINT, then give back control.

    Args:
        directory: the sealed folder.
        host: address to listen on; `0.0.0.0` is every one.
        port: port to listen on; 0 is any free one, which the log names.
        settings: limits, switches, and how many processes answer.

    Raises:
        ArtifactError: the folder cannot be trusted, or the model does not give its own answers here.
        ServingError: the address cannot be listened on.
    """
    with _stopped_early():
        if settings.workers == 1:
            app = _proved(directory, settings)
            with _listen(host, port) as listener:
                _Server(app, settings).run(sockets=[listener])
            return
        with _listen(host, port) as listener:
            workers.supervise(settings.workers, lambda: _work(directory, listener, settings))


def _work(directory: Path, listener: socket.socket, settings: Settings) -> None:
    """Answer in a process of its own, beside others on the same address."""
    with _stopped_early():
        app = _proved(directory, settings)
        _Server(app, settings).run(sockets=[listener])


def _proved(directory: Path, settings: Settings) -> FastAPI:
    journal = Journal() if settings.request_log else None
    app = create_app(open_bundle(directory), settings, journal)
    protocols.add_vertex(app, os.environ)
    _demand_own_answers(app.state.scorer, directory)
    return app


class _Server(uvicorn.Server):
    """uvicorn, which here ends with 0 when it is told to stop, and takes back its readiness first."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._app = app
        super().__init__(
            uvicorn.Config(
                app,
                loop="auto",
                http=patient_for(settings.body_seconds, settings.request_seconds),
                ws="none",
                lifespan="on",
                workers=1,
                log_config=_LOGGING,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=settings.trusted_proxies or None,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=settings.grace_seconds,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        manifest = self._app.state.scorer.manifest
        for listener in sockets or []:
            _log.info(
                "serving address=%s model_version=%s reference_date=%s",
                _url(listener),
                manifest.model_version,
                manifest.reference_date,
            )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._app.state.ready = False
        _log.info("stopping signal=%s", signal.Signals(sig).name)
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal; uvicorn's own way raises it once more at the end, and so ends with a failure."""
        before = {sig: signal.signal(sig, self.handle_exit) for sig in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)


@contextmanager
def _stopped_early() -> Iterator[None]:
    """Leave with 0 on SIGTERM also while the model is being opened: a container's first process has no default."""

    def leave(_sig: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _demand_own_answers(scorer: Scorer, directory: Path) -> None:
    proofs = scorer.check_golden_rows()
    wrong = [proof for proof in proofs if not proof.holds]
    if wrong:
        worst = max(wrong, key=lambda proof: proof.relative_difference)
        raise ArtifactError(
            f'The model in "{directory}" does not give its own answers here: {len(wrong)} of {len(proofs)} golden rows '
            f"differ, one is {worst.found:.2f} instead of {worst.expected:.2f}; install the locked requirements, or "
            "seal the folder again with `houseprice bundle`."
        )


def _listen(host: str, port: int) -> socket.socket:
    """Give back a socket that listens; before uvicorn, which would only log what goes wrong."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as err:
        raise ServingError(
            f'The host "{host}" is not known here ({err}); expected an address of this machine, such as '
            "127.0.0.1 or 0.0.0.0; give it with --host."
        ) from err
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except PermissionError as err:
        listener.close()
        raise ServingError(
            f"Port {port} may not be opened by this user; expected a port from 1024 on; give one with --port."
        ) from err
    except OSError as err:
        listener.close()
        raise ServingError(
            f"Port {port} of {host} cannot be listened on ({err.strerror}); expected a free one; stop what uses it "
            f"(`ss -ltnp 'sport = :{port}'` names it), or give another with --port."
        ) from err
    return listener


def _url(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
