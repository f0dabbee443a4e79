"""Progress of `houseprice predict` on a terminal: rows, rows a second, and an estimate of the time left."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

import click

from houseprice.batch_prediction import Progress
from houseprice.cli.terminal import printable

FIRST_SECONDS = 2.0
"""What takes less shows no progress."""
SECONDS = 0.5
_CLEAR_LINE = "\r\033[K"


class PredictionProgress:
    """Shows progress in one line, which is gone when the block ends; nothing where there is no terminal."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream or sys.stderr, clock
        self._begun = self._shown = clock()
        self._first: tuple[float, Progress] | None = None  # what a continued run found done counts for no speed
        self._is_visible = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def show(self, progress: Progress) -> None:
        """Show how far the run is."""
        now = self._clock()
        if self._first is None:
            self._first = now, progress
        if not self._stream.isatty() or now - self._begun < FIRST_SECONDS or now - self._shown < SECONDS:
            return
        self._shown, self._is_visible = now, True
        began, first = self._first
        click.echo(_CLEAR_LINE + describe(first, progress, now - began), nl=False, file=self._stream)

    def say(self, sentence: str) -> None:
        """Print a sentence in a line of its own."""
        self._clear()
        click.echo(f"houseprice: {printable(sentence)}", err=True)

    def _clear(self) -> None:
        if self._is_visible:
            click.echo(_CLEAR_LINE, nl=False, file=self._stream)
            self._is_visible = False


def describe(first: Progress, now: Progress, seconds: float) -> str:
    """Return the line of a run that came so far in some seconds, from where it began."""
    parts = [f"{now.rows:,} houses priced"]
    if seconds > 0 and now.rows > first.rows:
        parts.append(f"{(now.rows - first.rows) / seconds:,.0f} a second")
    if now.fraction is not None:
        parts.append(f"{now.fraction:.0%}")
        if now.fraction > (begun := first.fraction or 0.0):
            parts.append(f"about {_time(seconds * (1 - now.fraction) / (now.fraction - begun))} left")
    return ", ".join(parts)


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
