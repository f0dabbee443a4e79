"""A real registry with one account, and a proxy before it that fails on demand."""

import gzip
import hashlib
import io
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import acting
import pytest
from faulty import Faulty, faulty

from houseprice.release.layout.oci import CONFIG, LAYER, MANIFEST, Layout, compact
from houseprice.release.registry.client import Account, Registry
from houseprice.release.registry.names import Repository
from houseprice.release.registry.patience import Patience, Say, silent

ACCOUNT = Account(acting.USER, acting.TOKEN)


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of Debian's docker-registry."""
    missing = [program for program in ("docker-registry", "htpasswd") if not shutil.which(program)]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}, which are not installed here")
    with acting.registry(tmp_path_factory.mktemp("registry") / "real") as running:
        yield running.host


@pytest.fixture
def proxy(upstream: str) -> Iterator[Faulty]:
    """The same registry, failing when a test wants it."""
    with faulty(upstream) as running:
        yield running


@pytest.fixture
def path() -> str:
    """A repository that no other test uses."""
    return f"{acting.USER}-{secrets.token_hex(4)}/house-price-model"


@pytest.fixture
def pauses() -> list[float]:
    """How long was waited between tries: nobody sleeps here."""
    return []


@pytest.fixture
def through(proxy: Faulty, path: str, pauses: list[float]) -> Callable[..., Registry]:
    """Gives a client of the repository, through the proxy."""

    def client(
        account: Account | None = ACCOUNT, *, say: Say = silent, total: float = 20.0, silence: float = 5.0
    ) -> Registry:
        patience = Patience(
            connect_seconds=5, silent_seconds=silence, total_seconds=total, sleep=pauses.append, jitter=lambda: 1.0
        )
        return Registry(Repository(proxy.host, path), account, say=say, patience=patience)

    return client


@pytest.fixture
def straight(upstream: str, path: str) -> Registry:
    """A client of the same repository that meets no fault."""
    return Registry(Repository(upstream, path), ACCOUNT)


@pytest.fixture
def layout(tmp_path: Path) -> Callable[..., Layout]:
    """Makes an image of a commit for two platforms: real layers, and annotations as the builder writes them."""

    def make(
        commit: str,
        created: str = "2026-01-02T03:04:05Z",
        *,
        text: str = "a house",
        lean: bool = False,
        platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64"),
    ) -> Layout:
        folder = tmp_path / f"layout-{secrets.token_hex(4)}"
        folder.mkdir()
        made = Layout.begin(folder)
        names = {"org.opencontainers.image.revision": commit, "org.opencontainers.image.created": created}
        manifests = []
        for platform in platforms:
            files = [_tar("common", "the same for all"), _tar(platform, text)]
            layers = [made.add(gzip.compress(content, mtime=0), LAYER) for content in files]
            config = {
                "architecture": platform.partition("/")[2],
                "os": "linux",
                "config": {"Labels": names, "Cmd": ["/nothing"]},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(f).hexdigest()}" for f in files]},
            }
            content = {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": made.add(compact(config), CONFIG).told(),
                "layers": [layer.told() for layer in layers],
            }
            manifests.append(made.add(compact(content), MANIFEST, platform))
        made.finish(tuple(manifests), {} if lean else names)
        return made

    return make


def _tar(name: str, text: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo(name.replace("/", "-"))
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))
    return stream.getvalue()
