"""Command line of a build: `python3 -m houseprice.release build`, and what `houseprice image build` shares with it."""

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from houseprice.release.build import BuildInputs, BuiltImage, BuiltLayout, build_layout
from houseprice.release.build_context import BUNDLE
from houseprice.release.docker_cli import DockerCli


def parse_platform(text: str) -> str:
    """Return a platform as it was given; ValueError when it is none."""
    if not re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?", text):
        raise ValueError(f'"{text}" is not a platform such as linux/amd64')
    return text


def parse_base(text: str) -> tuple[str, str]:
    """Return the platform of a base image, empty for all, and its name; ValueError when it is neither."""
    platform, sign, name = text.rpartition("=")
    if (sign and "/" not in platform) or not name:
        raise ValueError(f'"{text}" is neither IMAGE nor PLATFORM=IMAGE such as linux/arm64=python:3.11-slim-bookworm')
    return platform, name


def describe_image(built: BuiltImage) -> str:
    """Return what was built, for people."""
    lines = [f"image     {', '.join(built.tags)}", f"id        {built.image_id}"]
    lines += [f"size      {built.size_bytes / 1e6:.0f} MB", *_origin(built)]
    return "\n".join((*lines, f"next      houseprice image test {built.tags[0]}"))


def describe_layout(built: BuiltLayout) -> str:
    """Return what was built, for people."""
    lines = [f"layout    {built.layout}", f"digest    {built.digest}"]
    for one in built.platforms:
        size = f"{one.size_bytes / 1e6:.0f} MB compressed, {one.own_bytes / 1e6:.0f} MB without its base"
        lines.append(f"          {one.platform}  {one.digest}  {size}")
    return "\n".join((*lines, *_origin(built), f"next      houseprice image test --layout {built.layout}"))


def main(arguments: Sequence[str]) -> int:
    """Build a layout from the command line of `python3 -m houseprice.release build`."""
    parser = argparse.ArgumentParser(
        prog="python3 -m houseprice.release build",
        description="Build the image of the model bundle for every platform into one OCI layout.",
    )
    add = parser.add_argument
    add("--layout", type=Path, required=True, help="folder of the OCI layout")
    add("--platform", dest="platforms", action="append", default=[], type=parse_platform, metavar="OS/ARCH")
    add("--base", dest="bases", action="append", type=parse_base, metavar="[PLATFORM=]IMAGE",
        help="base image instead of the locked one; also in PYTHON_IMAGE")  # fmt: skip
    add("--bundle", type=Path, default=Path(BUNDLE), help="folder of the model bundle (%(default)s)")
    add("--models-dir", type=Path, default=Path("models"), help="where trained/ holds the pickles (%(default)s)")
    add("--allow-red", action="store_true", help="build although the model failed its gates; not for publishing")
    add("--no-cache", action="store_true", help="run every step again")
    add("--json", action="store_true", help="print the result as JSON")
    given = parser.parse_args(arguments)
    bases = given.bases or [parse_base(text) for text in os.environ.get("PYTHON_IMAGE", "").split()]
    inputs = BuildInputs(Path(), given.bundle, given.models_dir / "trained", os.environ, given.allow_red)
    built = build_layout(
        inputs, DockerCli(), given.layout, say=_print_progress,
        platforms=given.platforms, bases=dict(bases), no_cache=given.no_cache,
    )  # fmt: skip
    print(json.dumps(asdict(built), indent=1) if given.json else describe_layout(built))  # noqa: T201
    return 0


def _origin(built: BuiltImage | BuiltLayout) -> list[str]:
    return [f"revision  {built.revision}", f"model     {built.model_version}", f"built in  {built.seconds:.1f} s"]


def _print_progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
