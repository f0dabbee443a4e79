"""Names of images: what each part of one means, as Docker clients understand it."""

import pytest

from houseprice.errors import RegistryError
from houseprice.release.image_reference import Reference, Repository

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "host", "path", "tag", "digest"),
    [
        ("somebody/house-price-model", "docker.io", "somebody/house-price-model", "latest", ""),
        ("somebody/house-price-model:1a2b3c4", "docker.io", "somebody/house-price-model", "1a2b3c4", ""),
        ("index.docker.io/somebody/house-price-model:x", "docker.io", "somebody/house-price-model", "x", ""),
        ("python", "docker.io", "library/python", "latest", ""),
        ("localhost/a/b", "localhost", "a/b", "latest", ""),
        ("localhost:5001/tester/house-price-model:x", "localhost:5001", "tester/house-price-model", "x", ""),
        (f"127.0.0.1:5001/house-price-model@{DIGEST}", "127.0.0.1:5001", "house-price-model", "", DIGEST),
        (f"ghcr.io/some-body/a_b:v1@{DIGEST}", "ghcr.io", "some-body/a_b", "v1", DIGEST),
    ],
)
def test_a_name_has_parts(text: str, host: str, path: str, tag: str, digest: str) -> None:
    """Docker Hub is meant where no host is named, and latest where no tag or digest is."""
    assert Reference.read(text) == Reference(Repository(host, path), tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "A/b",
        "a//b",
        "a/b:",
        "a/b:-x",
        "a/b@sha256:12",
        "http://a.io/b",
        "a/b:x y",
        "-.io/a",
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    """With a code of its own."""
    with pytest.raises(RegistryError) as refused:
        Reference.read(text)
    assert refused.value.code == "image_name_invalid"


@pytest.mark.parametrize("host", ["hub.docker.com", "registry.hub.docker.com", "docker.com"])
def test_a_name_at_docker_hubs_pages_is_refused(host: str) -> None:
    """With the code that the setting has."""
    with pytest.raises(RegistryError) as refused:
        Reference.read(f"{host}/somebody/house-price-model:latest")
    assert refused.value.code == "registry_host_invalid"


def test_a_namespace_has_one_repository() -> None:
    """On Docker Hub its name has no host; other registries nest; only this very machine's registry is on loopback."""
    assert str(Repository.of_namespace("somebody")) == "somebody/house-price-model"
    assert Repository.of_namespace("group/team", "ghcr.io").path == "group/team/house-price-model"
    local = Repository.of_namespace("a", "localhost:5001")
    assert (str(local), local.loopback) == ("localhost:5001/a/house-price-model", True)
    assert not Repository.of_namespace("a", "localhost.example.org").loopback


@pytest.mark.parametrize(
    ("namespace", "host", "code"),
    [
        ("Some Body", "docker.io", "username_invalid"),
        ("", "docker.io", "username_invalid"),
        ("group/team", "docker.io", "username_invalid"),
        ("a", "http://x", "registry_host_invalid"),
        ("a", "https://docker.io", "registry_host_invalid"),
        ("a", "https://index.docker.io/v1/", "registry_host_invalid"),
        ("a", "hub.docker.com", "registry_host_invalid"),
        ("a", "Hub.Docker.com", "registry_host_invalid"),
        ("a", "registry.hub.docker.com", "registry_host_invalid"),
        ("a", "registry-1.docker.io", "registry_host_invalid"),
        ("a", "index.docker.io", "registry_host_invalid"),
        ("a", "docker.com", "registry_host_invalid"),
        ("a", "docker.io:443", "registry_host_invalid"),
        ("a", "docker.io/", "registry_host_invalid"),
    ],
)
def test_a_namespace_or_host_that_cannot_be_is_refused(namespace: str, host: str, code: str) -> None:
    """Each has a code of its own; a page or server of Docker Hub is not its name as a registry."""
    with pytest.raises(RegistryError) as refused:
        Repository.of_namespace(namespace, host)
    assert refused.value.code == code


@pytest.mark.parametrize("host", ["docker.io", "ghcr.io", "mydocker.io", "docker.io.example.org", "registry:5000"])
def test_other_hosts_are_registries(host: str) -> None:
    """A name that only resembles Docker Hub's is anybody's."""
    assert Repository.of_namespace("a", host).host == host
