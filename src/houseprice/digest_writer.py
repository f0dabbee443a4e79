"""Writer of a file that is too large to be held as bytes, digested on its way."""

import hashlib
from collections.abc import Callable
from typing import IO, Any, BinaryIO


class DigestWriter:
    """Writes a file by a function of a stream; for `atomic_io.write_atomically`.

    Attributes:
        sha256: digest of what was written ("" before that).
    """

    def __init__(self, write: Callable[[IO[bytes]], object]) -> None:
        self.sha256 = ""
        self._write = write

    def __call__(self, stream: BinaryIO) -> None:
        """Write the file."""
        digested: Any = _DigestedStream(stream)
        try:
            self._write(digested)
        except OSError as err:  # a library makes one without an error number of it
            raise digested.failed or err from err
        self.sha256 = digested.digest.hexdigest()


class _DigestedStream:
    """A stream with the digest of what is written to it, and the error that ended its writing."""

    failed: OSError | None = None

    def __init__(self, stream: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self._stream = stream

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        try:
            return self._stream.write(content)
        except OSError as err:
            self.failed = err
            raise

    def flush(self) -> None:
        self._stream.flush()
