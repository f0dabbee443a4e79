"""The layers of an image in, the files that it shows at some places out, without an engine and without unpacking.

Layers come from strangers: everything is bounded, nothing is written under a name of theirs, and what a place would
show through a link is not guessed at but told.
"""

import gzip
import hashlib
import posixpath
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import IO

from houseprice.errors import ImageError
from houseprice.release.layout.oci import Descriptor, Layout

UNPACKED = 4 * 2**30
"""Bytes that one layer may unpack to."""
FILE = 256 * 2**20
"""Bytes of one file that is read."""
TOTAL = 1024 * 2**20
"""Bytes of all files that are read of one image."""
_BLOCK = 2**20
_GONE, _OPAQUE = ".wh.", ".wh..wh..opq"


@dataclass
class Contents:
    """What an image shows.

    Attributes:
        wanted: whether the file at a path is read; paths have no leading slash.
        first: how many bytes of each file are enough; by default all.
        files: path → content of what was read.
        odd: path → what stands there instead of a plain file or a folder, such as a link.
    """

    wanted: Callable[[str], bool]
    first: int | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)

    def lay(self, layer: IO[bytes], diff_id: str) -> None:
        """Put a layer on top of those below it.

        Args:
            layer: as the registry keeps it, packed by gzip or not at all.
            diff_id: digest of what it unpacks to, as the image's configuration names it.

        Raises:
            ImageError: it is no layer, is too large, or unpacks to something else.
        """
        with tempfile.TemporaryFile() as unpacked:
            found = _unpack(layer, unpacked)
            if found != diff_id:
                raise ImageError(
                    f"A layer unpacks to {found}; the image's configuration names {diff_id}; build it again."
                )
            unpacked.seek(0)
            try:
                with tarfile.open(fileobj=unpacked, mode="r:") as archive:
                    self._apply(archive)
            except (tarfile.TarError, EOFError, ValueError, UnicodeError) as err:
                raise ImageError(f"A layer ({diff_id}) cannot be read as tar ({err}); build the image again.") from err

    def _apply(self, archive: tarfile.TarFile) -> None:
        laid: dict[str, bytes] = {}
        odd: dict[str, str] = {}
        for member in archive:
            path = _clean(member.name)
            folder, name = posixpath.split(path)
            if name == _OPAQUE:
                self._remove(folder, itself=False)
            elif name.startswith(_GONE):
                self._remove(posixpath.join(folder, name.removeprefix(_GONE)))
            elif member.isdir():
                self._drop(path)
                laid.pop(path, None)
                odd.pop(path, None)
            else:
                self._remove(path)
                laid.pop(path, None)
                odd.pop(path, None)
                if member.isreg() or member.islnk():
                    if self.wanted(path):
                        laid[path] = self._read(archive, member, sum(map(len, laid.values())))
                else:
                    odd[path] = f'a link to "{member.linkname}"' if member.issym() else "a device or a pipe"
        self.files |= laid
        self.odd |= odd

    def _read(self, archive: tarfile.TarFile, member: tarfile.TarInfo, laid: int) -> bytes:
        room = min(FILE, TOTAL - laid - sum(map(len, self.files.values())))
        try:
            stream = archive.extractfile(member)
            content = stream.read(room + 1 if self.first is None else self.first) if stream else b""
        except KeyError as err:
            raise ImageError(
                f'"{member.name}" is a second name of what its layer lacks; build the image again.'
            ) from err
        if len(content) > room:
            raise ImageError(f'"{member.name}" has more than {room} bytes; expected a file of this project.')
        return content

    def _drop(self, path: str) -> None:
        """Let a folder take the place of a file."""
        self.files.pop(path, None)
        self.odd.pop(path, None)

    def _remove(self, path: str, *, itself: bool = True) -> None:
        """Hide what lower layers show at a path and below it."""
        for kept in (self.files, self.odd):
            for name in [name for name in kept if name.startswith(f"{path}/" if path else "")]:
                del kept[name]
        if itself:
            self._drop(path)


def files_of(
    layout: Layout, manifest: Descriptor, wanted: Callable[[str], bool], first: int | None = None
) -> dict[str, bytes]:
    """Give back path → content of the wanted files of one platform's image in a layout, sorted.

    Raises:
        ImageError: its configuration names other layers, or one of them is no layer.
    """
    told = layout.json(layout.config(manifest).digest)
    try:
        diff_ids = [str(one) for one in told["rootfs"]["diff_ids"]]
        layers = list(zip((layer.digest for layer in layout.layers(manifest)), diff_ids, strict=True))
    except (LookupError, TypeError, ValueError) as err:
        raise ImageError(
            f"The configuration of {manifest.platform} names other layers than its manifest ({err}); build it again."
        ) from err
    return laid(layout, layers, wanted, first)


def laid(
    layout: Layout, layers: Iterable[tuple[str, str]], wanted: Callable[[str], bool], first: int | None = None
) -> dict[str, bytes]:
    """Give back path → content of the wanted files that layers of a layout show, sorted.

    Args:
        layout: where the layers are.
        layers: digest and diff_id of each, the lowest first.
        wanted: whether the file at a path is read.
        first: how many bytes of each file are enough; by default all.

    Raises:
        ImageError: one of them is no layer, or another one.
    """
    contents = Contents(wanted, first)
    for digest, diff_id in layers:
        with layout.path(digest).open("rb") as layer:
            contents.lay(layer, diff_id)
    return dict(sorted(contents.files.items()))


def below(contents: Iterable[str], folder: str) -> list[str]:
    """Give back the paths that lie below a folder, or above it, where a link would lead elsewhere."""
    return [path for path in contents if path.startswith(f"{folder}/") or f"{folder}/".startswith(f"{path}/")]


def _clean(name: str) -> str:
    """Give back a path without a leading slash or dot, and refuse one that climbs out."""
    path = posixpath.normpath("/" + name).lstrip("/")
    if ".." in name.split("/"):
        raise ImageError(f'A layer holds "{name}", which climbs out of the image; build the image again.')
    return path


def _unpack(layer: IO[bytes], into: IO[bytes]) -> str:
    """Unpack a layer within bounds, and give back the digest of what came out."""
    packed = layer.read(2) == b"\x1f\x8b"
    layer.seek(0)
    digest, size = hashlib.sha256(), 0
    try:
        with gzip.open(layer) if packed else nullcontext(layer) as stream:
            while block := stream.read(_BLOCK):
                size += len(block)
                if size > UNPACKED:
                    raise ImageError(f"A layer unpacks to more than {UNPACKED} bytes; expected one of this project's.")
                digest.update(block)
                into.write(block)
    except (gzip.BadGzipFile, EOFError, zlib.error) as err:
        raise ImageError(f"A layer cannot be unpacked ({err}); expected gzip; build the image again.") from err
    return f"sha256:{digest.hexdigest()}"
