"""HAProxy's runtime API: which slot is live, changed in the running process without dropping a connection.

The running proxy is authoritative; the map file beside its sockets is what it loads when it starts again.
"""

import csv
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from houseprice.atomic_io import write_atomically
from houseprice.errors import DeploymentError

Slot = Literal["blue", "green"]
SLOTS: tuple[Slot, ...] = get_args(Slot)
NONE = "none"
"""Value in the map while no slot is live; the backend of that name answers 503."""

_MAP = "/state/live.map"
_UP = "2"
_UNCHECKED_HEALTH = 1
"""Health of a server that counts as up before its first check; a passed check raises it (`rise 1` in haproxy.cfg)."""
_DISABLED_IN_CONFIG = 4
"""Bit of a server's administrative state that stays set after a server disabled in the file was enabled."""


@dataclass(frozen=True)
class HAProxy:
    """The proxy of one host.

    Attributes:
        folder: what the proxy sees as `/state`: its sockets and the map.
        timeout: seconds for an answer.
    """

    folder: Path
    timeout: float = 10.0

    def prepare(self, owner: tuple[int, int]) -> None:
        """Create the folder and, unless there is one, a map in which no slot is live."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(self.folder, *owner)
        if not (self.folder / "live.map").exists():
            self.save_live(None)

    def ping(self) -> None:
        """Raise DeploymentError unless the proxy accepts commands."""
        self._command("show version")

    def running(self) -> bool:
        """Return whether the proxy accepts commands."""
        try:
            self.ping()
        except DeploymentError:
            return False
        return True

    def live(self) -> Slot | None:
        """Return the live slot of the running proxy, or the one in its map file if it is not running."""
        try:
            answer = self._command(f"show map {_MAP}")
        except DeploymentError:
            path = self.folder / "live.map"
            answer = f"file {path.read_text()}" if path.exists() else ""
        words = answer.split()
        return next((slot for slot in SLOTS if words[1:] == ["live", slot]), None)

    def set_live(self, slot: Slot | None) -> None:
        """Route every new request to a slot, on existing connections too.

        Raises:
            DeploymentError: the proxy does not do so.
        """
        self._execute(f"set map {_MAP} live {slot or NONE}")
        if self.live() != slot:
            raise DeploymentError(
                f'The proxy routes to "{self.live() or NONE}" after it was set to "{slot or NONE}"; check whether '
                "another program controls it.",
                code="proxy_refused",
            )

    def save_live(self, slot: Slot | None) -> None:
        """Save which slot is live when the proxy starts again."""
        content = f"live {slot or NONE}\n".encode()
        write_atomically({self.folder / "live.map": content}, mode=0o644)  # the proxy runs as another user

    def set_fallback(self, slot: Slot, *, enabled: bool) -> None:
        """Enable or disable the backup server of a slot, which is the other slot."""
        self._execute(f"set server {slot}/fallback state {'ready' if enabled else 'maint'}")

    def mark_down(self, slot: Slot) -> None:
        """Mark a slot down until its next passed check: earlier checks were of an earlier container."""
        for backend in (slot, f"{slot}-direct"):
            self._execute(f"set server {backend}/{slot} health down")

    def address(self, slot: Slot) -> str:
        """Return the address under which both of a slot's backends, each with checks of its own, find it healthy."""
        addresses = {self._healthy_address(slot, slot), self._healthy_address(f"{slot}-direct", slot)}
        return addresses.pop() if len(addresses) == 1 else ""

    def check_fallback(self, slot: Slot) -> None:
        """Raise DeploymentError unless the backup server of a slot is enabled and healthy."""
        if not self._healthy_address(slot, "fallback"):
            raise DeploymentError(f'The backup server of slot "{slot}" is not up.', code="fallback_down")

    def requests(self, slot: Slot) -> int:
        """Return how many public requests a slot is answering."""
        for row in self._table(f"show stat {slot} 2 -1", ","):
            if row.get("svname") == "BACKEND":
                return int(row["scur"]) + int(row["qcur"])
        raise DeploymentError(
            f'The proxy has no backend "{slot}"; start it with deploy/haproxy.cfg.', code="proxy_refused"
        )

    def _healthy_address(self, backend: str, server: str) -> str:
        """Return the address of a server that is enabled and passed a check; empty otherwise."""
        for row in self._table("show servers state", " ", skip="1\n"):
            if (row.get("be_name"), row.get("srv_name")) == (backend, server):
                enabled = int(row["srv_admin_state"]) & ~_DISABLED_IN_CONFIG == 0
                up = row["srv_op_state"] == _UP and int(row["srv_check_health"]) > _UNCHECKED_HEALTH
                return str(row["srv_addr"]) if enabled and up else ""
        return ""

    def _table(self, command: str, delimiter: str, skip: str = "") -> Iterator[dict[str, str]]:
        content = self._command(command).removeprefix(skip).removeprefix("# ")
        yield from csv.DictReader(content.splitlines(), delimiter=delimiter)

    def _execute(self, command: str) -> None:
        """Run a command that prints nothing when it succeeds."""
        if answer := self._command(command).strip():
            raise DeploymentError(
                f'The proxy refused "{command}" ({answer.splitlines()[0]}); recreate it with deploy/haproxy.cfg.',
                code="proxy_refused",
            )

    def _command(self, command: str) -> str:
        try:
            with connect(self.folder, "admin.sock", self.timeout) as connection:
                connection.sendall(f"{command}\n".encode())
                connection.shutdown(socket.SHUT_WR)
                with connection.makefile("rb") as stream:
                    return stream.read().decode(errors="replace")
        except OSError as err:
            raise DeploymentError(
                f'The proxy does not answer on "{self.folder / "admin.sock"}" ({err.strerror or err}); look at its '
                "logs with `docker compose logs proxy`.",
                code="proxy_unreachable",
            ) from err


@contextmanager
def connect(folder: Path, name: str, timeout: float) -> Iterator[socket.socket]:
    """Connect to a socket in a folder whose path may be longer than the 107 bytes that the kernel accepts."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(f"/proc/self/fd/{descriptor}/{name}")
            yield connection
    finally:
        os.close(descriptor)
