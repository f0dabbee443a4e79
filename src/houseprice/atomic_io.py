"""Atomic and durable writes of files and directories: the one writer of this project.

A link stays a link and what it leads to is replaced; what is no regular file (a device, a pipe, a folder) is refused;
the umask decides who may read a new file, and a replaced file keeps its permissions.
"""

import os
import secrets
import shutil
import signal
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from houseprice.errors import DataError

Writer = Callable[[BinaryIO], object]
"""Function that writes a file to a stream."""
unfinished: set[Path] = set()
"""Temporary files and folders of this process, removed when it is interrupted."""
_renaming = threading.RLock()
"""Held while temporary files take the places of others."""


def keep_inputs(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Refuse outputs that are an input or one another, under whatever name, since one of them would be lost.

    Raises:
        DataError: One is (code `path_repeated`).
    """
    places: dict[str, Path] = {}
    for output in outputs:
        place = os.path.realpath(output)  # unlike `resolve`, also of links in a circle
        if place in places:
            raise _one_file(places[place], output)
        places[place] = output
    written = [output for output in places.values() if output.exists()]
    for source in inputs:
        for output in written:
            if source.exists() and source.samefile(output):
                raise DataError(
                    f'The output "{output}" would replace the input "{source}"; give it another name.',
                    code="path_repeated",
                    path=str(output),
                )


def write_atomically(contents: Mapping[Path, bytes | Writer], mode: int | None = None) -> None:
    """Write several files that belong together: all are complete before the first is renamed to its path.

    They are written in the order of `contents`; one too large to be held as bytes is given as a function that writes
    it. They get the permissions `mode` where it is given.

    Raises:
        DataError: A path cannot be written (code `path_unwritable`), is not a regular file (`not_a_file`), or two are
            one file (`path_repeated`); earlier files are unchanged.
    """
    places = {path: _place(path) for path in contents}
    for path, place in places.items():
        if twin := next((other for other in places if other != path and places[other] == place), None):
            raise _one_file(path, twin)
    waiting: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            with _open_beside(places[path]) as (stream, temporary):
                waiting[path] = temporary
                if isinstance(content, bytes):
                    stream.write(content)
                else:
                    content(stream)
        with uninterrupted():
            for path, temporary in waiting.items():
                _rename(temporary, places[path], mode)
    except OSError as err:
        raise _unwritable(path, err) from err
    finally:
        _discard(*waiting.values())


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield a temporary file that replaces `path` when the block succeeds, and is removed when it fails.

    Raises:
        DataError: The path cannot be written (code `path_unwritable`) or is not a regular file (`not_a_file`); an
            earlier file is unchanged.
    """
    place = _place(path)
    temporary: Path | None = None
    try:
        with _open_beside(place) as (_, temporary):
            pass
        yield temporary
        with uninterrupted():
            _rename(temporary, place)
    except OSError as err:
        raise _unwritable(path, err) from err
    finally:
        if temporary:
            _discard(temporary)


@contextmanager
def replace_directory(path: Path) -> Iterator[Path]:
    """Yield a temporary folder that replaces `path` when the block succeeds, and is removed when it fails.

    Raises:
        DataError: The folder cannot be written (code `path_unwritable`), or the path is something else than a folder
            (`not_a_directory`); an earlier folder is unchanged.
    """
    place = _place(path, directory=True)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise _unwritable(path, err) from err
    staging = _beside(place)
    old = staging.with_name(staging.name + ".old")
    unfinished.update((staging, old))
    try:
        staging.mkdir()
        yield staging
        with uninterrupted():
            if place.exists():
                place.rename(old)
            try:
                staging.rename(place)
            except OSError:
                if old.exists():
                    old.rename(place)
                raise
    except OSError as err:
        raise _unwritable(path, err) from err
    finally:
        _discard(staging, old)


def write_durably(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file atomically, and synchronise file and folder to disk, so that it survives a power failure.

    It gets the permissions `mode` where they are given.

    Raises:
        DataError: It cannot be written (code `path_unwritable`) or is not a regular file (`not_a_file`); an earlier
            file is unchanged.
    """
    place = _place(path)
    temporary: Path | None = None
    try:
        with _open_beside(place, 0o666 if mode is None else mode) as (stream, temporary):
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with uninterrupted():
            _rename(temporary, place, mode)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as err:
        raise _unwritable(path, err) from err
    finally:
        if temporary:
            _discard(temporary)


def check_files(*paths: Path) -> None:
    """Check that files can be written to some paths, before the work that they are written for.

    Raises:
        DataError: A path is not a regular file (code `not_a_file`), or cannot be looked at (`path_unwritable`).
    """
    for path in paths:
        _place(path)


def check_format(path: Path, formats: Mapping[str, Sequence[str]]) -> str:
    """Return the format in which a file is to be written, by the end of its name.

    Args:
        path: the file.
        formats: format → the suffixes of its files, in lower case.

    Raises:
        DataError: The suffix is that of none (code `output_format_unknown`).
    """
    for name, suffixes in formats.items():
        if path.suffix.lower() in suffixes:
            return name
    accepted = " or ".join(suffix for suffixes in formats.values() for suffix in suffixes if suffix)
    raise DataError(
        f'"{path}" would be written as {" or ".join(formats)}, which its name does not say; give a file that ends with '
        f"{accepted}.",
        code="output_format_unknown",
        path=str(path),
    )


def discard_unfinished() -> None:
    """Remove the temporary files of this process, which is about to end."""
    with uninterrupted():
        _discard(*unfinished)


def _place(path: Path, *, directory: bool = False) -> Path:
    """Return the file or folder that a path leads to, through all links; it need not exist."""
    try:
        found = path.stat()  # also follows /dev/stdout to a pipe, which has no path
    except FileNotFoundError:
        return path.resolve()
    except OSError as err:
        raise _unwritable(path, err) from err
    place = path.resolve()
    if directory and not stat.S_ISDIR(found.st_mode):
        raise DataError(
            f'"{path}" is not a folder, so it is not replaced. Name another.', code="not_a_directory", path=str(path)
        )
    nameless = not place.exists() or not os.path.samestat(found, place.stat())  # an open file that was removed
    if not directory and (nameless or not stat.S_ISREG(found.st_mode)):
        raise DataError(
            f'"{path}" is not a regular file, so it is not replaced. Name another.', code="not_a_file", path=str(path)
        )
    return place


def _beside(place: Path) -> Path:
    return place.with_name(f".{place.name[:40]}.{secrets.token_hex(4)}")


@contextmanager
def _open_beside(place: Path, mode: int = 0o666) -> Iterator[tuple[BinaryIO, Path]]:
    """Create a temporary file in the folder of another; `mode` are its permissions before the umask."""
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(place)
    unfinished.add(temporary)
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            yield stream, temporary
    except BaseException:
        _discard(temporary)
        raise


def _rename(temporary: Path, place: Path, mode: int | None = None) -> None:
    """Let a temporary file take the place of another, whose permissions it keeps unless others are given."""
    with suppress(FileNotFoundError):
        temporary.chmod(place.stat().st_mode & 0o777 if mode is None else mode)
    temporary.replace(place)


def _discard(*temporaries: Path) -> None:
    for temporary in temporaries:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with suppress(OSError):
                temporary.unlink()
        unfinished.discard(temporary)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off SIGINT and SIGTERM until the block is over, so that files that belong together change together.

    The block must be short.
    """
    arrived: list[int] = []

    def put_off(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)

    numbers = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    handlers = {int(number): found for number in numbers if (found := signal.getsignal(number)) is not None}
    with _renaming:
        for number in handlers:
            signal.signal(number, put_off)
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for late in arrived:
                signal.raise_signal(late)


def _one_file(path: Path, twin: Path) -> DataError:
    return DataError(
        f'"{path}" and "{twin}" are one file, but have different contents; name two files.',
        code="path_repeated",
        path=str(path),
    )


def _unwritable(path: Path, err: OSError) -> DataError:
    return DataError(
        f'"{path}" cannot be written ({err.strerror or err}); free some space, or name a writable folder.',
        code="path_unwritable",
        path=str(path),
    )
