"""The throw-away registry on loopback: as a program, as a container, and where neither can be started."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from layouts import make_layout
from loopback import ACCOUNT, TOKEN, USER

from houseprice.errors import RegistryError
from houseprice.release import loopback_registry as module
from houseprice.release import skopeo
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.loopback_registry import loopback_registry
from programs import needs

STAND_IN = "houseprice-test/registry:v1"
"""The registry image as Debian's program, where no image can be pulled: it takes the same arguments."""


def holds_an_image(host: str, folder: Path) -> bool:
    """Push a small image with the account of the tests, and return whether it can be found again."""
    layout = make_layout(folder / "image", "0" * 40)
    reference = Reference(Repository(host, "some/image"), "x")
    skopeo.copy(layout.folder, reference, ACCOUNT)
    return skopeo.digest_of(reference, ACCOUNT) == layout.digest


def account() -> str:
    """Return the account of the tests as the registry knows it."""
    return subprocess.run(["htpasswd", "-Bbn", USER, TOKEN], capture_output=True, text=True, check=True).stdout


def only(folder: Path, *programs: str) -> str:
    """Return a PATH on which there are these programs alone."""
    folder.mkdir()
    for program in programs:
        (folder / program).symlink_to(str(shutil.which(program)))
    return str(folder)


def test_the_program_is_used_where_it_is(tmp_path: Path) -> None:
    """It is empty at first, takes pushes of its account, and is gone afterwards."""
    needs("docker-registry", "htpasswd", "skopeo")
    with loopback_registry(account()) as host:
        assert skopeo.list_tags(Repository(host, "some/image"), ACCOUNT) == ()
        assert holds_an_image(host, tmp_path)
    with pytest.raises(RegistryError) as gone:
        skopeo.digest_of(Reference(Repository(host, "some/image"), "x"), ACCOUNT, retries=0)
    assert gone.value.code == "registry_unreachable"


@pytest.mark.image
def test_a_container_stands_in_for_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a runner that has Docker and no registry; the container is removed."""
    needs("docker-registry", "htpasswd", "skopeo")
    base = subprocess.run(["scripts/docker-engine"], capture_output=True, text=True, check=True).stdout.strip()
    shutil.copy(str(shutil.which("docker-registry")), tmp_path / "registry")
    dockerfile = f'FROM {base}\nCOPY registry /usr/bin/registry\nENTRYPOINT ["registry"]\n'
    (tmp_path / "Dockerfile").write_text(dockerfile)
    subprocess.run(["docker", "build", "--quiet", "--tag", STAND_IN, tmp_path], capture_output=True, check=True)
    monkeypatch.setattr(module, "IMAGE", STAND_IN)
    monkeypatch.setenv("PATH", only(tmp_path / "bin", "docker", "skopeo", "htpasswd"))
    for accounts in (account(), ""):
        with loopback_registry(accounts) as host:
            assert holds_an_image(host, tmp_path / host.replace(":", "-"))
    names = subprocess.run(
        ["docker", "ps", "--all", "--format", "{{.Names}}"], capture_output=True, text=True, check=True
    )
    assert "houseprice-registry" not in names.stdout


def test_without_program_and_engine_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a code of its own."""
    monkeypatch.setenv("PATH", only(tmp_path / "bin"))
    monkeypatch.setitem(os.environ, "DOCKER_HOST", "unix:///nowhere")
    with pytest.raises(RegistryError) as failed, loopback_registry():
        pass
    assert failed.value.code == "loopback_registry_failed"
