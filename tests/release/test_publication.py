"""Publishing with a key: the real script, cosign and registry; what has a tag is signed, whatever breaks in between."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import loopback
import planting
import pytest
from faulty import Faulty, answers, faulty

from houseprice.release.image_reference import Repository
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Account, Registry
from programs import needs

pytestmark = pytest.mark.long  # signs for real, a second or more each time

SCRIPT = Path(__file__).parents[2] / "scripts" / "publish"
TAG = planting.COMMIT[:7]


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Faulty]:
    """A real registry, behind a proxy that fails on demand."""
    needs("docker-registry", "htpasswd", "cosign")
    with loopback.registry(tmp_path / "registry") as running, faulty(running.host) as between:
        yield between


@pytest.fixture
def straight(proxy: Faulty) -> Registry:
    """A client of the registry that meets no fault."""
    repository = Repository(proxy.upstream, f"{loopback.USER}/house-price-model")
    return Registry(repository, Account(loopback.USER, loopback.TOKEN))


@pytest.fixture
def image(tiny_bundle: Path, tmp_path: Path) -> Layout:
    """An image that passed its test."""
    made = planting.lay(tmp_path / "layout", {"linux/amd64": planting.Tiny.of(tiny_bundle)})
    (made.folder / "tested.json").write_text(json.dumps({"digest": made.index.digest, "passed": True}))
    return made


@pytest.fixture
def push(proxy: Faulty, image: Layout, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the script with a key pair of its own."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COSIGN_PASSWORD": "of-the-key"}
    subprocess.run(["cosign", "generate-key-pair"], cwd=tmp_path, env=environment, check=True, capture_output=True)

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        given = {
            **environment,
            "COSIGN_PRIVATE_KEY": (tmp_path / "cosign.key").read_text(),
            "DOCKERHUB_USERNAME": loopback.USER,
            "DOCKERHUB_TOKEN": loopback.TOKEN,
            "DOCKER_REGISTRY": proxy.host,
            "GITHUB_SHA": planting.COMMIT,
            **more,
        }
        command = [SCRIPT, "push", str(image.folder)]
        return subprocess.run(command, env=given, capture_output=True, text=True, check=False, timeout=300)

    return run


def test_what_has_a_tag_is_signed(
    push: Callable[..., subprocess.CompletedProcess[str]],
    proxy: Faulty,
    straight: Registry,
    image: Layout,
    tmp_path: Path,
) -> None:
    """Signature and attestations are there before the commit's tag is, a stranger can check them, no secret is told."""
    said = push()
    assert said.returncode == 0, said.stderr
    puts = [line.rpartition("/")[2] for line in proxy.asked if line.startswith("PUT") and "/manifests/" in line]
    assert puts[-2:] == [TAG, "latest"]
    assert puts.index(image.index.digest) < puts.index(f"sha256-{image.index.digest[7:]}.sig") < puts.index(TAG)
    config = tmp_path / "login"
    config.mkdir()
    account = Account(loopback.USER, loopback.TOKEN).basic.removeprefix("Basic ")
    (config / "config.json").write_text(json.dumps({"auths": {proxy.upstream: {"auth": account}}}))
    command = ["cosign", "verify", f"--key={tmp_path / 'cosign.pub'}", "--insecure-ignore-tlog=true"]
    checked = subprocess.run(
        [*command, "--allow-http-registry=true", straight.repository.tagged("latest")],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DOCKER_CONFIG": str(config)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert image.index.digest in checked.stdout
    for secret in (loopback.TOKEN, "of-the-key", "PRIVATE KEY"):
        assert secret not in said.stdout + said.stderr


@pytest.mark.parametrize("broken", ["key", "registry"])
def test_what_cannot_be_signed_has_no_tag(
    push: Callable[..., subprocess.CompletedProcess[str]], proxy: Faulty, straight: Registry, broken: str
) -> None:
    """A wrong password, and a registry that takes images and no signatures: one sentence, and nothing to be pulled."""
    if broken == "registry":
        proxy.when("PUT .sig", answers(400, b'{"errors": [{"code": "MANIFEST_INVALID"}]}'))
    said = push(**({"COSIGN_PASSWORD": "wrong"} if broken == "key" else {}))
    assert said.returncode in (11, 12), said.stderr
    assert said.stderr.endswith("Nothing was published.\n")
    assert not {TAG, "latest"} & set(straight.tags())
    proxy.faults.clear()
    assert push().returncode == 0
    assert {TAG, "latest"} <= set(straight.tags())
