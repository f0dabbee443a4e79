"""Running `docker build`, with a code for each kind of failure."""

import re

from houseprice.errors import ImageError
from houseprice.release.docker_cli import DockerCli, Say

_TIMEOUT_SECONDS = 3600
_LAST_LINES = 12
_EXCERPT = re.compile(r"-{6,}|Dockerfile:\d+| *\d+ \| .*")
"""Lines of the Dockerfile that BuildKit prints after the reason of a failure."""
_FAILURES = (  # what the builder prints → code, what to do
    (
        "exporter is not supported",
        "oci_exporter_missing",
        "This builder cannot write OCI layouts. Turn on Docker's containerd image store, or run `docker buildx create "
        "--use`.",
    ),
    (
        "exec format error",
        "platform_not_emulated",
        "This machine cannot run programs of {platform}. Install an emulator (`docker run --privileged --rm "
        "tonistiigi/binfmt --install all`), or leave that platform out.",
    ),
    (
        "no space left on device",
        "disk_full",
        "The disk is full. Free some space, for example with `docker builder prune`.",
    ),
    (
        r"base image is for \w|no match for platform|does not (?:provide|match) the specified platform",
        "platform_mismatch",
        "There is no base image for {platform}. Give one with --base {platform}=IMAGE.",
    ),
    (
        "failed to resolve source metadata|pull access denied",
        "base_image_missing",
        "The base image cannot be pulled. Check its name and the network, or give another one with --base IMAGE.",
    ),
)


def require_buildx(docker: DockerCli) -> None:
    """Check that an engine and the buildx plugin answer.

    Raises:
        ImageError: `buildx_missing`, or a code of `docker_cli`.
    """
    docker.version()
    if docker.run("buildx", "version").returncode != 0:
        raise ImageError(
            "Docker's buildx plugin is missing. Install docker-buildx (https://docs.docker.com/go/buildx), or run "
            "`scripts/docker-engine get buildx`.",
            code="buildx_missing",
        )


def run_build(docker: DockerCli, say: Say, *arguments: str, platform: str = "") -> None:
    """Run a `docker` command that builds.

    Raises:
        ImageError: the build failed, with the code of a known reason or `build_failed`, and the builder's last lines.
    """
    result = docker.run(*arguments, seconds=_TIMEOUT_SECONDS, say=say)
    if result.returncode == 0:
        return
    lines = [line for line in result.stdout.splitlines() if not _EXCERPT.fullmatch(line)]
    last = "\n".join(f"  {line}" for line in lines[-_LAST_LINES:])
    for pattern, code, advice in _FAILURES:
        if re.search(pattern, result.stdout, re.IGNORECASE):
            sentence = advice.format(platform=platform or "this platform")
            raise ImageError(f"{sentence} The last lines of the builder:\n{last}", code=code, platform=platform)
    raise ImageError(f"The image could not be built. The last lines of the builder:\n{last}", code="build_failed")
