"""Pricing of blocks by actors of a Ray cluster, each of which holds a model.

This process reads the blocks and writes the answers, so that a node needs neither the input nor the output nor the
bundle. A block whose actor is lost is priced by another one, to the same bytes, and only this process writes: it is in
the output once. For an actor that is lost, another one is started as soon as the cluster has room for it.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Any

from houseprice import ray_cluster
from houseprice.batch_prediction.blocks import Block, Job, Say
from houseprice.batch_prediction.pricing import Pricer
from houseprice.batch_prediction.ray_actor import PricingActor
from houseprice.batch_prediction.workers import WORKER_ENDED, Answer, Pool, Workers, usable_cores
from houseprice.errors import HousePriceError

ATTEMPTS = 3
"""How many actors may be lost with a block; and while they start, for each that is wanted."""
ROOM_SECONDS = 10.0


@contextmanager
def ray_pool(address: str | None, count: int | None, say: Say) -> Iterator[Pool]:
    """Connect with a Ray cluster; yield what makes the workers of a run there.

    Args:
        address: of the cluster; None starts Ray on this machine.
        count: how many actors price; one for each core of the cluster by default.
        say: called with a sentence while the cluster has no room for any.

    Raises:
        ClusterError: It cannot be used.
        MissingDependencyError: Ray is not installed (code `ray_missing`).
    """
    with ray_cluster.connected(address, count or usable_cores()) as ray:
        actors = count or max(int(ray.cluster_resources().get("CPU", 0)), 1)
        with ExitStack() as made:

            def make(pricer: Pricer) -> Workers:
                workers = RayWorkers(pricer, actors, ray, say)
                made.callback(workers.close)
                return workers

            yield make


class RayWorkers(Workers):
    """Prices blocks in up to `count` actors."""

    fewest = 1

    def __init__(self, pricer: Pricer, count: int, ray: Any, say: Say) -> None:
        super().__init__(pricer, count)
        self._ray, self._say = ray, say
        self._actors: list[Any] = []
        self._waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()  # actors that have nothing to do, or what is wrong
        self._starts_left = ATTEMPTS * count
        self._is_ended = False
        self._room = threading.Timer(ROOM_SECONDS, self._say_room)
        self._room.daemon = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give nothing more to do. `close` ends the actors, which can take longer than an interruption may."""
        self._is_ended = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End the actors."""
        self._room.cancel()
        for actor in self._actors:
            with suppress(Exception):  # a cluster that is gone
                self._ray.kill(actor)
        for _ in range(self._count):
            self._waiting.put(_lost())
        self._threads.shutdown()

    def _start(self) -> None:
        files = {path.name: path.read_bytes() for path in self._pricer.directory.iterdir() if path.is_file()}
        self._bundle = self._ray.put(files)
        self._kind = self._ray.remote(num_cpus=1, scheduling_strategy="SPREAD")(PricingActor)
        for _ in range(self._count):
            self._start_one()
        self._room.start()

    def _start_one(self) -> None:
        """Start an actor. A thread waits until the cluster has room for it, and it waits for blocks from then on."""
        actor = self._kind.remote()
        self._actors.append(actor)
        threading.Thread(target=self._open, args=(actor,), daemon=True).start()

    def _open(self, actor: Any) -> None:
        """Open the bundle in an actor; if that is lost, start another one."""
        try:
            wrong = self._ray.get(actor.open.remote(self._bundle, self._pricer.version, ray_cluster.versions()))
        except Exception as err:  # noqa: BLE001 - whoever waits for the actor raises what is wrong
            if getattr(err, "actor_init_failed", False):
                wrong = ray_cluster.not_installed()
            elif isinstance(err, self._ray.exceptions.RayError) and self._starts_left > 0 and not self._is_ended:
                self._starts_left -= 1
                self._start_one()
                return
            else:
                wrong = _lost()
        self._room.cancel()
        self._waiting.put(wrong or actor)

    def _ask(self, job: Job, block: Block) -> Answer:
        for _ in range(ATTEMPTS):
            actor = self._waiting.get()
            if isinstance(actor, Exception):
                raise actor
            try:
                answer: Answer = self._ray.get(actor.price.remote(job, block))
            except ConnectionError as err:  # of a client of the cluster
                raise _lost() from err
            except self._ray.exceptions.RayActorError:
                if self._is_ended:
                    break
                self._ray.kill(actor)  # which may only be out of reach
                self._start_one()
                continue
            except self._ray.exceptions.RayError:  # the answer was lost, with the node that held it
                self._waiting.put(actor)
                continue
            self._waiting.put(actor)
            return answer
        raise _lost()

    def _say_room(self) -> None:
        self._say("The cluster has no free core yet; the houses are priced as soon as it has one.")


def _lost() -> HousePriceError:
    return HousePriceError(
        f"The cluster, or {ATTEMPTS} of its processes with the same rows, was lost, perhaps for want of memory. Run "
        "the command again to go on from there, with fewer --workers where memory is short.",
        code=WORKER_ENDED,
    )
