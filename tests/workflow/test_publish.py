"""The script that publishes, as the workflow runs it: its words, its settings, its exit codes, and a real registry."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import loopback
import pytest
from faulty import DENIED, Faulty, answers, faulty, loses_the_answer, resets
from layouts import lay

from houseprice.release.layout.oci import Layout
from programs import needs

pytestmark = pytest.mark.long  # starts a registry and the script anew for each test

SCRIPT = Path(__file__).parents[2] / "scripts" / "publish"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = f"{loopback.USER}/house-price-model"
ENGINE = """#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/asked"
case "$1 $2" in "container ls") cat "$here/left" 2>/dev/null ;; esac
exit 0
"""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[loopback.Registry]:
    """An empty registry with one account."""
    needs("docker-registry", "htpasswd")
    with loopback.registry(tmp_path / "registry") as running:
        yield running


@pytest.fixture
def proxy(registry: loopback.Registry) -> Iterator[Faulty]:
    """The way to it, which fails when a test wants it."""
    with faulty(registry.host) as running:
        yield running


@pytest.fixture
def tested(tmp_path: Path) -> Layout:
    """The image of the commit, that passed its test."""
    return passed(lay(tmp_path, COMMIT))


def passed(image: Layout, **told: object) -> Layout:
    """Write down what the test of an image found."""
    found = {"digest": image.index.digest, "passed": True} | told
    (image.folder / "tested.json").write_text(json.dumps(found))
    return image


def publish(*words: str | Path, host: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run the script as the workflow does, with more or fewer settings."""
    environment = {
        "PATH": os.environ["PATH"],
        "GITHUB_SHA": COMMIT,
        "DOCKERHUB_USERNAME": loopback.USER,
        "DOCKERHUB_TOKEN": loopback.TOKEN,
        **({"DOCKER_REGISTRY": host} if host else {}),
        **more,
    }
    command = [str(word) for word in (SCRIPT, *words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_the_name_is_the_commits() -> None:
    """Docker Hub's names have no host, others do; without a user the name is one that is never pushed."""
    assert publish("name").stdout == f"{NAME}:0123456\n"
    assert publish("name", host="localhost:5001").stdout == f"localhost:5001/{NAME}:0123456\n"
    assert publish("name", DOCKERHUB_USERNAME="").stdout == "unpublished/house-price-model:0123456\n"
    assert publish("repository", host="localhost:5001").stdout == f"localhost:5001/{NAME}\n"
    assert "DOCKERHUB_USERNAME is not set" in publish("repository", DOCKERHUB_USERNAME="").stderr
    head = subprocess.run(
        ["git", "-C", SCRIPT.parent, "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    if head.returncode == 0:
        assert publish("name", GITHUB_SHA="").stdout == f"{NAME}:{head.stdout[:7]}\n"


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("DOCKERHUB_USERNAME", "Somebody", "expected lower-case letters"),
        ("DOCKER_REGISTRY", "http://x", "expected a host"),
        ("GITHUB_SHA", "main", "is no commit"),
    ],
)
def test_a_name_that_cannot_be_is_said(setting: str, value: str, said: str) -> None:
    """What a registry would say badly, or what would be a tag of nothing."""
    found = publish("name", **{setting: value})
    assert (found.returncode, found.stdout) == (11, "")
    assert said in found.stderr


@pytest.mark.parametrize("words", [(), ("push",), ("push", "a", "b"), ("name", "a"), ("tag",), ("clear",)])
def test_wrong_words_are_said(words: tuple[str, ...]) -> None:
    """They end with 2, and point to the help."""
    found = publish(*words)
    assert (found.returncode, found.stdout) == (2, "")
    assert "see --help" in found.stderr


def test_the_help_names_every_verb() -> None:
    """And every setting."""
    said = publish("--help")
    assert said.returncode == 0
    for word in ("name", "settings", "push", "retag", "clear", "DOCKERHUB_TOKEN", "DOCKER_REGISTRY", "MOVE_LATEST"):
        assert word in said.stdout


@pytest.mark.parametrize("name", ["DOCKERHUB_USERNAME", "DOCKERHUB_TOKEN"])
def test_a_missing_setting_is_said_before_anything_is_sent(proxy: Faulty, tested: Layout, name: str) -> None:
    """Without the user name or the token nobody logs in; the sentence names it and the command that sets it."""
    said = publish("push", tested.folder, host=proxy.host, **{name: ""})
    assert said.returncode == 11
    assert f"{name} is not set" in said.stderr
    assert f"gh {'variable' if name.endswith('NAME') else 'secret'} set {name}" in said.stderr
    assert proxy.asked == []


def test_the_settings_are_looked_at_before_the_work() -> None:
    """The early check knows only whether there is a token, and fails when there is none."""
    there, gone = ({"DOCKERHUB_TOKEN": "", "TOKEN_IS_SET": word} for word in ("true", "false"))
    assert publish("settings", **there).returncode == 0
    assert "DOCKERHUB_TOKEN is not set" in publish("settings", **gone).stderr
    assert publish("settings", DOCKERHUB_USERNAME="", **there).returncode == 11


def test_what_was_tested_is_published(registry: loopback.Registry, tested: Layout) -> None:
    """The commit's tag and latest are on the tested digest, which is printed; on this machine it may be unsigned."""
    said = publish("push", tested.folder, host=registry.host)
    assert said.returncode == 0, said.stderr
    assert said.stdout == f"{registry.host}/{NAME}@{tested.index.digest} (0123456 and latest)\n"
    assert registry.tags() == {"0123456": tested.index.digest, "latest": tested.index.digest}
    assert "NOT SIGNED" in said.stderr
    assert loopback.TOKEN not in said.stderr
    again = publish("push", tested.folder, host=registry.host)
    assert (again.returncode, again.stdout) == (0, said.stdout)


def test_latest_stays_when_it_shall_not_move(registry: loopback.Registry, tested: Layout) -> None:
    """A run that was started by hand on another branch publishes its commit alone."""
    said = publish("push", tested.folder, host=registry.host, MOVE_LATEST="false")
    assert said.stdout.endswith("(0123456)\n")
    assert list(registry.tags()) == ["0123456"]


def test_latest_goes_forwards_by_itself_and_back_on_purpose(
    registry: loopback.Registry, tested: Layout, tmp_path: Path
) -> None:
    """The job of an older commit leaves latest alone; `retag` moves it there all the same."""
    older = passed(lay(tmp_path, "f" * 40, "2020-01-01T00:00:00Z"))
    publish("push", tested.folder, host=registry.host)
    late = publish("push", older.folder, host=registry.host, GITHUB_SHA="f" * 40)
    assert late.stdout.endswith("(fffffff)\n")
    assert "latest stays: " in late.stderr
    assert registry.tags()["latest"] == tested.index.digest
    moved = publish("retag", "f" * 40, host=registry.host)
    assert moved.stdout == f"{registry.host}/{NAME}@{older.index.digest} (fffffff and latest)\n"
    assert registry.tags()["latest"] == older.index.digest


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"passed": False}, "did not pass its test"),
        ({"passed": "true"}, "did not pass its test"),
        ({"digest": f"sha256:{'0' * 64}"}, "was tested; expected one digest"),
        (None, "expected what the test of this image wrote"),
    ],
)
def test_what_did_not_pass_is_not_published(
    proxy: Faulty, tested: Layout, told: dict[str, object] | None, said: str
) -> None:
    """Red, tested as something else, or never: nobody is even asked for a login."""
    if told is None:
        (tested.folder / "tested.json").unlink()
    else:
        passed(tested, **told)
    found = publish("push", tested.folder, host=proxy.host)
    assert found.returncode == 11
    assert said in found.stderr
    assert found.stderr.endswith("Nothing was published.\n")
    assert proxy.asked == []


def test_a_layout_that_was_changed_is_not_published(proxy: Faulty, tested: Layout) -> None:
    """Nor is a folder that is none."""
    layer = tested.layers(tested.manifests()[0])[0]
    tested.path(layer.digest).write_bytes(b"other")
    for folder in (tested.folder, tested.folder / "nowhere"):
        found = publish("push", folder, host=proxy.host)
        assert found.returncode == 9
        assert found.stderr.endswith("Nothing was published.\n")
    assert proxy.asked == []


def test_nothing_is_published_unsigned_where_others_are(tested: Layout) -> None:
    """Off this machine somebody must sign; that is found out before anybody is asked for anything."""
    found = publish("push", tested.folder, host="registry.example.org")
    assert found.returncode == 12
    assert "COSIGN_PRIVATE_KEY" in found.stderr
    assert found.stderr.endswith("Nothing was published.\n")


def test_a_refused_login_is_said(registry: loopback.Registry, tested: Layout) -> None:
    """A wrong token ends with one sentence, and nothing is pushed."""
    said = publish("push", tested.folder, host=registry.host, DOCKERHUB_TOKEN="wrong-token")  # noqa: S106 - wrong
    assert said.returncode == 11
    assert f'refused the login of "{loopback.USER}"' in said.stderr
    assert said.stderr.endswith("Nothing was published.\n")
    assert "wrong-token" not in said.stderr
    assert registry.tags() == {}


def test_a_token_without_the_right_to_write_is_said(proxy: Faulty, registry: loopback.Registry, tested: Layout) -> None:
    """A refusal is final: it is not tried again, and nothing is sent."""
    proxy.when("POST", answers(403, DENIED))
    said = publish("push", tested.folder, host=proxy.host)
    assert said.returncode == 11
    assert "expected one with the right to write" in said.stderr
    assert said.stderr.endswith("Nothing was published.\n")
    assert len([line for line in proxy.asked if line.startswith("POST")]) == 1
    assert registry.tags() == {}


def test_a_broken_network_is_lived_with_and_said(proxy: Faulty, registry: loopback.Registry, tested: Layout) -> None:
    """One upload is cut off, and one answer is lost: both are said, and the image is published."""
    proxy.when("PUT blobs", resets(taken=10), times=1)
    proxy.when("PUT manifests/0123456", loses_the_answer(), times=1)
    said = publish("push", tested.folder, host=proxy.host)
    assert said.returncode == 0, said.stderr
    assert said.stderr.count("try 2 of 5 in") == 2
    assert set(registry.tags()) == {"0123456", "latest"}


def test_a_half_published_image_is_said(proxy: Faulty, registry: loopback.Registry, tested: Layout) -> None:
    """When latest alone is refused, the sentence says which tag stands and which did not; run again, it does."""
    proxy.when("PUT manifests/latest", answers(403, DENIED), times=1)
    said = publish("push", tested.folder, host=proxy.host)
    assert said.returncode == 11
    assert f"{NAME}:0123456 is published, latest was not moved." in said.stderr
    assert list(registry.tags()) == ["0123456"]
    assert publish("push", tested.folder, host=proxy.host).returncode == 0


def test_nothing_that_is_installed_can_be_imported(tmp_path: Path) -> None:
    """Neither from the interpreter's own packages, nor from the folder, nor by a path of the environment."""
    for name in ("json", "houseprice"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken over')")
    first = SCRIPT.read_text().splitlines()[0].split()
    assert first[-3:] == ["python3", "-I", "-S"]
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(tmp_path)}
    environment |= {"DOCKERHUB_USERNAME": "a", "GITHUB_SHA": COMMIT}
    said = subprocess.run([SCRIPT, "name"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert said.stdout == "a/house-price-model:0123456\n"
    look = f"import sys; sys.argv = ['publish', 'name']; sys.path.insert(0, {str(SCRIPT.parents[1] / 'src')!r})\n"
    look += "import houseprice.release.publication\n"
    look += "print([m.__file__ for m in sys.modules.values() if 'packages' in (getattr(m, '__file__', '') or '')])"
    listed = subprocess.run([*first[-3:], "-c", look], env=environment, capture_output=True, text=True, check=True)
    assert listed.stdout == "[]\n"


def test_only_containers_of_this_image_are_removed(tmp_path: Path, tested: Layout) -> None:
    """The clean-up looks for tests of the one image, of each platform, and removes what they left."""
    (tmp_path / "docker").write_text(ENGINE)
    (tmp_path / "docker").chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert publish("clear", "", **path).returncode == 0
    assert not (tmp_path / "asked").exists()
    image = f"sha256:{'1' * 64}"
    assert publish("clear", image, **path).returncode == 0
    (tmp_path / "left").write_text("abc\ndef\n")
    assert publish("clear", image, **path).returncode == 0
    asked = (tmp_path / "asked").read_text().splitlines()
    assert f"ancestor={image}" in asked[0]
    assert "label=houseprice.role=image-test" in asked[0]
    assert asked[-1] == "rm --force --volumes abc def"
    assert publish("clear", tested.folder, **path).returncode == 0
    asked = (tmp_path / "asked").read_text().splitlines()[len(asked) :]
    configs = [tested.config(one).digest for one in tested.manifests()]
    assert [line.rpartition("ancestor=")[2] for line in asked[:2]] == configs
