"""The `docker` command: argument lists, time limits, and errors with codes.

Only the standard library is used, as everywhere on the path of `image build` and `image test`: nothing from PyPI is
installed on the machine that publishes.
"""

import json
import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from houseprice.errors import ImageError

Say = Callable[[str], None]
"""Where progress goes, a line at a time."""

INSTALL = "Install Docker (https://docs.docker.com/engine/install), or run `scripts/docker-engine` on a bare Debian."
_DAEMON_ERRORS = (  # what the client prints → code, what is wrong, what to do
    (
        re.compile("permission denied while trying to connect"),
        "docker_permission_denied",
        "This user may not use the Docker engine.",
        'Run `sudo usermod -aG docker "$USER"` and log in again, or run this as root.',
    ),
    (
        re.compile("Cannot connect to the Docker daemon|error during connect|failed to connect to"),
        "docker_unreachable",
        "The Docker engine is not running.",
        "Start Docker Desktop or `sudo systemctl start docker`, or run `scripts/docker-engine` on a bare Debian.",
    ),
)


@dataclass(frozen=True)
class CommandResult:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class DockerCli:
    """A Docker engine, used through its command line client.

    Attributes:
        client: the command.
        environment: variables for the client beside those of this process.
    """

    client: str = "docker"
    environment: Mapping[str, str] = field(default_factory=dict)

    def version(self) -> str:
        """Return the version of the engine.

        Raises:
            ImageError: the client is missing, or no engine answers.
        """
        return self.output("version", "--format", "{{.Server.Version}}", seconds=20)

    def platform(self) -> str:
        """Return what the engine runs without emulation, such as `linux/amd64`."""
        return self.output("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}", seconds=20)

    def image(self, name: str) -> dict[str, Any]:
        """Return `docker image inspect` of one image.

        Raises:
            ImageError: there is no such image on this engine.
        """
        result = self.run("image", "inspect", name)
        if result.returncode != 0:
            error = self._error(("image", "inspect"), result)
            if error.code != "docker_failed":
                raise error
            raise ImageError(
                f'No image "{name}" on this engine. Build it with `houseprice image build --tag {name}`, or fetch it '
                f"with `docker pull {name}`.",
                code="image_not_found",
                image=name,
            )
        found: dict[str, Any] = json.loads(result.stdout)[0]
        return found

    def state(self, container: str) -> dict[str, Any]:
        """Return the state of a container: `Running`, `ExitCode`, `OOMKilled` and more."""
        found: dict[str, Any] = json.loads(self.output("inspect", "--format", "{{json .State}}", container))
        return found

    def logs(self, container: str) -> str:
        """Return what a container printed on both streams."""
        result = self.run("logs", container)
        return result.stdout + result.stderr

    def remove(self, container: str) -> None:
        """Remove a container with its volumes, running or not; do nothing when there is none."""
        result = self.run("rm", "--force", "--volumes", container, seconds=60)
        if result.returncode != 0 and "No such container" not in result.stderr:
            raise self._error(("rm", container), result)

    def remove_image(self, name: str) -> None:
        """Remove a name, and the image when it has no other; do nothing when there is none."""
        self.run("rmi", name, seconds=60)

    def pull(self, name: str, *options: str) -> None:
        """Fetch an image from a registry."""
        self.output("pull", "--quiet", *options, name, seconds=1800)

    def output(self, *arguments: str, seconds: float = 30) -> str:
        """Run a command that must succeed, and return what it printed on stdout.

        Raises:
            ImageError: it failed.
        """
        result = self.run(*arguments, seconds=seconds)
        if result.returncode != 0:
            raise self._error(arguments, result)
        return result.stdout.strip()

    def run(self, *arguments: str, seconds: float = 30, say: Say | None = None) -> CommandResult:
        """Run a command to its end.

        Without `say`, an interruption waits for the client first, so that what it began to create has its name and can
        be removed. With `say`, every line of both streams is reported as it comes and the last 40 are returned; such a
        command is interrupted with this process.

        Raises:
            ImageError: the client is missing, or did not end in time.
        """
        try:
            process = subprocess.Popen(
                [self.client, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if say else subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError) as err:
            problem = f'The command "{self.client}" was not found, or may not be run.'
            raise ImageError(f"{problem} {INSTALL}", code="docker_missing", problem=problem, hint=INSTALL) from err
        with process:
            try:
                return _follow(process, seconds, say) if say else _wait(process, seconds)
            except subprocess.TimeoutExpired as err:
                _kill(process)
                raise ImageError(
                    f"`{self.client} {arguments[0]}` did not finish within {seconds:g} s. Check the load of this "
                    "machine, or restart the Docker engine.",
                    code="docker_timeout",
                ) from err
            except BaseException:
                _finish(process, interrupt=say is not None)
                raise

    def _error(self, arguments: Sequence[str], result: CommandResult) -> ImageError:
        text = result.stderr.strip() or result.stdout.strip()
        for pattern, code, problem, hint in _DAEMON_ERRORS:
            if pattern.search(text):
                return ImageError(f"{problem} {hint}", code=code, problem=problem, hint=hint)
        last = text.splitlines()[-1] if text else "no output"
        return ImageError(
            f"`{self.client} {arguments[0]}` failed with exit code {result.returncode}: {last}",
            code="docker_failed",
            returncode=result.returncode,
        )


def _wait(process: subprocess.Popen[str], seconds: float) -> CommandResult:
    stdout, stderr = process.communicate(timeout=seconds)
    return CommandResult(process.returncode, stdout, stderr)


def _follow(process: subprocess.Popen[str], seconds: float, say: Say) -> CommandResult:
    """Report lines from a thread, since libraries such as polars let a read in this one resume after Ctrl-C."""
    last: deque[str] = deque(maxlen=40)

    def report() -> None:
        for line in process.stdout or ():
            last.append(line.rstrip())
            say(last[-1])

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    returncode = process.wait(timeout=seconds)
    thread.join(timeout=10)
    return CommandResult(returncode, "\n".join(line for line in last if line), "")


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a client and the plugins that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _finish(process: subprocess.Popen[str], *, interrupt: bool) -> None:
    """Wait for a client for a moment, interrupting it first where nothing would be left half made."""
    if interrupt:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        _kill(process)
