"""`houseprice verify` as it is typed: what it prints, where, and how it ends."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import loopback
import planting
import pytest
from planting import COMMIT, Tiny
from signing import Keys, Published

from houseprice.release.layout.oci import Layout

pytestmark = pytest.mark.long  # signs for real, a second or more each time

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verify(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Type `houseprice verify` as whoever may read the registry; give back its exit code and what it printed."""
    for name in ("HOUSEPRICE_COSIGN_KEY", "HOUSEPRICE_REPOSITORY_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKERHUB_USERNAME", loopback.USER)
    monkeypatch.setenv("DOCKERHUB_TOKEN", loopback.TOKEN)
    return partial(typed, "verify")


def name(good: Published, tag: str = "0123456") -> str:
    """Give back the name of the good image."""
    return good.registry.repository.tagged(tag)


def test_a_good_image_is_told_in_a_table(verify: Typed, good: Published, keys: Keys) -> None:
    """Digest, commit, model, data, gates and who signed, on stdout; and 0."""
    code, out, err = verify(name(good), "--key", keys.public)
    assert (code, err) == (0, "")
    lines = {line[:11].strip(): line[13:] for line in out.splitlines()}
    assert lines["image"] == good.digest
    assert lines["commit"] == f"{COMMIT} of {planting.SOURCE}"
    assert lines["gates"] == "1 of 1 passed: log_rmse"
    assert lines["linux/arm64"] == good.layout.manifests()[1].digest
    assert lines["signed by"].startswith("key sha256:")


def test_a_bad_image_ends_with_12(verify: Typed, good: Published, others_keys: Keys) -> None:
    """Everything that does not agree is listed on stderr; stdout stays empty."""
    code, out, err = verify(name(good), "--key", others_keys.public)
    assert (code, out) == (12, "")
    assert "cannot be trusted, for 8 things do not agree" in err
    assert "\n  signature of the index: found none (no matching signatures" in err


def test_both_ends_can_be_had_as_json(verify: Typed, good: Published, keys: Keys, others_keys: Keys) -> None:
    """One JSON value on stdout, whichever way it ends."""
    code, out, _ = verify(name(good), "--key", keys.public, "--json")
    told = json.loads(out)
    assert (code, told["verified"], told["digest"], told["evidence"]["passed"]) == (0, True, good.digest, True)
    assert told["manifest"]["model_version"] == told["evidence"]["model_version"]
    code, out, _ = verify(name(good), "--key", others_keys.public, "--json")
    told = json.loads(out)
    assert (code, told["verified"], len(told["mismatches"])) == (12, False, 8)


def test_nobody_is_trusted_unasked(verify: Typed, good: Published) -> None:
    """Whom an image names as its maker is never asked."""
    code, out, err = verify(name(good))
    assert (code, out) == (12, "")
    assert "Nobody is named whom to trust; expected --key cosign.pub" in err


def test_the_key_may_be_in_the_environment(
    verify: Typed, good: Published, keys: Keys, others_keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is typed goes first, also when it is another kind of trust."""
    monkeypatch.setenv("HOUSEPRICE_COSIGN_KEY", str(keys.public))
    assert verify(name(good))[0] == 0
    assert verify(name(good), "--key", others_keys.public)[0] == 12
    assert '"nowhere" is no address of a repository' in verify(name(good), "--repository-url", "nowhere")[2]
    monkeypatch.setenv("HOUSEPRICE_REPOSITORY_URL", "https://github.com/somebody/prices")
    assert "--key and --repository-url are both given" in verify(name(good))[2]
    assert '"(" is no regular expression' in verify(name(good), "--identity-regexp", "(")[2]


def test_a_layout_is_looked_at_without_a_registry(
    verify: Typed, good: Published, laid: Callable[..., Layout], tiny_bundle: Path
) -> None:
    """It says that nobody signed it yet; what does not agree in it ends with 12 as well."""
    code, out, _ = verify("--layout", good.layout.folder)
    assert code == 0
    assert "nobody yet" in out
    tiny = Tiny.of(tiny_bundle)
    tiny.labels["houseprice.verdict"] = "splendid"
    code, _, err = verify("--layout", laid(tiny).folder)
    assert code == 12
    assert 'label houseprice.verdict of linux/amd64: found "splendid"; expected "green"' in err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "Name either an IMAGE or a folder with --layout"),
        (("x/y", "--layout", "here"), 2, "Name either an IMAGE or a folder with --layout"),
        (("UPPER/y", "--identity-regexp", "a@b.c"), 11, '"UPPER/y" is no name of an image'),
        (("x/y", "--key", "/nowhere.pub"), 12, 'The key "/nowhere.pub" cannot be read'),
        (("--layout", "/nowhere"), 9, '"/nowhere" holds no image layout'),
    ],
)
def test_what_cannot_be_understood_is_said(verify: Typed, words: tuple[str, ...], code: int, told: str) -> None:
    """In one sentence, before anybody is asked."""
    ended, out, err = verify(*words)
    assert (ended, out) == (code, "")
    assert told in err


def test_help_shows_an_example(verify: Typed) -> None:
    """And whose word is taken by default: nobody's."""
    code, out, _ = verify("--help")
    assert code == 0
    assert "Example: houseprice verify somebody/house-price-model:1a2b3c4 --key cosign.pub" in " ".join(out.split())
