"""Reading an image from an OCI layout: what it declares, and some of its files, for every platform.

Images come from strangers: sizes are limited, nothing is unpacked to disk, and a link in the way of a file is not
followed but reported.
"""

import posixpath
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from houseprice.errors import ImageError
from houseprice.release.oci_layout import OciLayout

BUNDLE_FOLDER = "app/models/bundle"
SBOM_FILE = "app/sbom.cdx.json"
LAYER_BYTES = 4 * 2**30
"""Limit of the files in one layer, unpacked."""
READ_BYTES = 2**30
"""Limit of the files that are read of one platform."""


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
        return self.config.get("Labels") or {}

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables that the image sets."""
        return dict(str(line).partition("=")[::2] for line in self.config.get("Env") or ())

    def below(self, folder: str) -> dict[str, bytes]:
        """Return the files of a folder, by their path in it."""
        start = f"{folder}/"
        return {path.removeprefix(start): content for path, content in self.files.items() if path.startswith(start)}

    def irregular_at(self, folder: str) -> dict[str, str]:
        """Return what is irregular in a folder, or on the way to it, where a link leads elsewhere."""
        near = [path for path in self.irregular if f"{path}/".startswith(f"{folder}/") or folder.startswith(f"{path}/")]
        return {path: self.irregular[path] for path in near}


@dataclass(frozen=True)
class Image:
    """An image of one or more platforms under one digest."""

    digest: str
    platforms: tuple[PlatformImage, ...]


def read_image(folder: Path, wanted: Callable[[str], bool]) -> Image:
    """Return the one image of an OCI layout.

    Args:
        folder: the layout.
        wanted: whether the file at a path is read.

    Raises:
        ImageError: `layout_invalid`: the folder is not such a layout, something in it is not what its digest says, or
            it is too large.
    """
    layout = OciLayout.open(folder)
    try:
        return Image(layout.digest, tuple(_read_platform(layout, name, wanted) for name in layout.platforms))
    except (LookupError, TypeError, ValueError, AttributeError) as err:
        raise _invalid(f"it cannot be read ({type(err).__name__}: {err})", folder) from err


def _read_platform(layout: OciLayout, name: str, wanted: Callable[[str], bool]) -> PlatformImage:
    manifest, config = layout.manifest(name), layout.config(name)
    files = _Files(wanted)
    for layer in manifest["layers"]:
        path = layout.blob(str(layer["digest"]))
        try:
            with path.open("rb") as stream, tarfile.open(fileobj=stream, mode="r|*") as archive:
                files.add(archive)
        except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as err:
            raise _invalid(f"layer {path.name} cannot be read ({err})", layout.folder) from err
    return PlatformImage(
        name,
        layout.platforms[name],
        config.get("config") or {},
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

    def add(self, archive: tarfile.TarFile) -> None:
        """Put a layer on top of those before."""
        upper = _Files(self.wanted)  # whiteouts remove files of earlier layers, never of their own
        size = 0
        for member in archive:
            size += member.size
            if size > LAYER_BYTES:
                raise ValueError(f"it unpacks to more than {LAYER_BYTES} bytes")
            if ".." in member.name.split("/"):
                raise ValueError(f'"{member.name}" leads out of the image')
            path = posixpath.normpath("/" + member.name).lstrip("/")
            folder, name = posixpath.split(path)
            if name == ".wh..wh..opq":
                self._remove_below(folder)
            elif name.startswith(".wh."):
                self._remove(posixpath.join(folder, name.removeprefix(".wh.")))
            elif member.isdir():
                for files in (self, upper):
                    files.found.pop(path, None)
                    files.irregular.pop(path, None)
            else:
                self._remove(path)
                upper._remove(path)
                upper._put(archive, member, path)
        self.found |= upper.found
        self.irregular |= upper.irregular
        if sum(map(len, self.found.values())) > READ_BYTES:
            raise ValueError(f"it holds more than {READ_BYTES} bytes of bundle and package lists")

    def _put(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        if not member.isreg():
            self.irregular[path] = f'a link to "{member.linkname}"' if member.linkname else "a device or a pipe"
        elif self.wanted(path):
            if member.size > READ_BYTES:
                raise ValueError(f'"{member.name}" has {member.size} bytes')
            content = archive.extractfile(member)
            self.found[path] = content.read() if content else b""

    def _remove(self, path: str) -> None:
        self.found.pop(path, None)
        self.irregular.pop(path, None)
        self._remove_below(path)

    def _remove_below(self, folder: str) -> None:
        start = f"{folder}/" if folder else ""
        self.found = {path: content for path, content in self.found.items() if not path.startswith(start)}
        self.irregular = {path: what for path, what in self.irregular.items() if not path.startswith(start)}


def _invalid(problem: str, folder: Path) -> ImageError:
    return ImageError(f'"{folder}" does not hold an image of this project: {problem}.', code="layout_invalid")
