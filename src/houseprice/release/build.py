"""Building the image of a model bundle: for the local engine, or as an OCI layout with one digest for publishing.

BuildKit does the building. The same commit and bundle give the same layout, whichever engine builds it and whenever.
"""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from houseprice.atomic_io import replace_directory
from houseprice.bundle.verdict import failed_gates
from houseprice.errors import ImageError
from houseprice.release.build_context import (
    BUNDLE,
    MANIFEST,
    check_bundle,
    default_base,
    dockerfile_inputs,
    sha256_of,
    staged_context,
)
from houseprice.release.docker_build import require_buildx, run_build
from houseprice.release.docker_cli import DockerCli, Say
from houseprice.release.git_metadata import (
    DEFAULT_EPOCH,
    GitMetadata,
    read_git_metadata,
    rfc3339,
    source_date_epoch,
)
from houseprice.release.layout_writer import LayoutWriter, PlatformImage

REPOSITORY = "house-price-model"
LABEL = "org.opencontainers.image"
_EXPORT = "tar=false,rewrite-timestamp=true"


@dataclass(frozen=True)
class BuildInputs:
    """What an image is built from.

    Attributes:
        root: the checkout, with the Dockerfile.
        bundle: folder of the model bundle.
        trained: folder of the two pickles; where it holds one, both must be those that the bundle was built from.
        environ: environment variables that name commit and time where git does not.
        allow_failed: build although the model failed its gates.
    """

    root: Path
    bundle: Path
    trained: Path
    environ: Mapping[str, str]
    allow_failed: bool = False


@dataclass(frozen=True)
class BuiltImage:
    """An image on the local engine, and what it was built from."""

    image_id: str
    tags: tuple[str, ...]
    size_bytes: int
    revision: str
    model_version: str
    seconds: float


@dataclass(frozen=True)
class BuiltLayout:
    """An OCI layout on disk, and what it was built from; `digest` is that of its index."""

    layout: str
    digest: str
    platforms: tuple[PlatformImage, ...]
    revision: str
    model_version: str
    epoch: int
    seconds: float


def build_image(
    inputs: BuildInputs,
    docker: DockerCli,
    *,
    say: Say,
    tags: tuple[str, ...] = (),
    repository: str = REPOSITORY,
    base: str = "",
) -> BuiltImage:
    """Build the image for the local engine with plain `docker build`.

    Args:
        inputs: what it is built from.
        docker: the engine.
        say: receives the builder's output.
        tags: names of the image; by default the repository with the 7 characters of the commit.
        repository: name of the image without its tag.
        base: base image instead of the locked one.

    Raises:
        ArtifactError: the bundle is missing or changed, or the pickles are of another run.
        GateError: the model failed its gates.
        ImageError: a file is missing, no engine answers, or the build failed (codes in `docker_build`).
    """
    begin = time.monotonic()
    files, manifest = dockerfile_inputs(inputs.root), _check(inputs, say)
    metadata = read_git_metadata(inputs.root, inputs.environ)
    docker.version()
    names = tags or (f"{repository}:{metadata.tag}",)
    epoch = source_date_epoch(inputs.root, inputs.environ)
    # An attestation would make the image an index, which older engines cannot store.
    plain = replace(docker, environment={**docker.environment, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"})
    with staged_context(inputs.root, files, inputs.bundle, epoch) as context:

        def build(chosen: str) -> None:
            options = (*_options(context, metadata, chosen), *(f"--tag={name}" for name in names))
            run_build(plain, say, "build", "--force-rm", *options, str(context))

        _build_on(base, inputs.root, docker, say, build)
    found = docker.image(names[0])
    seconds = time.monotonic() - begin
    size, version = int(found["Size"]), manifest["model_version"]
    return BuiltImage(found["Id"], names, size, metadata.revision, version, seconds)


def build_layout(
    inputs: BuildInputs,
    docker: DockerCli,
    target: Path,
    *,
    say: Say,
    platforms: Sequence[str] = (),
    bases: Mapping[str, str] | None = None,
    no_cache: bool = False,
) -> BuiltLayout:
    """Build the image for every platform into one OCI layout.

    Args:
        inputs: what it is built from.
        docker: the engine; the current builder of its buildx is used.
        target: folder of the layout; an older layout there is replaced once the new one is complete.
        say: receives the builder's output.
        platforms: such as `linux/amd64`; by default the engine's own.
        bases: platform → base image instead of the locked one; the one under "" is for all others.
        no_cache: run every step again.

    Raises:
        ArtifactError: the bundle is missing or changed, or the pickles are of another run.
        DataError: the folder cannot be written.
        GateError: the model failed its gates.
        ImageError: a file is missing, no engine or buildx answers, or the build failed (codes in `docker_build`).
    """
    begin = time.monotonic()
    _refuse_other_folders(target)
    files, manifest = dockerfile_inputs(inputs.root), _check(inputs, say)
    metadata = read_git_metadata(inputs.root, inputs.environ)
    epoch = source_date_epoch(inputs.root, inputs.environ)
    wanted = tuple(dict.fromkeys(platforms)) or (docker.platform(),)
    require_buildx(docker)
    bases = bases or {}
    # BuildKit only lowers timestamps: files of steps that it cached before the commit would keep the time they were
    # made at. A day before any build gives every file one time, and equal files equal layers whatever the commit.
    mtime = min(epoch, DEFAULT_EPOCH)
    with replace_directory(target) as staging, staged_context(inputs.root, files, inputs.bundle, mtime) as context:
        writer, built = LayoutWriter(staging, rfc3339(epoch)), []
        for platform in wanted:
            say(f"building for {platform}")
            with tempfile.TemporaryDirectory(prefix="houseprice-export-", dir=staging.parent) as exported:
                platform_options = (
                    f"--platform={platform}",
                    f"--build-arg=SOURCE_DATE_EPOCH={mtime}",
                    "--provenance=false",
                    "--sbom=false",
                    f"--output=type=oci,dest={exported},{_EXPORT}",
                    *(("--no-cache",) if no_cache else ()),
                    *_page_base(docker, platform, bases),
                )

                def build(base: str, platform: str = platform, given: tuple[str, ...] = platform_options) -> None:
                    options = (*_options(context, metadata, base), *given, str(context))
                    run_build(docker, say, "buildx", "build", "--progress=plain", *options, platform=platform)

                _build_on(bases.get(platform, bases.get("", "")), inputs.root, docker, say, build)
                built.append(writer.add_image(Path(exported), platform))
        about = {"revision": metadata.revision, "source": metadata.source, "version": metadata.version}
        annotations = {f"{LABEL}.{name}": value for name, value in {**about, "created": rfc3339(epoch)}.items()}
        digest = writer.finish(annotations)
    version, seconds = manifest["model_version"], time.monotonic() - begin
    return BuiltLayout(str(target), digest, tuple(built), metadata.revision, version, epoch, seconds)


def _check(inputs: BuildInputs, say: Say) -> dict[str, Any]:
    manifest = check_bundle(inputs.bundle, inputs.trained, allow_failed=inputs.allow_failed)
    if failed := failed_gates(manifest["verdict"]):
        say(f"WARNING: the model failed its gates ({', '.join(failed)}); this image must not be published")
    return manifest


def _build_on(base: str, root: Path, docker: DockerCli, say: Say, build: Callable[[str], None]) -> None:
    """Build on the given base image, else on the locked one, else on this machine's image of its tag."""
    locked = default_base(root)
    try:
        build(base or locked)
    except ImageError as err:
        tag = locked.partition("@")[0]
        if base or err.code != "base_image_missing" or docker.run("image", "inspect", tag).returncode:
            raise
        say(f"WARNING: {locked} cannot be pulled; building on this machine's {tag} instead, as the provenance will say")
        build(tag)


def _page_base(docker: DockerCli, platform: str, bases: Mapping[str, str]) -> tuple[str, ...]:
    """Return the option that lets the engine's own processor build the page, for an image of another one.

    Only where the bases are different images: of one name, the builder takes the one for its own processor itself.
    """
    native = "" if not bases else docker.platform()
    if native in bases and platform != native:
        return (f"--build-arg=NATIVE_IMAGE={bases[native]}",)
    return ()


def _options(context: Path, metadata: GitMetadata, base: str) -> list[str]:
    """Return the build arguments and labels that say what the image is built from."""
    given = {"REVISION": metadata.revision, "SOURCE": metadata.source, "VERSION": metadata.version}
    labels = {"houseprice.manifest.sha256": sha256_of(context / BUNDLE / MANIFEST)}
    if base:
        given["PYTHON_IMAGE"] = base
    if digest := base.partition("@")[2]:
        labels[f"{LABEL}.base.digest"] = digest
    arguments = [f"--build-arg={name}={value}" for name, value in given.items()]
    return [*arguments, *(f"--label={name}={value}" for name, value in labels.items())]


def _refuse_other_folders(target: Path) -> None:
    """Refuse to replace a folder that is not a layout."""
    if target.exists() and not (target / "oci-layout").is_file() and (not target.is_dir() or any(target.iterdir())):
        raise ImageError(
            f'"{target}" exists and is not an OCI layout. Name an empty folder, or an older layout to replace.',
            code="not_a_layout",
        )
