"""What the doctor finds, misses, and cannot know."""

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from houseprice.release import doctor as doctors
from houseprice.release.docker_cli import DockerCli
from houseprice.release.doctor import GITHUB_ENVIRONMENT, LOCK, Finding, diagnose, healthy

ROOT = Path(__file__).parents[2]
CONFIG = Path("configs/model_config.yaml")
RAW = "data/raw/house_data.csv"
NO_DOCKER = DockerCli("docker-that-is-not-there")
Gh = Callable[[str], None]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder in which everything is in place."""
    for name in (LOCK, RAW):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"click=={version('click')} \\\n")
    (tmp_path / CONFIG).parent.mkdir()
    shutil.copy(ROOT / CONFIG, tmp_path / CONFIG)
    return tmp_path


@pytest.fixture
def gh(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Gh:
    """Put a `gh` of a few lines of shell before every other one; without a script, one that is not logged in."""
    folder = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def made(script: str) -> None:
        (folder / "gh").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "gh").chmod(0o755)

    made("exit 4")
    return made


@pytest.fixture
def listening() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for a port that is free for sure, whatever runs on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(doctors, "PORTS", {port: "the API"})


def looked(checkout: Path, environ: dict[str, str] | None = None, docker: DockerCli = NO_DOCKER) -> dict[str, Finding]:
    """Ask the doctor, and name each line."""
    return {finding.name: finding for finding in diagnose(checkout, CONFIG, environ or {}, docker)}


@pytest.mark.usefixtures("gh", "free")
def test_a_checkout_with_everything_in_place_is_healthy(checkout: Path) -> None:
    """Nothing required is missing: what cannot be told, and an engine that is off, are no faults."""
    found = looked(checkout)
    assert {name: finding.state for name, finding in found.items() if finding.state != "found"} == {
        "Docker engine": "missing",
        "Docker Hub variable DOCKERHUB_USERNAME": "unknown",
        "Docker Hub secret DOCKERHUB_TOKEN": "unknown",
    }
    assert healthy(tuple(found.values()))


@pytest.mark.usefixtures("gh", "free")
@pytest.mark.parametrize(("name", "line"), [(RAW, "sales"), (LOCK, "libraries"), (CONFIG, "configuration")])
@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
def test_each_missing_file_is_named(checkout: Path, name: str, line: str, empty: bool) -> None:
    """A file that is missing or empty is reported with what to do, and makes the doctor fail."""
    (checkout / name).write_text("") if empty else (checkout / name).unlink()
    found = looked(checkout)
    assert found[line].state == "missing"
    assert found[line].hint
    assert not healthy(tuple(found.values()))


@pytest.mark.usefixtures("gh", "free")
def test_a_problem_of_the_configuration_is_named(checkout: Path) -> None:
    """With its key."""
    text = (checkout / CONFIG).read_text()
    (checkout / CONFIG).write_text(text.replace("separator:", "seperator:"))
    found = looked(checkout)["configuration"]
    assert found.state == "missing"
    assert "data.file.seperator" in found.found


@pytest.mark.usefixtures("gh", "free")
def test_without_a_yaml_reader_the_configuration_is_unknown(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML is not installed, nothing is claimed about what the configuration holds."""
    for name in [name for name in sys.modules if name.startswith("houseprice.config")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert looked(checkout)["configuration"].state == "unknown"


@pytest.mark.usefixtures("gh")
def test_a_port_that_is_taken_is_said(checkout: Path, monkeypatch: pytest.MonkeyPatch, listening: int) -> None:
    """When somebody listens on a port of ours, the doctor says where and refuses."""
    monkeypatch.setattr(doctors, "PORTS", {listening: "MLflow"})
    found = looked(checkout)
    port = found[f"port {listening} for MLflow"]
    assert port.state == "missing"
    assert str(listening) in port.hint
    assert not healthy(tuple(found.values()))


@pytest.mark.usefixtures("gh", "free")
def test_libraries_are_compared_with_the_lock(checkout: Path) -> None:
    """A locked library that is not there is missing, one of another version is told, other systems' are left out."""
    lock = checkout / "requirements.txt"
    lock.write_text("no-such-library==1.0 \\\n    --hash=sha256:0\nclick==0.0.1 \\\n    --hash=sha256:0\n")
    found = looked(checkout)
    assert found["libraries"].found.endswith("no-such-library, " + f"click {version('click')}")
    assert not healthy(tuple(found.values()))
    lock.write_text("click==0.0.1 \\\n    --hash=sha256:0\nno-such-library==1.0 ; sys_platform == 'win32' \\\n")
    found = looked(checkout)
    assert found["libraries"].state == "missing"
    assert healthy(tuple(found.values()))


@pytest.mark.usefixtures("gh", "free")
def test_an_engine_that_answers_is_found(checkout: Path, tmp_path: Path) -> None:
    """The engine's version is shown when it answers, and what to do when it does not."""
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\necho 28.1\n")
    client.chmod(0o755)
    assert looked(checkout, docker=DockerCli(str(client)))["Docker engine"].found == "version 28.1"
    missing = looked(checkout)["Docker engine"]
    assert NO_DOCKER.client in missing.found
    assert missing.hint


LISTS_BOTH = """
case "$1" in
variable) echo '[{"name": "DOCKERHUB_USERNAME"}]' ;;
secret) echo '[{"name": "DOCKERHUB_TOKEN"}]' ;;
esac
"""
LISTS_IN_AN_ENVIRONMENT = """
case "$*" in
*"--env docker-hub"*) echo '[{"name": "DOCKERHUB_USERNAME"}, {"name": "DOCKERHUB_TOKEN"}]' ;;
*) echo '[]' ;;
esac
"""


def hub(found: dict[str, Finding]) -> list[Finding]:
    """Return the lines about Docker Hub."""
    return [finding for name, finding in found.items() if name.startswith("Docker Hub")]


@pytest.mark.usefixtures("free")
def test_github_is_asked_for_the_docker_hub_settings(checkout: Path, gh: Gh) -> None:
    """Where gh can list them, both settings are found."""
    gh(LISTS_BOTH)
    assert [finding.state for finding in hub(looked(checkout))] == ["found", "found"]


@pytest.mark.usefixtures("free")
def test_settings_of_the_protected_environment_are_found(checkout: Path, gh: Gh) -> None:
    """A setting may be in the environment that the publishing job enters."""
    assert f"--env {GITHUB_ENVIRONMENT}" in LISTS_IN_AN_ENVIRONMENT
    gh(LISTS_IN_AN_ENVIRONMENT)
    assert [finding.state for finding in hub(looked(checkout))] == ["found", "found"]


@pytest.mark.usefixtures("free")
def test_settings_that_github_does_not_list_are_missing(checkout: Path, gh: Gh) -> None:
    """Where GitHub can be asked and names neither, both are missing, and the sentence says where to put them."""
    gh("echo '[]'")
    found = looked(checkout, {"DOCKERHUB_USERNAME": "u", "DOCKERHUB_TOKEN": "t"})
    assert [finding.state for finding in hub(found)] == ["missing", "missing"]
    assert "gh secret set DOCKERHUB_TOKEN" in hub(found)[1].hint
    assert not healthy(tuple(found.values()))


@pytest.mark.usefixtures("free", "gh")
def test_the_environment_is_looked_at_when_github_cannot_be_asked(checkout: Path) -> None:
    """Without gh the names count that are set here; a secret's value is never shown."""
    found = looked(checkout, {"DOCKERHUB_USERNAME": "somebody", "DOCKERHUB_TOKEN": "s3cret"})
    assert [finding.state for finding in hub(found)] == ["found", "found"]
    assert "s3cret" not in repr(found)


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize("answer", ["echo nonsense", "echo '{}'", "echo '[{}]'", "echo '[1]'"])
def test_an_answer_of_github_that_is_not_understood_tells_nothing(checkout: Path, gh: Gh, answer: str) -> None:
    """A gh that prints something else is no proof of anything."""
    gh(answer)
    assert "unknown" in {finding.state for finding in hub(looked(checkout))} or answer == "echo '{}'"


@pytest.mark.usefixtures("gh", "free")
def test_an_old_python_is_missing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python itself is looked at first."""
    monkeypatch.setattr(doctors, "PYTHON", (9, 9))
    assert looked(checkout)["Python"].state == "missing"
