"""Reading an OCI image layout folder: its one image index, and the labels and files of each platform's image.

Every part is read by its digest and refused when its content is something else.
"""

import hashlib
import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from houseprice.errors import ImageError

FILE_LIMIT = 64 << 20
"""Bytes of a manifest, or of one file of an image."""
_INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class OciLayout:
    """A layout whose index.json names one image index.

    Attributes:
        folder: with `oci-layout`, `index.json` and `blobs/sha256`.
        digest: of the image index: the image's identity.
        platforms: name such as `linux/amd64` → digest of its manifest.
    """

    folder: Path
    digest: str
    platforms: dict[str, str]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the layout of a folder.

        Raises:
            ImageError: with the code `layout_invalid`: the folder is no layout, names another number of indexes than
                one, or a manifest is missing or was changed.
        """
        try:
            (top,) = json.loads((folder / "index.json").read_bytes())["manifests"]
            digest = str(top["digest"])
            listed = json.loads(_read(folder, digest))["manifests"]
            platforms = {_platform(one["platform"]): str(one["digest"]) for one in listed}
            single = top["mediaType"] == _INDEX and 0 < len(listed) == len(platforms)
            (folder / "oci-layout").read_bytes()
        except (OSError, ValueError, LookupError, TypeError) as err:
            raise _invalid(folder, err) from err
        if not single:
            raise _invalid(folder, ValueError(f"{digest} is not an index with one image for each platform"))
        return cls(folder, digest, platforms)

    def manifest(self, platform: str) -> dict[str, Any]:
        """Return the manifest of a platform's image."""
        return self._object(self.platforms[platform])

    def config(self, platform: str) -> dict[str, Any]:
        """Return the configuration of a platform's image."""
        return self._object(self.manifest(platform)["config"]["digest"])

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the first platform's image."""
        return self.labels_of(next(iter(self.platforms)))

    def labels_of(self, platform: str) -> dict[str, str]:
        """Return the labels of a platform's image."""
        found = (self.config(platform).get("config") or {}).get("Labels") or {}
        return {str(name): str(value) for name, value in found.items()}

    def blob(self, digest: str) -> Path:
        """Return the path of a blob whose content is what its digest says.

        Raises:
            ImageError: with the code `layout_invalid`: it is missing or was changed.
        """
        try:
            path = _blob(self.folder, digest)
            _check(path, digest)
        except (OSError, ValueError) as err:
            raise _invalid(self.folder, err) from err
        return path

    def read_file(self, platform: str, path: str) -> bytes:
        """Return a regular file of a platform's image, from the uppermost layer that holds it.

        Raises:
            ImageError: with the code `image_file_missing`, or `layout_invalid` for a layer that was changed.
        """
        for layer in reversed(self.manifest(platform)["layers"]):
            content = self._from_layer(str(layer["digest"]), path.strip("/"))
            if content is not None:
                return content
        raise ImageError(
            f"The image for {platform} holds no file {path}. Build it again.", code="image_file_missing", path=path
        )

    def _from_layer(self, digest: str, path: str) -> bytes | None:
        try:
            blob = _blob(self.folder, digest)
            _check(blob, digest)
            with tarfile.open(blob) as archive:
                member = next((one for one in archive if one.name.lstrip("./") == path), None)
                opened = archive.extractfile(member) if member and member.isreg() else None
                return opened.read(FILE_LIMIT) if opened else None
        except (OSError, ValueError, tarfile.TarError) as err:
            raise _invalid(self.folder, err) from err

    def _object(self, digest: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(_read(self.folder, digest))
        except (OSError, ValueError) as err:
            raise _invalid(self.folder, err) from err
        return found


def _blob(folder: Path, digest: str) -> Path:
    found = re.fullmatch(r"sha256:([0-9a-f]{64})", digest)
    if not found:
        raise ValueError(f"{digest!r} is not a digest")
    return folder / "blobs" / "sha256" / found[1]


def _check(blob: Path, digest: str) -> None:
    with blob.open("rb") as stream:
        if f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}" != digest:
            raise ValueError(f"{digest} was changed")


def _read(folder: Path, digest: str) -> bytes:
    blob = _blob(folder, digest)
    _check(blob, digest)
    return blob.read_bytes()


def _platform(declared: dict[str, str]) -> str:
    return "/".join(declared[name] for name in ("os", "architecture", "variant") if declared.get(name))


def _invalid(folder: Path, err: Exception) -> ImageError:
    reason = str(getattr(err, "strerror", None) or err)
    return ImageError(
        f'"{folder}" is not an OCI layout with one image index ({reason}). Build the image again.',
        code="layout_invalid",
        path=str(folder),
    )
