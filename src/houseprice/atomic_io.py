"""Atomic and durable writes of files and directories."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from houseprice.errors import DataError


def write_atomically(contents: Mapping[Path, bytes]) -> None:
    """Write several files that belong together: all are complete before the first is renamed to its path.

    Raises:
        DataError: A folder cannot be written (code `path_unwritable`); earlier files are unchanged.
    """
    waiting: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            waiting[path] = Path(name)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                os.fchmod(stream.fileno(), 0o644)
        for path, temporary in waiting.items():
            temporary.replace(path)
    except OSError as err:
        raise _unwritable(path, err) from err
    finally:
        for temporary in waiting.values():
            temporary.unlink(missing_ok=True)


@contextmanager
def replace_directory(path: Path) -> Iterator[Path]:
    """Yield a temporary folder that replaces `path` when the block succeeds, and is removed when it fails.

    Raises:
        DataError: The folder cannot be written (code `path_unwritable`); an earlier one is unchanged.
    """
    path = path.resolve()  # a link stays a link, and its target is replaced
    try:
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as err:
        raise _unwritable(path, err) from err
    old = staging.with_name(staging.name + ".old")
    try:
        staging.chmod(0o755)
        yield staging
        if path.exists():
            path.rename(old)
        staging.rename(path)
    except BaseException as err:
        if old.exists() and not path.exists():
            old.rename(path)
        if isinstance(err, OSError):
            raise _unwritable(path, err) from err
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Give a temporary file that takes the place of `path` when the block ends well, and is gone when it does not.

    Raises:
        DataError: The file cannot be written, or what is there is not a regular file; it stays as it was.
    """
    place = path.resolve()  # a link stays a link, and what it leads to is replaced
    if place.exists() and not place.is_file():
        raise DataError(f'"{path}" is not a regular file, so it is not replaced. Name another.', code="not_a_file")
    temporary: Path | None = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        temporary = Path(name)
        os.fchmod(descriptor, 0o644)
        os.close(descriptor)
        yield temporary
        temporary.replace(place)
    except OSError as err:
        raise _unwritable(path, err) from err
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def write_durably(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file atomically, and synchronise file and folder to disk, so that it survives a power failure.

    Raises:
        DataError: It cannot be written (code `path_unwritable`); an earlier file is unchanged.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as err:
        with suppress(OSError):
            new.unlink()
        raise _unwritable(path, err) from err


def _unwritable(path: Path, err: OSError) -> DataError:
    return DataError(
        f'"{path}" cannot be written ({err.strerror or err}); free some space, or name a writable folder.',
        code="path_unwritable",
        path=str(path),
    )
