"""The layout that is published: one digest for one commit, tested by that digest, and refused when it is bad."""

import json
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from houseprice.errors import ImageError
from houseprice.release.docker_cli import Engine
from houseprice.release.layout.assemble import Assembled, assemble
from houseprice.release.layout.oci import Layout
from houseprice.release.layout.proving import RUN, TESTED
from houseprice.release.layout.shelf import shelf
from release.layout.saving import layer, saved

pytestmark = pytest.mark.image
Typed = Callable[..., tuple[int, str, str]]
LeftBehind = Callable[[str], list[str]]
Laid = Callable[..., Assembled]
TINY = """
ARG PYTHON_IMAGE=none
FROM ${PYTHON_IMAGE} AS base
FROM base
COPY requirements/serving.txt pyproject.toml /app/
COPY src/houseprice /app/houseprice
COPY models/bundle /app/models/bundle
CMD ["/hello"]
"""


@pytest.fixture(scope="session")
def laid(frozen: Path, bundle_dir: Path, engine: Engine, base: str | None) -> Laid:
    """Assemble layouts from the frozen checkout, or from another one."""

    def one(target: Path, root: Path = frozen, by: Engine = engine, *, fresh: bool = False) -> Assembled:
        bases = {"": base} if base else {}
        environ = {"SOURCE_DATE_EPOCH": "1600000000"}
        none = bundle_dir / "none"
        return assemble(root, bundle_dir, none, by, target, environ=environ, say=_silent, bases=bases, fresh=fresh)

    return one


@pytest.fixture(scope="session")
def layout(laid: Laid, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Assemble the layout of the session's sealed model; not to be changed (copy it first)."""
    target = tmp_path_factory.mktemp("layout") / "image"
    laid(target)
    return target


def _silent(_line: str) -> None:
    """Keep what a builder says."""


def ours(engine: Engine) -> list[str]:
    """Name what a layout or its test might leave on the engine."""
    images = engine.ask("image", "ls", "--digests", "--format", "{{.Repository}}:{{.Tag}}@{{.Digest}}").splitlines()
    return [name for name in images if name.startswith(("houseprice-layout", "127.0.0.1:"))]


@pytest.mark.long
def test_two_builds_have_one_digest(laid: Laid, frozen: Path, tmp_path: Path, engine: Engine) -> None:
    """Nothing of a build is left to chance: built anew from files of other times, and by the first builder as well."""
    one = laid(tmp_path / "one", fresh=True)
    again = shutil.copytree(frozen, tmp_path / "again", copy_function=shutil.copyfile)
    for path in again.rglob("*"):
        os.utime(path, (1_650_000_000, 1_650_000_000))
    other = laid(tmp_path / "other", again, fresh=True)
    oldest = laid(tmp_path / "oldest", again, Engine(environment={"DOCKER_BUILDKIT": "0"}), fresh=True)
    (again / "src" / "houseprice" / "serving" / "__init__.py").write_text('"""Changed."""\n')
    changed = laid(tmp_path / "changed", again)
    for what, made in (("one", one), ("other", other), ("first builder", oldest), ("changed file", changed)):
        sys.stdout.write(f"{what}: {made.digest}\n")
    assert one.digest == other.digest == oldest.digest != changed.digest
    same = set(Layout(tmp_path / "one").path(one.digest).parent.iterdir())
    assert {path.name for path in same} == {path.name for path in (tmp_path / "other" / "blobs" / "sha256").iterdir()}
    assert [name for name in ours(engine) if name.startswith("houseprice-layout")] == []


def test_the_very_digest_is_tested(
    typed: Typed,
    layout: Path,
    engine: Engine,
    bundle_dir: Path,
    tmp_path: Path,
    left_behind: Callable[[str], list[str]],
) -> None:
    """The digest of the index is pulled, passes every check, is written down as tested, and nothing is left behind."""
    copy = shutil.copytree(layout, tmp_path / "image")
    digest = Layout.open(copy).index.digest
    code, out, err = typed("image", "test", "--layout", str(copy), "--bundle", str(bundle_dir), "--json")
    assert code == 0, out + err
    told = json.loads(out)
    assert (told["passed"], told["digest"], told["platforms"][0]["how"]) == (True, digest, RUN)
    tested = json.loads((copy / TESTED).read_bytes())
    assert (tested["digest"], tested["passed"]) == (digest, True)
    assert {"latency", "size", "start time", "vulnerabilities", "bill of materials"} <= {
        finding["name"] for finding in tested["findings"]
    }
    assert "CANNOT TELL" in out
    assert [name for name in ours(engine) if digest in name] == []
    assert left_behind(digest) == []
    Layout.open(copy)


def test_what_does_not_pass_is_not_written_down(
    typed: Typed, layout: Path, bundle_dir: Path, other_bundle: Path, tmp_path: Path
) -> None:
    """Another model, too large an image, and a changed byte end with a sentence; an older success does not survive."""
    copy = shutil.copytree(layout, tmp_path / "image")
    words = ["image", "test", "--layout", str(copy), "--bundle"]
    (copy / TESTED).write_text('{"passed": true}')
    code, out, err = typed(*words, str(other_bundle))
    assert code == 9
    assert "FAILED  sealed files" in out
    assert "golden rows: found" in err
    assert not (copy / TESTED).exists()
    (copy / TESTED).write_text('{"passed": true}')
    code, out, err = typed(*words, str(bundle_dir), "--size-mb", "1", "--strict-audit")
    assert code == 9
    assert "failed 2 of 26 checks" in err
    assert "MB compressed, without its base; allowed are 1 MB" in err
    assert "vulnerabilities: found CANNOT TELL" in err
    assert not (copy / TESTED).exists()
    largest = max((copy / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    with largest.open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"spoiled")
    code, out, err = typed(*words, str(bundle_dir))
    assert (code, out) == (9, "")
    assert f'{largest.name}" is sha256:' in err


@pytest.fixture
def bases(engine: Engine, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Load a base of one file for two kinds of machines."""
    found = {}
    for architecture in ("amd64", "arm64"):
        content = layer({"hello": architecture.encode()})
        archive = saved(tmp_path / f"{architecture}.tar", [content], "old", architecture=architecture)
        said = engine.ask("load", "--quiet", "--input", str(archive))
        name = f"houseprice-test-{uuid.uuid4().hex[:8]}:{architecture}"
        engine.ask("tag", said.rpartition(" ")[2], name)
        found[f"linux/{architecture}"] = name
    yield found
    for name in found.values():
        engine.forget(name)


def test_several_platforms_have_one_digest(
    frozen: Path, bundle_dir: Path, engine: Engine, bases: dict[str, str], tmp_path: Path
) -> None:
    """Each platform has its own base, what they share is there once, and an engine finds the one that it asks for."""
    root = tmp_path / "checkout"
    (root / "requirements").mkdir(parents=True)
    for name in ("pyproject.toml", ".dockerignore", "requirements/serving.txt"):
        shutil.copy(frozen / name, root / name)
    (root / "src" / "houseprice").mkdir(parents=True)
    (root / "src" / "houseprice" / "__init__.py").write_text("")
    (root / "Dockerfile").write_text(TINY)
    made = assemble(
        root, bundle_dir, root, engine, tmp_path / "image", environ={}, say=_silent, platforms=tuple(bases), bases=bases
    )
    layout = Layout.open(tmp_path / "image")
    assert [part.platform for part in made.parts] == list(bases)
    amd, arm = ({layer.digest for layer in layout.layers(one)} for one in layout.manifests())
    assert len(amd & arm) == 4, "lock, program, model and evidence are the same everywhere"
    with shelf(layout) as address:
        for platform in bases:
            name = f"{address}@{made.digest}"
            engine.pull(name, f"--platform={platform}")
            try:
                assert engine.image(name)["Architecture"] == platform.partition("/")[2]
                assert engine.image(name)["Config"]["Labels"]["houseprice.verdict"] == "green"
            finally:
                engine.forget(name)


def test_a_platform_without_a_base_is_refused(
    frozen: Path, bundle_dir: Path, engine: Engine, bases: dict[str, str], tmp_path: Path
) -> None:
    """A base for another machine never ends up in an image that says otherwise; no layout is left."""
    root = shutil.copytree(frozen, tmp_path / "checkout")
    (root / "Dockerfile").write_text(TINY)
    wrong = {"linux/arm64": bases["linux/amd64"]}
    with pytest.raises(ImageError):
        assemble(
            root, bundle_dir, root, engine, tmp_path / "image", environ={}, say=_silent,
            platforms=("linux/arm64",), bases=wrong,
        )  # fmt: skip
    assert not (tmp_path / "image").exists()
