"""Whom to trust: said in one way, narrowly, and never by a private key."""

import re
from pathlib import Path

import pytest

from houseprice.errors import VerificationError
from houseprice.release.verification.policy import GITHUB, Trust

PUBLIC = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKfmr23dgJsijIHK01/cuwlmakcp/
le8VzXMWYnPNsmrmImkA6l5giQpl3DAKrYmizNvDvcaG/gAKyz5bzPBo6A==
-----END PUBLIC KEY-----
"""


def test_a_key_is_known_by_what_it_holds(tmp_path: Path) -> None:
    """Blanks and line ends of the file do not make another key."""
    (tmp_path / "cosign.pub").write_text("\n" + PUBLIC.replace("\n", "\r\n"))
    trust = Trust.in_key_file(tmp_path / "cosign.pub")
    assert trust.fingerprint == Trust.in_key(PUBLIC, "here").fingerprint == "sha256:a45c2982588d8ae5"
    assert str(trust) == "key sha256:a45c2982588d8ae5"


def test_with_a_key_nobody_else_is_asked() -> None:
    """No log, no authority, and no file that could change in between: the key itself goes to cosign."""
    trust = Trust.in_key(PUBLIC, "here")
    (key, *rest) = trust.options
    assert trust.environment[key.removeprefix("--key=env://")] == PUBLIC
    assert rest == ["--private-infrastructure=true", "--offline=true"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no public key"),
        (b"\xff\x00" * 50, "holds no public key"),
        (PUBLIC.replace("MFk", "M*k").encode(), "holds no public key"),
        (PUBLIC.replace("END PUBLIC", "END OTHER").encode(), "holds no public key"),
        (PUBLIC.replace("PUBLIC", "ENCRYPTED SIGSTORE PRIVATE").encode(), "holds a private key"),
        (PUBLIC.encode() * 2000, "holds no public key"),
    ],
)
def test_what_is_no_public_key_is_said(content: bytes, told: str, tmp_path: Path) -> None:
    """In one sentence with the file's name."""
    (tmp_path / "some.pub").write_bytes(content)
    with pytest.raises(VerificationError, match=rf'some.pub" {told}'):
        Trust.in_key_file(tmp_path / "some.pub")


def test_a_key_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A missing file, and a folder in its place."""
    for path in (tmp_path / "none.pub", tmp_path):
        with pytest.raises(VerificationError, match=r"cannot be read \("):
            Trust.in_key_file(path)


def identity_of(trust: Trust) -> re.Pattern[str]:
    """Give back what cosign matches identities with; it searches, and does not match the whole."""
    (option,) = [one for one in trust.options if "regexp" in one]
    return re.compile(option.removeprefix("--certificate-identity-regexp="))


def test_a_repository_is_its_own_workflows() -> None:
    """On its branches and tags; neither another repository, nor a request to merge, nor another host."""
    matched = identity_of(Trust.in_repository("https://github.com/somebody/prices.ml"))
    workflow = "https://github.com/somebody/prices.ml/.github/workflows/publish.yml@refs"
    assert matched.search(f"{workflow}/heads/main")
    assert matched.search(f"{workflow}/tags/v1")
    for other in (
        f"{workflow}/pull/7/merge",
        f"{workflow}/heads/main".replace("prices.ml", "prices-ml"),
        f"{workflow}/heads/main".replace("somebody", "anybody/somebody"),
        f"https://evil.example/?{workflow}/heads/main",
        "https://github.com/somebody/prices.mlx/.github/workflows/publish.yml@refs/heads/main",
    ):
        assert not matched.search(other), other


def test_an_identity_is_matched_as_a_whole() -> None:
    """A choice of two is a choice of two wholes."""
    matched = identity_of(Trust.in_identity("a@example.org|b@example.org"))
    assert matched.search("b@example.org")
    assert not matched.search("xb@example.org")
    assert not matched.search("b@example.organisation")
    assert f"--certificate-oidc-issuer={GITHUB}" in Trust.in_identity("a@example.org").options


@pytest.mark.parametrize("pattern", ["", ".*", ".+", "https://.*", "(", "a|"])
def test_an_identity_that_is_anybody_is_refused(pattern: str) -> None:
    """Whoever trusts everybody trusts nobody."""
    with pytest.raises(VerificationError, match=r"expected the identity|is no regular expression"):
        Trust.in_identity(pattern)


@pytest.mark.parametrize(
    "address", ["somebody/prices", "http://github.com/a/b", "https://github.com/a", "https://x/a/b/c", ""]
)
def test_an_address_that_is_no_repository_is_refused(address: str) -> None:
    """Only https, an owner and a name."""
    with pytest.raises(VerificationError, match="is no address of a repository"):
        Trust.in_repository(address)
