"""A list of the files of a folder that are finished, so that a run which was interrupted does not price them again."""

import json
import shutil
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from houseprice.batch_prediction.unfinished import State, parts_folder, writing
from houseprice.folder_lock import lock_folders

_LIST = "finished.jsonl"


class FinishedFiles:
    """The finished outputs of a folder, by the key of their inputs.

    Raises:
        DataError: The list cannot be written (code `path_unwritable`).
        FolderLockedError: Another run writes it.
    """

    def __init__(self, output: Path) -> None:
        self.folder = parts_folder(output)
        self._lock = ExitStack()
        self._lock.enter_context(lock_folders(self.folder))
        self._path = self.folder / _LIST
        self._found: dict[str, dict[str, Any]] = {}
        with suppress(OSError, ValueError, KeyError, TypeError):  # a kill may have cut the last line
            for line in self._path.read_text().splitlines():
                entry = json.loads(line)
                self._found[entry["output"]] = entry

    def find(self, output: Path, key: dict[str, Any] | None) -> State | None:
        """Return the state of an output that is as it was written, of the same input by the same model."""
        try:
            entry = self._found[str(output)]
            if key is not None and entry["key"] == key and entry["modified_ns"] == output.stat().st_mtime_ns:
                return State(**entry["state"])
        except (KeyError, TypeError, OSError):
            pass
        return None

    def add(self, output: Path, key: dict[str, Any] | None, state: State) -> None:
        """Take an output that is finished.

        Raises:
            DataError: The list cannot be written (code `path_unwritable`).
        """
        modified = output.stat().st_mtime_ns
        entry = {"output": str(output), "key": key, "modified_ns": modified, "state": asdict(state)}
        with writing(self._path), self._path.open("a") as stream:
            stream.write(f"{json.dumps(entry)}\n")

    def remove(self) -> None:
        """Remove the list."""
        self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self) -> None:
        """Keep the list for the next run."""
        self._lock.close()
