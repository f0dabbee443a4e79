"""A name in a registry, or a layout, in; what the image of each platform says and shows out, by one digest throughout.

A tag is looked up once: all that is read afterwards is read by digest, so that a tag that moves changes nothing.
"""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from houseprice.errors import ImageError, RegistryError, VerificationError
from houseprice.release.layout.contents import Contents, below
from houseprice.release.layout.oci import INDEX, LIMIT, MANIFEST, Descriptor, Layout
from houseprice.release.registry.client import Manifest

BUNDLE_FOLDER = "app/models/bundle"
EVIDENCE_FOLDER = "app/evidence"
EVIDENCE_FILE = f"{EVIDENCE_FOLDER}/evidence.json"
SBOM_FILE = f"{EVIDENCE_FOLDER}/sbom.cdx.json"
LAYER = 2**30
"""Bytes of one layer as the registry keeps it."""


class Source(Protocol):
    """Where images are read from: a registry, or a layout on disk."""

    def manifest(self, key: str) -> Manifest | None:
        """Give back what a tag or a digest names."""

    def blob(self, digest: str, limit: int) -> bytes:
        """Give back the content of a digest."""


@dataclass(frozen=True)
class Shelved:
    """A layout on disk, read like a registry; it has no tags."""

    layout: Layout

    def manifest(self, key: str) -> Manifest | None:
        """Give back what a digest names."""
        media_type = INDEX if key == self.layout.index.digest else MANIFEST
        return Manifest(self.layout.read(key), media_type, key)

    def blob(self, digest: str, limit: int) -> bytes:
        """Give back the content of a digest: once a layout was opened, it is what it is called."""
        path = self.layout.path(digest)
        if path.stat().st_size > limit:
            raise VerificationError(
                f'"{path}" has more than {limit} bytes; expected a part of an image; build it again.'
            )
        return path.read_bytes()


@dataclass(frozen=True)
class Platform:
    """The image of one platform.

    Attributes:
        name: `linux/amd64` and the like.
        digest: of its manifest.
        labels: what it says of itself.
        environment: what its process finds in its environment.
        files: path → content of the sealed model, the evidence, and what tells the installed parts.
        odd: path → what stands there instead of a file or a folder.
    """

    name: str
    digest: str
    labels: Mapping[str, str]
    environment: Mapping[str, str]
    files: Mapping[str, bytes]
    odd: Mapping[str, str]

    def below(self, folder: str) -> dict[str, bytes]:
        """Give back the files of a folder, by their names in it."""
        return {path.removeprefix(f"{folder}/"): self.files[path] for path in below(self.files, folder)}


@dataclass(frozen=True)
class Image:
    """An image for one or more platforms, under one digest."""

    digest: str
    annotations: Mapping[str, str]
    platforms: tuple[Platform, ...]


@dataclass(frozen=True)
class Index:
    """What a tag or a digest named when it was looked up: one digest, and the manifest of each platform below it."""

    digest: str
    annotations: Mapping[str, str]
    manifests: tuple[Descriptor, ...]


def read_index(source: Source, key: str) -> Index:
    """Give back what a tag or a digest names.

    Raises:
        VerificationError: it is no index over platforms.
        RegistryError: there is no such image, or the registry does not answer.
    """
    found = source.manifest(key)
    if found is None:
        raise RegistryError(f'There is no "{key}" in the registry; expected an image that was published; see its tags.')
    told = _object(found.content, found.digest)
    if found.media_type != INDEX or told.get("mediaType", INDEX) != INDEX:
        raise VerificationError(
            f'"{key}" is of type "{found.media_type}"; expected the index over the platforms of an image of this '
            "project; publish one that was built with `houseprice image build --layout`."
        )
    named = tuple(map(_descriptor, _list(told, "manifests", found.digest)))
    platforms = [one.platform for one in named]
    if not named or len(set(platforms)) != len(named) or not all(platforms):
        raise VerificationError(
            f'"{key}" names the platforms {platforms}; expected one image for each; build it again.'
        )
    return Index(found.digest, _words(told.get("annotations")), named)


def read_image(source: Source, index: Index, *, wanted: Callable[[str], bool] = lambda _: False) -> Image:
    """Give back what the image of each platform says and shows.

    Args:
        source: where it is.
        index: of the image.
        wanted: whether the file at a path is read, beside the sealed model and the evidence.

    Raises:
        VerificationError: something in it is not as images are, or too large.
        RegistryError: a part is missing, or the registry does not answer.
    """
    return Image(index.digest, index.annotations, tuple(_platform(source, one, wanted) for one in index.manifests))


def _platform(source: Source, named: Descriptor, wanted: Callable[[str], bool]) -> Platform:
    found = source.manifest(named.digest)
    if found is None:
        raise RegistryError(
            f"The image for {named.platform}, {named.digest}, is not in the registry; publish it again."
        )
    told = _object(found.content, named.digest)
    layers = [_descriptor(one) for one in _list(told, "layers", named.digest)]
    inside = _descriptor(told.get("config")).digest
    config = _object(source.blob(inside, LIMIT), inside)
    diff_ids = _list(_dict(config.get("rootfs")), "diff_ids", inside)
    if len(layers) != len(diff_ids):
        raise VerificationError(
            f"The image for {named.platform} has {len(layers)} layers, and names {len(diff_ids)} in its configuration; "
            "build it again."
        )
    ours = (f"{BUNDLE_FOLDER}/", f"{EVIDENCE_FOLDER}/")
    contents = Contents(lambda path: path.startswith(ours) or wanted(path))
    for layer, diff_id in zip(layers, diff_ids, strict=True):
        try:
            contents.lay(io.BytesIO(source.blob(layer.digest, LAYER)), str(diff_id))
        except ImageError as err:
            raise VerificationError(str(err)) from err
    process = _dict(config.get("config"))
    pairs = [str(line).partition("=") for line in process.get("Env") or []]
    return Platform(
        named.platform,
        named.digest,
        _words(process.get("Labels")),
        {name: value for name, _, value in pairs},
        contents.files,
        contents.odd,
    )


def _descriptor(told: Any) -> Descriptor:
    try:
        return Descriptor.heard(told)
    except ImageError as err:
        raise VerificationError(str(err)) from err


def _object(content: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as err:
        raise VerificationError(f"{what} is not JSON ({err}); expected a part of an image; publish it again.") from err
    if not isinstance(found, dict):
        raise VerificationError(f"{what} is no JSON object; expected a part of an image; publish it again.")
    return found


def _list(told: Mapping[str, Any], name: str, what: str) -> list[Any]:
    found = told.get(name)
    if not isinstance(found, list):
        raise VerificationError(f"{what} names no {name}; expected a part of an image; build it again.")
    return found


def _dict(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _words(found: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in _dict(found).items()}
