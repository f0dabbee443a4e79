"""One place of production: a proxy and two slots on one host, worked by docker compose; and who may work on it now."""

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from houseprice.errors import DeploymentError
from houseprice.release.deployment import audit_log, env_file, smoke_test
from houseprice.release.deployment.api_client import Door
from houseprice.release.deployment.audit_log import Ledger
from houseprice.release.deployment.proxy import SLOTS, Proxy, Slot
from houseprice.release.docker_cli import Engine
from houseprice.release.image_reference import Reference

STOP_SECONDS = 15
_OWNER = "99:99"


@dataclass(frozen=True)
class Container:
    """What the engine knows of the container in a slot."""

    id: str
    image: str
    revision: str
    running: bool
    restarts: int
    state: Mapping[str, Any]
    addresses: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Digest that it was started by; empty when it was started by hand, by another name."""
        return self.image.rpartition("@")[2] if "@" in self.image else ""

    @property
    def reference(self) -> Reference:
        """Where its image is kept."""
        return Reference.read(self.image)


@dataclass(frozen=True)
class Site:
    """A place of production.

    Attributes:
        state: folder of everything that is remembered of it.
        compose: the compose file.
        project: name of its containers and networks on the engine.
        environ: where settings may be given.
        client: the command of the engine.
    """

    state: Path
    compose: Path
    project: str
    environ: Mapping[str, str] = field(repr=False)
    client: str = "docker"

    @property
    def ledger(self) -> Ledger:
        """What was done here."""
        return Ledger(self.state / audit_log.NAME)

    @property
    def proxy(self) -> Proxy:
        """The proxy's runtime interface."""
        return Proxy(self.state / "proxy")

    @cached_property
    def engine(self) -> Engine:
        """Where everything runs."""
        return Engine(self.client)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep everybody else from deploying here.

        Raises:
            DeploymentError: somebody does already.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        path = self.state / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as err:
                holder = os.pread(descriptor, 100, 0).decode(errors="replace").strip()
                raise DeploymentError(
                    f'"{self.state}" is being worked on ({holder or "by somebody"}); expected one deployment or '
                    "rollback at a time; wait until it has ended."
                ) from err
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} since {time.strftime('%H:%M:%S')}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def prepare(self) -> None:
        """Remember the settings, and see to the folder that the proxy shares."""
        values = env_file.merged(self.compose, env_file.read(self._remembered), self.environ)
        mine = f"{os.geteuid()}:{os.getegid()}" if os.geteuid() else _OWNER
        values.setdefault(env_file.OWNER, mine)
        values.setdefault(env_file.PUBLISH, "0.0.0.0:8000")
        values |= {env_file.STATE: str(self.state.resolve()), env_file.PROJECT: self.project}
        env_file.write(self._remembered, values)
        owner, _, group = values[env_file.OWNER].partition(":")
        self.proxy.prepare((int(owner), int(group or owner)))

    def public(self) -> Door:
        """Give back the door that everybody uses."""
        published = env_file.read(self._remembered).get(env_file.PUBLISH, "0.0.0.0:8000")
        return Door.public(published, self.environ.get("HOUSEPRICE_API_KEY", ""))

    def door(self, slot: Slot) -> Door:
        """Give back the door of one slot, whether it is live or not."""
        key = self.environ.get("HOUSEPRICE_API_KEY", "")
        return Door(f'slot "{slot}"', folder=self.proxy.folder, socket=f"{slot}.sock", key=key)

    def start_proxy(self) -> None:
        """See to a proxy that runs; one that runs is left alone, whatever its file says now."""
        self._compose("up", "--detach", "--no-deps", "--no-recreate", "proxy")

    def await_proxy(self, seconds: float) -> None:
        """Wait until the proxy can be told something.

        Raises:
            DeploymentError: it cannot in that time.
        """
        smoke_test.wait(lambda: "" if self.proxy.answers() else "The proxy does not answer", seconds, lambda: "")

    def start(self, slot: Slot, image: str) -> None:
        """Start an image in a slot; a container that stands there with that very image is started again."""
        values = env_file.read(self._remembered)
        env_file.write(self._remembered, {**values, env_file.IMAGES[slot]: image})
        self._compose("up", "--detach", "--no-deps", "--no-build", slot)

    def stop(self, slot: Slot) -> None:
        """Stop a slot with time to finish; its container stays, for a quick way back."""
        if found := self.container(slot):
            self.engine.ask("stop", "--time", str(STOP_SECONDS), found.id, seconds=STOP_SECONDS + 30)

    def remove(self, slot: Slot) -> None:
        """Take the container out of a slot."""
        if found := self.container(slot):
            self.engine.remove(found.id)

    def container(self, slot: Slot) -> Container | None:
        """Give back what stands in a slot, running or not."""
        return self._container(slot)

    def _container(self, service: str) -> Container | None:
        labels = {"project": self.project, "service": service}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        ids = self.engine.ask("ps", "--all", "--quiet", "--no-trunc", *filters).split()
        if not ids:
            return None
        said = self.engine.ask("inspect", "--format", _INSPECTED, ids[0])
        return _container(ids[0], said)

    def live(self) -> tuple[Slot, Container] | None:
        """Give back the live slot with its container; nothing when no slot is live, or it is empty."""
        slot = self.proxy.live()
        container = self.container(slot) if slot else None
        return (slot, container) if slot and container else None

    def found_by_proxy(self, slot: Slot) -> bool:
        """Tell whether the proxy finds a slot's own container, healthy, and not one that had its address before."""
        container = self.container(slot)
        return container is not None and self.proxy.address(slot) in container.addresses

    def seen_by_proxy(self) -> str:
        """Give back what the proxy logged last of slots that came and went."""
        proxy = self._container("proxy")
        lines = self.engine.logs(proxy.id).splitlines()[-2000:] if proxy else []
        return "\n".join([line for line in lines if re.search(r"^(Backup )?Server |no server available", line)][-12:])

    @property
    def _remembered(self) -> Path:
        return self.state / env_file.NAME

    def _compose(self, *words: str) -> None:
        engine = Engine(self.client, env_file.read(self._remembered))
        files = ("--project-name", self.project, "--file", str(self.compose), "--profile", "slots")
        engine.ask("compose", *files, *words, seconds=180)


def other(slot: Slot | None) -> Slot:
    """Give back the slot that is not live."""
    return SLOTS[1] if slot == SLOTS[0] else SLOTS[0]


_INSPECTED = (
    '{"image": {{json .Config.Image}}, "labels": {{json .Config.Labels}}, "state": {{json .State}}, '
    '"restarts": {{.RestartCount}}, "networks": {{json .NetworkSettings.Networks}}}'
)


def _container(id_: str, said: str) -> Container:
    found = json.loads(said)
    state = found["state"]
    addresses = tuple(
        network["IPAddress"] for network in (found["networks"] or {}).values() if network.get("IPAddress")
    )
    revision = (found["labels"] or {}).get("org.opencontainers.image.revision", "unknown")
    return Container(id_, found["image"], revision, bool(state["Running"]), found["restarts"], state, addresses)
