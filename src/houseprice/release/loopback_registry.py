"""A throw-away image registry on 127.0.0.1: Debian's `docker-registry` program, or the pinned `registry` image.

Docker, skopeo and cosign speak plain HTTP to loopback, so an image can be pulled by the digest that it is published by.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from houseprice.errors import RegistryError

IMAGE = "registry:2.8.3@sha256:a3d8aaa63ed8681a604f1dea0aa03f100d5895b6a58ace528858a7b332415373"
START_SECONDS = 30.0


@contextmanager
def loopback_registry(htpasswd: str = "") -> Iterator[str]:
    """Run an empty registry while the block runs; yield its host, 127.0.0.1:PORT.

    Args:
        htpasswd: accounts, as `htpasswd -Bbn USER TOKEN` prints them; without any, everybody may push.

    Raises:
        RegistryError: with the code `loopback_registry_failed`: neither program nor image can be started.
    """
    with tempfile.TemporaryDirectory(prefix="houseprice-registry-", ignore_cleanup_errors=True) as folder:
        running = _program if shutil.which("docker-registry") else _container
        with running(Path(folder), htpasswd) as host:
            _wait(host)
            yield host


@contextmanager
def _program(folder: Path, htpasswd: str) -> Iterator[str]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    config = _write_config(folder, htpasswd, host, str(folder))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)  # noqa: S607
    try:
        yield host
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def _container(folder: Path, htpasswd: str) -> Iterator[str]:
    _write_config(folder, htpasswd, "0.0.0.0:5000", "/config")
    folder.chmod(0o755)
    name = f"houseprice-registry-{os.getpid()}-{time.monotonic_ns()}"
    options = ["--name", name, "--publish", "127.0.0.1::5000", "--volume", f"{folder}:/config:ro"]
    command = ["run", "--detach", *options, IMAGE, "serve", "/config/config.yml"]
    try:
        _docker(*command)
        yield _docker("port", name, "5000/tcp").split()[0]
    finally:
        with suppress(RegistryError):
            _docker("rm", "--force", "--volumes", name)


def _write_config(folder: Path, htpasswd: str, address: str, seen_as: str) -> Path:
    """Write the registry's configuration; JSON is YAML."""
    config: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": f"{folder}/data"}, "delete": {"enabled": True}},
        "http": {"addr": address, "secret": "loopback"},
    }
    if htpasswd:
        (folder / "htpasswd").write_text(htpasswd)
        config["auth"] = {"htpasswd": {"realm": "loopback", "path": f"{seen_as}/htpasswd"}}
    path = folder / "config.yml"
    path.write_text(json.dumps(config))
    return path


def _docker(*arguments: str) -> str:
    try:
        result = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=300, check=True)  # noqa: S607
    except (OSError, subprocess.SubprocessError) as err:
        reason = str(getattr(err, "stderr", None) or err).strip().splitlines()[-1]
        raise _failed(reason) from err
    return result.stdout


def _wait(host: str) -> None:
    """Return when the registry answers, also when the answer is that it wants a login."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            opener.open(f"http://{host}/v2/", timeout=2).close()
        except urllib.error.HTTPError as err:
            err.close()
            return
        except OSError:
            time.sleep(0.05)
            continue
        return
    raise _failed(f"it did not answer within {START_SECONDS:.0f} s")


def _failed(reason: str) -> RegistryError:
    return RegistryError(
        f"The registry on loopback could not be started ({reason}). Install Debian's docker-registry, or start Docker.",
        code="loopback_registry_failed",
        reason=reason,
    )
