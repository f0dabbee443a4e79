"""The docker command: what it is asked, and what becomes of its answers; here it is a few lines of shell."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.errors import ImageError
from houseprice.release.docker_cli import DockerCli

Client = Callable[[str], DockerCli]


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """Return a client that is a shell script."""

    def made(script: str) -> DockerCli:
        path = tmp_path / "docker"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return DockerCli(str(path))

    return made


def test_an_engine_that_answers_gives_its_version(client: Client) -> None:
    """The version is the engine's, not the client's."""
    assert client('[ "$3" = "{{.Server.Version}}" ] && echo 28.1').version() == "28.1"


def test_a_missing_client_is_named() -> None:
    """Without a docker command, the error says how to install one."""
    with pytest.raises(ImageError) as refused:
        DockerCli("docker-that-is-not-there").version()
    assert refused.value.code == "docker_missing"
    assert "docker-that-is-not-there" in refused.value.details["problem"]


@pytest.mark.parametrize(
    ("stderr", "code"),
    [
        ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", "docker_unreachable"),
        ("error during connect: Get http://x: dial tcp: refused", "docker_unreachable"),
        ("failed to connect to the docker API at unix:///x", "docker_unreachable"),
        ("permission denied while trying to connect to the Docker daemon socket", "docker_permission_denied"),
        ("something new", "docker_failed"),
        ("", "docker_failed"),
    ],
)
def test_each_failure_has_its_code(client: Client, stderr: str, code: str) -> None:
    """An engine that is off, one that refuses, and one that fails are told apart, with and without an image."""
    for ask in (DockerCli.version, lambda docker: docker.output("ps")):
        with pytest.raises(ImageError) as refused:
            ask(client(f"echo '{stderr}' >&2; exit 1"))
        assert refused.value.code == code


def test_an_engine_that_hangs_is_given_up(client: Client) -> None:
    """A client that does not end in time is ended, with its children, and that is said."""
    begin = time.monotonic()
    with pytest.raises(ImageError) as refused:
        client("sleep 30; echo late").output("version", seconds=0.2)
    assert refused.value.code == "docker_timeout"
    assert time.monotonic() - begin < 10


def test_an_image_that_is_not_there_is_named(client: Client) -> None:
    """It is not confused with an engine that is off."""
    for stderr, code in (("No such image: a:b", "image_not_found"), ("error during connect", "docker_unreachable")):
        with pytest.raises(ImageError) as refused:
            client(f"echo '{stderr}' >&2; exit 1").image("a:b")
        assert refused.value.code == code


def test_what_a_builder_prints_is_reported_and_its_last_lines_are_kept(client: Client) -> None:
    """Both streams, line by line."""
    heard: list[str] = []
    docker = client("for i in $(seq 50); do echo step $i; done; echo broken >&2; exit 7")
    result = docker.run("build", say=heard.append)
    assert heard == [*(f"step {i}" for i in range(1, 51)), "broken"]
    assert (result.returncode, result.stdout.splitlines()) == (7, heard[-40:])


def test_a_build_that_hangs_is_given_up(client: Client) -> None:
    """A builder that does not end in time is ended."""
    with pytest.raises(ImageError) as refused:
        client("echo begun; sleep 30").run("build", say=lambda _line: None, seconds=0.2)
    assert refused.value.code == "docker_timeout"


def test_removing_what_is_gone_is_no_error(client: Client) -> None:
    """A container that does not exist counts as removed; any other refusal does not."""
    client("echo 'Error: No such container: x' >&2; exit 1").remove("x")
    with pytest.raises(ImageError) as refused:
        client("echo 'device busy' >&2; exit 1").remove("x")
    assert refused.value.code == "docker_failed"


def test_an_interrupted_command_is_finished_first(client: Client, tmp_path: Path) -> None:
    """Ctrl-C while a container is being made waits for the client, so that what it made can be removed."""
    docker = client(f"sleep 0.2; kill -INT $PPID; sleep 0.3; touch {tmp_path}/made")
    with pytest.raises(KeyboardInterrupt):
        docker.output("run", "image")
    assert (tmp_path / "made").exists()


def test_an_interrupted_build_is_stopped(client: Client) -> None:
    """Ctrl-C while an image is being built stops the builder, without waiting for it to finish."""
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        client("sleep 0.2; kill -INT $PPID; exec sleep 30").run("build", say=lambda _line: None)
    assert time.monotonic() - begin < 9


def test_logs_hold_both_streams(client: Client) -> None:
    """What a container printed is returned whole."""
    assert client("echo out; echo err >&2").logs("name") == "out\nerr\n"


def test_what_a_layout_needs_is_asked_of_the_engine(client: Client, tmp_path: Path) -> None:
    """Its own platform, an image of a registry, and a name that is removed."""
    docker = client(f'echo "$@" >> "{tmp_path}/asked"; echo linux/arm64')
    assert docker.platform() == "linux/arm64"
    docker.pull("127.0.0.1:5000/a@sha256:2", "--platform=linux/arm64")
    docker.remove_image("a:b")
    assert (tmp_path / "asked").read_text().splitlines() == [
        "version --format {{.Server.Os}}/{{.Server.Arch}}",
        "pull --quiet --platform=linux/arm64 127.0.0.1:5000/a@sha256:2",
        "rmi a:b",
    ]


def test_a_name_that_is_gone_is_no_error(client: Client) -> None:
    """Removing it never hides what went wrong before."""
    client("echo 'No such image' >&2; exit 1").remove_image("a:b")
