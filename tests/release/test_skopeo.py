"""Registry access by skopeo, against a real registry with accounts and one that refuses as Docker Hub does."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from faulty import DENIED, RATE, Faulty, answers, loses_the_answer, resets, tokens
from layouts import make_layout
from loopback import ACCOUNT, TOKEN, USER

from houseprice.errors import RegistryError
from houseprice.release import skopeo
from houseprice.release.credentials import Account
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.oci_layout import OciLayout

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WRONG = Account(USER, "not-the-token")


@pytest.fixture
def layout(tmp_path: Path) -> OciLayout:
    """A small image of two platforms."""
    return make_layout(tmp_path / "image", COMMIT)


def test_a_copy_keeps_its_digest_with_all_platforms(layout: OciLayout, repository: Repository, tmp_path: Path) -> None:
    """Into the registry by digest, to two tags, and back into a folder: every manifest is the same to the byte."""
    by_digest = Reference(repository, digest=layout.digest)
    skopeo.copy(layout.folder, by_digest, ACCOUNT)
    assert skopeo.list_tags(repository, ACCOUNT) == ()
    for tag in ("0123456", "latest"):
        skopeo.copy(by_digest, Reference(repository, tag), ACCOUNT)
        assert skopeo.digest_of(Reference(repository, tag), ACCOUNT) == layout.digest
    assert set(skopeo.list_tags(repository, ACCOUNT)) == {"0123456", "latest"}
    skopeo.copy(Reference(repository, "latest"), tmp_path / "back:here", ACCOUNT)
    back = OciLayout.open(tmp_path / "back:here")
    assert (back.digest, back.platforms) == (layout.digest, layout.platforms)


def test_the_configuration_is_read_without_this_machines_platform(tmp_path: Path, repository: Repository) -> None:
    """Labels are found also where no image is for this machine."""
    layout = make_layout(tmp_path / "image", COMMIT, platforms=("linux/s390x",))
    skopeo.copy(layout.folder, Reference(repository, "x"), ACCOUNT)
    found = skopeo.inspect_config(Reference(repository, "x"), ACCOUNT)
    assert found["architecture"] == "s390x"
    assert found["config"]["Labels"]["org.opencontainers.image.revision"] == COMMIT


def test_a_changed_layer_is_not_copied(tmp_path: Path, repository: Repository) -> None:
    """What is not what its digest says is refused, and no manifest names it."""
    layout = make_layout(
        tmp_path / "image", COMMIT, text=repository.path
    )  # a layer that the registry does not hold yet
    manifest = json.loads((layout.folder / "blobs/sha256" / next(iter(layout.platforms.values()))[7:]).read_bytes())
    (layout.folder / "blobs/sha256" / manifest["layers"][1]["digest"][7:]).write_bytes(b"something else")
    with pytest.raises(RegistryError):
        skopeo.copy(layout.folder, Reference(repository, "x"), ACCOUNT)
    assert skopeo.list_tags(repository, ACCOUNT) == ()


Prepare = Callable[[Faulty], None]


def _bearer(password: str, *actions: str) -> Prepare:
    return lambda proxy: tokens(proxy, USER, password, *actions)


def _when(words: str, status: int, body: bytes = b"") -> Prepare:
    return lambda proxy: proxy.when(words, answers(status, body, Retry_After="1"))


@pytest.mark.parametrize(
    ("prepare", "account", "code"),
    [
        pytest.param(None, WRONG, "registry_unauthorized", id="wrong password"),
        pytest.param(None, None, "registry_unauthorized", id="no login"),
        pytest.param(_bearer(TOKEN, "pull", "push"), WRONG, "registry_unauthorized", id="wrong token at Docker Hub"),
        pytest.param(_bearer(TOKEN, "pull"), ACCOUNT, "registry_denied", id="read-only token at Docker Hub"),
        pytest.param(_when("POST", 403, DENIED), ACCOUNT, "registry_denied", id="another user's repository"),
        pytest.param(_when("", 429, RATE), ACCOUNT, "registry_rate_limited", id="rate limit", marks=pytest.mark.long),
        pytest.param(_when("POST", 503), ACCOUNT, "registry_unreachable", id="unavailable"),
        pytest.param(_when("POST", 400), ACCOUNT, "registry_failed", id="anything else"),
    ],
)
def test_what_a_registry_refuses_has_a_code(
    proxy: Faulty,
    layout: OciLayout,
    prepare: Prepare | None,
    account: Account | None,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each refusal is told apart, names the repository, and shows no token."""
    monkeypatch.setattr(skopeo, "RETRIES", 0)
    monkeypatch.setenv("DOCKER_CONFIG", str(layout.folder))  # nobody is logged in
    if prepare:
        prepare(proxy)
    target = Reference(Repository(proxy.host, f"{USER}/refused"), "x")
    with pytest.raises(RegistryError) as refused:
        skopeo.copy(layout.folder, target, account)
    assert refused.value.code == code
    assert proxy.host in str(refused.value)
    assert refused.value.details["reference"] == str(target)
    assert not account or account.token not in f"{refused.value}{refused.value.details}"


def test_a_token_of_docker_hubs_kind_may_push(proxy: Faulty, layout: OciLayout, repository: Repository) -> None:
    """With the right to write, the same way succeeds."""
    tokens(proxy, USER, TOKEN, "pull", "push")
    target = Reference(Repository(proxy.host, repository.path), "x")
    skopeo.copy(layout.folder, target, ACCOUNT)
    assert skopeo.digest_of(target, ACCOUNT) == layout.digest


def test_what_is_not_there_has_a_code(repository: Repository) -> None:
    """An image that does not exist, a repository without any, and a machine where no registry is."""
    for reference in (Reference(repository, "x"), Reference(repository, digest=f"sha256:{'0' * 64}")):
        with pytest.raises(RegistryError) as missing:
            skopeo.digest_of(reference, ACCOUNT)
        assert missing.value.code == "registry_not_found"
    assert skopeo.list_tags(repository, ACCOUNT) == ()
    with pytest.raises(RegistryError) as gone:
        skopeo.digest_of(Reference(Repository("127.0.0.1:1", "a/b"), "x"), retries=0)
    assert gone.value.code == "registry_unreachable"


@pytest.mark.long
def test_passing_faults_are_retried(proxy: Faulty, layout: OciLayout, repository: Repository) -> None:
    """A connection that breaks, a lost answer, an error of the server and a rate limit end in a published image."""
    proxy.when("POST blobs", resets, times=1)
    proxy.when("PUT manifests", loses_the_answer, times=1)
    proxy.when("PUT blobs", answers(503), times=1)
    proxy.when("GET manifests", answers(429, RATE, Retry_After="1"), times=1)
    target = Reference(Repository(proxy.host, repository.path), "x")
    skopeo.copy(layout.folder, target, ACCOUNT)
    assert skopeo.digest_of(target, ACCOUNT) == layout.digest


def test_the_token_is_given_by_a_file_for_its_owner_alone(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in no argument and in no variable, and the file is gone afterwards."""
    (tmp_path / "skopeo").write_text(
        '#!/bin/sh\n{ echo "$@"; env; } > "$0.seen"\nls -lL "$REGISTRY_AUTH_FILE" > "$0.mode"\n'
    )
    (tmp_path / "skopeo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKERHUB_TOKEN", TOKEN)
    skopeo.read_manifest(Reference(repository, "x"), ACCOUNT)
    seen = (tmp_path / "skopeo.seen").read_text()
    assert TOKEN not in seen
    mode, *_, path = (tmp_path / "skopeo.mode").read_text().split()
    assert mode == "-rw-------"
    assert not Path(path).exists()


def test_a_missing_skopeo_is_told(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a code of its own: nothing is wrong with the registry."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RegistryError) as missing:
        skopeo.digest_of(Reference(repository, "x"), ACCOUNT)
    assert missing.value.code == "skopeo_missing"
