"""Locks of folders: two runs that write into one folder at once would mix their files.

A lock is the kernel's (`flock`), so that it ends with its process, however that ends. The lock file says who holds it,
and is removed with the lock.
"""

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from houseprice import atomic_io
from houseprice.errors import DataError, FolderLockedError

NAME = ".houseprice.lock"
_held: set[Path] = set()


@contextmanager
def lock_folders(*folders: Path, name: str = NAME) -> Iterator[None]:
    """Hold the lock files `name` of some folders, which are made where they are missing.

    What this process holds already is not locked again.

    Raises:
        FolderLockedError: Another process holds one of them.
        DataError: A folder cannot be written (code `path_unwritable`).
    """
    with ExitStack() as stack:
        for path in sorted({folder.resolve() / name for folder in folders} - _held):
            stack.enter_context(_lock(path))
        yield


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    made = [folder for folder in path.parents if not folder.exists()]
    descriptor: int | None = None
    try:
        with atomic_io.uninterrupted():
            descriptor = _acquire(path)
        yield
    finally:
        if descriptor is not None:
            with atomic_io.uninterrupted():
                _release(path, descriptor, made)


def _acquire(path: Path) -> int:
    """Return the descriptor of a lock file that is locked now, and says by whom."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _open_locked(path)
    except OSError as err:
        raise DataError(
            f'"{path.parent}" cannot be written ({err.strerror or err}); name a writable folder.',
            code="path_unwritable",
            path=str(path.parent),
        ) from err
    _held.add(path)
    atomic_io.unfinished.add(path)
    with suppress(OSError):  # a full disk: the lock holds all the same
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(_this_process()).encode(), 0)
    return descriptor


def _release(path: Path, descriptor: int, made: list[Path]) -> None:
    with suppress(OSError):
        path.unlink()
    atomic_io.unfinished.discard(path)
    _held.discard(path)
    os.close(descriptor)
    with suppress(OSError):  # what was made for the lock alone, and is empty
        for folder in made:
            folder.rmdir()


def _open_locked(path: Path) -> int:
    """Return the locked descriptor of a lock file that is still the one at its path."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BlockingIOError as err:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise _locked(path.parent, holder) from err
        except FileNotFoundError:
            pass  # its holder removed it in between
        except OSError:
            return descriptor  # a file system without locks
        os.close(descriptor)


def _this_process() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": " ".join(("houseprice", *sys.argv[1:2])),
    }


def _holder(descriptor: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(descriptor, 1000, 0))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _locked(folder: Path, holder: dict[str, Any]) -> FolderLockedError:
    who = "another run"
    if holder:
        who = f"`{holder.get('command')}` (process {holder.get('pid')}, since {holder.get('since')})"
    return FolderLockedError(
        f'"{folder}" is in use by {who}. Wait until it has ended, or write into another folder.',
        path=str(folder),
        pid=holder.get("pid"),
        since=holder.get("since"),
    )
