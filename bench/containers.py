"""Sealed folder in, what its image weighs and how fast it starts out; needs a Docker engine that answers."""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from environments import ROOT
from houseprice.errors import ImageError
from houseprice.release.docker_cli import DockerCli
from load import HOST
from processes import SERVER_CORE, await_answer, free_port

TAG = "house-price-model:bench"
_PIECE = 1 << 20


class NoEngineError(RuntimeError):
    """No Docker engine answers, and none could be started here."""


@contextmanager
def engine_and_base() -> Iterator[tuple[DockerCli, str]]:
    """Return an engine and the name of the base image; an engine that was started for this is stopped afterwards.

    Raises:
        NoEngineError: there is none.
    """
    engine, script = DockerCli(), str(ROOT / "scripts" / "docker-engine")
    answered = _answers(engine)
    done = subprocess.run([script, "start"], stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=False)
    if done.returncode != 0:
        raise NoEngineError("no engine")
    try:
        yield engine, done.stdout.strip()
    finally:
        if not answered:
            subprocess.run([script, "stop"], stdout=sys.stderr, stderr=sys.stderr, check=False)


def _answers(engine: DockerCli) -> bool:
    try:
        engine.version()
    except ImageError:
        return False
    return True


def build(bundle: Path, base: str) -> None:
    """Build the image of a sealed folder on a base image, as `houseprice image build` does."""
    command = [sys.executable, "-m", "houseprice", "image", "build", "--tag", TAG, "--base", base, "--allow-red"]
    # The pickles beside another folder than this one's are of no concern here.
    command += ["--bundle", str(bundle.resolve()), "--models-dir", str(bundle.resolve().parent)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr, stderr=sys.stderr)


def starts(engine: DockerCli, first: bytes, runs: int) -> list[float]:
    """Start the image again and again on the server's core: return the seconds from `docker run` to a first 200."""
    seconds = []
    for _ in range(runs):
        port, name = free_port(), f"houseprice-bench-{os.getpid()}"
        try:
            begun = time.perf_counter()
            options = ("--name", name, "--cpuset-cpus", str(SERVER_CORE), "--publish", f"{HOST}:{port}:8000")
            options += ("--env", "HOUSEPRICE_ALLOW_RED=on")
            engine.output("run", "--detach", *options, TAG, seconds=120)
            seconds.append(await_answer(port, first, begun, 60, lambda: True))
        finally:
            engine.remove(name)
    return seconds


def weight(engine: DockerCli, base: str) -> int:
    """Return the bytes of the layers above the base, each compressed as a registry keeps it (gzip)."""
    below = len(engine.image(base)["RootFS"]["Layers"])
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "image.tar"
        engine.output("save", "--output", str(saved), TAG, seconds=300)
        with tarfile.open(saved) as tar:
            layers = json.load(_file(tar, "manifest.json"))[0]["Layers"][below:]
            return sum(_compressed(_file(tar, layer)) for layer in layers)


def _file(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        raise ImageError(f'The saved image holds no file "{name}"; expected every layer that its manifest names.')
    return found


def _compressed(layer: IO[bytes]) -> int:
    """Return the size of a layer after gzip; one that is compressed already counts as it is."""
    piece = layer.read(_PIECE)
    if piece[:2] == b"\x1f\x8b":
        return len(piece) + sum(len(rest) for rest in iter(lambda: layer.read(_PIECE), b""))
    squeeze, size = zlib.compressobj(6, zlib.DEFLATED, 31), 0
    while piece:
        size += len(squeeze.compress(piece))
        piece = layer.read(_PIECE)
    return size + len(squeeze.flush())


def median(seconds: list[float]) -> float:
    """Return the middle one."""
    return float(np.median(seconds))
