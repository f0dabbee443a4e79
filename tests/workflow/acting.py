"""The real workflows in, what they did out: GitHub, its actions and Docker Hub are stood in for on this machine.

`act` runs the jobs here, artifacts are folders, the registry is Debian's docker-registry with one account, and what is
published is signed by a key that was made for the tests.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkouts import ROOT, WORKFLOW, checkout, rewound
from loopback import TOKEN, USER, Registry

ACTIONS = Path(__file__).parent / "actions"
LOGS = ROOT / ".cache" / "workflow" / "logs"
"""Where the log of each run can be read afterwards."""
KEY_PASSWORD = "of-the-tests"  # noqa: S105 - opens nothing but a key that lives as long as the tests
PLATFORM = "linux/amd64"
"""Built where a test says nothing else: other processors are emulated, and slow."""
PROXY = "houseprice-test/haproxy:v1"
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
    key: Path
    """Private key that signs; its public half, `.pub`, lies beside it. Neither has a password."""

    def run(
        self,
        name: str,
        *,
        event: str = "push",
        workflow: str = WORKFLOW,
        only: str = "",
        after: Run | None = None,
        late: bool = False,
        without: str = "",
        change: Mapping[str, Callable[[str], str]] | None = None,
        token: str = TOKEN,
        signed: bool = True,
        platforms: str = PLATFORM,
        inputs: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Run:
        """Commit a checkout and run the workflow on it.

        Args:
            name: of the run's folder.
            event: what started the workflow.
            workflow: its file.
            only: run this one job of it.
            after: the run whose artifacts the one job begins with: those that it takes, and no other.
            late: run the commit before the one of `after`, in its very repository.
            without: the artifact that is kept from it.
            change: file → what is made of its text.
            token: the secret; empty for none.
            signed: whether the secret with the key is there.
            platforms: to build for; empty for those of the workflow itself.
            inputs: what somebody who starts the workflow by hand fills in.
            env: further variables of the jobs.
        """
        home = self.folder / name
        repository, artifacts = home / "repository", home / "artifacts"
        commit = (
            rewound(after.artifacts.parent / "repository", repository)
            if late and after
            else checkout(repository, change or {}, only)
        )
        artifacts.mkdir()
        if after:
            for taken in set(TAKES[only]) - {without}:
                shutil.copytree(after.artifacts / taken, artifacts / taken)
        payload = home / "event.json"
        payload.write_text(json.dumps(_event(event, inputs or {})))
        given = {
            "HOUSEPRICE_WORKFLOW_PYTHON": sys.executable,
            "HOUSEPRICE_WORKFLOW_ACTIONS": str(ACTIONS),
            "HOUSEPRICE_WORKFLOW_ARTIFACTS": str(artifacts),
            "HOUSEPRICE_WORKFLOW_VENVS": str(self.venvs),
            **(env or {}),
        }
        variables = {"DOCKERHUB_USERNAME": USER, "DOCKER_REGISTRY": self.registry.host}
        variables |= {"PLATFORMS": platforms} if platforms else {}
        variables |= {"HAPROXY_IMAGE": PROXY, "COSIGN_PUBLIC_KEY": self.key.with_name("cosign.pub").read_text()}
        secrets = {"DOCKERHUB_TOKEN": token} if token else {}
        secrets |= {"COSIGN_PRIVATE_KEY": self.key.read_text(), "COSIGN_PASSWORD": KEY_PASSWORD} if signed else {}
        command = [self.act, event, "--workflows", workflow, "--eventpath", str(payload), "--defaultbranch", "main"]
        command += ["--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server"]
        command += [
            f"--local-repository={used}={ACTIONS / used.split('/')[1].split('@')[0]}" for used in _used(workflow)
        ]
        command += [word for key, value in given.items() for word in ("--env", f"{key}={value}")]
        command += [word for key, value in variables.items() for word in ("--var", f"{key}={value}")]
        command += [word for key in secrets for word in ("--secret", key)]  # their values come by the environment
        begin = time.monotonic()
        log = LOGS / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as stream:
            said = subprocess.run(
                command,
                cwd=repository,
                env={**os.environ, **secrets},
                stdout=stream,
                stderr=subprocess.STDOUT,
                timeout=MINUTES * 60,
                check=False,
            )
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", log.read_text(errors="replace"))
        return Run(said.returncode, text, artifacts, commit, time.monotonic() - begin)


def _used(workflow: str) -> list[str]:
    """Give back the hosted actions of a workflow; act does the checkout itself."""
    found = re.findall(r"uses: (\S+)", (ROOT / workflow).read_text())
    return sorted({used for used in found if not used.startswith("actions/checkout@")})


def _event(event: str, inputs: Mapping[str, str]) -> dict[str, Any]:
    payload: dict[str, Any] = {"repository": {"default_branch": "main"}, "inputs": dict(inputs)}
    if event == "pull_request":
        return payload | {"pull_request": {"number": 1, "head": {"ref": "idea"}, "base": {"ref": "main"}}}
    return payload | {"ref": "refs/heads/main"}


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


def make_key(folder: Path) -> Path:
    """Make the key pair that publishes in the tests, and give back the private half."""
    folder.mkdir()
    environment = {**os.environ, "COSIGN_PASSWORD": KEY_PASSWORD}
    subprocess.run(["cosign", "generate-key-pair"], cwd=folder, env=environment, capture_output=True, check=True)
    return (folder / "cosign.key").rename(folder / "key")


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
