"""Settings of a host: remembered across deployments, in a file that docker compose reads the same way."""

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
def test_settings_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    """Quotes and dollar signs too; the file is for its owner only, since it may hold API keys."""
    path = tmp_path_factory.mktemp("state") / "compose.env"
    env_file.write(path, {"HOUSEPRICE_A": value, "HOUSEPRICE_B": ""})
    assert env_file.read(path) == {"HOUSEPRICE_A": value, "HOUSEPRICE_B": ""}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_docker_compose_reads_the_same_values(tmp_path: Path) -> None:
    """With `docker compose --env-file`."""
    compose = ["docker", "compose", "version"]
    if not shutil.which("docker") or subprocess.run(compose, capture_output=True, check=False).returncode:
        pytest.skip("docker compose was not found; install Docker's compose plugin")
    path = tmp_path / "compose.env"
    value = 'https://a.b $HOME it\'s "\\x" \\'
    env_file.write(path, {"HOUSEPRICE_CORS_ORIGINS": value, "HOUSEPRICE_STATE": "/s"})
    command = ["docker", "compose", "--env-file", path, "--file", COMPOSE, "--profile", "slots", "config"]
    result = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=True)
    services = json.loads(result.stdout)["services"]
    found = services["blue"]["environment"]["HOUSEPRICE_CORS_ORIGINS"]
    assert found == value.replace("$", "$$")  # printed so that compose could read it again
    assert services["proxy"]["volumes"][1]["source"] == "/s/proxy"


def test_the_environment_replaces_remembered_settings() -> None:
    """Also with an empty value; a variable that is not set keeps its value, and the slots cannot be set."""
    remembered = {"HOUSEPRICE_API_KEYS": "old", "HOUSEPRICE_WORKERS": "2", "HOUSEPRICE_BLUE": "ours"}
    environ = {"HOUSEPRICE_API_KEYS": "", "HOUSEPRICE_BLUE": "theirs", "HOUSEPRICE_UNKNOWN": "x", "HOME": "/"}
    assert env_file.merge(COMPOSE, remembered, environ) == {
        "HOUSEPRICE_API_KEYS": "", "HOUSEPRICE_WORKERS": "2", "HOUSEPRICE_BLUE": "ours"
    }  # fmt: skip


@pytest.mark.parametrize("line", ["nonsense", 'A="open', "A=b c", "a=b", 'A="x" y'])
def test_a_line_that_is_no_assignment_is_named(tmp_path: Path, line: str) -> None:
    """Someone may have edited the file."""
    path = tmp_path / "compose.env"
    path.write_text(f"# fine\n\nB=c\n{line}\n")
    with pytest.raises(DeploymentError) as refused:
        env_file.read(path)
    assert (refused.value.code, refused.value.details) == ("env_file_invalid", {"line": 4})


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b"])
def test_a_value_with_a_line_break_is_refused(tmp_path: Path, value: str) -> None:
    """It could set a second variable."""
    with pytest.raises(DeploymentError) as refused:
        env_file.write(tmp_path / "compose.env", {"HOUSEPRICE_A": value})
    assert (refused.value.code, list(tmp_path.iterdir())) == ("setting_invalid", [])


def test_a_missing_compose_file_is_reported(tmp_path: Path) -> None:
    """As outside of a checkout."""
    with pytest.raises(DeploymentError) as refused:
        env_file.compose_variables(tmp_path / "compose.yaml")
    assert refused.value.code == "compose_file_missing"
