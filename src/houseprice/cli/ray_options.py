"""Options of the commands that can compute on a Ray cluster, and what they do."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

import click
from click.core import ParameterSource

Command = Callable[..., Any]
FITS = "the fits of folds, rolling origins and trials"
FITS_A_TRIAL = 8
"""Cores that one trial of a search keeps busy: its folds and rolling origins."""


def engine_options(what: str) -> Callable[[Command], Command]:
    """Return what adds `--engine` and `--address` to a command; `what` runs there.

    An address without Ray is refused, unless it is that of the environment, which may be there for others.
    """
    address = click.option(
        "--address", envvar="RAY_ADDRESS", show_envvar=True, show_default="Ray on this machine alone",
        help="Of a Ray cluster: HOST:PORT or auto on one of its nodes, ray://HOST:PORT from elsewhere.",
    )  # fmt: skip
    engine = click.option("--engine", type=click.Choice(["local", "ray"]), default="local", help=f"Where {what} run.")

    def add(command: Command) -> Command:
        @wraps(command)
        def checked(*args: Any, **values: Any) -> Any:
            source = click.get_current_context().get_parameter_source("address")
            if values["engine"] != "ray" and source is ParameterSource.COMMANDLINE:
                raise click.UsageError("--address is that of a Ray cluster: add --engine ray, or leave it out.")
            return command(*args, **values)

        return engine(address(checked))

    return add


@contextmanager
def fits_on(engine: str, address: str | None) -> Iterator[int]:
    """Let the fits within the block run where an engine computes; yield how many trials of a search run at once.

    Raises:
        ClusterError: The Ray cluster cannot be used.
        MissingDependencyError: Ray is not installed (code `ray_missing`).
    """
    if engine == "local":
        yield 1
        return
    from houseprice import ray_cluster, ray_tasks
    from houseprice.learning.side_by_side import elsewhere

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ray_cluster.connected(address, cores) as ray, elsewhere(partial(ray_tasks.run_on, ray)):
        yield max(int(ray.cluster_resources().get("CPU", 1)) // FITS_A_TRIAL, 1)
