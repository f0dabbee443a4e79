"""Tasks on a Ray cluster: each function call that a runner is given runs on some core of it.

What several calls share, such as a table of sales, is sent once. A call whose process or machine is lost is done again
in another process; all calls are pure functions of their arguments, so that it gives the same. The processes are
actors: when a node is lost, Ray 2.60 may end the program that waits for plain tasks.

Arguments and results cross as pickles: Ray would lend its own memory to arrays, in which sums come out with other last
bits than in a process of one's own.
"""

import pickle
import queue
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from threadpoolctl import threadpool_limits

from houseprice.errors import ClusterError
from houseprice.ray_cluster import check_versions, not_installed, versions

ATTEMPTS = 5
"""How many processes may be lost with a call; and of all, for each that is wanted."""


class TaskActor:
    """A process of the cluster that calls functions."""

    def check(self, expected: dict[str, str]) -> None:
        """Compare the versions here with those of the machine that gives the work.

        Raises:
            ClusterError: They are not the same (code `ray_versions_differ`).
        """
        check_versions(expected)

    def call(self, function: Any, *arguments: bytes) -> bytes:
        """Return the pickled result of a function, called with arguments that are pickled, too."""
        with threadpool_limits(1, "blas"):
            return pickle.dumps(function(*map(pickle.loads, arguments)))


def run_on(ray: Any, tasks: Sequence[partial[Any]]) -> Iterator[Any]:
    """Yield the result of each task, in their order, computed by the cluster that `ray` is connected with.

    Raises:
        ClusterError: A task was lost too often (code `ray_work_lost`), or a machine has other versions
            (`ray_versions_differ`).
    """
    times = Counter(id(value) for task in tasks for value in task.args)
    shared = {id(value): value for task in tasks for value in task.args if times[id(value)] > 1}
    sent = {key: ray.put(pickle.dumps(value)) for key, value in shared.items()}
    count = min(len(tasks), max(int(ray.cluster_resources().get("CPU", 1)), 1))
    actors, pool = _Actors(ray, count), ThreadPoolExecutor(max(count, 1))
    try:
        for future in [
            pool.submit(actors.call, task.func, *(sent.get(id(value)) or pickle.dumps(value) for value in task.args))
            for task in tasks
        ]:
            yield future.result()
    finally:
        actors.end()
        pool.shutdown(cancel_futures=True)


class _Actors:
    """So many actors, as long as the cluster has room for them; for one that is lost, another one is started."""

    def __init__(self, ray: Any, count: int) -> None:
        self._ray, self._count, self._starts_left = ray, count, ATTEMPTS * count
        self._kind = ray.remote(num_cpus=1, scheduling_strategy="SPREAD")(TaskActor)
        self._started: list[Any] = []
        self._ready: queue.SimpleQueue[Any] = queue.SimpleQueue()  # actors that have nothing to do, or what is wrong
        for _ in range(count):
            self._start()

    def call(self, function: Any, *arguments: Any) -> Any:
        """Return what a function returns; its arguments are pickles, or where the cluster has them."""
        for _ in range(ATTEMPTS):
            actor = self._ready.get()
            if isinstance(actor, Exception):
                self._ready.put(actor)
                raise actor
            try:
                found = self._ray.get(actor.call.remote(function, *arguments))
            except self._ray.exceptions.RayTaskError as err:
                self._ready.put(actor)
                raise err.cause from err
            except self._ray.exceptions.RayError as err:
                self._start(err)
            else:
                self._ready.put(actor)
                return pickle.loads(found)  # noqa: S301 - the cluster is one's own, and runs this very code
        raise _lost("its machines end the processes")

    def end(self) -> None:
        """Kill all of them; who waits for one gets an error."""
        self._starts_left = 0
        for actor in self._started:
            with suppress(Exception):  # a cluster that is gone
                self._ray.kill(actor)
        self._ready.put(_lost("the run has ended"))

    def _start(self, lost: Exception | None = None) -> None:
        """Start an actor, which is ready as soon as the cluster has room for it and its versions are right."""
        if lost is not None:
            self._starts_left -= 1
        if self._starts_left < 0:
            self._ready.put(_lost(str(lost).strip().partition("\n")[0]))
            return
        actor = self._kind.remote()
        self._started.append(actor)
        threading.Thread(target=self._check, args=(actor,), daemon=True).start()

    def _check(self, actor: Any) -> None:
        try:
            self._ray.get(actor.check.remote(versions()))
        except self._ray.exceptions.RayTaskError as err:
            self._ready.put(err.cause)
        except self._ray.exceptions.RayError as err:
            if getattr(err, "actor_init_failed", False):
                self._ready.put(not_installed())
            else:
                self._start(err)
        else:
            self._ready.put(actor)


def _lost(reason: str) -> ClusterError:
    return ClusterError(
        f"A part of the work was lost on the cluster too often: {reason.rstrip('.')}. Look at the memory of its "
        "machines, and run the command again.",
        code="ray_work_lost",
    )
