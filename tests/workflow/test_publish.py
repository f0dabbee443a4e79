"""The way of a tested image into its registry: names, order, and what is said when something refuses."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "publish"
IMAGE = f"sha256:{'1' * 64}"
DIGEST = f"sha256:{'d' * 64}"
# Says of each push what the test wrote into a file with the tag's name.
DOCKER = f"""#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/asked"
case $1 in
login) cat >> "$here/token"; [ -f "$here/login" ] && {{ cat "$here/login" >&2; exit 1; }} ;;
push) tag=${{2##*:}}; [ -f "$here/push-$tag" ] && {{ cat "$here/push-$tag" >&2; exit 1; }} ;;
container) cat "$here/left" 2>/dev/null ;;
image) case "$*" in *RepoDigests*) echo "${{5%:*}}@{DIGEST}" ;; esac ;;
esac
exit 0
"""


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A Docker client that writes down what it was asked for, and refuses what the test wants."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "sleep").write_text("#!/bin/sh\n")
    (tmp_path / "sleep").chmod(0o755)
    return tmp_path


def publish(client: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the script as the workflow does, with more or fewer settings."""
    environment = {
        "PATH": f"{client}:{os.environ['PATH']}",
        "TMPDIR": str(client),
        "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
        "DOCKERHUB_USERNAME": "somebody",
        "DOCKERHUB_TOKEN": "a-token",
        **more,
    }
    return subprocess.run([SCRIPT, *words], env=environment, capture_output=True, text=True, check=False, timeout=60)


def pushes(client: Path) -> list[str]:
    """Give back what was pushed, in order."""
    asked = client / "asked"
    lines = asked.read_text().splitlines() if asked.exists() else []
    return [line.removeprefix("push ") for line in lines if line.startswith("push ")]


def test_the_name_is_the_commits(client: Path) -> None:
    """Docker Hub's names have no host, others do; without a user the name is one that is never pushed."""
    assert publish(client, "name").stdout == "somebody/house-price-model:0123456\n"
    other = publish(client, "name", DOCKER_REGISTRY="localhost:5001")
    assert other.stdout == "localhost:5001/somebody/house-price-model:0123456\n"
    assert publish(client, "name", DOCKERHUB_USERNAME="").stdout == "unpublished/house-price-model:0123456\n"


def test_the_commits_tag_goes_first(client: Path) -> None:
    """The tested image is pushed under the commit, then under latest, and its digest is printed."""
    said = publish(client, "push", IMAGE)
    assert said.returncode == 0, said.stderr
    assert pushes(client) == ["somebody/house-price-model:0123456", "somebody/house-price-model:latest"]
    assert said.stdout == f"somebody/house-price-model@{DIGEST} (0123456 and latest)\n"
    tagged = [line for line in (client / "asked").read_text().splitlines() if line.startswith("tag ")]
    assert all(line.startswith(f"tag {IMAGE} ") for line in tagged)


def test_latest_stays_when_it_shall_not_move(client: Path) -> None:
    """A run that was started by hand on another branch publishes its commit alone."""
    assert publish(client, "push", IMAGE, MOVE_LATEST="false").returncode == 0
    assert pushes(client) == ["somebody/house-price-model:0123456"]


def test_the_token_comes_by_stdin_and_leaves_nothing(client: Path) -> None:
    """The token is in no argument, and the folder that the client kept it in is gone."""
    publish(client, "push", IMAGE)
    assert (client / "token").read_text() == "a-token\n"
    assert "a-token" not in (client / "asked").read_text()
    assert [path for path in client.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("name", ["DOCKERHUB_USERNAME", "DOCKERHUB_TOKEN"])
def test_a_missing_setting_is_said_before_anything_is_pushed(client: Path, name: str) -> None:
    """Without the user name or the token nobody logs in; the sentence names it and the command that sets it."""
    said = publish(client, "push", IMAGE, **{name: ""})
    assert said.returncode == 1
    assert f"{name} is not set" in said.stderr
    assert f"gh {'variable' if name.endswith('NAME') else 'secret'} set {name}" in said.stderr
    assert not (client / "asked").exists()


def test_the_settings_are_looked_at_before_the_work(client: Path) -> None:
    """The early check knows only whether there is a token, and fails when there is none."""
    there, gone = ({"DOCKERHUB_TOKEN": "", "TOKEN_IS_SET": word} for word in ("true", "false"))
    assert publish(client, "settings", **there).returncode == 0
    assert "DOCKERHUB_TOKEN is not set" in publish(client, "settings", **gone).stderr
    assert publish(client, "settings", DOCKERHUB_USERNAME="", **there).returncode == 1


def test_a_user_name_that_cannot_be_one_is_said(client: Path) -> None:
    """Docker takes lower-case names only, and says so badly."""
    said = publish(client, "name", DOCKERHUB_USERNAME="Somebody")
    assert said.returncode == 1
    assert "expected lower-case letters" in said.stderr


def test_a_refused_login_is_said(client: Path) -> None:
    """A wrong token ends with one sentence, and nothing is pushed."""
    (client / "login").write_text("Error response from daemon: unauthorized: incorrect username or password\n")
    said = publish(client, "push", IMAGE)
    assert said.returncode == 1
    assert "refused the login of 'somebody'" in said.stderr
    assert pushes(client) == []


def test_a_registry_that_is_not_there_is_not_called_a_wrong_token(client: Path) -> None:
    """A login that could not be asked for is told apart from one that was refused."""
    (client / "login").write_text("Error response from daemon: Get https://x/v2/: dial tcp: i/o timeout\n")
    assert "could not be asked for a login" in publish(client, "push", IMAGE).stderr


def test_a_token_without_the_right_to_write_is_said(client: Path) -> None:
    """A refusal is final: it is not tried again, and latest is not moved."""
    (client / "push-0123456").write_text("denied: requested access to the resource is denied\n")
    said = publish(client, "push", IMAGE)
    assert said.returncode == 1
    assert "expected a token with the right to write" in said.stderr
    assert "Nothing was published." in said.stderr
    assert pushes(client) == ["somebody/house-price-model:0123456"]


def test_a_broken_network_is_tried_three_times(client: Path) -> None:
    """What may pass is tried again, a bounded number of times; latest never points at what is not there."""
    (client / "push-0123456").write_text("net/http: TLS handshake timeout\n")
    said = publish(client, "push", IMAGE)
    assert said.returncode == 1
    assert "could not be pushed in 3 tries" in said.stderr
    assert pushes(client) == ["somebody/house-price-model:0123456"] * 3


def test_a_half_published_image_is_said(client: Path) -> None:
    """When latest alone is refused, the sentence says which tag stands and which did not move."""
    (client / "push-latest").write_text("denied: this tag is immutable\n")
    said = publish(client, "push", IMAGE)
    assert said.returncode == 1
    assert "somebody/house-price-model:0123456 is published, latest was not moved" in said.stderr


def test_a_name_is_no_image_id(client: Path) -> None:
    """Only an id says which bytes were tested; a name may have moved since."""
    assert publish(client, "push", "somebody/house-price-model:0123456").returncode == 2


def test_only_containers_of_this_image_are_removed(client: Path) -> None:
    """The clean-up looks for tests of the one image, removes what they left, and is content when there is nothing."""
    assert publish(client, "clear", "").returncode == 0
    assert not (client / "asked").exists()
    assert publish(client, "clear", IMAGE).returncode == 0
    (client / "left").write_text("abc\ndef\n")
    assert publish(client, "clear", IMAGE).returncode == 0
    asked = (client / "asked").read_text().splitlines()
    assert f"ancestor={IMAGE}" in asked[0]
    assert asked[-1] == "rm --force --volumes abc def"
