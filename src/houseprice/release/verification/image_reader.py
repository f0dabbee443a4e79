"""Reading an image from an OCI layout: what it declares, and some of its files, for every platform.

Images come from strangers: every size is limited, nothing is unpacked to disk, and a link in the way of a file is not
followed but reported.
"""

import gzip
import hashlib
import io
import json
import posixpath
import tarfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from houseprice.errors import VerificationError

INDEX = "application/vnd.oci.image.index.v1+json"
BUNDLE_FOLDER = "app/models/bundle"
SBOM_FILE = "app/sbom.cdx.json"

JSON_BYTES = 4 * 2**20
"""Limit of an index, a manifest or a configuration."""
UNPACKED_BYTES = 4 * 2**30
"""Limit of what one layer unpacks to."""
FILES_BYTES = 1024 * 2**20
"""Limit of all files that are read of one platform."""


@dataclass(frozen=True)
class PlatformImage:
    """The image of one platform.

    Attributes:
        name: `linux/amd64` and the like.
        digest: of its manifest.
        config: what it declares: user, entrypoint, labels and more.
        created: when it was made, as it says itself.
        size_bytes: of its layers, compressed.
        files: path → content of the files that were wanted; paths have no leading slash.
        irregular: path → what is there instead of a plain file or a folder, such as a link.
    """

    name: str
    digest: str
    config: Mapping[str, Any]
    created: str
    size_bytes: int
    files: Mapping[str, bytes]
    irregular: Mapping[str, str]

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of the image."""
        return _strings(self.config.get("Labels"))

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables that the image sets."""
        return dict(str(line).partition("=")[::2] for line in self.config.get("Env") or ())

    def below(self, folder: str) -> dict[str, bytes]:
        """Return the files of a folder, by their path in it."""
        start = f"{folder}/"
        return {path.removeprefix(start): content for path, content in self.files.items() if path.startswith(start)}

    def irregular_at(self, folder: str) -> dict[str, str]:
        """Return what is irregular in a folder or on the way to it, where a link leads elsewhere."""
        found = self.irregular.items()
        return {
            path: what
            for path, what in found
            if f"{path}/".startswith(f"{folder}/") or f"{folder}/".startswith(f"{path}/")
        }


@dataclass(frozen=True)
class Image:
    """An image of one or more platforms under one digest."""

    digest: str
    annotations: Mapping[str, str]
    platforms: tuple[PlatformImage, ...]


def read_image(layout: Path, wanted: Callable[[str], bool]) -> Image:
    """Return the one image of an OCI layout.

    Args:
        layout: the folder.
        wanted: whether the file at a path is read.

    Raises:
        VerificationError: `layout_invalid`: the folder is not such a layout, or something in it is not what its digest
            says, is not as images are, or is too large.
    """
    try:
        listed = _parse((layout / "index.json").read_bytes(), "index.json")["manifests"]
        (entry,) = listed
        blobs = _Blobs(layout / "blobs" / "sha256")
        index = blobs.json(entry)
        platforms = tuple(_read_platform(blobs, one, wanted) for one in platform_manifests(index))
        return Image(str(entry["digest"]), _strings(index.get("annotations")), platforms)
    except (OSError, LookupError, TypeError, ValueError, AttributeError) as err:
        raise invalid(f'"{layout}" is not an OCI layout of one image index ({type(err).__name__}: {err})') from err


def platform_manifests(index: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the descriptors of an image index, one for each platform.

    Raises:
        VerificationError: it is not an index of platforms.
    """
    found = index.get("manifests")
    if index.get("mediaType", INDEX) != INDEX or not isinstance(found, list) or not found:
        raise invalid(f'found "{index.get("mediaType")}" instead of an OCI image index')
    names = [platform_name(one) for one in found]
    if len(set(names)) != len(names):
        raise invalid(f"the index lists {', '.join(names)} instead of one image for each platform")
    return found


def platform_name(descriptor: Mapping[str, Any]) -> str:
    """Return the platform of a descriptor, such as `linux/amd64`."""
    platform = descriptor["platform"]
    return "/".join(str(platform[part]) for part in ("os", "architecture", "variant") if platform.get(part))


def invalid(problem: str) -> VerificationError:
    """Return the error for what is not an image of this project."""
    return VerificationError(f"{problem}. Build the image again with `houseprice image build`.", code="layout_invalid")


@dataclass(frozen=True)
class _Blobs:
    """The content of a layout by digest; every blob is checked when it is read."""

    folder: Path

    def path(self, descriptor: Mapping[str, Any]) -> Path:
        algorithm, _, name = str(descriptor["digest"]).partition(":")
        if algorithm != "sha256" or len(name) != 64 or not name.isalnum():
            raise invalid(f"{descriptor['digest']} is not a sha256 digest")
        path = self.folder / name
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != name:
                raise VerificationError(f'"{path}" is not what its digest says.', code="blob_changed", path=str(path))
        return path

    def json(self, descriptor: Mapping[str, Any]) -> dict[str, Any]:
        path = self.path(descriptor)
        if path.stat().st_size > JSON_BYTES:
            raise invalid(f'"{path}" has more than {JSON_BYTES} bytes')
        return _parse(path.read_bytes(), str(path))


def _read_platform(blobs: _Blobs, descriptor: Mapping[str, Any], wanted: Callable[[str], bool]) -> PlatformImage:
    manifest = blobs.json(descriptor)
    config = blobs.json(manifest["config"])
    files = _Files(wanted)
    for layer in manifest["layers"]:
        files.apply(blobs.path(layer))
    declared = config.get("config") or {}
    return PlatformImage(
        platform_name(descriptor),
        str(descriptor["digest"]),
        declared,
        str(config.get("created") or ""),
        sum(int(layer["size"]) for layer in manifest["layers"]),
        dict(sorted(files.found.items())),
        files.irregular,
    )


@dataclass
class _Files:
    """The files that a stack of layers shows; a later layer covers and removes those of earlier ones."""

    wanted: Callable[[str], bool]
    found: dict[str, bytes] = field(default_factory=dict)
    irregular: dict[str, str] = field(default_factory=dict)

    def apply(self, layer: Path) -> None:
        """Put a layer on top of those before."""
        with layer.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            try:
                with (
                    gzip.open(stream) if packed else nullcontext(stream) as unpacked,
                    tarfile.open(fileobj=_Limited(unpacked), mode="r|") as archive,
                ):
                    self._apply(archive)
            except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as err:
                raise invalid(f"layer {layer.name} cannot be read as tar ({err})") from err

    def _apply(self, archive: tarfile.TarFile) -> None:
        found: dict[str, bytes] = {}  # whiteouts remove files of earlier layers, never of their own
        irregular: dict[str, str] = {}
        for member in archive:
            path = posixpath.normpath("/" + member.name).lstrip("/")
            if ".." in member.name.split("/"):
                raise invalid(f'a layer holds "{member.name}", which leads out of the image')
            folder, name = posixpath.split(path)
            found.pop(path, None)
            irregular.pop(path, None)
            if name == ".wh..wh..opq":
                self._remove(f"{folder}/")
            elif name.startswith(".wh."):
                self._remove(posixpath.join(folder, name.removeprefix(".wh.")))
            elif member.isdir():
                self.found.pop(path, None)
                self.irregular.pop(path, None)
            else:
                self._remove(path)
                if not member.isreg():
                    irregular[path] = f'a link to "{member.linkname}"' if member.linkname else "a device or a pipe"
                elif self.wanted(path):
                    if sum(map(len, (*self.found.values(), *found.values()))) + member.size > FILES_BYTES:
                        raise invalid(f'"{member.name}" is too large')
                    content = archive.extractfile(member)
                    found[path] = content.read() if content else b""
        self.found |= found
        self.irregular |= irregular

    def _remove(self, path: str) -> None:
        """Forget a file, or everything in a folder."""
        folder = path.rstrip("/") + "/"
        for kept in (self.found, self.irregular):
            for name in [name for name in kept if name == path or name.startswith(folder) or folder == "/"]:
                del kept[name]


class _Limited(io.RawIOBase):
    """A stream that fails once too much was read: a small layer may unpack to any size."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = UNPACKED_BYTES

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise ValueError(f"it unpacks to more than {UNPACKED_BYTES} bytes")
        return content


def _parse(content: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except RecursionError as err:
        raise ValueError(f"{name} is nested too deeply") from err
    if not isinstance(found, dict):
        raise TypeError(f"{name} is not a JSON object")
    return found


def _strings(found: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
