"""A folder in, an image for every platform out: the OCI image layout, every byte of it known by its digest.

The layout holds what will be published, before it is: one index, below it a manifest for each platform, below each a
configuration and layers. Nothing here needs an engine, a registry, or a library that is not Python's own.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from houseprice.errors import ImageError

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
LIMIT = 4 * 2**20
"""Bytes of a description: what registries take at most for a manifest."""

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_AGAIN = "build it again with `houseprice image build --layout FOLDER`."


@dataclass(frozen=True)
class Descriptor:
    """What a blob is called, and what it is.

    Attributes:
        media_type: how its content is to be read.
        digest: `sha256:` and 64 hexadecimal digits of its content.
        size: bytes.
        platform: `linux/amd64` and the like, where the blob is one platform's manifest.
        annotations: what else is said of it.
    """

    media_type: str
    digest: str
    size: int
    platform: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    def told(self) -> dict[str, Any]:
        """Give back what stands in the JSON of the blob above."""
        found: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.platform:
            system, architecture, *variant = self.platform.split("/")
            found["platform"] = {"architecture": architecture, "os": system} | (
                {"variant": variant[0]} if variant else {}
            )
        return found | ({"annotations": dict(self.annotations)} if self.annotations else {})

    @classmethod
    def heard(cls, told: Any) -> Self:
        """Give back what `told` said.

        Raises:
            ImageError: it names no blob.
        """
        try:
            place = told.get("platform") or {}
            parts = [place.get("os", ""), place.get("architecture", ""), place.get("variant", "")]
            platform = "/".join(part for part in parts if part)
            found = cls(told["mediaType"], told["digest"], told["size"], platform, dict(told.get("annotations") or {}))
        except (AttributeError, KeyError, TypeError, ValueError) as err:
            raise ImageError(
                f"{str(told)[:80]!r} names no blob; expected mediaType, digest and size; {_AGAIN}"
            ) from err
        if not (isinstance(found.digest, str) and _DIGEST.fullmatch(found.digest) and isinstance(found.size, int)):
            raise ImageError(f'"{found.digest}" of {found.size} bytes is no blob; expected sha256 and a size; {_AGAIN}')
        return found


@dataclass(frozen=True)
class Layout:
    """An OCI image layout on disk: `oci-layout`, `index.json` with the one index to publish, and `blobs/sha256`."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Give back a layout whose every blob was found, and is what its digest says.

        Raises:
            ImageError: the folder is no layout, or a blob is missing, changed, or of another size.
        """
        found = cls(folder)
        for blob in found.blobs():
            found._must_be_whole(blob)
        return found

    @classmethod
    def begin(cls, folder: Path) -> Self:
        """Give back an empty layout in a folder that is there."""
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        return cls(folder)

    @property
    def index(self) -> Descriptor:
        """The image index: its digest is the one to test, to publish and to sign.

        Raises:
            ImageError: the folder is no layout of this project.
        """
        path = self.folder / "index.json"
        try:
            version = json.loads((self.folder / "oci-layout").read_bytes())["imageLayoutVersion"]
            content = path.read_bytes()
            told = json.loads(content)["manifests"]
        except (OSError, ValueError, KeyError, TypeError) as err:
            raise ImageError(f'"{self.folder}" holds no image layout ({_said(err)}); {_AGAIN}') from err
        if version != "1.0.0" or not isinstance(told, list) or len(told) != 1:
            raise ImageError(f'"{path}" is not one image index of a layout 1.0.0; expected exactly one; {_AGAIN}')
        found = Descriptor.heard(told[0])
        if found.media_type != INDEX:
            raise ImageError(f'"{path}" names a blob of type "{found.media_type}"; expected "{INDEX}"; {_AGAIN}')
        return found

    def manifests(self) -> tuple[Descriptor, ...]:
        """Give back the manifest of each platform, in the order of the index."""
        found = tuple(map(Descriptor.heard, self._part(self.index.digest, "manifests")))
        platforms = [one.platform for one in found]
        if not found or len(set(platforms)) != len(found) or any(one.media_type != MANIFEST for one in found):
            raise ImageError(f'The index in "{self.folder}" names {platforms}; expected one manifest each; {_AGAIN}')
        return found

    def manifest(self, platform: str) -> Descriptor:
        """Give back the manifest of one platform.

        Raises:
            ImageError: the index has none for it.
        """
        for found in self.manifests():
            if found.platform == platform:
                return found
        names = ", ".join(one.platform for one in self.manifests())
        raise ImageError(f'"{self.folder}" holds no image for {platform} (only {names}); build it with --platform.')

    def config(self, manifest: Descriptor) -> Descriptor:
        """Give back the configuration of one platform's image."""
        told = self.json(manifest.digest)
        return Descriptor.heard(told.get("config") if isinstance(told, dict) else None)

    def layers(self, manifest: Descriptor) -> tuple[Descriptor, ...]:
        """Give back the layers of one platform's image, the lowest first."""
        return tuple(map(Descriptor.heard, self._part(manifest.digest, "layers")))

    def blobs(self) -> tuple[Descriptor, ...]:
        """Give back all that is to be sent, each once, after all that it names: the index is the last."""
        manifests = self.manifests()
        parts = [part for one in manifests for part in (*self.layers(one), self.config(one))]
        return (*{(part.digest, part.size): part for part in parts}.values(), *manifests, self.index)

    def path(self, digest: str) -> Path:
        """Give back where a blob lies.

        Raises:
            ImageError: that is no digest.
        """
        found = _DIGEST.fullmatch(digest)
        if not found:
            raise ImageError(f'"{digest}" is no digest; expected sha256: and 64 hexadecimal digits; {_AGAIN}')
        return self.folder / "blobs" / "sha256" / found[1]

    def read(self, digest: str) -> bytes:
        """Give back a description, once it is known to be what its digest says; layers are read from their `path`.

        Raises:
            ImageError: it is missing, changed, or too large to be one.
        """
        path = self.path(digest)
        try:
            with path.open("rb") as stream:
                content = stream.read(LIMIT + 1)
        except OSError as err:
            raise ImageError(
                f'"{path}" cannot be read ({_said(err)}); expected a blob of the layout; {_AGAIN}'
            ) from err
        if len(content) > LIMIT:
            raise ImageError(f'"{path}" is larger than {LIMIT} bytes; expected a description; {_AGAIN}')
        if digest_of(content) != digest:
            raise ImageError(f'"{path}" was changed; expected the content of {digest}; {_AGAIN}')
        return content

    def json(self, digest: str) -> Any:
        """Give back the value of a description.

        Raises:
            ImageError: it cannot be read, or is not JSON.
        """
        try:
            return json.loads(self.read(digest))
        except (ValueError, RecursionError) as err:
            raise ImageError(f'"{self.path(digest)}" is not JSON ({err}); {_AGAIN}') from err

    def add(self, content: bytes, media_type: str, platform: str = "") -> Descriptor:
        """Put a blob into the layout, and give back what it is called."""
        descriptor, name = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        return self.adopt(Path(name), digest_of(content), media_type, platform)

    def adopt(self, path: Path, digest: str, media_type: str, platform: str = "") -> Descriptor:
        """Move a file whose digest is known into the layout, and give back what it is called."""
        path.chmod(0o644)
        path.replace(self.path(digest))
        return Descriptor(media_type, digest, self.path(digest).stat().st_size, platform)

    def finish(self, manifests: tuple[Descriptor, ...], annotations: Mapping[str, str]) -> Descriptor:
        """Write the index over the manifests of all platforms; the last step of making a layout."""
        told = [one.told() for one in manifests]
        content = {"schemaVersion": 2, "mediaType": INDEX, "manifests": told, "annotations": dict(annotations)}
        index = self.add(compact(content), INDEX)
        top = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [index.told()]}
        (self.folder / "index.json").write_bytes(compact(top))
        return index

    def _part(self, digest: str, name: str) -> Iterator[Any]:
        told = self.json(digest)
        found = told.get(name) if isinstance(told, dict) else None
        if not isinstance(found, list):
            raise ImageError(f'"{self.path(digest)}" holds no list of {name}; {_AGAIN}')
        yield from found

    def _must_be_whole(self, blob: Descriptor) -> None:
        path = self.path(blob.digest)
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:  # a link may lead anywhere
                found = f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
        except OSError as err:
            raise ImageError(
                f'"{path}" cannot be read ({_said(err)}); expected a blob of the layout; {_AGAIN}'
            ) from err
        size = path.stat().st_size
        if (found, size) != (blob.digest, blob.size):
            raise ImageError(
                f'"{path}" is {found} of {size} bytes; expected {blob.digest} of {blob.size} bytes; {_AGAIN}'
            )


def digest_of(content: bytes) -> str:
    """Give back what a blob of this content is called."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def compact(content: Any) -> bytes:
    """Give back JSON without a blank: one content, one spelling, as long as its order is one."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _said(err: Exception) -> str:
    return str(getattr(err, "strerror", None) or err) or type(err).__name__
