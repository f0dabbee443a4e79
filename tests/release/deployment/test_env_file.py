"""Settings of production: given once, remembered, and never lost to somebody who was not told of them."""

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.errors import DeploymentError
from houseprice.release.deployment import env_file

COMPOSE = Path(__file__).parents[3] / "deploy" / "compose.yaml"
values = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=30)


@given(value=values)
def test_what_is_remembered_comes_back(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    """Whatever stands on one line comes back as it was, quotes and dollars too."""
    path = tmp_path_factory.mktemp("state") / "compose.env"
    env_file.write(path, {"HOUSEPRICE_A": value, "HOUSEPRICE_B": ""})
    assert env_file.read(path) == {"HOUSEPRICE_A": value, "HOUSEPRICE_B": ""}


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It may hold what opens the API."""
    path = tmp_path / "compose.env"
    env_file.write(path, {"HOUSEPRICE_API_KEYS": "x:1"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_compose_reads_it_the_same_way(tmp_path: Path) -> None:
    """What is remembered is what `docker compose --env-file` finds in it."""
    compose = ["docker", "compose", "version"]
    if not shutil.which("docker") or subprocess.run(compose, capture_output=True, check=False).returncode:
        pytest.skip("docker compose was not found; install Docker's compose plugin")
    path = tmp_path / "compose.env"
    value = 'https://a.b $HOME it\'s "\\x" \\'
    env_file.write(path, {"HOUSEPRICE_CORS_ORIGINS": value, "HOUSEPRICE_STATE": "/s"})
    command = ["docker", "compose", "--env-file", path, "--file", COMPOSE, "--profile", "slots", "config"]
    said = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=True)
    services = json.loads(said.stdout)["services"]
    found = services["blue"]["environment"]["HOUSEPRICE_CORS_ORIGINS"]
    assert found == value.replace("$", "$$")  # written so that compose could read it again
    assert services["proxy"]["volumes"][1]["source"] == "/s/proxy"


def test_the_environment_goes_before_what_is_remembered() -> None:
    """A variable that is given counts, also when it is empty; one that is not stays; slots are nobody's to give."""
    remembered = {"HOUSEPRICE_API_KEYS": "old", "HOUSEPRICE_WORKERS": "2", "HOUSEPRICE_BLUE": "ours"}
    given_ = {"HOUSEPRICE_API_KEYS": "", "HOUSEPRICE_BLUE": "theirs", "HOUSEPRICE_UNKNOWN": "x", "HOME": "/"}
    assert env_file.merged(COMPOSE, remembered, given_) == {
        "HOUSEPRICE_API_KEYS": "", "HOUSEPRICE_WORKERS": "2", "HOUSEPRICE_BLUE": "ours"
    }  # fmt: skip


@pytest.mark.parametrize("line", ["nonsense", 'A="open', "A=b c", "a=b", 'A="x" y'])
def test_a_line_that_is_no_variable_is_said(tmp_path: Path, line: str) -> None:
    """What somebody spoiled by hand is named with its line."""
    path = tmp_path / "compose.env"
    path.write_text(f"# fine\n\nB=c\n{line}\n")
    with pytest.raises(DeploymentError, match="Line 4 of"):
        env_file.read(path)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b"])
def test_a_value_of_more_lines_is_refused(tmp_path: Path, value: str) -> None:
    """Nobody can smuggle a second variable into the file."""
    with pytest.raises(DeploymentError, match="HOUSEPRICE_A has more than one line"):
        env_file.write(tmp_path / "compose.env", {"HOUSEPRICE_A": value})
    assert list(tmp_path.iterdir()) == []


def test_without_a_compose_file_it_is_said(tmp_path: Path) -> None:
    """Outside of a checkout there is no compose file, and the option that names it is."""
    with pytest.raises(DeploymentError, match="give the file with --compose"):
        env_file.named_in(tmp_path / "compose.yaml")
