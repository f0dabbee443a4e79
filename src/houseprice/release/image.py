"""Sealed folder in, image out: everything that can be checked without a builder is checked before it is started."""

import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import check_sources, open_bundle
from houseprice.bundle.manifest import Manifest
from houseprice.errors import GateError, ImageError
from houseprice.release.docker_cli import Engine, Say
from houseprice.release.git_metadata import Origin, origin_of

REPOSITORY = "house-price-model"
MODEL = "models/bundle"
"""Where the Dockerfile takes the sealed folder from."""


@dataclass(frozen=True)
class Built:
    """An image that was built, and what it was built from."""

    image_id: str
    tags: tuple[str, ...]
    size_bytes: int
    revision: str
    model_version: str
    seconds: float


@dataclass(frozen=True)
class Ready:
    """What a builder is given: a folder with what the Dockerfile copies, and what is known of it."""

    context: Path
    manifest: Manifest
    origin: Origin

    def options(self, base: str | None) -> list[str]:
        """Give back the options of `docker build`: where it all comes from, and which model it is."""
        given = {"REVISION": self.origin.revision, "SOURCE": self.origin.source, "VERSION": self.origin.version}
        labels = {
            "houseprice.model-version": self.manifest.model_version,
            "houseprice.verdict": "green" if self.manifest.passed else "red",
            "houseprice.manifest": manifests.sha256_of(self.context / MODEL / manifests.NAME),
        }
        arguments = given | ({"PYTHON_IMAGE": base} if base else {})
        return [
            *(f"--build-arg={key}={value}" for key, value in arguments.items()),
            *(f"--label={key}={value}" for key, value in labels.items()),
        ]


def build(
    root: Path,
    bundle: Path,
    trained: Path,
    engine: Engine,
    *,
    environ: Mapping[str, str],
    say: Say,
    tags: tuple[str, ...] = (),
    repository: str = REPOSITORY,
    base: str | None = None,
    allow_red: bool = False,
) -> Built:
    """Build the image of a sealed model.

    Args:
        root: the checkout, with the Dockerfile.
        bundle: the sealed folder.
        trained: the folder of the two pickles; where it holds one, both must be those that were sealed.
        engine: who builds.
        environ: where the commit is named when this is no git checkout.
        say: told what the builder prints.
        tags: names of the image; by default the repository with the 7 characters of the commit.
        repository: name of the image without its tag.
        base: another base image than the Dockerfile's.
        allow_red: build although the model failed its gates, marked as such.

    Raises:
        ArtifactError: the sealed folder is missing or changed, or the pickles beside it belong to another run.
        GateError: the model failed its gates.
        ImageError: the Dockerfile or a file that it copies is missing, no engine answers, or the build failed.
    """
    begin = time.monotonic()
    with prepared(root, bundle, trained, engine, environ=environ, allow_red=allow_red) as ready:
        names = tags or (f"{repository}:{ready.origin.tag}",)
        image_id = engine.build(ready.context, *ready.options(base), *(f"--tag={name}" for name in names), say=say)
    size = int(engine.image(image_id)["Size"])
    revision, model_version = ready.origin.revision, ready.manifest.model_version
    return Built(image_id, names, size, revision, model_version, time.monotonic() - begin)


@contextmanager
def prepared(
    root: Path, bundle: Path, trained: Path, engine: Engine, *, environ: Mapping[str, str], allow_red: bool
) -> Iterator[Ready]:
    """Give what a builder needs, once everything that can be checked without it was checked; gone when the block ends.

    Raises:
        ArtifactError: the sealed folder is missing or changed, or the pickles beside it belong to another run.
        GateError: the model failed its gates.
        ImageError: the Dockerfile or a file that it copies is missing, or no engine answers.
    """
    sources = copied(root)
    manifest = _admitted(bundle, trained, allow_red=allow_red)
    origin = origin_of(root, environ)
    engine.version()
    with tempfile.TemporaryDirectory(prefix="houseprice-image-") as folder:
        context = Path(folder) / "context"
        _stage(root, sources, bundle, context)
        yield Ready(context, manifest, origin)


def copied(root: Path) -> tuple[str, ...]:
    """Give back what the Dockerfile copies out of the checkout, the sealed folder aside.

    Raises:
        ImageError: the Dockerfile, or something that it copies, is missing.
    """
    dockerfile = root / "Dockerfile"
    if not dockerfile.is_file():
        raise ImageError(
            f'"{dockerfile}" was not found; expected the Dockerfile in the root of the checkout; go there first, or '
            "restore it with `git checkout Dockerfile`."
        )
    sources = tuple(dict.fromkeys(_sources(dockerfile.read_text(encoding="utf-8"))))
    missing = [source for source in sources if source != MODEL and not (root / source).exists()]
    if missing:
        raise ImageError(
            f'The Dockerfile copies what is not in "{root}": {", ".join(missing)}; expected every file that it names; '
            "restore them with `git checkout`, or make the locks again with `make lock`."
        )
    return tuple(source for source in sources if source != MODEL)


def _sources(dockerfile: str) -> Iterator[str]:
    for line in re.sub(r"\\\n", " ", dockerfile).splitlines():
        words = shlex.split(line, comments=True) if re.match(r"\s*(COPY|ADD)\s", line, re.IGNORECASE) else []
        if not any(word.startswith("--from=") for word in words):
            yield from (word.strip("/") for word in words[1:-1] if not word.startswith("--"))


def _admitted(bundle: Path, trained: Path, *, allow_red: bool) -> Manifest:
    """Open the sealed folder, and refuse a model that was judged badly or stands beside another run's files."""
    manifest = open_bundle(bundle).manifest
    if not manifest.passed and not allow_red:
        red = [
            f"{name}: found {gate.get('found')}, required {gate.get('required')}"
            for name, gate in manifest.verdict.items()
            if not gate["passed"]
        ]
        raise GateError(
            f'The model in "{bundle}" has not passed its gates ({"; ".join(red) or "it was never judged"}); expected '
            "every gate to be green; train a better one, or build an image for trial only with --allow-red."
        )
    if any((trained / name).exists() for name in manifest.sources):
        check_sources(bundle, trained)
    return manifest


def _stage(root: Path, sources: tuple[str, ...], bundle: Path, context: Path) -> None:
    """Lay out what the builder needs, and nothing else, with the sealed folder wherever it came from."""
    for source in (*sources, "Dockerfile", ".dockerignore"):
        target = context / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (root / source).is_dir():
            shutil.copytree(root / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif (root / source).exists():
            shutil.copy2(root / source, target)
    shutil.copytree(bundle, context / MODEL)
