"""Connections with Ray, which runs work on the machines of a cluster; its library is imported only here."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from houseprice.errors import ClusterError, MissingDependencyError

PROBE_SECONDS = 10.0
CONNECT_SECONDS = 60.0
"""How long a cluster that is reached may take to answer; Ray itself would try for many minutes."""
CLIENT = "ray://"
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE": "1",  # where /dev/shm is as small as in a container
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_STORE_BYTES, _STORE_BYTES_PER_CORE = 100 * 2**20, 10 * 2**20
_COMPARED = ("houseprice", "ray", "numpy", "onnxruntime", "polars")


@contextmanager
def connected(address: str | None, cores: int) -> Iterator[Any]:
    """Connect with a cluster, or start Ray on this machine alone; yield the module `ray`.

    Args:
        address: `HOST:PORT` of a cluster that this machine is a node of, `ray://HOST:PORT` of any, or `auto` for the
            one that runs on this machine. None starts one, which ends with the block.
        cores: how many that one has.

    Raises:
        ClusterError: It cannot be reached (code `ray_unreachable`), or is of other versions (`ray_versions_differ`).
        MissingDependencyError: Ray is not installed (code `ray_missing`).
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ModuleNotFoundError as err:
        raise MissingDependencyError(
            "Work on a cluster needs Ray. Install it with `pip install 'houseprice[ray]'`.", code="ray_missing"
        ) from err
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "CRITICAL"}
    if address is None:
        store = _STORE_BYTES + cores * _STORE_BYTES_PER_CORE
        alone = {"num_cpus": cores, "num_gpus": 0, "include_dashboard": False, "object_store_memory": store}
        address, options = "local", quiet | alone
    else:
        _probe(address)
        options = quiet
    ended = threading.Event()
    try:
        _initialise(ray, address, ended, options)
        yield ray
    finally:
        ray.shutdown()
        ended.set()


def versions() -> dict[str, str]:
    """Return the versions of what the answers of a machine depend on."""
    found = {"Python": "{}.{}".format(*sys.version_info)}
    for name in _COMPARED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def check_versions(expected: dict[str, str]) -> None:
    """Compare the versions of this machine with those of the one that gives the work.

    Raises:
        ClusterError: They are not the same (code `ray_versions_differ`).
    """
    found = versions()
    if different := [
        f"{name} {found[name]} instead of {expected[name]}" for name in found if found[name] != expected[name]
    ]:
        raise _differ(f"a node of the cluster has {', '.join(different)}")


def not_installed() -> ClusterError:
    """Return the error of a cluster that lacks this program (code `ray_versions_differ`)."""
    return _differ("houseprice cannot be imported on a node of the cluster")


def _probe(address: str) -> None:
    """Find out whether anything listens at an address, which Ray would not tell for minutes."""
    host, _, port = address.removeprefix(CLIENT).rpartition(":")
    if address == "auto" or not port.isdigit():
        return  # Ray finds it, or refuses it at once
    try:
        socket.create_connection((host.strip("[]"), int(port)), PROBE_SECONDS).close()
    except (OSError, OverflowError) as err:
        raise _unreachable(address, getattr(err, "strerror", None) or err) from err


def _initialise(ray: Any, address: str, ended: threading.Event, options: dict[str, Any]) -> None:
    """Connect within bounded time.

    A thread does it, since nothing else ends a connection that is not answered, and since Ray would take SIGTERM from
    the main thread. It lives as long as the connection, since what Ray has started ends with the thread that did it.
    """
    failed: list[BaseException] = []
    answered = threading.Event()

    def connect() -> None:
        try:
            ray.init(address, **options)
        except BaseException as err:  # noqa: BLE001 - raised by the thread that waits
            failed.append(err)
        answered.set()
        ended.wait()

    threading.Thread(target=connect, daemon=True).start()
    if not answered.wait(CONNECT_SECONDS):
        raise _unreachable(address, f"no answer within {CONNECT_SECONDS:.0f} seconds")
    if failed:
        reason = str(failed[0]).strip().partition("\n")[0] or type(failed[0]).__name__
        raise (_differ(reason) if "ersion" in reason else _unreachable(address, reason)) from failed[0]


def _unreachable(address: str, reason: object) -> ClusterError:
    return ClusterError(
        f'The Ray cluster "{address}" cannot be reached: {str(reason).rstrip(".")}. Start it with `ray start --head`, '
        "or name another --address.",
        code="ray_unreachable",
        address=address,
    )


def _differ(reason: str) -> ClusterError:
    return ClusterError(
        f"The versions of this machine and the cluster are not the same: {reason.rstrip('.')}. Install the "
        "same ones on all of them.",
        code="ray_versions_differ",
    )
