"""What is published here, seen by the tools of others: skopeo, and a Docker engine that pulls it."""

import json
import subprocess
from collections.abc import Callable

import acting
import loopback
import pytest

from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Registry
from houseprice.release.registry.patience import silent
from houseprice.release.registry.publishing import publish
from programs import needs

COMMIT = "d" * 40


@pytest.fixture
def image(straight: Registry, layout: Callable[..., Layout]) -> Layout:
    """An image that is published."""
    made = layout(COMMIT)
    publish(
        made, straight, COMMIT, tested=made.index.digest, move_latest=True,
        newer=lambda revision, created: True, sign=lambda digest: None, say=silent,
    )  # fmt: skip
    return made


@pytest.mark.parametrize("platform", ["amd64", "arm64"])
def test_skopeo_reads_it(straight: Registry, image: Layout, platform: str) -> None:
    """The digest of the index, and for each platform its labels and layers."""
    needs("skopeo")
    command = ["skopeo", f"--override-arch={platform}", "inspect", "--tls-verify=false"]
    command += [f"--creds={loopback.USER}:{loopback.TOKEN}", f"docker://{straight.repository.tagged('latest')}"]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    one = image.manifest(f"linux/{platform}")
    assert told["Digest"] == image.index.digest
    assert told["Architecture"] == platform
    assert told["Layers"] == [layer.digest for layer in image.layers(one)]
    assert told["Labels"]["org.opencontainers.image.revision"] == COMMIT
    assert set(told["RepoTags"]) == {COMMIT[:7], "latest"}


@pytest.mark.image
def test_an_engine_pulls_it(straight: Registry, image: Layout, tmp_path_factory: pytest.TempPathFactory) -> None:
    """By its digest, and by its tags, which are that digest."""
    config = tmp_path_factory.mktemp("docker")
    login = ["docker", "--config", str(config), "login", "--username", loopback.USER, "--password-stdin"]
    subprocess.run([*login, straight.repository.host], input=loopback.TOKEN.encode(), check=True, capture_output=True)
    names = (straight.repository.at(image.index.digest), straight.repository.tagged(COMMIT[:7]))
    try:
        for name in names:
            subprocess.run(
                ["docker", "--config", str(config), "pull", "--quiet", name], check=True, capture_output=True
            )
            told = json.loads(acting.docker("image", "inspect", name))[0]
            assert straight.repository.at(image.index.digest) in told["RepoDigests"]
            assert told["Id"] in [image.config(one).digest for one in image.manifests()]
    finally:
        acting.docker("image", "rm", "--force", *names, check=False)
