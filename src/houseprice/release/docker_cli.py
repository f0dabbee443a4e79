"""Verbs in, a Docker engine's answers out: the `docker` command with argument lists and time limits, and nothing else.

A client that was started is always waited for, also when somebody presses Ctrl-C, so that nothing is left half made.
"""

import json
import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from houseprice.errors import ImageError

PLAIN = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
"""An image is one image: what is attested of it is attested when it is published, and signed."""

Say = Callable[[str], None]
"""Where progress goes, a line at a time."""


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Engine:
    """A Docker engine, reached by its command line client.

    Attributes:
        client: the command.
        environment: what the client gets beside the environment of this process.
    """

    client: str = "docker"
    environment: Mapping[str, str] = field(default_factory=dict)

    def version(self) -> str:
        """Give back the version of the engine that answers.

        Raises:
            ImageError: no client is installed, or no engine answers.
        """
        return self.ask("version", "--format", "{{.Server.Version}}", seconds=20)

    def image(self, name: str) -> dict[str, Any]:
        """Give back what the engine knows about an image.

        Raises:
            ImageError: there is no such image on this engine.
        """
        said = self.run("image", "inspect", name)
        if said.code != 0:
            self._must_answer(said)
            raise ImageError(
                f'The image "{name}" was not found on this engine; expected one that was built or pulled before; '
                f"build it with `houseprice image build --tag {name}`, or fetch it with `docker pull {name}`."
            )
        found: dict[str, Any] = json.loads(said.stdout)[0]
        return found

    def start(self, image: str, name: str, *options: str) -> None:
        """Start a container in the background."""
        self.ask("run", "--detach", "--pull", "never", "--name", name, *options, image, seconds=120)

    def state(self, name: str) -> dict[str, Any]:
        """Give back the state of a container: `Running`, `ExitCode`, `OOMKilled` and more."""
        found: dict[str, Any] = json.loads(self.ask("inspect", "--format", "{{json .State}}", name))
        return found

    def port(self, name: str, inside: int) -> int:
        """Give back the port of this machine on which a container's port can be reached."""
        return int(self.ask("port", name, f"{inside}/tcp").splitlines()[0].rpartition(":")[2])

    def execute(self, name: str, *command: str, options: Sequence[str] = ()) -> Said:
        """Run a command inside a container."""
        return self.run("exec", *options, name, *command)

    def logs(self, name: str) -> str:
        """Give back what a container printed on both streams."""
        said = self.run("logs", name)
        return said.stdout + said.stderr

    def terminate(self, name: str) -> None:
        """Ask the first process of a container to end, as an orchestrator does: SIGTERM."""
        self.ask("kill", "--signal", "TERM", name)

    def wait(self, name: str, seconds: float) -> int:
        """Wait for a container to end, and give back its exit code."""
        return int(self.ask("wait", name, seconds=seconds))

    def remove(self, name: str) -> None:
        """Remove a container with its volumes, running or not; one that is not there is removed already."""
        said = self.run("rm", "--force", "--volumes", name, seconds=60)
        if said.code != 0 and "No such container" not in said.stderr:
            raise self._fault(("rm", name), said)

    def build(self, context: Path, *options: str, say: Say, seconds: float = 1800) -> str:
        """Build an image from a folder, and give back its id.

        Raises:
            ImageError: the builder failed, with its last lines.
        """
        written = context.with_suffix(".id")
        always = (
            "--iidfile",
            str(written),
            "--force-rm",
        )  # the first builder keeps containers of a failed step otherwise
        said = self.run("build", *always, *options, str(context), seconds=seconds, say=say)
        if said.code != 0:
            self._must_answer(said)
            last = "\n".join(f"  {line}" for line in said.stdout.splitlines()[-12:])
            raise ImageError(
                f"The image could not be built (docker build ended with {said.code}); expected every step of the "
                f"Dockerfile to succeed; correct what the builder said last:\n{last}"
            )
        return written.read_text().strip()

    def platform(self) -> str:
        """Give back what this engine runs without emulation, such as `linux/amd64`."""
        return self.ask("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}", seconds=20)

    def save(self, image: str, archive: Path) -> None:
        """Write an image, all its layers with it, into one file."""
        self.ask("save", "--output", str(archive), image, seconds=600)

    def pull(self, name: str, *options: str) -> None:
        """Fetch an image from a registry."""
        self.ask("pull", "--quiet", *options, name, seconds=600)

    def forget(self, name: str) -> None:
        """Take a name away, and the image when it has no other; a name that is not there is taken away already."""
        self.run("rmi", name, seconds=60)

    def ask(self, *arguments: str, seconds: float = 30) -> str:
        """Run a command that must succeed, and give back what it printed.

        Raises:
            ImageError: it did not succeed.
        """
        said = self.run(*arguments, seconds=seconds)
        if said.code != 0:
            raise self._fault(arguments, said)
        return said.stdout.strip()

    def run(self, *arguments: str, seconds: float = 30, say: Say | None = None) -> Said:
        """Run a command to its end; with `say`, both streams are told as they come and the last lines kept.

        Raises:
            ImageError: no client is installed, or it did not end in time.
        """
        command = [self.client, *arguments]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if say else subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**PLAIN, **os.environ, **self.environment},
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError) as err:
            raise ImageError(
                f'The command "{self.client}" was not found, or may not be run; expected a Docker client '
                "(https://docs.docker.com/engine/install); install it, or run `scripts/docker-engine` on a bare Debian."
            ) from err
        with process:
            try:
                return self._followed(process, seconds, say) if say else self._awaited(process, seconds)
            except subprocess.TimeoutExpired as err:
                _kill(process)
                raise ImageError(
                    f'"{self.client} {arguments[0]}" did not end within {seconds:g} s; expected an answer of the '
                    "Docker engine; look at the load of this machine, or start the engine again."
                ) from err
            except BaseException:
                _settle(process, patient=say is None)
                raise

    @staticmethod
    def _awaited(process: subprocess.Popen[str], seconds: float) -> Said:
        stdout, stderr = process.communicate(timeout=seconds)
        return Said(process.returncode, stdout, stderr)

    @staticmethod
    def _followed(process: subprocess.Popen[str], seconds: float, say: Say) -> Said:
        last: deque[str] = deque(maxlen=40)
        end = time.monotonic() + seconds
        for line in _lines(process, end):
            last.append(line)
            say(line)
        code = process.wait(timeout=max(0.1, end - time.monotonic()))
        return Said(code, "\n".join(line for line in last if line), "")

    def _must_answer(self, said: Said) -> None:
        """Tell an engine that does not answer from one that refuses."""
        fault = _unreachable(said.stdout + said.stderr)
        if fault:
            raise ImageError(fault)

    def _fault(self, arguments: Sequence[str], said: Said) -> ImageError:
        text = said.stderr.strip() or said.stdout.strip()
        last = text.splitlines()[-1] if text else "nothing was said"
        return ImageError(
            _unreachable(text)
            or f'"{self.client} {arguments[0]}" ended with {said.code} ({last}); expected it to succeed; '
            "look at the engine's own log."
        )


def _lines(process: subprocess.Popen[str], end: float) -> Iterator[str]:
    """Give what a client prints, line by line, until it closes the stream.

    Waits in `select`, which Ctrl-C interrupts whatever other libraries have done to signals (polars lets reads resume).
    """
    stream = process.stdout
    if stream is None:
        return
    rest = b""
    with selectors.DefaultSelector() as waiting:
        waiting.register(stream, selectors.EVENT_READ)
        while waiting.select(max(0.0, end - time.monotonic())):
            chunk = os.read(stream.fileno(), 65536)
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line.decode(errors="replace").rstrip() for line in (whole if chunk else [rest] if rest else []))
            if not chunk:
                return
    raise subprocess.TimeoutExpired(process.args, 0)


def _unreachable(text: str) -> str:
    """Say why no engine was reached, or nothing when one was."""
    if "permission denied while trying to connect" in text:
        return (
            "The Docker engine refuses this user (permission denied on its socket); expected a member of the group "
            '"docker"; run `sudo usermod -aG docker "$USER"` and log in again, or run this as root.'
        )
    if any(
        sign in text for sign in ("Cannot connect to the Docker daemon", "error during connect", "failed to connect to")
    ):
        return (
            "No Docker engine answers; expected one that runs; start Docker Desktop or `sudo systemctl start docker`, "
            "or run `scripts/docker-engine` on a bare Debian."
        )
    return ""


def _kill(process: subprocess.Popen[str]) -> None:
    """End a client and the plugins that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _settle(process: subprocess.Popen[str], *, patient: bool) -> None:
    """Let a client finish what it asked for, or tell it to stop, and wait for it a moment either way."""
    if not patient:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        _kill(process)
