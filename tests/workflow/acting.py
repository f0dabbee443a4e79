"""Running the real workflow files on this machine with act.

GitHub and its hosted actions are stood in for by small composite actions, artifacts are folders, the registry is on
loopback with one account, and a key made for the tests signs.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkouts import ROOT, WORKFLOW, checkout, rewound
from loopback import TOKEN, USER, Registry

ACTIONS = Path(__file__).parent / "actions"
LOGS = ROOT / ".cache" / "workflow" / "logs"
"""Where the log of each run can be read afterwards."""
KEY_PASSWORD = "of-the-tests"  # noqa: S105 - of a key that lives as long as the tests
PLATFORM = "linux/amd64"
"""Built where a test says nothing else: other platforms are emulated, and slow."""
HAPROXY = "houseprice-test/haproxy:v1"
MINUTES = 25
TAKES = {
    "model-training": ("processed-data", "featured-data", "preprocessor"),
    "build-and-publish": ("trained-model", "preprocessor", "evidence-pack"),
}


def docker(*arguments: str, check: bool = True, text: str | None = None) -> str:
    """Run docker, and return what it prints."""
    result = subprocess.run(
        ["docker", *arguments], input=text, capture_output=True, text=True, check=check, timeout=900
    )
    return result.stdout.strip()


@dataclass(frozen=True)
class Run:
    """A run of a workflow."""

    code: int
    log: str
    artifacts: Path
    commit: str

    def ended(self, job: str) -> str:
        """Return how a job ended: succeeded, failed, or nothing when it was never begun."""
        found = re.findall(rf"/{job}\s*\].*Job (succeeded|failed)", self.log)
        return found[-1] if found else ""

    def ran(self, step: str) -> str:
        """Return how a step ended: Success, Failure, or nothing when it was skipped or never reached."""
        found = re.findall(rf"(Success|Failure) - Main {re.escape(step)}\b", self.log)
        return found[-1] if found else ""


@dataclass(frozen=True)
class Stage:
    """What a run needs, and several runs share."""

    act: str
    folder: Path
    registry: Registry
    venvs: Path
    key: Path
    """Private key that signs; its public half, `cosign.pub`, lies beside it."""

    def run(
        self,
        name: str,
        *,
        event: str = "push",
        workflow: str = WORKFLOW,
        only: str = "",
        after: Run | None = None,
        late: bool = False,
        again: bool = False,
        without: str = "",
        change: Mapping[str, Callable[[str], str]] | None = None,
        token: str = TOKEN,
        platforms: str = PLATFORM,
        inputs: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Run:
        """Commit a checkout and run a workflow on it.

        Args:
            name: of the run's folder.
            event: that starts the workflow.
            workflow: its file.
            only: run this job alone.
            after: the run whose artifacts that job takes, and on whose commits its own follow.
            late: run the commit before that of `after`, in its repository.
            again: run the commit of `after` once more.
            without: an artifact that is kept from the job.
            change: file → what is made of its text.
            token: the secret; empty for none.
            platforms: to build for; empty for those of the workflow itself.
            inputs: of somebody who starts the workflow by hand.
            env: further variables of the jobs.
            secrets: further ones.
        """
        home = self.folder / name
        repository, artifacts = home / "repository", home / "artifacts"
        if (late or again) and after:
            commit = rewound(after.artifacts.parent / "repository", repository, "HEAD~1" if late else "HEAD")
        else:
            history = after.artifacts.parent / "repository" if after else None
            commit = checkout(repository, change or {}, only, history)
        artifacts.mkdir()
        if after:
            for taken in set(TAKES.get(only, ())) - {without}:
                shutil.copytree(after.artifacts / taken, artifacts / taken)
        payload = {"repository": {"default_branch": "main"}, "inputs": dict(inputs or {}), "ref": "refs/heads/main"}
        if event == "pull_request":
            payload["pull_request"] = {"number": 1, "head": {"ref": "idea"}, "base": {"ref": "main"}}
        (home / "event.json").write_text(json.dumps(payload))
        given = {
            "HOUSEPRICE_WORKFLOW_PYTHON": sys.executable,
            "HOUSEPRICE_WORKFLOW_ACTIONS": str(ACTIONS),
            "HOUSEPRICE_WORKFLOW_ARTIFACTS": str(artifacts),
            "HOUSEPRICE_WORKFLOW_VENVS": str(self.venvs),
            **{name: os.environ[name] for name in ("DOCKER_HOST", "DOCKER_CONFIG") if name in os.environ},
            **(env or {}),
        }
        variables = {"DOCKERHUB_USERNAME": USER, "DOCKER_REGISTRY": self.registry.host, "HAPROXY_IMAGE": HAPROXY}
        variables |= {"PLATFORMS": platforms} if platforms else {}
        variables["COSIGN_PUBLIC_KEY"] = self.key.with_name("cosign.pub").read_text()
        secrets = {"COSIGN_PRIVATE_KEY": self.key.read_text(), "COSIGN_PASSWORD": KEY_PASSWORD, **(secrets or {})}
        secrets |= {"DOCKERHUB_TOKEN": token} if token else {}
        command = [self.act, event, "--workflows", workflow, "--eventpath", str(home / "event.json")]
        command += ["--defaultbranch", "main", "--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server"]
        used = {
            action for path in (workflow, WORKFLOW) for action in re.findall(r"uses: (\S+)", (ROOT / path).read_text())
        }
        command += [
            f"--local-repository={action}={ACTIONS / action.split('/')[1].split('@')[0]}"
            for action in sorted(used)
            if not action.startswith(("actions/checkout@", "./"))  # act does these itself
        ]
        command += [word for key, value in given.items() for word in ("--env", f"{key}={value}")]
        command += [word for key, value in variables.items() for word in ("--var", f"{key}={value}")]
        command += [word for key in secrets for word in ("--secret", key)]  # their values come by the environment
        log = LOGS / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as stream:
            environment = {**os.environ, **secrets}
            result = subprocess.run(
                command,
                cwd=repository,
                env=environment,
                stdout=stream,
                stderr=stream,
                timeout=MINUTES * 60,
                check=False,
            )
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", log.read_text(errors="replace"))
        return Run(result.returncode, text, artifacts, commit)


def replaced(text: str, found: str, wanted: str) -> str:
    """Return a text with something else in it, and fail when it did not hold what is to be replaced."""
    assert found in text, f"the file no longer says {found!r}"
    return text.replace(found, wanted)


def venvs(cache: Path) -> Path:
    """Return where the jobs' virtual environments are kept between runs, for as long as the locks are the same."""
    locks = b"".join((ROOT / name).read_bytes() for name in ("requirements.txt", "requirements/deployment.txt"))
    folder = cache / f"{hashlib.sha256(locks).hexdigest()[:12]}-{sys.version_info.major}.{sys.version_info.minor}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def find_act() -> str | None:
    """Return the `act` of this machine."""
    places = [os.environ.get("HOUSEPRICE_ACT"), shutil.which("act"), str(Path(sys.executable).parent / "act")]
    return next((place for place in places if place and Path(place).is_file()), None)


def make_key(folder: Path) -> Path:
    """Make the key pair that signs in the tests, and return the private half."""
    folder.mkdir()
    environment = {**os.environ, "COSIGN_PASSWORD": KEY_PASSWORD}
    subprocess.run(["cosign", "generate-key-pair"], cwd=folder, env=environment, capture_output=True, check=True)
    return (folder / "cosign.key").rename(folder / "key")


def ensure_mlflow(image: str, base: str, folder: Path) -> None:
    """Have the MLflow image: as it is, or pulled, or built by pip under its name where no registry is reached."""
    if docker("image", "ls", "--quiet", image):
        return
    pulled = subprocess.run(["timeout", "60", "docker", "pull", "--quiet", image], capture_output=True, check=False)
    if pulled.returncode != 0:
        release = image.rpartition(":v")[2]
        build(folder, image, f"FROM {base}\nRUN pip install --no-cache-dir mlflow=={release}\n")


def build(folder: Path, name: str, dockerfile: str) -> None:
    """Build a small image."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    docker("build", "--quiet", "--tag", name, str(folder))


def verified(stage: Stage, tag: str) -> dict[str, Any]:
    """Verify an image as a stranger who has the public key."""
    return _by_stranger(stage, "verify", stage.registry.repository.tagged(tag))


def replayed(stage: Stage, pack: Path, tag: str) -> dict[str, Any]:
    """Replay an evidence pack with a published image, as a stranger who has the public key."""
    return _by_stranger(stage, "evidence", "--replay", str(pack), stage.registry.repository.tagged(tag))


def _by_stranger(stage: Stage, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "houseprice", *words, "--json", "--key", str(stage.key.with_name("cosign.pub"))]
    result = subprocess.run(
        command,
        env={**os.environ, "DOCKERHUB_USERNAME": USER, "DOCKERHUB_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found
