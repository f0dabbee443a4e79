"""The commands of production, as far as they go without an engine: words in, one sentence and an exit code out."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.cli.deployment import reference
from houseprice.release.deployment.audit_entry import Event
from houseprice.release.deployment.audit_log import NAME, Ledger
from houseprice.release.image_reference import Repository

PUBLIC = """\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbkgO0ugW0Wd5d6uyvNI/JWtVT5rH
58g1elS3OqJtAewBMEJVEasK+Y1khwtI/MbKN1UfyBDe4CtoccksQlOT9A==
-----END PUBLIC KEY-----
"""
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Type a command in a folder with nothing in it; give back exit code and both streams."""
    monkeypatch.chdir(tmp_path)
    for name in [*filter(lambda name: name.startswith("HOUSEPRICE_"), os.environ), "DOCKERHUB_USERNAME"]:
        monkeypatch.delenv(name, raising=False)
    return typed


@pytest.fixture
def key(tmp_path: Path) -> str:
    """Give a public key, with which nothing was ever signed."""
    (tmp_path / "cosign.pub").write_text(PUBLIC)
    return str(tmp_path / "cosign.pub")


@pytest.mark.parametrize("words", [("deploy",), ("rollback",), ("ledger",)])
def test_help_shows_an_example(typed: Typed, words: tuple[str, ...]) -> None:
    """Every command of production shows how it is typed."""
    code, out, _ = typed(*words, "--help")
    assert code == 0
    assert "Example: houseprice " in " ".join(out.split())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "Nobody is named whom to trust"),
        (("--key", "x.pub", "--repository-url", "https://github.com/a/b"), "--key and --repository-url are both given"),
        (("--key", "missing.pub"), 'The key "missing.pub" cannot be read'),
        (("--repository-url", "nonsense"), '"nonsense" is no address of a repository'),
    ],
)
def test_nothing_is_started_that_nobody_vouches_for(typed: Typed, options: tuple[str, ...], sentence: str) -> None:
    """Whom to trust must be said, once and understandably; there is no way around it."""
    for command in (("deploy", "1a2b3c4"), ("rollback",)):
        code, out, err = typed(*command, *options)
        assert (code, out) == (13, "")
        assert sentence in err


def test_what_is_typed_counts_more_than_the_environment(
    typed: Typed, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key on the command line is one answer, whoever the environment trusts; as with `houseprice verify`."""
    monkeypatch.setenv("HOUSEPRICE_REPOSITORY_URL", "https://github.com/a/b")
    code, _, err = typed("deploy", "1a2b3c4", "--key", key)
    assert code == 13
    assert "give it with --repository" in err, "whom to trust was settled before"


def test_a_commit_without_a_repository_is_refused(typed: Typed, key: str) -> None:
    """Nobody guesses where images are."""
    code, _, err = typed("deploy", "1a2b3c4", "--key", key)
    assert code == 13
    assert "give it with --repository" in err
    code, _, err = typed("deploy", "NO NAME", "--key", key, "--repository", "a/b")
    assert (code, '"NO NAME" is no name of an image' in err) == (13, True)


@pytest.mark.parametrize("command", [("deploy", "1a2b3c4"), ("rollback",), ("ledger",)])
def test_a_file_in_the_place_of_the_state_is_said(
    typed: Typed, key: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """It is no fault of ours, and it is kept."""
    (tmp_path / "state").write_text("mine")
    options = () if command == ("ledger",) else ("--key", key, "--repository", "127.0.0.1:1/u/house-price-model")
    code, out, err = typed(*command, "--state", "state", *options)
    assert (code, out) == (14 if command == ("ledger",) else 13, "")
    assert "state" in err
    assert "expected the" in err
    assert "fault of ours" not in err
    assert (tmp_path / "state").read_text() == "mine"


@pytest.mark.long
def test_an_unreachable_registry_is_one_sentence_and_a_line(typed: Typed, key: str, tmp_path: Path) -> None:
    """What is refused before anything was touched stands in the ledger, too."""
    code, _, err = typed("deploy", "1a2b3c4", "--key", key, "--repository", "127.0.0.1:1/u/house-price-model")
    assert code == 13
    assert "127.0.0.1:1/u/house-price-model:1a2b3c4 was not deployed, and nothing is live here: " in err
    (line,) = Ledger(tmp_path / "deploy" / "state" / NAME).read().lines
    assert (line.action, line.to, line.outcome, line.repository) == (
        "deploy", "1a2b3c4", "refused", "127.0.0.1:1/u/house-price-model"
    )  # fmt: skip


def test_nothing_to_go_back_to_is_said(typed: Typed) -> None:
    """Where nothing ever served and nobody knows a registry, the list is empty, and that is no failure."""
    code, out, err = typed("rollback", "--list")
    assert (code, out) == (0, "")
    assert "the registry's tags are not shown: Nobody knows where images are" in err
    assert "Nothing can be gone back to" in err
    assert typed("rollback", "--list", "--json")[:2] == (0, "[]\n")


@pytest.mark.parametrize(
    ("typed_name", "meant"),
    [
        ("1a2b3c4d5e6f", "h:1/u/house-price-model:1a2b3c4"),
        ("latest", "h:1/u/house-price-model:latest"),
        (f"sha256:{'a' * 64}", f"h:1/u/house-price-model@sha256:{'a' * 64}"),
        ("other:2/x/house-price-model:1a2b3c4", "other:2/x/house-price-model:1a2b3c4"),
    ],
)
def test_an_image_is_named_by_commit_digest_tag_or_in_full(typed_name: str, meant: str) -> None:
    """What is no full name is looked for in the repository."""
    assert str(reference(typed_name, Repository("h:1", "u/house-price-model"))) == meant


def test_the_ledger_is_shown_and_verified(typed: Typed, tmp_path: Path) -> None:
    """A table for people, JSON for programs; what is torn is said, and a changed line ends with 14."""
    code, out, _ = typed("ledger", "--verify")
    assert (code, out) == (0, "0 lines, every one fits\n")
    code, out, err = typed("ledger")
    assert (code, out) == (0, "")
    assert 'Nothing was done here yet: there is no line in "deploy/state/ledger.jsonl".' in err
    found = Ledger(tmp_path / "deploy" / "state" / NAME)
    event = Event(who="me@here", action="deploy", from_="", to="a" * 40, outcome="done", seconds=3.25, note="a note")
    line = found.append(event, lambda _: None)
    code, out, _ = typed("ledger")
    assert "nothing → aaaaaaa" in out
    assert "done            3.2 s  me@here  a note" in out
    assert json.loads(typed("ledger", "--json")[1])[0]["hash"] == line.hash
    with found.path.open("ab") as stream:
        stream.write(b'{"action"')
    code, out, err = typed("ledger", "--verify")
    assert (code, out) == (0, f"1 line, every one fits, the last is {line.hash}\n")
    assert "9 bytes of a line that was never finished" in err
    found.path.write_bytes(found.path.read_bytes().replace(b"me@here", b"you@too"))
    code, out, err = typed("ledger", "--state", "deploy/state")
    assert (code, out) == (14, "")
    assert 'Line 1 of "deploy/state/ledger.jsonl" does not fit' in err
