"""One input and its output, while it is priced."""

import hashlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import Any

from houseprice.atomic_io import check_files
from houseprice.batch_prediction import output_rows, tables
from houseprice.batch_prediction.blocks import Block, HouseErrors, Job, PricedBlock, Say
from houseprice.batch_prediction.finished_files import FinishedFiles
from houseprice.batch_prediction.pricing import Pricer
from houseprice.batch_prediction.unfinished import State, UnfinishedOutput
from houseprice.batch_prediction.workers import SMALL_BLOCKS
from houseprice.errors import DataError, HousePriceError

ENDS_BYTES = 2**16


@dataclass(frozen=True)
class Paths:
    """An input, and the file that is made of it.

    Attributes:
        source: the input.
        output: what is written.
        output_format: "CSV", "gzip" or "Parquet".
    """

    source: Path
    output: Path
    output_format: str


class FileRun:
    """The rows of one file on their way.

    Attributes:
        paths: where they come from and go to.
        error: why they cannot all be priced.
        state: how many are finished.
        size: of the input in bytes, 0 where it is not known.
        fraction: of the input that is finished, or was given up; None where it is not known.
        is_finished: whether the output is whole.
    """

    def __init__(
        self, paths: Paths, pricer: Pricer, sheet: str | None, say: Say, finished: FinishedFiles | None = None
    ) -> None:
        self.paths = paths
        self.error: HousePriceError | None = None
        self.state = State()
        self.fraction: float | None = 0.0
        self.size = _size(paths.source)
        self.is_finished = False
        self._pricer, self._sheet, self._say, self._finished = pricer, sheet, say, finished
        self._key: dict[str, Any] | None = None
        self._errors = HouseErrors(str(paths.source))
        self._unfinished: UnfinishedOutput | None = None

    def read(self) -> Iterator[tuple[Job, Block]]:
        """Yield the blocks that are not finished yet.

        Raises:
            HousePriceError: The input cannot be read, or the output not be written.
        """
        check_files(self.paths.output)
        self._key = self._find_key()
        if self._finished and (state := self._finished.find(self.paths.output, self._key)):
            self.state, self.is_finished, self.fraction = state, True, 1.0
            return
        with tables.open_table(self.paths.source, self._pricer.columns, self._sheet) as table:
            job = Job(str(self.paths.source), table.header, table.dialect, table.is_frame, self.paths.output_format)
            blocks = table.blocks()
            first = list(islice(blocks, SMALL_BLOCKS + 1))
            unfinished = self._open(job, is_large=len(first) > SMALL_BLOCKS)
            for block in islice(chain(first, blocks), unfinished.state.blocks, None):
                if self.error:
                    return
                yield job, replace(block, is_checked_only=self._errors.count > 0)

    def take(self, block: Block, priced: PricedBlock) -> None:
        """Take the predictions of the next block.

        Raises:
            DataError: They cannot be written (code `path_unwritable`).
        """
        self._errors.add(priced)
        if self._unfinished and not self._errors.count:  # with errors, the rest is only read to find the others
            self._unfinished.append(priced)
            self.state = self._unfinished.state
            self.fraction = block.fraction

    def finish(self) -> None:
        """Write the output under its name.

        Raises:
            DataError: Some houses cannot be priced (code `house_invalid`), the input was changed (`input_changed`), or
                the output cannot be written.
        """
        if self.is_finished:
            return
        self._errors.check()
        if self._find_key() != self._key:
            raise DataError(
                f'"{self.paths.source}" was changed while it was priced, so nothing was written; price it again.',
                code="input_changed",
                path=str(self.paths.source),
            )
        if self._unfinished:
            self._unfinished.finish()
        self.is_finished, self.fraction = True, 1.0
        if self._finished:
            self._finished.add(self.paths.output, self._key, self.state)

    def fail(self, error: HousePriceError) -> None:
        """Give the file up; nothing of the output is left."""
        self.error, self.fraction = error, 1.0
        self.discard()

    def discard(self) -> None:
        """Remove what is not whole."""
        if self._unfinished and not self.is_finished:
            self._unfinished.remove()

    def keep(self) -> None:
        """Keep what is finished for the next run, and say so."""
        found, self._unfinished = self._unfinished, None
        if found and not self.is_finished and found.keep():
            self._say(
                f'The {found.state.rows} houses priced so far are kept in "{found.folder}"; run the same '
                "command again to price the rest, or remove the folder."
            )

    @property
    def has_errors(self) -> bool:
        """Whether a house cannot be priced."""
        return self._errors.count > 0

    def _open(self, job: Job, *, is_large: bool) -> UnfinishedOutput:
        paths = self.paths
        key = self._key if is_large else None
        found = self._unfinished = UnfinishedOutput(paths.output, paths.output_format, output_rows.head(job), key)
        self.state = found.state
        if found.found_other:
            self._say(
                f'"{found.folder}" held rows of another input or model, or of another version of this program; '
                "all houses are priced anew."
            )
        elif found.state.rows:
            self._say(f"{found.state.rows} houses were priced before an interruption; the rest follows.")
        return found

    def _find_key(self) -> dict[str, Any] | None:
        """Return what tells this run from others: input, model, program; None of a pipe."""
        source = self.paths.source
        try:
            facts = source.stat()
            if not stat.S_ISREG(facts.st_mode):
                return None
            with source.open("rb") as stream:
                ends = stream.read(ENDS_BYTES)
                stream.seek(max(facts.st_size - ENDS_BYTES, 0))
                ends += stream.read()
        except OSError:  # which is told when the table is opened
            return None
        return {
            "input": str(source.resolve()),
            "input_size": facts.st_size,
            "input_modified_ns": facts.st_mtime_ns,
            "input_ends_sha256": hashlib.sha256(ends).hexdigest(),
            "sheet": self._sheet,
            "bundle_sha256": self._pricer.version,
            "block_rows": tables.BLOCK_ROWS,
            "output_format": self.paths.output_format,
            "program": version("houseprice"),
        }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # which is told when it is opened
        return 0
