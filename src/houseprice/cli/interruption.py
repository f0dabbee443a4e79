"""Ctrl-C and SIGTERM: a command ends within two seconds, also in the middle of a long computation.

Python raises `KeyboardInterrupt` only between its own instructions, and a matrix product or the growing of trees can
take a minute. So the signal also wakes a thread, which ends the process when the exception has not done so in time.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from houseprice import atomic_io

EXIT_CODE = 130
LINE = "houseprice: interrupted."
GRACE_SECONDS = 0.7
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether a signal has arrived."""

    def __init__(self) -> None:
        self.arrived = False

    def handle(self, _number: int, _frame: FrameType | None) -> NoReturn:
        """Raise KeyboardInterrupt, for SIGTERM as well."""
        self.arrived = True
        raise KeyboardInterrupt


@contextmanager
def prompt_interruption() -> Iterator[Interruption]:
    """Let SIGINT and SIGTERM end the block by KeyboardInterrupt, or the process when that takes too long."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption  # signals are the main thread's
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    ours = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, interruption.handle) for number in ours}
    woken = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader,), daemon=True).start()
    try:
        yield interruption
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)


def _watch(reader: int) -> None:
    """End the process when a signal is not followed by the end of the block in time, or by a second signal."""
    deadline: float | None = None
    while True:
        left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
        if not select.select([reader], [], [], left)[0]:
            _end_now()
        if not (number := os.read(reader, 1)):
            os.close(reader)
            return
        if number[0] in SIGNALS:
            if deadline is not None:
                _end_now()
            deadline = time.monotonic() + GRACE_SECONDS


def _end_now() -> NoReturn:
    with atomic_io.uninterrupted():  # nothing is renamed in between
        atomic_io.discard_unfinished()
        show_cursor = "\r\033[?25h" if os.isatty(2) else ""  # a progress bar hides it
        os.write(2, f"{show_cursor}\n{LINE}\n".encode())
        os._exit(EXIT_CODE)
