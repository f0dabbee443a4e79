"""The line of progress of `houseprice predict`."""

import io

import pytest

from houseprice.batch_prediction import Progress
from houseprice.cli.prediction_progress import PredictionProgress, describe


class Terminal(io.StringIO):
    """A terminal that can be read afterwards."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_progress_is_for_terminals(stream: io.StringIO) -> None:
    """A log file gets none of it; on a terminal the line is gone at the end."""
    now = [0.0]
    with PredictionProgress(stream, lambda: now[0]) as progress:
        for second in range(10):
            now[0] = float(second)
            progress.show(Progress(second * 1000, second / 100))
    written = stream.getvalue()
    assert bool(written) == stream.isatty()
    if stream.isatty():
        assert "9,000 houses priced, 1,000 a second, 9%, about" in written
        assert written.endswith("\r\033[K")


def test_a_short_run_shows_nothing() -> None:
    """Two seconds need no comfort."""
    stream = Terminal()
    with PredictionProgress(stream, lambda: 1.0) as progress:
        progress.show(Progress(10, 0.5))
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("first", "now", "seconds", "told"),
    [
        (Progress(0, 0.0), Progress(100, 0.1), 10.0, "100 houses priced, 10 a second, 10%, about 2 min left"),
        (Progress(0, 0.0), Progress(100, 0.01), 10.0, "100 houses priced, 10 a second, 1%, about 16 min left"),
        (Progress(0, 0.0), Progress(100, 0.001), 10.0, "100 houses priced, 10 a second, 0%, about 2 h 46 min left"),
        (Progress(800, 0.8), Progress(900, 0.9), 10.0, "900 houses priced, 10 a second, 90%, about 10 s left"),
        (Progress(0, None), Progress(100, None), 10.0, "100 houses priced, 10 a second"),
        (Progress(100, 0.1), Progress(100, 0.1), 0.0, "100 houses priced, 10%"),
    ],
)
def test_the_time_left_is_estimated(first: Progress, now: Progress, seconds: float, told: str) -> None:
    """By the speed since the run began, not counting what an earlier run has done."""
    assert describe(first, now, seconds) == told
