"""The part of an output that is finished, kept beside its name until all of it is.

It is a folder with the rows so far and `state.json`, which says of which input and model they are and how many blocks
they hold. The state is written after the rows that it counts, so that a run which was killed at any moment can be
continued from it. A small output has a hidden folder, which is removed whatever happens.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from houseprice import atomic_io
from houseprice.batch_prediction.blocks import PricedBlock
from houseprice.batch_prediction.polars_import import is_polars_error, polars
from houseprice.errors import DataError
from houseprice.folder_lock import lock_folders

SUFFIX = ".parts"
STATE = "state.json"
STATE_SECONDS = 5.0
"""How often the state is written: so much work is done again after a kill, at most."""
_ROWS = "rows"


@dataclass
class State:
    """How much of an output is finished: blocks, rows, rows with a warning, and bytes of a CSV."""

    blocks: int = 0
    rows: int = 0
    warned: int = 0
    size: int = 0


class UnfinishedOutput:
    """Rows of an output that is not whole yet.

    Args:
        output: its path.
        output_format: "CSV", "gzip" or "Parquet".
        head: what it begins with.
        key: what tells this run from others, for what may be continued; None keeps nothing.

    Attributes:
        folder: where the rows are.
        state: how many they are; more than none if a run of the same key was interrupted.
        found_other: whether there were rows of another key, which are gone now.

    Raises:
        DataError: It cannot be written (code `path_unwritable`).
        FolderLockedError: Another run writes the same output.
    """

    def __init__(self, output: Path, output_format: str, head: bytes, key: dict[str, Any] | None) -> None:
        self._output, self._is_parquet, self._key = output, output_format == "Parquet", key
        self._saved = time.monotonic()
        self._lock = ExitStack()
        self.found_other = False
        place = output.resolve()
        with writing(output):
            place.parent.mkdir(parents=True, exist_ok=True)
            if key is None:
                with atomic_io.uninterrupted():
                    self.folder = Path(tempfile.mkdtemp(prefix=f".{place.name[:40]}.", dir=place.parent))
                    atomic_io.unfinished.add(self.folder)
            else:
                self.folder = parts_folder(output)
                self._lock.enter_context(lock_folders(self.folder))
            self.state = self._read_state()
            self._rows = (self.folder / _ROWS).open("r+b" if self.state.blocks else "wb")
            self._rows.seek(self.state.size)
            self._rows.truncate()
            if not self.state.blocks:
                self._rows.write(head)
                self.state.size = len(head)

    def append(self, block: PricedBlock) -> None:
        """Add the rows of the next block; an interruption at any moment leaves it out or counts it.

        Raises:
            DataError: They cannot be written (code `path_unwritable`).
        """
        with writing(self._output):
            state, size = self.state, self.state.size
            if self._is_parquet:
                self._part(state.blocks).write_bytes(block.content)
            else:
                size += self._rows.write(block.content)
            self.state = State(state.blocks + 1, state.rows + block.rows, state.warned + block.warned, size)
            if time.monotonic() - self._saved > STATE_SECONDS:
                self._save()

    def finish(self) -> None:
        """Let the rows be the output, and remove the folder.

        Raises:
            DataError: It cannot be written (code `path_unwritable`), or is not a regular file (`not_a_file`).
        """
        with writing(self._output):
            self._rows.close()
        with atomic_io.replace_file(self._output) as temporary, writing(self._output):
            if self._is_parquet:
                parts = [self._part(number) for number in range(self.state.blocks)]
                polars().scan_parquet(parts, glob=False, hive_partitioning=False).sink_parquet(temporary)
            else:
                (self.folder / _ROWS).replace(temporary)
        self.remove()

    def keep(self) -> bool:
        """Keep the rows for the next run; return whether there are any to keep."""
        if self._key is None or not self.state.blocks:
            self.remove()
            return False
        with suppress(OSError):  # on a full disk: an earlier state is good, too
            self._save()
        self._close()
        return True

    def remove(self) -> None:
        """Remove the rows."""
        self._close()
        shutil.rmtree(self.folder, ignore_errors=True)
        atomic_io.unfinished.discard(self.folder)

    def _close(self) -> None:
        with suppress(OSError):  # what was not written yet, on a full disk
            self._rows.close()
        self._lock.close()

    def _save(self) -> None:
        self._rows.flush()
        self._saved = time.monotonic()
        if self._key is None:
            return
        os.fdatasync(self._rows.fileno())
        waiting = self.folder / f"{STATE}.new"
        waiting.write_text(json.dumps({"key": self._key, **asdict(self.state)}))
        waiting.replace(self.folder / STATE)

    def _part(self, number: int) -> Path:
        return self.folder / f"block-{number:07}.parquet"

    def _read_state(self) -> State:
        try:
            found = json.loads((self.folder / STATE).read_text())
            is_same = found.pop("key") == self._key
            state = State(**found)
            is_whole = (self.folder / _ROWS).stat().st_size >= state.size
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return State()
        if is_same and is_whole:
            return state
        self.found_other = True
        (self.folder / STATE).unlink()
        return State()


def parts_folder(output: Path) -> Path:
    """Return where the rows of a large output are kept until it is whole."""
    place = output.resolve()
    return place.with_name(place.name + SUFFIX)


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Name the output when something of it cannot be written."""
    try:
        yield
    except BaseException as err:
        if isinstance(err, OSError) or is_polars_error(err):
            reason = getattr(err, "strerror", None) or err
            raise DataError(
                f'"{output}" cannot be written ({reason}); free some space, or name a writable folder.',
                code="path_unwritable",
                path=str(output),
            ) from err
        raise
