"""A checkout and a sealed folder in, one image for every platform out: a layout whose index has one digest.

The engine's own builder builds each platform; what it made is saved, taken apart and put together again so that the
same commit and model have the same digest, whichever builder it was, whenever and wherever it ran.
"""

import json
import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from houseprice.atomic_io import replace_directory
from houseprice.bundle import manifest as manifests
from houseprice.errors import ImageError
from houseprice.release.docker_cli import Engine, Say
from houseprice.release.git_metadata import epoch_of, instant
from houseprice.release.image import MODEL, Ready, prepared
from houseprice.release.layout.archive import Taken, described, take
from houseprice.release.layout.contents import laid
from houseprice.release.layout.oci import Descriptor, Layout
from houseprice.release.layout.packing import packed
from houseprice.release.layout.weight import Part, part_of
from houseprice.release.verification.evidence import evidence
from houseprice.release.verification.image_reader import EVIDENCE_FILE, SBOM_FILE
from houseprice.release.verification.sbom import sbom, wanted

LOCK = "requirements/serving.txt"


@dataclass(frozen=True)
class Assembled:
    """A layout that was made, and what it was made from."""

    layout: str
    digest: str
    parts: tuple[Part, ...]
    revision: str
    model_version: str
    epoch: int
    seconds: float


def assemble(
    root: Path,
    bundle: Path,
    trained: Path,
    engine: Engine,
    target: Path,
    *,
    environ: Mapping[str, str],
    say: Say,
    platforms: Sequence[str] = (),
    bases: Mapping[str, str] | None = None,
    allow_red: bool = False,
    fresh: bool = False,
) -> Assembled:
    """Build the image of a sealed model for every platform, into one layout.

    Args:
        root: the checkout, with the Dockerfile.
        bundle: the sealed folder.
        trained: the folder of the two pickles; where it holds one, both must be those that were sealed.
        engine: who builds.
        target: the folder of the layout; an older layout there is replaced when the new one is whole.
        environ: where the commit and the time are named when git knows none.
        say: told what the builder prints.
        platforms: such as `linux/amd64`; by default the engine's own.
        bases: platform → base image instead of the Dockerfile's; the one under "" is for all others.
        allow_red: build although the model failed its gates, marked as such.
        fresh: build every step again, whatever the builder remembers.

    Raises:
        ArtifactError: the sealed folder is missing or changed, or the pickles beside it belong to another run.
        DataError: the folder cannot be written.
        GateError: the model failed its gates.
        ImageError: a file is missing, no engine answers, a build failed, or it made another platform than it was asked.
    """
    begin = time.monotonic()
    _must_be_ours(target)
    epoch = epoch_of(root, environ)
    with prepared(root, bundle, trained, engine, environ=environ, allow_red=allow_red) as ready:
        maker = _Maker(ready, engine, epoch, say, ("--no-cache",) if fresh else ())
        own = engine.platform()
        wished = tuple(dict.fromkeys(platforms)) or (own,)
        given = bases or {}
        with replace_directory(target) as staging:
            layout = Layout.begin(staging)
            found = []
            for platform in wished:
                say(f"{platform} …")
                named = () if wished == (own,) else (f"--platform={platform}",)
                found.append(maker.make(layout, platform, given.get(platform, given.get("")), named))
            origin = ready.origin
            told = {"revision": origin.revision, "source": origin.source, "version": origin.version}
            told["created"] = instant(epoch)
            index = layout.finish(
                tuple(found), {f"org.opencontainers.image.{name}": value for name, value in told.items()}
            )
            parts = tuple(part_of(layout, one) for one in found)
    model = ready.manifest.model_version
    return Assembled(str(target), index.digest, parts, origin.revision, model, epoch, time.monotonic() - begin)


@dataclass(frozen=True)
class _Maker:
    """Makes the image of one platform after another from the same folder."""

    ready: Ready
    engine: Engine
    epoch: int
    say: Say
    fresh: tuple[str, ...]

    def make(self, layout: Layout, platform: str, base: str | None, named: Sequence[str]) -> Descriptor:
        """Build one platform, and put it into the layout with its evidence."""
        options = (*self.ready.options(base), *named)
        with self._built("--target=base", *options) as name:
            below = self.engine.image(name)["RootFS"]["Layers"]
        with tempfile.TemporaryDirectory(prefix="houseprice-archive-") as place:
            archive = Path(place) / "image.tar"
            with self._built(*options, *self.fresh) as name:
                self.engine.save(name, archive)
            taken = take(archive, layout, platform, below, self._steps(), self.epoch)
        return described(self._with_evidence(taken, layout), layout, self.epoch)

    @contextmanager
    def _built(self, *options: str) -> Iterator[str]:
        """Give the name of an image that is built, and take the name away at the end."""
        name = f"houseprice-layout:{secrets.token_hex(6)}"
        try:
            self.engine.build(self.ready.context, *options, f"--tag={name}", say=self.say)
            yield name
        finally:
            self.engine.forget(name)

    def _steps(self) -> list[str]:
        """Give back the lines of the last stage that make a layer: every builder has its own words for them."""
        text = re.sub(r"\\\n\s*", "", self._read("Dockerfile").decode())
        stage = re.split(r"(?m)^FROM\s.*$", text)[-1]
        return [line.strip() for line in stage.splitlines() if re.match(r"(WORKDIR|COPY|ADD|RUN)\s", line)]

    def _with_evidence(self, taken: Taken, layout: Layout) -> Taken:
        files = laid(layout, ((layer.blob.digest, layer.diff_id) for layer in taken.layers), wanted)
        environment = dict(entry.partition("=")[::2] for entry in taken.declared.get("Env", ()))
        manifest = json.loads(self._read(f"{MODEL}/{manifests.NAME}"))
        lock, dockerfile = self._read(LOCK), self._read("Dockerfile")
        told = manifests.canonical(evidence(manifest, self.ready.origin, lock, dockerfile, self.epoch))
        bill = sbom(files, environment, self.ready.origin.version, self.epoch)
        layer = packed(layout, {EVIDENCE_FILE: told, SBOM_FILE: bill}, self.epoch)
        labels = {**taken.declared.get("Labels", {}), "houseprice.evidence": manifests.sha256(told)}
        return replace(
            taken,
            declared={**taken.declared, "Labels": dict(sorted(labels.items()))},
            layers=(*taken.layers, layer),
            steps=(*taken.steps, "houseprice image build: evidence"),
        )

    def _read(self, name: str) -> bytes:
        return (self.ready.context / name).read_bytes()


def _must_be_ours(target: Path) -> None:
    """Refuse to replace a folder that is no layout."""
    if target.exists() and not (target / "oci-layout").is_file() and (not target.is_dir() or any(target.iterdir())):
        raise ImageError(
            f'"{target}" is there and is no image layout; expected an empty folder or an older layout, which is '
            "replaced; name another one."
        )
