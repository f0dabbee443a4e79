"""The verbs of the engine, spoken to a `docker` command that is a few lines of shell."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.errors import ImageError
from houseprice.release.docker_cli import Engine

Client = Callable[[str], Engine]


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """Give an engine whose client is a shell script."""

    def made(script: str) -> Engine:
        path = tmp_path / "docker"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return Engine(str(path))

    return made


def test_an_engine_that_answers_gives_its_version(client: Client) -> None:
    """The version is the engine's, not the client's."""
    assert client('[ "$3" = "{{.Server.Version}}" ] && echo 28.1').version() == "28.1"


def test_a_missing_client_is_named() -> None:
    """No docker command is one sentence with what to do."""
    with pytest.raises(ImageError, match=r'"docker-that-is-not-there" was not found.*; expected .*; install it'):
        Engine("docker-that-is-not-there").version()


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", "No Docker engine answers"),
        ("error during connect: Get http://x: dial tcp: refused", "No Docker engine answers"),
        ("failed to connect to the docker API at unix:///x", "No Docker engine answers"),
        ("permission denied while trying to connect to the Docker daemon socket", "refuses this user"),
        ("something new", r'"\S*docker version" ended with 1 \(something new\)'),
        ("", "nothing was said"),
    ],
)
def test_each_way_of_not_answering_has_its_sentence(client: Client, stderr: str, sentence: str) -> None:
    """An engine that is off, one that refuses, and one that fails are told apart."""
    with pytest.raises(ImageError, match=sentence):
        client(f"echo '{stderr}' >&2; exit 1").version()


def test_an_engine_that_hangs_is_given_up(client: Client) -> None:
    """A client that does not end in time is ended, with its children, and that is said."""
    begin = time.monotonic()
    with pytest.raises(ImageError, match=r'docker version" did not end within 0\.2 s'):
        client("sleep 30; echo late").ask("version", seconds=0.2)
    assert time.monotonic() - begin < 10


def test_an_image_that_is_not_there_is_named(client: Client) -> None:
    """An unknown image is refused with how to get it."""
    with pytest.raises(ImageError, match=r'The image "a:b" was not found .*docker pull a:b'):
        client("echo 'Error: No such image: a:b' >&2; exit 1").image("a:b")


def test_an_image_on_an_engine_that_is_off_is_not_called_missing(client: Client) -> None:
    """When no engine answers, the image is not blamed."""
    with pytest.raises(ImageError, match="No Docker engine answers"):
        client("echo 'Cannot connect to the Docker daemon' >&2; exit 1").image("a:b")


def test_what_a_builder_prints_is_told_and_its_last_lines_are_kept(client: Client, tmp_path: Path) -> None:
    """A failed build ends in one error that holds the last lines of the builder."""
    heard: list[str] = []
    engine = client("for i in $(seq 30); do echo step $i; done; echo broken >&2; exit 7")
    with pytest.raises(ImageError, match=r"could not be built \(docker build ended with 7\)") as caught:
        engine.build(tmp_path / "context", say=heard.append)
    assert heard == [*(f"step {i}" for i in range(1, 31)), "broken"]
    assert str(caught.value).endswith("  step 30\n  broken")
    assert "step 10" not in str(caught.value)


def test_a_build_gives_the_id_that_the_builder_wrote(client: Client, tmp_path: Path) -> None:
    """The id comes from the builder's own file, never from what it prints."""
    engine = client('while [ "$1" != --iidfile ]; do shift; done; printf sha256:123 > "$2"; echo built sha256:456')
    assert engine.build(tmp_path / "context", say=lambda _line: None) == "sha256:123"


def test_a_build_that_hangs_is_given_up(client: Client, tmp_path: Path) -> None:
    """A builder that does not end in time is ended."""
    with pytest.raises(ImageError, match=r"did not end within 0\.2 s"):
        client("echo begun; sleep 30").build(tmp_path / "context", say=lambda _line: None, seconds=0.2)


def test_removing_what_is_gone_is_no_fault(client: Client) -> None:
    """A container that does not exist counts as removed; any other refusal does not."""
    client("echo 'Error: No such container: x' >&2; exit 1").remove("x")
    with pytest.raises(ImageError, match=r"docker rm\" ended with 1 \(device busy\)"):
        client("echo 'device busy' >&2; exit 1").remove("x")


def test_an_interrupted_verb_is_finished_first(client: Client, tmp_path: Path) -> None:
    """Ctrl-C while a container is being made waits for the client, so that what it made can be removed."""
    engine = client(f"sleep 0.2; kill -INT $PPID; sleep 0.3; touch {tmp_path}/made")
    with pytest.raises(KeyboardInterrupt):
        engine.start("image", "name")
    assert (tmp_path / "made").exists()


def test_an_interrupted_build_is_stopped(client: Client, tmp_path: Path) -> None:
    """Ctrl-C while an image is being built stops the builder, without waiting for it to finish."""
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        client("sleep 0.2; kill -INT $PPID; exec sleep 30").build(tmp_path / "context", say=lambda _line: None)
    assert time.monotonic() - begin < 9


def test_the_port_is_the_first_that_the_engine_names(client: Client) -> None:
    """The published port is read from the engine's answer."""
    assert client("echo 127.0.0.1:49153; echo '[::1]:49154'").port("name", 8000) == 49153


def test_logs_hold_both_streams(client: Client) -> None:
    """What a container printed is given back whole."""
    assert client("echo out; echo err >&2").logs("name") == "out\nerr\n"


def test_what_a_layout_needs_is_asked_of_the_engine(client: Client, tmp_path: Path) -> None:
    """Its own platform, an image in a file, an image of a registry, and a name that is taken away."""
    engine = client(f'echo "$@" >> "{tmp_path}/asked"; echo linux/arm64')
    assert engine.platform() == "linux/arm64"
    engine.save("sha256:1", tmp_path / "image.tar")
    engine.pull("127.0.0.1:5000/a@sha256:2", "--platform=linux/arm64")
    engine.forget("a:b")
    assert (tmp_path / "asked").read_text().splitlines() == [
        "version --format {{.Server.Os}}/{{.Server.Arch}}",
        f"save --output {tmp_path}/image.tar sha256:1",
        "pull --quiet --platform=linux/arm64 127.0.0.1:5000/a@sha256:2",
        "rmi a:b",
    ]


def test_a_name_that_is_gone_is_no_fault(client: Client) -> None:
    """To forget what nobody knows is done at once, and never hides what went wrong before."""
    client("echo 'No such image' >&2; exit 1").forget("a:b")
