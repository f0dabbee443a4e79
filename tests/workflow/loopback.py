"""A folder in, a registry of images on loopback out, with one account: Debian's docker-registry."""

import base64
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

USER, TOKEN = "tester", "a-token-of-the-tests"
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Registry:
    """A registry of images on loopback, with one account."""

    host: str

    def tags(self) -> dict[str, str]:
        """Give back each tag of the project with its digest; cosign's own tags, which hold signatures, aside."""
        listed = self._ask(f"{USER}/house-price-model/tags/list")
        names = [name for name in (json.loads(listed[0])["tags"] or [] if listed else []) if "sha256-" not in name]
        found = {name: self._ask(f"{USER}/house-price-model/manifests/{name}") for name in names}
        return {name: answer[1] for name, answer in found.items() if answer}

    def platforms(self, tag: str) -> set[str]:
        """Give back the platforms of the image behind a tag."""
        answer = self._ask(f"{USER}/house-price-model/manifests/{tag}")
        assert answer, f"no tag {tag}"
        named = [one["platform"] for one in json.loads(answer[0])["manifests"]]
        return {f"{one['os']}/{one['architecture']}" for one in named}

    def _ask(self, path: str) -> tuple[bytes, str] | None:
        account = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        headers = {"Authorization": f"Basic {account}", "Accept": INDEX}
        request = urllib.request.Request(f"http://{self.host}/v2/{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.read(), answer.headers.get("Docker-Content-Digest", "")
        except urllib.error.HTTPError as err:
            if err.code == 404:
                return None
            raise


@contextmanager
def registry(folder: Path) -> Iterator[Registry]:
    """Run an empty registry on a free port for as long as it is needed."""
    folder.mkdir(parents=True)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"localhost:{probe.getsockname()[1]}"
    account = subprocess.run(["htpasswd", "-Bbn", USER, TOKEN], capture_output=True, check=True).stdout
    (folder / "htpasswd").write_bytes(account)
    (folder / "config.yml").write_text(
        json.dumps(
            {
                "version": 0.1,
                "log": {"level": "error"},
                "storage": {"filesystem": {"rootdirectory": str(folder / "store")}},
                "http": {"addr": host.replace("localhost", "127.0.0.1"), "secret": "of-the-tests"},
                "auth": {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}},
            }
        )
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _until(lambda: Registry(host).tags() == {}, f"the registry did not start; see {folder / 'log'}")
        yield Registry(host)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _until(reached: Callable[[], bool], otherwise: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if reached():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(otherwise)
