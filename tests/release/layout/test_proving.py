"""The proof of a layout, up to where an engine is needed: `docker` is a few lines of shell that pulls for real."""

from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.bundle.load import open_bundle
from houseprice.errors import ImageError
from houseprice.release.docker_cli import Engine
from houseprice.release.layout.archive import Taken, described
from houseprice.release.layout.oci import Layout
from houseprice.release.layout.packing import packed
from houseprice.release.layout.proving import TESTED, Proof, prove
from houseprice.release.limits import Limits

CLIENT = r"""#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/asked"
case $1 in
version) echo PLATFORM ;;
pull) PULL ;;
image) echo '[{"Id": "sha256:1", "Size": 1, "Config": {}}]' ;;
run) RUN ;;
*) echo 'No such container' >&2; exit 1 ;;
esac
"""


@pytest.fixture
def proved(tmp_path: Path, tiny_bundle: Path) -> Callable[..., Proof]:
    """Prove a layout with an engine that behaves as wished."""
    layout = Layout.begin(tmp_path / "layout")
    layers = (packed(layout, {"app/x": b"x"}, 0),)
    platforms = ("linux/amd64", "linux/arm64")
    manifests = (described(Taken(platform, {}, layers, ("x",), 0), layout, 0) for platform in platforms)
    layout.finish(tuple(manifests), {})
    (tmp_path / "layout" / TESTED).write_text("older")

    def one(platform: str = "linux/amd64", pull: str = ":", run: str = "exit 125") -> Proof:
        client = tmp_path / "docker"
        client.write_text(CLIENT.replace("PLATFORM", platform).replace("PULL", pull).replace("RUN", run))
        client.chmod(0o755)
        return prove(
            tmp_path / "layout", open_bundle(tiny_bundle), Engine(str(client)), deadline=1, limits=Limits(),
            say=lambda _line: None, show_logs=lambda _logs: None,
        )  # fmt: skip

    return one


def asked(tmp_path: Path) -> list[str]:
    """Give back what the engine was asked for."""
    return (tmp_path / "asked").read_text().splitlines()


def test_one_image_must_be_for_this_machine(proved: Callable[..., Proof], tmp_path: Path) -> None:
    """A layout of which nothing can be run here is refused before anything is pulled; an older success is gone."""
    with pytest.raises(ImageError, match=r"this engine runs linux/s390x.*build it with --platform linux/s390x"):
        proved("linux/s390x")
    assert not (tmp_path / "layout" / TESTED).exists()
    assert not [line for line in asked(tmp_path) if line.startswith("pull")]


def test_the_digest_of_the_index_is_pulled(proved: Callable[..., Proof], tmp_path: Path) -> None:
    """What is pulled is the one digest that will be published, and it is taken away when the test fails."""
    with pytest.raises(ImageError, match='docker run" ended with 125'):
        proved()
    digest = Layout.open(tmp_path / "layout").index.digest
    (pulled,) = [line for line in asked(tmp_path) if line.startswith("pull")]
    assert pulled.endswith(f"/house-price-model@{digest}")
    assert f"rmi {pulled.split()[-1]}" in asked(tmp_path)
    assert not (tmp_path / "layout" / TESTED).exists()


def test_a_pull_that_fails_is_a_sentence(proved: Callable[..., Proof], tmp_path: Path) -> None:
    """An engine that cannot reach the shelf says so, and an older success is gone."""
    with pytest.raises(ImageError, match=r'docker pull" ended with 1 \(connection refused\)'):
        proved(pull="echo connection refused >&2; exit 1")
    assert not (tmp_path / "layout" / TESTED).exists()


def test_a_layout_that_was_changed_is_not_pulled(proved: Callable[..., Proof], tmp_path: Path) -> None:
    """One changed blob, and no engine is asked for anything but its kind."""
    layout = Layout(tmp_path / "layout")
    layout.path(layout.blobs()[0].digest).write_bytes(b"x")
    with pytest.raises(ImageError, match="expected sha256:"):
        proved()
    assert not (tmp_path / "asked").exists() or asked(tmp_path)[-1].startswith("version")
    assert not (layout.folder / TESTED).exists()
