"""Ctrl-C and SIGTERM: the end within two seconds, by exit code 130 and one line, with nothing half-written."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SECONDS = 8.0
"""Far less than what is interrupted would take, far more than it is given on a machine with nothing else to do."""
PRELUDE = (
    "import os, signal, sys, threading, time\n"
    "from pathlib import Path\n"
    "import click\n"
    "from houseprice import atomic_io, cli\n"
    "from houseprice.folder_lock import lock_folders\n"
    "home = Path(sys.argv[1])\n"
    "def compute(seconds):\n"
    "    import numpy as np\n"
    "    matrix = np.ones((6000, 6000))\n"
    "    print('computing', flush=True)\n"
    "    end = time.monotonic() + seconds\n"
    "    BODY\n"
    "@click.command()\n"
    "def train():\n"
    "    with lock_folders(home), atomic_io.replace_file(home / 'a') as temporary:\n"
    "        temporary.write_bytes(b'half')\n"
    "        compute(60)\n"
    "cli.LazyGroup.get_command = lambda self, ctx, name: train\n"
    "cli.main(['train'])\n"
)
BODIES = {
    "python": "while time.monotonic() < end: pass",
    "a long call of a library": "\n    while time.monotonic() < end: matrix @ matrix",
    "swallowed": "\n    while time.monotonic() < end:\n        try: time.sleep(60)\n        except BaseException: pass",
    "turned into an error": "\n    try: time.sleep(60)\n    except BaseException: raise ValueError('no') from None",
}


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("what", BODIES)
def test_a_signal_ends_a_command_soon_whatever_it_does(tmp_path: Path, number: signal.Signals, what: str) -> None:
    """One line, exit code 130; neither a temporary file nor a lock file is left."""
    code = PRELUDE.replace("BODY", BODIES[what])
    words = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "computing\n"
        start = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
        took = time.monotonic() - start
    assert process.returncode == 130
    assert err.split() == ["houseprice:", "interrupted."]
    assert not list(tmp_path.iterdir())
    assert took < SECONDS
