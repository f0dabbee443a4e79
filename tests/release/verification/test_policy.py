"""Verification policies: given in one way, narrow, and never by a private key."""

import re
from pathlib import Path

import pytest

from houseprice.errors import VerificationError
from houseprice.release.verification.policy import GITHUB, VerificationPolicy

PUBLIC = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKfmr23dgJsijIHK01/cuwlmakcp/
le8VzXMWYnPNsmrmImkA6l5giQpl3DAKrYmizNvDvcaG/gAKyz5bzPBo6A==
-----END PUBLIC KEY-----
"""


def test_a_key_is_known_by_what_it_holds(tmp_path: Path) -> None:
    """Blanks and line ends of the file do not make another key."""
    (tmp_path / "cosign.pub").write_text("\n" + PUBLIC.replace("\n", "\r\n"))
    policy = VerificationPolicy.of_key_file(tmp_path / "cosign.pub")
    assert policy.fingerprint == VerificationPolicy.of_key(PUBLIC, "here").fingerprint == "sha256:a45c2982588d8ae5"
    assert str(policy) == "key sha256:a45c2982588d8ae5"


def test_with_a_key_nobody_else_is_asked() -> None:
    """No log, no authority, and no file that could change in between: the key itself goes to cosign."""
    policy = VerificationPolicy.of_key(PUBLIC, "here")
    (key, *rest) = policy.options
    assert policy.environment[key.removeprefix("--key=env://")] == PUBLIC
    assert rest == ["--private-infrastructure=true", "--offline=true"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "public_key_invalid"),
        (b"\xff\x00" * 50, "public_key_invalid"),
        (PUBLIC.replace("MFk", "M*k").encode(), "public_key_invalid"),
        (PUBLIC.replace("END PUBLIC", "END OTHER").encode(), "public_key_invalid"),
        (PUBLIC.replace("PUBLIC", "ENCRYPTED SIGSTORE PRIVATE").encode(), "private_key_given"),
        (PUBLIC.encode() * 2000, "public_key_invalid"),
    ],
)
def test_what_is_no_public_key_is_refused(content: bytes, code: str, tmp_path: Path) -> None:
    """A private key is told apart."""
    (tmp_path / "some.pub").write_bytes(content)
    with pytest.raises(VerificationError) as refused:
        VerificationPolicy.of_key_file(tmp_path / "some.pub")
    assert refused.value.code == code


def test_a_missing_key_is_refused(tmp_path: Path) -> None:
    """A missing file, and a folder in its place."""
    for path in (tmp_path / "none.pub", tmp_path):
        with pytest.raises(VerificationError) as refused:
            VerificationPolicy.of_key_file(path)
        assert refused.value.code == "public_key_unreadable"


def identity_of(policy: VerificationPolicy) -> re.Pattern[str]:
    """Return what cosign matches identities with; it searches, and does not match the whole."""
    (option,) = [one for one in policy.options if "regexp" in one]
    return re.compile(option.removeprefix("--certificate-identity-regexp="))


def test_a_repository_is_its_publishing_workflow_on_main() -> None:
    """Neither another file or branch, nor another repository, nor a request to merge, nor another host."""
    matched = identity_of(VerificationPolicy.of_repository("https://github.com/somebody/prices.ml"))
    good = "https://github.com/somebody/prices.ml/.github/workflows/mlops-pipeline.yml@refs/heads/main"
    assert matched.search(good)
    for found, other in (
        ("heads/main", "heads/main2"),
        ("heads/main", "heads/idea/main"),
        ("heads/main", "heads/idea"),
        ("heads/main", "tags/main"),
        ("heads/main", "pull/7/merge"),
        ("mlops-pipeline.yml", "evil.yml"),
        ("mlops-pipeline.yml", "mlops-pipelineXyml"),
        ("mlops-pipeline.yml", "../mlops-pipeline.yml"),
        ("prices.ml", "prices-ml"),
        ("prices.ml", "prices.mlx"),
        ("somebody", "anybody/somebody"),
        ("https://", "https://evil.example/?https://"),
    ):
        assert not matched.search(good.replace(found, other)), other


def test_the_workflow_may_be_another() -> None:
    """A repository whose default branch has another name names file and ref."""
    policy = VerificationPolicy.of_repository("https://github.com/a/b", ".github/workflows/x.yaml@refs/tags/v1")
    assert identity_of(policy).search("https://github.com/a/b/.github/workflows/x.yaml@refs/tags/v1")
    assert not identity_of(policy).search("https://github.com/a/b/.github/workflows/x.yaml@refs/tags/v1.1")


@pytest.mark.parametrize(
    "workflow",
    ["", ".*", "mlops-pipeline.yml@refs/heads/main", ".github/workflows/x.yml", ".github/workflows/x.yml@main",
     ".github/workflows/x.yml@refs/pull/1/merge", ".github/workflows/x.yml@refs/heads/*",
     ".github/workflows/../x.yml@refs/heads/main"],
)  # fmt: skip
def test_a_workflow_without_its_place_is_refused(workflow: str) -> None:
    """File and ref are named in full, without a pattern."""
    with pytest.raises(VerificationError) as refused:
        VerificationPolicy.of_repository("https://github.com/a/b", workflow)
    assert refused.value.code == "workflow_invalid"


def test_an_identity_is_matched_as_a_whole() -> None:
    """A choice of two is a choice of two wholes."""
    matched = identity_of(VerificationPolicy.of_identity("a@example.org|b@example.org"))
    assert matched.search("b@example.org")
    assert not matched.search("xb@example.org")
    assert not matched.search("b@example.organisation")
    assert f"--certificate-oidc-issuer={GITHUB}" in VerificationPolicy.of_identity("a@example.org").options


@pytest.mark.parametrize("pattern", ["", ".*", ".+", "https://.*", "(", "a|"])
def test_an_identity_that_is_anybody_is_refused(pattern: str) -> None:
    """Whoever trusts everybody trusts nobody."""
    with pytest.raises(VerificationError) as refused:
        VerificationPolicy.of_identity(pattern)
    assert refused.value.code == ("identity_pattern_invalid" if pattern == "(" else "identity_pattern_too_wide")


@pytest.mark.parametrize(
    "address", ["somebody/prices", "http://github.com/a/b", "https://github.com/a", "https://x/a/b/c", ""]
)
def test_an_address_that_is_no_repository_is_refused(address: str) -> None:
    """Only https, an owner and a name."""
    with pytest.raises(VerificationError) as refused:
        VerificationPolicy.of_repository(address)
    assert refused.value.code == "repository_url_invalid"
