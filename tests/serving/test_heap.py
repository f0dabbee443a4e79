"""The heap of the server returns what is freed."""

import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, gc, sys
from pathlib import Path
from houseprice.serving.heap import return_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

if sys.argv[1] == "on":
    return_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
size = 8 * 2**20
libc.free(libc.malloc(3 * size))
before, blocks = resident(), []
for _ in range(8):
    blocks.append(libc.malloc(size))
    libc.memset(blocks[-1], 1, size)
    libc.malloc(500_000)  # stays behind each; a small one might fit before it
for block in blocks:
    libc.free(block)
print(resident() - before)
"""


def kept(script: str, state: str) -> float:
    """Return the megabytes that a process still holds of what it freed, with the settings "on" or "off"."""
    return float(subprocess.run([sys.executable, "-c", script, state], capture_output=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the settings are those of glibc")
def test_large_blocks_are_returned_when_they_are_freed() -> None:
    """Although smaller ones behind them stay; without the settings they would be kept."""
    assert kept(SCRIPT, "on") < 8
    assert kept(SCRIPT, "off") > 50


BETWEEN = """
import sys, time
from pathlib import Path
from houseprice.serving.heap import return_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

if sys.argv[1] == "on":
    return_freed_memory()
before = resident()
blocks = [bytes(10_000) for _ in range(10_000)]
blocks = blocks[::100]  # which stay between the others
end = time.monotonic() + (20 if sys.argv[1] == "on" else 5)
while resident() - before > 20 and time.monotonic() < end:
    sum(range(1_000_000))
    time.sleep(0.1)
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc trims its heap")
def test_pages_between_blocks_in_use_are_returned() -> None:
    """By a thread, after some work; without it they would be kept."""
    assert kept(BETWEEN, "on") < 20
    assert kept(BETWEEN, "off") > 80
