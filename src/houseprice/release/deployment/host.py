"""One deployment host: the proxy and the two slots that docker compose runs, their settings and the lock."""

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from houseprice.errors import DeploymentError
from houseprice.release.deployment import audit_log, env_file
from houseprice.release.deployment.api_client import ApiClient
from houseprice.release.deployment.audit_log import AuditLog
from houseprice.release.deployment.haproxy import SLOTS, HAProxy, Slot
from houseprice.release.deployment.smoke_test import ContainerModel, wait_until
from houseprice.release.docker_cli import DockerCli
from houseprice.release.image_reference import Reference

STOP_SECONDS = 15
_DEFAULT_PROXY_USER = "99:99"


@dataclass(frozen=True)
class Container:
    """The container in a slot, as the engine describes it."""

    id: str
    reference: Reference
    revision: str
    restarts: int
    state: Mapping[str, Any]
    addresses: tuple[str, ...]

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return bool(self.state["Running"])


@dataclass(frozen=True)
class DeploymentHost:
    """A host that runs the API.

    Attributes:
        state: folder with the audit log, the proxy's sockets and the settings.
        compose: the compose file.
        project: compose project, the prefix of containers and networks.
        environ: environment variables, where settings may be given.
        command: the Docker client.
    """

    state: Path
    compose: Path
    project: str
    environ: Mapping[str, str] = field(repr=False)
    command: str = "docker"

    @property
    def audit_log(self) -> AuditLog:
        """The audit log of this host."""
        return AuditLog(self.state / audit_log.NAME)

    @property
    def proxy(self) -> HAProxy:
        """The proxy's runtime API."""
        return HAProxy(self.state / "proxy")

    @cached_property
    def docker(self) -> DockerCli:
        """The Docker engine."""
        return DockerCli(self.command)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the deployment lock.

        Raises:
            DeploymentError: another deployment or rollback is running (`host_locked`).
        """
        self.state.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(self.state / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:  # a disk that became read-only stops no rollback
            descriptor = os.open(self.state / "lock", os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as err:
                holder = os.pread(descriptor, 100, 0).decode(errors="replace").strip()
                raise DeploymentError(
                    f'Another deployment or rollback is running in "{self.state}" ({holder}); wait until it has ended.',
                    code="host_locked",
                    holder=holder,
                ) from err
            with suppress(OSError):  # the holder is only informed, and a full disk stops no rollback
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"process {os.getpid()} since {time.strftime('%H:%M:%S')}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def prepare(self) -> None:
        """Save the settings, and create the folder that is shared with the proxy."""
        settings = env_file.merge(self.compose, self.settings, self.environ)
        own_user = f"{os.geteuid()}:{os.getegid()}" if os.geteuid() else _DEFAULT_PROXY_USER
        settings.setdefault(env_file.PROXY_USER, own_user)
        settings.setdefault(env_file.PUBLISH, env_file.DEFAULT_PUBLISH)
        settings |= {env_file.STATE: str(self.state.resolve()), env_file.PROJECT: self.project}
        self.save_settings(settings)
        user, _, group = settings[env_file.PROXY_USER].partition(":")
        self.proxy.prepare((int(user), int(group or user)))

    @property
    def settings(self) -> dict[str, str]:
        """The saved settings."""
        return env_file.read(self.state / env_file.NAME)

    def save_settings(self, settings: Mapping[str, str]) -> None:
        """Save settings for the next command."""
        env_file.write(self.state / env_file.NAME, settings)

    def save_image(self, slot: Slot, image: str) -> None:
        """Save which image a slot runs."""
        self.save_settings({**self.settings, env_file.IMAGES[slot]: image})

    def public(self) -> ApiClient:
        """Return a client of the public address."""
        return ApiClient.public(self.settings.get(env_file.PUBLISH, env_file.DEFAULT_PUBLISH), self._api_key)

    def client(self, slot: Slot) -> ApiClient:
        """Return a client of one slot, live or not."""
        return ApiClient(f'slot "{slot}"', folder=self.proxy.folder, socket=f"{slot}.sock", key=self._api_key)

    def start_proxy(self, timeout: float) -> None:
        """Start the proxy, unless it runs, and wait until it accepts commands."""
        self._compose({}, "up", "--detach", "--no-deps", "--no-recreate", "proxy")
        wait_until(self.proxy.ping, timeout)

    def start(self, slot: Slot, image: str) -> None:
        """Start an image in a slot; a stopped container of that very image is started again."""
        self._compose({env_file.IMAGES[slot]: image}, "up", "--detach", "--no-deps", "--no-build", slot)

    def stop(self, slot: Slot) -> None:
        """Stop a slot with time to finish; its container stays, for a quick rollback."""
        if container := self.container(slot):
            self.docker.output("stop", "--time", str(STOP_SECONDS), container.id, seconds=STOP_SECONDS + 30)

    def remove(self, slot: Slot) -> None:
        """Remove the container of a slot."""
        if container := self.container(slot):
            self.docker.remove(container.id)

    def container(self, service: str) -> Container | None:
        """Return the container of a slot or of the proxy, running or not."""
        labels = {"project": self.project, "service": service}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        ids = self.docker.output("ps", "--all", "--quiet", "--no-trunc", *filters).split()
        if not ids:
            return None
        (found,) = json.loads(self.docker.output("inspect", ids[0]))
        addresses = [network.get("IPAddress") for network in (found["NetworkSettings"]["Networks"] or {}).values()]
        revision = (found["Config"]["Labels"] or {}).get("org.opencontainers.image.revision", "unknown")
        reference = Reference.read(found["Config"]["Image"])
        return Container(
            ids[0], reference, revision, found["RestartCount"], found["State"], tuple(filter(None, addresses))
        )

    def model(self, slot: Slot) -> ContainerModel:
        """Return the model in a slot.

        Raises:
            DeploymentError: the slot is empty (`slot_empty`).
        """
        container = self.container(slot)
        if container is None:
            raise DeploymentError(f'There is no container in slot "{slot}"; deploy again.', code="slot_empty")
        return ContainerModel.read(self.docker, container.id)

    def live(self) -> tuple[Slot, Container] | None:
        """Return the live slot and its container; None when no slot is live, or it is empty."""
        slot = self.proxy.live()
        container = self.container(slot) if slot else None
        return (slot, container) if slot and container else None

    def check_reachable(self, slot: Slot) -> None:
        """Check that the proxy finds a slot healthy at the address of its present container.

        Raises:
            DeploymentError: `slot_down`.
        """
        container = self.container(slot)
        if container is None or self.proxy.address(slot) not in container.addresses:
            raise DeploymentError(f'The proxy finds no healthy container in slot "{slot}".', code="slot_down")

    def check_running(self, slot: Slot) -> None:
        """Check that the container of a slot has not ended, not even to be restarted.

        Raises:
            DeploymentError: `container_ended`.
        """
        container = self.container(slot)
        if container and container.running and not container.restarts:
            return
        state = container.state if container else {}
        how = ", out of memory" if state.get("OOMKilled") else f", exit code {state.get('ExitCode', 'unknown')}"
        raise DeploymentError(f'The container of slot "{slot}" ended{how}; see its logs above.', code="container_ended")

    def proxy_events(self) -> str:
        """Return the last lines that the proxy logged about slots that went up or down."""
        proxy = self.container("proxy")
        lines = self.docker.logs(proxy.id).splitlines()[-2000:] if proxy else []
        return "\n".join([line for line in lines if re.search(r"^(Backup )?Server |no server available", line)][-12:])

    @property
    def _api_key(self) -> str:
        return self.environ.get("HOUSEPRICE_API_KEY", "")

    def _compose(self, settings: Mapping[str, str], *arguments: str) -> None:
        docker = DockerCli(self.command, {**self.settings, **settings})
        files = ("--project-name", self.project, "--file", str(self.compose), "--profile", "slots")
        docker.output("compose", *files, *arguments, seconds=180)


def other(slot: Slot | None) -> Slot:
    """Return the slot that is not live."""
    return SLOTS[1] if slot == SLOTS[0] else SLOTS[0]
