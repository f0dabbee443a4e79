"""The commands of production without an engine: arguments, exit codes and output."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.cli.deployment import image_reference
from houseprice.errors import HousePriceError
from houseprice.release.deployment.audit_log import NAME, AuditLog, Event
from houseprice.release.image_reference import Repository
from programs import error_code

PUBLIC = """\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbkgO0ugW0Wd5d6uyvNI/JWtVT5rH
58g1elS3OqJtAewBMEJVEasK+Y1khwtI/MbKN1UfyBDe4CtoccksQlOT9A==
-----END PUBLIC KEY-----
"""
NOWHERE = "127.0.0.1:1/u/house-price-model"
RunCli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run_cli(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunCli:
    """Return a function that runs a command in an empty folder; it returns exit code and both streams."""
    monkeypatch.chdir(tmp_path)
    for name in [*filter(lambda name: name.startswith("HOUSEPRICE_"), os.environ), "DOCKERHUB_USERNAME"]:
        monkeypatch.delenv(name, raising=False)
    return run_cli


@pytest.fixture
def key(tmp_path: Path) -> str:
    """Return a public key with which nothing was signed."""
    (tmp_path / "cosign.pub").write_text(PUBLIC)
    return str(tmp_path / "cosign.pub")


@pytest.mark.parametrize("command", ["deploy", "rollback", "audit-log"])
def test_help_shows_an_example(run_cli: RunCli, command: str) -> None:
    """Of every command."""
    code, out, _ = run_cli(command, "--help")
    assert code == 0
    assert f"Example: houseprice {command}" in " ".join(out.split())


def test_the_old_name_of_a_command_is_refused_with_the_new_one(run_cli: RunCli) -> None:
    """Scripts that use it must be changed."""
    code, out, err = run_cli("ledger", "--verify")
    assert (code, out) == (2, "")
    assert "houseprice audit-log" in err


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ((), "policy_missing"),
        (("--key", "x.pub", "--repository-url", "https://github.com/a/b"), "policy_ambiguous"),
        (("--key", "missing.pub"), "public_key_unreadable"),
        (("--repository-url", "nonsense"), "repository_url_invalid"),
        (("--repository-url", "https://github.com/a/b", "--workflow", "any"), "workflow_invalid"),
    ],
)
def test_a_trust_policy_is_required(run_cli: RunCli, options: tuple[str, ...], refused: str) -> None:
    """Exactly one that can be read; there is no way around it."""
    for command in (("deploy", "1a2b3c4", "--repository", NOWHERE), ("rollback",)):
        code, out, err = run_cli(*command, *options)
        assert (code, out, error_code(err)) == (13, "", refused)


def test_the_command_line_takes_precedence_over_the_environment(
    run_cli: RunCli, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key on the command line replaces the repository in the environment."""
    monkeypatch.setenv("HOUSEPRICE_REPOSITORY_URL", "https://github.com/a/b")
    code, _, err = run_cli("rollback", "--key", key)
    assert (code, error_code(err)) == (13, "nothing_live")


def test_a_commit_needs_a_repository(run_cli: RunCli, key: str) -> None:
    """It is not guessed, and a name that is none is refused."""
    code, _, err = run_cli("deploy", "1a2b3c4", "--key", key)
    assert (code, error_code(err)) == (13, "repository_unknown")
    code, _, err = run_cli("deploy", "NO NAME", "--key", key, "--repository", "a/b")
    assert (code, error_code(err)) == (13, "image_name_invalid")


@pytest.mark.parametrize("command", [("deploy", "1a2b3c4"), ("rollback",), ("audit-log",)])
def test_a_file_in_place_of_the_state_folder_is_kept(
    run_cli: RunCli, key: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """It is reported as an error of the user, without a traceback."""
    (tmp_path / "state").write_text("mine")
    options = () if command == ("audit-log",) else ("--key", key, "--repository", NOWHERE)
    code, out, err = run_cli(*command, "--state", "state", *options)
    assert (code, out) == (14 if command == ("audit-log",) else 13, "")
    assert '"state' in err or "'state" in err
    assert (tmp_path / "state").read_text() == "mine"


@pytest.mark.long
def test_a_refused_deployment_is_recorded(run_cli: RunCli, key: str, tmp_path: Path) -> None:
    """Also when it failed before anything was started, as with a registry that is down."""
    code, _, err = run_cli("deploy", "1a2b3c4", "--key", key, "--repository", NOWHERE)
    assert (code, error_code(err)) == (13, "registry_unreachable")
    (entry,) = AuditLog(tmp_path / "deploy" / "state" / NAME).read().entries
    assert (entry.action, entry.to_revision, entry.outcome, entry.repository) == (
        "deploy", "1a2b3c4", "refused", NOWHERE
    )  # fmt: skip


def test_an_empty_list_of_versions_is_no_failure(run_cli: RunCli) -> None:
    """Where nothing served and no registry is known."""
    code, out, err = run_cli("rollback", "--list")
    assert (code, out) == (0, "")
    assert "--repository" in err
    assert run_cli("rollback", "--list", "--json")[:2] == (0, "[]\n")


def test_a_damaged_audit_log_is_listed_as_far_as_it_is_intact(run_cli: RunCli, tmp_path: Path) -> None:
    """Whoever goes back has to see where to."""
    log = AuditLog(tmp_path / "deploy" / "state" / NAME)
    for letter in "ab":
        log.append(
            Event(
                actor="me@here", action="deploy", from_revision="", to_revision=letter * 40, repository=NOWHERE,
                digest=f"sha256:{letter * 64}", outcome="succeeded", duration_seconds=1,
            ),
            str,
        )  # fmt: skip
    log.path.write_bytes(log.path.read_bytes().replace(b"b" * 40, b"c" * 40))
    code, out, _ = run_cli("rollback", "--list", "--json")
    assert (code, [one["revision"] for one in json.loads(out)]) == (0, ["a" * 40])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1a2b3c4d5e6f", "h:1/u/house-price-model:1a2b3c4"),
        ("latest", "h:1/u/house-price-model:latest"),
        (f"sha256:{'a' * 64}", f"h:1/u/house-price-model@sha256:{'a' * 64}"),
        ("other:2/x/house-price-model:1a2b3c4", "other:2/x/house-price-model:1a2b3c4"),
    ],
)
def test_an_image_is_named_by_commit_digest_tag_or_in_full(name: str, expected: str) -> None:
    """What is no full name is looked up in the repository."""
    assert str(image_reference(name, Repository("h:1", "u/house-price-model"))) == expected


@pytest.mark.parametrize("name", ["sha256:abc", "", "a b", "UPPER/CASE:x"])
def test_what_is_no_image_name_is_refused(name: str) -> None:
    """Before anything is asked for it."""
    with pytest.raises(HousePriceError):
        image_reference(name, Repository("h:1", "u/house-price-model"))


def test_the_audit_log_is_shown_and_verified(run_cli: RunCli, tmp_path: Path) -> None:
    """A table for people, JSON for programs; an incomplete line is reported, and a changed one exits with 14."""
    code, out, _ = run_cli("audit-log", "--verify")
    assert (code, out) == (0, "0 entries, chain intact\n")
    assert run_cli("audit-log")[:2] == (0, "")
    log = AuditLog(tmp_path / "deploy" / "state" / NAME)
    event = Event(
        actor="me@here", action="deploy", from_revision="", to_revision="a" * 40, outcome="succeeded",
        duration_seconds=3.25, detail="a detail",
    )  # fmt: skip
    entry = log.append(event, str)
    out = run_cli("audit-log")[1]
    assert "nothing → aaaaaaa" in out
    assert "succeeded       3.2 s  me@here  a detail" in out
    assert json.loads(run_cli("audit-log", "--json")[1])[0]["hash"] == entry.hash
    with log.path.open("ab") as stream:
        stream.write(b'{"action"')
    code, out, err = run_cli("audit-log", "--verify")
    assert (code, out) == (0, f"1 entry, chain intact, newest hash {entry.hash}\n")
    assert "9 bytes" in err
    log.path.write_bytes(log.path.read_bytes().replace(b"me@here", b"you@too"))
    code, out, err = run_cli("audit-log", "--state", "deploy/state")
    assert (code, out, error_code(err)) == (14, "", "audit_log_tampered")
