"""The proxy's runtime interface: which slot is live, changed in the running process without cutting a connection.

What the running proxy says is the truth; the map file beside its sockets is what it starts from the next time.
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
NOTHING = "nothing"
"""What the map says when no slot is live; the proxy then answers with a sentence by itself."""

_MAP = "/state/live.map"
_UP = "2"
_UNASKED = 1
"""Health of a server that counts as up before it was ever asked; checks that pass raise it (`rise 1` in the file)."""
_FROM_FILE = 4
"""Of a server's administrative state: that the file had it disabled, which stays told after it was enabled."""


@dataclass(frozen=True)
class Proxy:
    """The proxy of one host.

    Attributes:
        folder: what it sees as `/state`: its sockets, and the map.
        seconds: how long it may take to answer.
    """

    folder: Path
    seconds: float = 10.0

    def prepare(self, owner: tuple[int, int]) -> None:
        """Make the folder and, unless there is one, a map by which nothing is live."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(self.folder, *owner)
        if not (self.folder / "live.map").exists():
            self._write(NOTHING)

    def answers(self) -> bool:
        """Tell whether a proxy runs that can be told something."""
        try:
            return self._ask("show version") != ""
        except DeploymentError:
            return False

    def live(self) -> Slot | None:
        """Give back the live slot: as the running proxy has it, else as the file names it for its next start."""
        try:
            said = self._ask(f"show map {_MAP}")
        except DeploymentError:
            path = self.folder / "live.map"
            said = f"file {path.read_text()}" if path.exists() else ""
        words = said.split()
        return next((slot for slot in SLOTS if words[1:] == ["live", slot]), None)

    def switch(self, slot: Slot | None) -> None:
        """Send every request that comes from now on to a slot, whichever connection it comes on.

        Raises:
            DeploymentError: the proxy does not do it.
        """
        self._tell(f"set map {_MAP} live {slot or NOTHING}")
        if self.live() != slot:
            raise DeploymentError(
                f'The proxy was told to send requests to "{slot or NOTHING}" and sends them to '
                f'"{self.live() or NOTHING}"; expected it to obey; see whether somebody else commands it.'
            )
        self.begin_with(slot)

    def begin_with(self, slot: Slot | None) -> None:
        """Write down which slot is live when the proxy starts the next time."""
        self._write(slot or NOTHING)

    def remember(self) -> None:
        """Write down which slot is live, should a change have been interrupted between the proxy and its file."""
        self._write(self.live() or NOTHING)

    def shelter(self, slot: Slot, *, opened: bool) -> None:
        """Let the other slot take what a live slot cannot be reached with, or no longer."""
        self._tell(f"set server {slot}/shelter state {'ready' if opened else 'maint'}")

    def doubt(self, slot: Slot) -> None:
        """Take a slot for down until it is checked again: what was found in it before says nothing of what comes."""
        for backend in (slot, f"{slot}-alone"):
            self._tell(f"set server {backend}/{slot} health down")

    def address(self, slot: Slot) -> str:
        """Give back where the proxy finds a slot that answers its health checks; empty while it does not.

        Both for the public and for the slot's own door: each has a check and a look-up of its own.
        """
        found = {self._found(slot, slot), self._found(f"{slot}-alone", slot)}
        return found.pop() if len(found) == 1 else ""

    def sheltered(self, slot: Slot) -> bool:
        """Tell whether there is a shelter for what a slot cannot be reached with."""
        return self._found(slot, "shelter") != ""

    def _found(self, backend: str, server: str) -> str:
        """Give back the address of a server that is up; empty when it is not."""
        for row in self._table("show servers state", " ", skip="1\n"):
            if (row.get("be_name"), row.get("srv_name")) == (backend, server):
                wanted = int(row["srv_admin_state"]) & ~_FROM_FILE == 0
                up = row["srv_op_state"] == _UP and int(row["srv_check_health"]) > _UNASKED
                return str(row["srv_addr"]) if wanted and up else ""
        return ""

    def sessions(self, slot: Slot) -> int:
        """Give back how many requests a slot is answering for the public."""
        for row in self._table(f"show stat {slot} 2 -1", ","):
            if row.get("svname") == "BACKEND":
                return int(row["scur"]) + int(row["qcur"])
        raise DeploymentError(
            f'The proxy does not tell how busy "{slot}" is; expected its statistics; see whether it runs with '
            "deploy/haproxy.cfg."
        )

    def _table(self, command: str, delimiter: str, skip: str = "") -> Iterator[dict[str, str]]:
        content = self._ask(command).removeprefix(skip).removeprefix("# ")
        yield from csv.DictReader(content.splitlines(), delimiter=delimiter)

    def _tell(self, command: str) -> None:
        """Give an order, of which nothing is heard unless it is refused."""
        if said := self._ask(command).strip():
            raise DeploymentError(
                f'The proxy refuses "{command}" ({said.splitlines()[0]}); expected it to run with deploy/haproxy.cfg; '
                "start it anew with that file."
            )

    def _ask(self, command: str) -> str:
        try:
            with reached(self.folder, "admin.sock", self.seconds) as connection:
                connection.sendall(f"{command}\n".encode())
                connection.shutdown(socket.SHUT_WR)
                parts = []
                while part := connection.recv(65536):
                    parts.append(part)
        except OSError as err:
            raise DeploymentError(
                f'The proxy does not answer on "{self.folder / "admin.sock"}" ({err.strerror or err}); expected it to '
                "run, and to be yours; look at its logs with `docker compose logs proxy`."
            ) from err
        return b"".join(parts).decode(errors="replace")

    def _write(self, slot: str) -> None:
        write_atomically({self.folder / "live.map": f"live {slot}\n".encode()})


@contextmanager
def reached(folder: Path, name: str, seconds: float) -> Iterator[socket.socket]:
    """Give a connection to a socket in a folder, however long the folder's name: the kernel takes 107 bytes of it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(f"/proc/self/fd/{descriptor}/{name}")
            yield connection
    finally:
        os.close(descriptor)
