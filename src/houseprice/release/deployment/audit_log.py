"""What was put into production, by whom and how it went: an append-only file of JSON lines, chained by their hashes.

Each line carries the hash of the line before, and its own over everything else in it, so that a line that is changed,
taken out or moved no longer fits its neighbours. A tail that is cut off leaves a shorter chain that fits in itself:
that is what the head, a small file beside the ledger, is for. Who rewrites both can lie; keep a copy elsewhere.

Writers take turns by a lock on the ledger itself. A line counts once it is on disk; what a writer that was killed left
of one is put aside into a third file by the next, and said.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from houseprice.atomic_io import write_durably
from houseprice.errors import AuditLogError, DataError
from houseprice.release.deployment.audit_entry import START, Event, Line, canonical
from houseprice.release.docker_cli import Say

NAME = "ledger.jsonl"


@dataclass(frozen=True)
class Reading:
    """What a ledger holds; `torn` is what a writer that was killed left behind the last whole line."""

    lines: tuple[Line, ...]
    torn: bytes


class Ledger:
    """The ledger of one place of production.

    Attributes:
        path: the file.
        head, aside: files beside it, with the number and hash of the last line, and with what was put aside.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head = path.with_name(f"{path.name}.head")
        self.aside = path.with_name(f"{path.name}.torn")

    def append(self, event: Event, say: Say) -> Line:
        """Add a line that is on disk when this returns; writers in other processes wait for their turn.

        Raises:
            AuditLogError: the file cannot be written, or its last line does not fit.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked(os.O_RDWR | os.O_CREAT | os.O_APPEND, fcntl.LOCK_EX) as descriptor:
                return self._append(descriptor, event, say)
        except OSError as err:
            raise AuditLogError(
                f'"{self.path}" cannot be written ({err.strerror or err}); expected a file with room and the right to '
                "write; see to that, then do it again."
            ) from err
        except DataError as err:
            raise AuditLogError(str(err)) from err

    def read(self) -> Reading:
        """Give back every line, the whole chain checked; a ledger that was never written is empty.

        Raises:
            AuditLogError: with the first line that does not fit, or how many are missing at the end.
        """
        content, head = self._content()
        *whole, torn = content.split(b"\n")
        lines: list[Line] = []
        for number, text in enumerate(whole, 1):
            line = self._fitting(number, text)
            if line.previous != (lines[-1].hash if lines else START):
                raise self._misfit(number)
            lines.append(line)
        if torn and (finished := _finished(torn, lines)):
            lines.append(finished)
            torn = b""
        self._end_at(head, [line.spelled() for line in lines])
        return Reading(tuple(lines), torn)

    def _append(self, descriptor: int, event: Event, say: Say) -> Line:
        content = _whole(descriptor)
        *whole, torn = content.split(b"\n")
        last = [self._fitting(len(whole), whole[-1])] if whole else []
        if torn and (finished := _finished(torn, last)):
            _write(descriptor, b"\n")
            whole.append(torn)
            last = [finished]
        elif torn:
            self._put_aside(descriptor, torn, len(content) - len(torn), say)
        self._end_at(self._read_head(), whole)
        line = Line.after(last[0] if last else None, event)
        _write(descriptor, line.spelled() + b"\n")
        os.fsync(descriptor)
        self._write_head(line)
        return line

    def _put_aside(self, descriptor: int, torn: bytes, end: int, say: Say) -> None:
        with self.aside.open("ab") as stream:
            stream.write(torn + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.ftruncate(descriptor, end)
        say(
            f'The last line of "{self.path}" was torn by a writer that was killed; its {len(torn)} bytes were put '
            f'aside into "{self.aside}".'
        )

    def _content(self) -> tuple[bytes, tuple[int, str] | None]:
        try:
            with self._locked(os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
                return _whole(descriptor), self._read_head()
        except FileNotFoundError:
            return b"", self._read_head()
        except OSError as err:
            raise AuditLogError(
                f'"{self.path}" cannot be read ({err.strerror or err}); expected the ledger; correct its rights.'
            ) from err

    def _fitting(self, number: int, text: bytes) -> Line:
        line = Line.read(text)
        if line is None or line.n != number:
            raise self._misfit(number)
        return line

    def _misfit(self, number: int) -> AuditLogError:
        return AuditLogError(
            f'Line {number} of "{self.path}" does not fit: it was changed, moved, or the one before it was taken out; '
            "expected the chain as it was written; compare with a copy, and find out who wrote there."
        )

    def _read_head(self) -> tuple[int, str] | None:
        try:
            head = json.loads(self.head.read_bytes())
            return int(head["n"]), str(head["hash"])
        except FileNotFoundError:
            return None
        except (ArithmeticError, ValueError, KeyError, TypeError) as err:
            raise AuditLogError(
                f'"{self.head}" cannot be understood; expected number and hash of the last line; compare with a copy.'
            ) from err

    def _write_head(self, line: Line) -> None:
        write_durably(self.head, canonical({"n": line.n, "hash": line.hash}) + b"\n")

    def _end_at(self, head: tuple[int, str] | None, texts: Sequence[bytes]) -> None:
        """Refuse a ledger that does not hold its head: a writer may be killed before it moves the head, never after."""
        again = "compare with a copy, and find out who wrote there."
        if head is None:
            if len(texts) > 1:
                raise AuditLogError(
                    f'"{self.head}" is missing beside a ledger of {len(texts)} lines; expected the number and hash of '
                    f"the last one, without which lines that were cut off are not missed; {again}"
                )
            return
        number, hash_ = head
        if number > len(texts):
            raise AuditLogError(
                f'"{self.path}" ends after line {len(texts)}; expected line {number}, which "{self.head}" names as '
                f"the last; {again}"
            )
        held = Line.read(texts[number - 1]) if number > 0 else None
        if held is None or held.hash != hash_:
            raise AuditLogError(
                f'Line {number} of "{self.path}" has another hash than "{self.head}" names; expected the chain as it '
                f"was written; {again}"
            )

    @contextmanager
    def _locked(self, flags: int, lock: int) -> Iterator[int]:
        descriptor = os.open(self.path, flags, 0o644)
        try:
            fcntl.flock(descriptor, lock)
            yield descriptor
        finally:
            os.close(descriptor)


def _finished(torn: bytes, lines: Sequence[Line]) -> Line | None:
    """Give back the line that lacks nothing but its end."""
    line = Line.read(torn)
    expected = (lines[-1].n + 1, lines[-1].hash) if lines else (1, START)
    return line if line and (line.n, line.previous) == expected else None


def _whole(descriptor: int) -> bytes:
    parts = []
    position = 0
    while part := os.pread(descriptor, 1 << 20, position):
        parts.append(part)
        position += len(part)
    return b"".join(parts)


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
