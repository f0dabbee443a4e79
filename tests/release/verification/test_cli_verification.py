"""`houseprice verify`: what it prints, where, and how it ends."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import loopback
import pytest
from tiny_image import COMMIT, SOURCE, Keys, Published, Tiny

from houseprice.release.oci_layout import OciLayout

pytestmark = pytest.mark.long  # signs for real, a second or more each time

RunCli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verify(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> RunCli:
    """Run `houseprice verify` as somebody who may read the registry; return its exit code and what it printed."""
    for name in ("HOUSEPRICE_COSIGN_KEY", "HOUSEPRICE_REPOSITORY_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKERHUB_USERNAME", loopback.USER)
    monkeypatch.setenv("DOCKERHUB_TOKEN", loopback.TOKEN)
    return partial(run_cli, "verify")


def as_json(verify: RunCli, *arguments: object) -> tuple[int, dict[str, Any]]:
    """Return exit code and JSON."""
    code, out, _ = verify(*arguments, "--json")
    return code, json.loads(out)


def name(good: Published) -> str:
    """Return the name of the good image."""
    return good.repository.tagged("0123456")


def test_a_good_image_is_described_in_a_table(verify: RunCli, good: Published, keys: Keys) -> None:
    """Digest, commit, model, data, gates and signer, on stdout; and 0."""
    code, out, err = verify(name(good), "--key", keys.public)
    assert (code, err) == (0, "")
    lines = {line[:11].strip(): line[13:] for line in out.splitlines()}
    assert lines["image"] == good.layout.digest
    assert lines["commit"] == f"{COMMIT} of {SOURCE}"
    assert lines["base"] == "python:3.11-slim-bookworm"
    assert lines["gates"].endswith("log_rmse")
    assert lines["linux/arm64"] == good.layout.platforms["linux/arm64"]
    assert lines["signed by"].startswith("key sha256:")


def test_a_bad_image_ends_with_12(verify: RunCli, good: Published, others_keys: Keys) -> None:
    """Everything that does not agree is listed on stderr; stdout stays empty."""
    code, out, err = verify(name(good), "--key", others_keys.public)
    assert (code, out) == (12, "")
    assert [line.split()[0] for line in err.splitlines()[1:]] == ["signature", "SBOM", "provenance"]


def test_both_ends_are_there_as_json(verify: RunCli, good: Published, keys: Keys, others_keys: Keys) -> None:
    """One JSON value on stdout, whichever way it ends."""
    code, found = as_json(verify, name(good), "--key", keys.public)
    assert (code, found["verified"], found["digest"]) == (0, True, good.layout.digest)
    assert found["manifest"]["verdict"]["log_rmse"]["passed"]
    code, found = as_json(verify, name(good), "--key", others_keys.public)
    assert (code, found["verified"], found["code"], len(found["mismatches"])) == (12, False, "image_mismatch", 3)


def test_what_is_typed_goes_before_the_environment(
    verify: RunCli, good: Published, keys: Keys, others_keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it is another kind of policy; without any, nobody is trusted."""
    assert as_json(verify, name(good))[1]["code"] == "policy_missing"
    monkeypatch.setenv("HOUSEPRICE_COSIGN_KEY", str(keys.public))
    assert verify(name(good))[0] == 0
    assert verify(name(good), "--key", others_keys.public)[0] == 12
    assert as_json(verify, name(good), "--repository-url", "nowhere")[1]["code"] == "repository_url_invalid"
    monkeypatch.setenv("HOUSEPRICE_REPOSITORY_URL", "https://github.com/somebody/prices")
    assert as_json(verify, name(good))[1]["code"] == "policy_ambiguous"
    assert as_json(verify, name(good), "--identity-regexp", "(")[1]["code"] == "identity_pattern_invalid"


def test_a_layout_is_verified_without_a_registry(
    verify: RunCli, good: Published, laid: Callable[..., OciLayout], tiny_bundle: object
) -> None:
    """What does not agree in it ends with 12 as well."""
    code, found = as_json(verify, "--layout", good.layout.folder)
    assert (code, found["signers"]) == (0, [])
    assert verify("--layout", good.layout.folder)[0] == 0
    tiny = Tiny.of(tiny_bundle)  # type: ignore[arg-type]
    tiny.labels["houseprice.manifest.sha256"] = "0" * 64
    code, found = as_json(verify, "--layout", laid(tiny).folder)
    assert (code, len(found["mismatches"])) == (12, 1)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("x/y", "--layout", "here"), 2),
        (("UPPER/y", "--identity-regexp", "a@b.c"), 11),
        (("x/y", "--key", "/nowhere.pub"), 12),
        (("--layout", "/nowhere"), 9),
    ],
)
def test_what_cannot_be_understood_is_refused(verify: RunCli, words: tuple[str, ...], code: int) -> None:
    """Before anybody is asked, on stderr."""
    ended, out, err = verify(*words)
    assert (ended, out) == (code, "")
    assert err


def test_help_shows_an_example(verify: RunCli) -> None:
    """That can be typed."""
    code, out, _ = verify("--help")
    assert code == 0
    assert "Example: houseprice verify somebody/house-price-model:1a2b3c4 --key cosign.pub" in " ".join(out.split())
