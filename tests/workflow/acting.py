"""The real workflow in, what it did out: GitHub, its actions and Docker Hub are stood in for on this machine.

`act` runs the jobs here, artifacts are folders, and the registry is Debian's docker-registry with one account.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ACTIONS = Path(__file__).parent / "actions"
WORKFLOW = ".github/workflows/mlops-pipeline.yml"
LOGS = ROOT / ".cache" / "workflow" / "logs"
"""Where the log of each run can be read afterwards."""
USER, TOKEN = "tester", "a-token-of-the-tests"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MINUTES = 25
TAKES = {
    "model-training": ("processed-data", "featured-data", "preprocessor"),
    "build-and-publish": ("trained-model", "preprocessor"),
}


def docker(*arguments: str, check: bool = True) -> str:
    """Ask the engine, and give back what it printed."""
    said = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=check, timeout=900)
    return said.stdout.strip()


@dataclass(frozen=True)
class Registry:
    """A registry of images on loopback, with one account."""

    host: str

    def tags(self) -> dict[str, str]:
        """Give back each tag of the project with its digest."""
        listed = self._ask(f"{USER}/house-price-model/tags/list")
        names = json.loads(listed[0])["tags"] if listed else []
        found = {name: self._ask(f"{USER}/house-price-model/manifests/{name}") for name in names or []}
        return {name: answer[1] for name, answer in found.items() if answer}

    def image_id(self, tag: str) -> str:
        """Give back the id of the image behind a tag: the digest of its configuration."""
        answer = self._ask(f"{USER}/house-price-model/manifests/{tag}")
        assert answer, f"no tag {tag}"
        return str(json.loads(answer[0])["config"]["digest"])

    def _ask(self, path: str) -> tuple[bytes, str] | None:
        account = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        headers = {"Authorization": f"Basic {account}", "Accept": MANIFEST}
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


@dataclass(frozen=True)
class Run:
    """What a run of the workflow did."""

    code: int
    log: str
    artifacts: Path
    commit: str
    seconds: float

    def ended(self, job: str) -> str:
        """Give back how a job ended: succeeded, failed, or nothing when it was never begun."""
        found = re.findall(rf"/{job}\s*\].*Job (succeeded|failed)", self.log)
        return found[-1] if found else ""

    def said(self, program: str) -> str:
        """Give back the lines of the log that a program of ours wrote of itself."""
        return "\n".join(re.findall(rf"{program}: .*", self.log))


@dataclass(frozen=True)
class Stage:
    """Everything that a run needs, and that several runs share."""

    act: str
    folder: Path
    registry: Registry
    venvs: Path

    def run(
        self,
        name: str,
        *,
        event: str = "push",
        only: str = "",
        after: Run | None = None,
        without: str = "",
        change: Mapping[str, Callable[[str], str]] | None = None,
        token: str = TOKEN,
        env: Mapping[str, str] | None = None,
    ) -> Run:
        """Commit a checkout and run the workflow on it.

        Args:
            name: of the run's folder.
            event: what started the workflow.
            only: run this one job of it.
            after: the run whose artifacts the one job begins with: those that it takes, and no other.
            without: the artifact that is kept from it.
            change: file → what is made of its text.
            token: the secret; empty for none.
            env: further variables of the jobs.
        """
        home = self.folder / name
        repository, artifacts = home / "repository", home / "artifacts"
        commit = _checkout(repository, change or {}, only)
        artifacts.mkdir()
        if after:
            for taken in set(TAKES[only]) - {without}:
                shutil.copytree(after.artifacts / taken, artifacts / taken)
        payload = home / "event.json"
        payload.write_text(json.dumps(_event(event)))
        given = {
            "HOUSEPRICE_WORKFLOW_PYTHON": sys.executable,
            "HOUSEPRICE_WORKFLOW_ACTIONS": str(ACTIONS),
            "HOUSEPRICE_WORKFLOW_ARTIFACTS": str(artifacts),
            "HOUSEPRICE_WORKFLOW_VENVS": str(self.venvs),
            **(env or {}),
        }
        variables = {"DOCKERHUB_USERNAME": USER, "DOCKER_REGISTRY": self.registry.host}
        command = [self.act, event, "--workflows", WORKFLOW, "--eventpath", str(payload), "--defaultbranch", "main"]
        command += ["--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server"]
        command += [f"--local-repository={used}={ACTIONS / used.split('/')[1].split('@')[0]}" for used in _used()]
        command += [word for key, value in given.items() for word in ("--env", f"{key}={value}")]
        command += [word for key, value in variables.items() for word in ("--var", f"{key}={value}")]
        command += ["--secret", f"DOCKERHUB_TOKEN={token}"] if token else []
        begin = time.monotonic()
        log = LOGS / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as stream:
            said = subprocess.run(
                command, cwd=repository, stdout=stream, stderr=subprocess.STDOUT, timeout=MINUTES * 60, check=False
            )
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", log.read_text(errors="replace"))
        return Run(said.returncode, text, artifacts, commit, time.monotonic() - begin)


def _used() -> list[str]:
    """Give back the hosted actions of the workflow; act does the checkout itself."""
    found = re.findall(r"uses: (\S+)", (ROOT / WORKFLOW).read_text())
    return sorted({used for used in found if not used.startswith("actions/checkout@")})


def _event(event: str) -> dict[str, Any]:
    payload: dict[str, Any] = {"repository": {"default_branch": "main"}}
    if event == "pull_request":
        return payload | {"pull_request": {"number": 1, "head": {"ref": "idea"}, "base": {"ref": "main"}}}
    return payload | {"ref": "refs/heads/main"}


def _checkout(target: Path, change: Mapping[str, Callable[[str], str]], only: str) -> str:
    """Commit what this checkout holds, changed where a test asks for it, in a repository of its own."""
    git = ["git", "-C", str(target)]
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for name, changed in change.items():
        (target / name).write_text(changed((target / name).read_text()))
    if only:
        (target / WORKFLOW).write_text(alone((target / WORKFLOW).read_text(), only))
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(target)], check=True)
    subprocess.run([*git, "add", "--all"], check=True)
    author = ["-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, *author, "commit", "--quiet", "--no-verify", "--message", "as it is"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "https://github.com/tester/house-price-model.git"], check=True)
    said = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    return said.stdout.strip()


def alone(text: str, job: str) -> str:
    """Give back the workflow with one job, which waits for no other."""
    head, _, jobs = text.partition("\njobs:\n")
    blocks = re.split(r"(?m)^(?=  [a-z-]+:$)", jobs)
    (block,) = [block for block in blocks if block.startswith(f"  {job}:")]
    return f"{head}\njobs:\n{re.sub(r'(?m)^    needs: .*$', '', block)}"


def replaced(text: str, found: str, wanted: str) -> str:
    """Give back a text that says something else, and fail when it did not say what is to be replaced."""
    assert found in text, f"the file no longer says {found!r}"
    return text.replace(found, wanted)


def venvs(cache: Path) -> Path:
    """Give back where the jobs' virtual environments are kept between runs, for as long as the locks are the same."""
    locks = b"".join((ROOT / name).read_bytes() for name in ("requirements.txt", "requirements/serving.txt"))
    folder = cache / f"{hashlib.sha256(locks).hexdigest()[:12]}-{sys.version_info.major}.{sys.version_info.minor}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def find_act() -> str | None:
    """Give back the `act` of this machine."""
    places = [os.environ.get("HOUSEPRICE_ACT"), shutil.which("act"), str(Path(sys.executable).parent / "act")]
    return next((place for place in places if place and Path(place).is_file()), None)


def see_to_mlflow(image: str, base: str, folder: Path) -> None:
    """Have the MLflow image: as it is, or pulled, or built by pip under its own name where no registry is reached."""
    if docker("image", "ls", "--quiet", image):
        return
    with_it = subprocess.run(["timeout", "60", "docker", "pull", "--quiet", image], capture_output=True, check=False)
    if with_it.returncode == 0:
        return
    release = image.rpartition(":v")[2]
    build(folder, image, f"FROM {base}\nRUN pip install --no-cache-dir mlflow=={release}\n")


def build(folder: Path, name: str, dockerfile: str) -> str:
    """Build a small image, and give back its name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    docker("build", "--quiet", "--tag", name, str(folder))
    return name
