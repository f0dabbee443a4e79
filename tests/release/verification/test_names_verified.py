"""What the name of an image means: looked up once, compared with the commit, and asked of nobody but the registry."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import planting
import pytest
from faulty import Handler, faulty
from planting import COMMIT, OTHER_COMMIT, Tiny
from signing import ACCOUNT, Keys, Published, copy_signatures, found_in, index, look, only

from houseprice.errors import RegistryError, VerificationError
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Registry
from houseprice.release.verification.policy import Trust
from houseprice.release.verification.verify import verify

pytestmark = pytest.mark.long  # signs for real, a second or more each time


def test_a_tag_of_another_commit(good: Published, registry: Registry, keys: Keys) -> None:
    """A commit's tag that leads to another commit's image is found out, although the image is as it should be."""
    good.registry.push_manifest("fedcba9", *index(good.layout))
    only(found_in(good.registry, keys, "fedcba9"), f'tag: found "fedcba9"; expected "{COMMIT[:7]}"')


def test_latest_whose_commit_has_no_tag(good: Published, registry: Registry, keys: Keys) -> None:
    """Latest never leads to something that cannot be named by its commit."""
    planting.push(good.layout, registry, "latest")
    for digest in (good.digest, *(one.digest for one in good.layout.manifests())):
        copy_signatures(good.registry, digest, registry, digest, "sig", "att")
    only(found_in(registry, keys, "latest"), 'tag "0123456", the commit of this image: found nothing')


def test_a_tag_that_moves_while_it_is_looked_at(
    good: Published, keys: Keys, laid: Callable[..., Layout], tiny_bundle: Path
) -> None:
    """What is read belongs to the digest that was looked up first; that the tag moved on is told."""
    other = laid(Tiny.of(tiny_bundle, OTHER_COMMIT))
    good.registry.push_manifest("moving", *index(good.layout))
    planting.push(other, good.registry)

    def move(_: Handler) -> bool:
        good.registry.push_manifest("moving", *index(other))
        return False

    with faulty(good.registry.repository.host) as proxy:
        proxy.when("GET /blobs/", move, times=1)
        through = Registry(Repository(proxy.host, good.registry.repository.path), ACCOUNT)
        found = found_in(through, keys, "moving")
        assert not [asked for asked in proxy.asked if other.index.digest in asked]
    only(found, f'tag "moving" after it was looked up: found {other.index.digest}; expected {good.digest}')


def test_a_name_that_means_nothing(good: Published, keys: Keys) -> None:
    """A tag that is not there is no question of trust."""
    with pytest.raises(RegistryError, match='There is no "abcdef0"'):
        look(good.registry, keys, "abcdef0")


def test_an_image_from_another_repository(good: Published, keys: Keys) -> None:
    """Whoever names the repository that images come from is not given another one's."""
    trust = Trust(key=keys.public.read_text(), source="https://github.com/another/prices")
    with pytest.raises(VerificationError, match="source in the evidence"):
        verify(Reference(good.registry.repository, "latest"), good.registry, trust, environ=os.environ)


def test_with_a_key_nobody_but_the_registry_is_asked(
    good: Published, keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All other addresses are behind this proxy: nobody knocks there, until an identity is to be proved."""
    knocks: list[object] = []

    def answer(proxy: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, address = proxy.accept()
                knocks.append(address)
                caller.close()

    with closing(socket.create_server(("127.0.0.1", 0))) as proxy:
        porter = threading.Thread(target=answer, args=(proxy,), daemon=True)
        porter.start()
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, good.registry.repository.host)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert look(good.registry, keys).digest == good.digest
        assert knocks == []
        trust = Trust.in_repository(planting.SOURCE)
        with pytest.raises(VerificationError):
            verify(Reference(good.registry.repository, "0123456"), good.registry, trust, environ=os.environ)
        assert knocks != []
        proxy.shutdown(socket.SHUT_RDWR)
        porter.join(5)
