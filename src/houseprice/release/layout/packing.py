"""Entries of a layer in, the same bytes out on every machine: what a builder leaves to chance is taken out.

What two builds of one commit differ in is times, the order of entries, and names of users; no content. So every entry
bears the time of the commit, entries are sorted with folders before what they hold, and owners are numbers.
"""

import copy
import gzip
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from houseprice.errors import ImageError
from houseprice.release.layout.oci import LAYER, Descriptor, Layout

LEVEL = 6
_XATTR = "SCHILY.xattr."


@dataclass(frozen=True)
class Layer:
    """A layer that lies in a layout.

    Attributes:
        blob: what is sent, compressed.
        diff_id: sha256 of the archive before it was compressed: by this name a configuration knows it.
    """

    blob: Descriptor
    diff_id: str


def packed(layout: Layout, files: Mapping[str, bytes], epoch: int) -> Layer:
    """Put a few files into a layer of their own, owned by root and readable by everybody.

    Args:
        layout: where the layer is put.
        files: path in the image, without the leading slash → content.
        epoch: time of every entry.
    """
    folders = {str(Path(path).parent) for path in files}
    with _Packer(layout) as packer, _archive(packer) as archive:
        for path in sorted((*folders, *files), key=_parts):
            entry = tarfile.TarInfo(path)
            entry.mtime = epoch
            content = files.get(path, b"")
            entry.type, entry.mode = (tarfile.REGTYPE, 0o644) if path in files else (tarfile.DIRTYPE, 0o755)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packer.layer


def copied(layout: Layout, chunks: Iterable[bytes]) -> Layer:
    """Put a layer that is not ours into the layout, every byte as it is."""
    with _Packer(layout) as packer:
        for chunk in chunks:
            packer.write(chunk)
    return packer.layer


def normalised(layout: Layout, source: IO[bytes], epoch: int) -> Layer:
    """Put a layer into the layout with the same content, and nothing that another build would do otherwise.

    Args:
        layout: where the layer is put.
        source: the archive as the builder made it, not compressed; it is read back and forth.
        epoch: time of every entry.
    """
    with (
        tarfile.open(fileobj=source, mode="r:") as given,
        _Packer(layout) as packer,
        _archive(packer) as archive,
    ):
        for entry in _settled(given):
            content = given.extractfile(entry) if entry.isreg() else None
            archive.addfile(_fresh(entry, epoch), content)
    return packer.layer


def _settled(given: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Give the entries in order, each name once; of names that share a file, the first in order holds it."""
    entries = {_path(entry.name): entry for entry in given if _path(entry.name)}
    holders: dict[str, str] = {}
    for path in sorted(entries, key=_parts):
        file = _file_of(path, entries)
        if file not in entries:
            yield entries[path]  # a link to a file of a lower layer stays one
            continue
        entry = copy.copy(entries[file])
        entry.name = path
        holder = holders.setdefault(file, path)
        if holder != path:
            entry.type, entry.linkname = tarfile.LNKTYPE, holder
        yield entry


def _file_of(path: str, entries: Mapping[str, tarfile.TarInfo]) -> str:
    """Give back the name of the file that a name is a hard link to, or the name itself."""
    seen = {path}
    while path in entries and entries[path].islnk():
        path = _path(entries[path].linkname)
        if path in seen:
            raise ImageError(f'"{path}" is a link to itself; expected a layer as a builder makes it; build it again.')
        seen.add(path)
    return path


def _fresh(entry: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    """Give back an entry with what matters in a layer: path, kind, rights, owner's number, extended attributes."""
    fresh = tarfile.TarInfo(_path(entry.name))
    fresh.type = tarfile.REGTYPE if entry.isreg() else entry.type
    fresh.mode, fresh.uid, fresh.gid = entry.mode, entry.uid, entry.gid
    fresh.size = entry.size if entry.isreg() else 0
    fresh.linkname = _path(entry.linkname) if entry.islnk() else entry.linkname
    fresh.devmajor, fresh.devminor = entry.devmajor, entry.devminor
    fresh.mtime = epoch
    fresh.pax_headers = {key: entry.pax_headers[key] for key in sorted(entry.pax_headers) if key.startswith(_XATTR)}
    return fresh


def _path(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))


@contextmanager
def _archive(packer: "_Packer") -> Iterator[tarfile.TarFile]:
    with tarfile.TarFile(fileobj=packer, mode="w", format=tarfile.PAX_FORMAT) as archive:  # type: ignore[arg-type]
        yield archive


class _Packer:
    """A file that takes an archive, compresses it as it comes, and knows both digests at the end."""

    layer: Layer

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        descriptor, name = tempfile.mkstemp(dir=layout.folder)
        self._path = Path(name)
        self._zipped = _Digested(os.fdopen(descriptor, "wb"))
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=self._zipped, mtime=0)
        self._plain, self._length = hashlib.sha256(), 0

    def write(self, content: bytes) -> int:
        self._plain.update(content)
        self._length += len(content)
        return self._gzip.write(content)

    def tell(self) -> int:
        return self._length

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._gzip.close()
        self._zipped.close()
        if kind is not None:
            self._path.unlink()
            return
        blob = self._layout.adopt(self._path, f"sha256:{self._zipped.digest.hexdigest()}", LAYER)
        self.layer = Layer(blob, f"sha256:{self._plain.hexdigest()}")


class _Digested(io.RawIOBase):
    """A file that knows the digest of what was written to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.digest = hashlib.sha256()
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        self.digest.update(content)
        return self._file.write(content)

    def close(self) -> None:
        self._file.close()
        super().close()
