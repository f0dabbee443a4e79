"""The tutorial from a signing key to the rollback: real engine, signatures and proxy, and a registry on loopback."""

import json
import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import loopback
import pytest
import yaml
from kubernetes_objects import check, pod_of
from tutorial import TUTORIAL, Block, Reader

from deploy.conftest import docker, proxy_image
from houseprice.release.docker_cli import DockerCli
from programs import needs

__all__ = ["docker", "proxy_image"]
pytestmark = pytest.mark.image

KUBECTL = Path(shutil.which("kubectl", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "kubectl")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    """Run a registry with one account, and give its address."""
    needs("docker-registry", "htpasswd", "cosign")
    with loopback.registry() as registry:
        yield registry.host


@pytest.fixture
def operator(reader: Reader, host: str, docker: DockerCli, proxy_image: str, tmp_path: Path) -> Iterator[Reader]:
    """Return a reader with an engine, whose Docker Hub is the registry on loopback; what they start is taken away."""
    project = f"houseprice-tutorial-{uuid.uuid4().hex[:8]}"
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    login = tmp_path / "docker"
    login.mkdir()
    plugins = Path(os.environ.get("DOCKER_CONFIG", "~/.docker")).expanduser() / "cli-plugins"
    (login / "cli-plugins").symlink_to(plugins)
    replacements = {
        **reader.replacements,
        "export DOCKER_REGISTRY=docker.io": f"export DOCKER_REGISTRY={host}",
        "localhost:8000": f"localhost:{port}",
    }
    environ = {
        "DOCKER_CONFIG": str(login),
        "HAPROXY_IMAGE": proxy_image,
        "HOUSEPRICE_PROJECT": project,
        "HOUSEPRICE_PUBLISH": f"127.0.0.1:{port}",
        "IMAGE": f"{project}:local",
        "REAL_KUBECTL": str(KUBECTL),
        **{f"GIT_{who}_{what}": "tester@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    yield replace(reader, replacements=replacements, environ=environ)
    labelled = f"--filter=label=com.docker.compose.project={project}"
    for kind, remove in (("container", ("rm", "--force", "--volumes")), ("network", ("rm",))):
        if left := docker.output(kind, "ls", "--quiet", *(["--all"] if kind == "container" else []), labelled).split():
            docker.output(kind, *remove, *left)
    for name in (f"{project}:local", f"{host}/*/*"):
        if left := docker.output("image", "ls", "--quiet", "--no-trunc", "--filter", f"reference={name}").split():
            docker.run("image", "rm", "--force", *dict.fromkeys(left))


def publish(operator: Reader) -> str:
    """Do for the checked-out commit what the workflow does, with the secrets that it has; return its digest."""
    steps = (
        ".venv/bin/houseprice image build --layout models/image",
        ".venv/bin/houseprice image test --layout models/image --audit models/audit.json",
        f"DOCKERHUB_TOKEN={loopback.TOKEN} COSIGN_PRIVATE_KEY=../cosign.key "
        ".venv/bin/python -m houseprice.release publish models/image",
    )
    code, said = operator.run_block(Block(0, " && ".join(steps)))
    assert code == 0, said
    index = json.loads((operator.home / "house-price-model" / "models" / "image" / "index.json").read_text())
    return str(index["manifests"][0]["digest"])


def test_from_a_signing_key_to_the_rollback(operator: Reader, bundle_dir: Path) -> None:
    """Built, signed, verified, deployed, written as Kubernetes manifests, and rolled back, as the page says."""

    def follow(*beginnings: str) -> str:
        return "".join(said for _, said in operator.run_blocks(TUTORIAL, *beginnings))

    def served() -> Any:
        return json.loads(follow("export HOUSEPRICE_COSIGN_KEY").splitlines()[-1])

    def audit_log() -> list[str]:
        return follow(".venv/bin/houseprice audit-log").splitlines()

    follow("export ORIGIN", "git clone", "gh variable set", "export COSIGN_PASSWORD")
    mine = operator.home / "house-price-model"
    shutil.copytree(bundle_dir, mine / "models" / "bundle")  # `make run` is followed in test_tutorial.py
    assert "checks passed" in follow("make image")
    code, said = operator.run_block(Block(0, "make audit"))
    assert code == 0, said

    first = publish(operator)
    follow("read -rs DOCKERHUB_TOKEN", "export COMMIT")
    assert served()["status"] == "ok"
    subprocess.run(
        ["git", "-C", mine, "commit", "--quiet", "--allow-empty", "-m", "Next"],
        env={**os.environ, **operator.environ},
        check=True,
    )
    second = publish(operator)
    assert first != second
    assert second in follow("export COMMIT")
    assert served()["status"] == "ok"
    assert [line.split()[2] for line in audit_log()] == ["deploy", "deploy"]

    follow("export DIGEST", "kubectl apply", "kubectl --namespace")
    applied = list(yaml.safe_load_all((operator.home / "github" / "applied.yaml").read_text()))
    check(applied)
    assert pod_of(applied)["containers"][0]["image"].endswith(f"/tester/house-price-model@{second}")
    assert "houseprice_requests_total" in follow("curl -s localhost:8000/metrics")

    assert first[:19] in follow(".venv/bin/houseprice rollback")
    assert audit_log()[-1].split()[2] == "rollback"
