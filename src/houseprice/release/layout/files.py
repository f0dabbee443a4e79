"""Layers in, the files of the image out: what a container would see, without starting one.

Upper layers hide what lower ones hold (`.wh.NAME` takes away a name, `.wh..wh..opq` all that a folder held before).
Only what is asked for is kept in memory.
"""

import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

from houseprice.errors import ImageError
from houseprice.release.layout.oci import Descriptor, Layout

HIDDEN = ".wh."
OPAQUE = ".wh..wh..opq"
LIMIT = 64 * 2**20
"""Bytes of the largest file that is read."""


def files_of(
    layout: Layout, manifest: Descriptor, wanted: Callable[[str], bool], first: int | None = None
) -> dict[str, bytes]:
    """Give back the content of some files of one platform's image; see `seen`."""
    return seen((layout.path(layer.digest) for layer in layout.layers(manifest)), wanted, first)


def seen(layers: Iterable[Path], wanted: Callable[[str], bool], first: int | None = None) -> dict[str, bytes]:
    """Give back path → content of the wanted files that a container of these layers would see, sorted.

    Args:
        layers: archives, compressed or not, the lowest first.
        wanted: whether a file is asked for, by its path without the leading slash. A name that is a link to a file is
            given only if it is a hard link.
        first: how many bytes of each are enough; by default all.

    Raises:
        ImageError: a layer is no archive, or a wanted file is larger than is sensible.
    """
    found: dict[str, bytes] = {}
    for layer in layers:
        try:
            with tarfile.open(layer) as archive:
                hidden, added = _read(archive, wanted, first, found)
        except (tarfile.TarError, EOFError, OSError) as err:
            raise ImageError(f'"{layer}" is no layer ({err}); expected an archive; build the image again.') from err
        found = {path: content for path, content in found.items() if not _gone(path, hidden)} | added
    return dict(sorted(found.items()))


def _read(
    archive: tarfile.TarFile, wanted: Callable[[str], bool], first: int | None, below: dict[str, bytes]
) -> tuple[set[str], dict[str, bytes]]:
    """Give back what a layer takes away, and the wanted files that it adds."""
    hidden: set[str] = set()
    added: dict[str, bytes] = {}
    for entry in archive:
        path = entry.name.removeprefix("./").strip("/")
        folder, _, name = path.rpartition("/")
        if name == OPAQUE:
            hidden.add(f"{folder}/" if folder else "")
        elif name.startswith(HIDDEN):
            hidden.add(f"{folder}/{name.removeprefix(HIDDEN)}".strip("/"))
        elif not entry.isdir():
            hidden.add(path)  # whatever it is now, it is no longer what lower layers hold there
            if wanted(path) and (entry.isreg() or entry.islnk()):
                added[path] = _content(archive, entry, first, below)
    return hidden, added


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo, first: int | None, below: dict[str, bytes]) -> bytes:
    if first is None and entry.size > LIMIT:
        raise ImageError(f'"{entry.name}" has {entry.size} bytes; expected at most {LIMIT}; look at what was built.')
    try:
        stream = archive.extractfile(entry)
    except KeyError:  # a hard link into a lower layer
        return below.get(entry.linkname.removeprefix("./").strip("/"), b"")
    return stream.read(LIMIT if first is None else first) if stream else b""


def _gone(path: str, hidden: set[str]) -> bool:
    """Whether a path, or a folder that it lies in, was taken away, or all that its folder held."""
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return "" in hidden or any(one in hidden or f"{one}/" in hidden for one in above[:-1]) or path in hidden
