"""The cosign command: what it is given, what it never sees, and which error each failure becomes."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback import ACCOUNT
from tiny_image import COMMIT, Keys, Published

from houseprice.errors import HousePriceError, RegistryError, VerificationError
from houseprice.release.credentials import Account
from houseprice.release.image_reference import Repository
from houseprice.release.provenance import dependencies
from houseprice.release.verification.cosign import ATTEMPTS, PROVENANCE, Cosign
from houseprice.release.verification.policy import VerificationPolicy

DIGEST = f"sha256:{'1' * 64}"
HUB = Repository.of_namespace("somebody")
# Writes down its arguments, its environment and the login that it finds, then does what the test wrote.
SCRIPT = """#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/arguments"
env > "$here/environ"
[ -z "$DOCKER_CONFIG" ] || { cat "$DOCKER_CONFIG/config.json" > "$here/login"; stat -c '%a %n' "$DOCKER_CONFIG" \
"$DOCKER_CONFIG/config.json" > "$here/rights"; }
. "$here/does"
"""
FakeCosign = Callable[..., Cosign]


@pytest.fixture
def fake(tmp_path: Path) -> FakeCosign:
    """Make a cosign that does what a line of shell says."""

    def made(line: str, repository: Repository = HUB, account: Account | None = None, **more: object) -> Cosign:
        (tmp_path / "does").write_text(line)
        (tmp_path / "cosign").write_text(SCRIPT)
        (tmp_path / "cosign").chmod(0o755)
        more = {"environ": os.environ, "sleep": lambda _seconds: None} | more
        return Cosign(repository, account, command=str(tmp_path / "cosign"), **more)  # type: ignore[arg-type]

    return made


@pytest.fixture
def policy(keys: Keys) -> VerificationPolicy:
    """Trust in the publisher's key."""
    return VerificationPolicy.of_key_file(keys.public)


def test_docker_hub_is_named_as_signatures_name_it() -> None:
    """Signatures on Docker Hub are of index.docker.io, whatever a client calls it."""
    assert Cosign(HUB).name(DIGEST) == f"index.docker.io/somebody/house-price-model@{DIGEST}"
    assert Cosign(Repository("localhost:5000", "u/x")).name(DIGEST) == f"localhost:5000/u/x@{DIGEST}"


@pytest.mark.parametrize("line", ["exit 0", "echo 'Error: no signatures found' >&2; exit 10"])
def test_the_login_is_in_a_folder_that_is_removed(fake: FakeCosign, line: str, tmp_path: Path) -> None:
    """Nobody else can read it, no argument holds it, and it does not outlive a failure either."""
    cosign = fake(line, account=Account("somebody", "a-token"))
    try:
        cosign.sign(DIGEST, (), {})
    except VerificationError as err:
        assert "a-token" not in str(err)  # noqa: PT017 - one of two ends
    folder = (tmp_path / "rights").read_text().split()[1]
    logins = json.loads((tmp_path / "login").read_text())["auths"]
    assert logins["https://index.docker.io/v1/"] == {"auth": "c29tZWJvZHk6YS10b2tlbg=="}
    assert (tmp_path / "rights").read_text() == f"700 {folder}\n600 {folder}/config.json\n"
    assert not Path(folder).exists()
    assert "a-token" not in (tmp_path / "arguments").read_text()


def test_the_environment_is_chosen(fake: FakeCosign, tmp_path: Path) -> None:
    """Settings that would look elsewhere, and secrets that are not asked for, are not passed on."""
    environ = {
        "PATH": os.environ["PATH"],
        "HTTPS_PROXY": "http://proxy",
        "COSIGN_REPOSITORY": "ghcr.io/evil/x",
        "COSIGN_PRIVATE_KEY": "secret",
        "DOCKERHUB_TOKEN": "a-token",
        "SIGSTORE_ID_TOKEN": "a-token",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-token",
    }
    fake("exit 0", environ=environ).sign(DIGEST, (), {"COSIGN_PASSWORD": "x"})
    found = {line.partition("=")[0] for line in (tmp_path / "environ").read_text().splitlines()}
    assert {"PATH", "HTTPS_PROXY", "COSIGN_PASSWORD"} <= found
    assert found & environ.keys() == {"PATH", "HTTPS_PROXY"}


def test_plain_http_is_for_loopback_alone(fake: FakeCosign, tmp_path: Path) -> None:
    """Elsewhere a registry must prove who it is."""
    for host in ("localhost:5000", "127.0.0.1:5000", "docker.io", "registry.example"):
        fake("exit 0", Repository(host, "a/b")).sign(DIGEST, (), {})
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert ["--allow-http-registry=true" in line for line in arguments] == [True, True, False, False]


@pytest.mark.parametrize(
    ("printed", "kind", "code"),
    [
        ("signing: UNAUTHORIZED: authentication required", RegistryError, "registry_unauthorized"),
        ("GET https://index.docker.io/v2/: DENIED: requested access", RegistryError, "registry_denied"),
        ('Get "https://index.docker.io/v2/": dial tcp: i/o timeout', RegistryError, "registry_unreachable"),
        ('Post "https://fulcio.sigstore.dev": dial tcp: i/o timeout', RegistryError, "registry_unreachable"),
        ("getting signer: reading key: decrypt: encrypted: decryption failed", VerificationError, "key_password_wrong"),
        ("getting signer: reading key: invalid pem block", VerificationError, "key_unreadable"),
        ("no matching signatures: invalid signature when validating ASN.1", VerificationError, "not_signed"),
        ("none of the attestations matched the predicate type", VerificationError, "not_signed"),
        ("something new for --key=the-secret", VerificationError, "cosign_failed"),
        ("", VerificationError, "cosign_failed"),
    ],
)
def test_each_failure_has_its_code(printed: str, kind: type[HousePriceError], code: str, fake: FakeCosign) -> None:
    """And no message repeats a secret."""
    with pytest.raises(kind) as refused:
        fake(f"echo '{'Error: ' + printed}' >&2; exit 1").sign(DIGEST, (), {"COSIGN_PASSWORD": "the-secret"})
    assert refused.value.code == code
    assert "the-secret" not in str(refused.value)
    assert refused.value.details["reason"]


def test_a_missing_cosign_is_named() -> None:
    """With ways to install it."""
    with pytest.raises(VerificationError) as refused:
        Cosign(HUB, command="/nowhere/cosign").sign(DIGEST, (), {})
    assert refused.value.code == "cosign_missing"


def test_a_command_that_never_ends_is_ended(fake: FakeCosign) -> None:
    """Also when it does not keep its own time limit."""
    with pytest.raises(VerificationError) as refused:
        fake("exec sleep 60", seconds=-4.8).sign(DIGEST, (), {})
    assert refused.value.code == "cosign_timeout"


@pytest.mark.parametrize("failures", [ATTEMPTS - 1, ATTEMPTS])
def test_what_fails_in_passing_is_tried_again(failures: int, fake: FakeCosign, tmp_path: Path) -> None:
    """A bounded number of times, with pauses that grow, and it is reported."""
    said: list[str] = []
    pauses: list[float] = []
    line = f'[ $(wc -l < "$here/arguments") -gt {failures} ] || {{ echo "Error: [POST /api/v1][502]" >&2; exit 1; }}'
    cosign = fake(line, say=said.append, sleep=pauses.append)
    if failures < ATTEMPTS:
        cosign.sign(DIGEST, (), {})
    else:
        with pytest.raises(RegistryError):
            cosign.sign(DIGEST, (), {})
    assert len((tmp_path / "arguments").read_text().splitlines()) == ATTEMPTS
    assert len(said) == len(pauses) == ATTEMPTS - 1
    assert pauses == sorted(set(pauses))


@pytest.mark.parametrize("printed", ["", "nonsense", "[]", "[1]", "{}", '[{"critical": {}}]', "[" * 100000])
def test_signatures_that_cannot_be_read_are_none(
    printed: str, fake: FakeCosign, policy: VerificationPolicy, tmp_path: Path
) -> None:
    """A cosign that ends well and prints something else has proven nothing."""
    (tmp_path / "printed").write_text(printed)
    with pytest.raises(VerificationError) as refused:
        fake('cat "$here/printed"').verify(DIGEST, policy)
    assert refused.value.code in ("cosign_output_invalid", "wrong_subject")


@pytest.mark.parametrize(
    "printed", ["nonsense", "{}", '{"payload": "e30="}', '{"payload": "*"}', '{"payload": "/w=="}']
)
def test_attestations_that_cannot_be_read_are_none(
    printed: str, fake: FakeCosign, policy: VerificationPolicy, tmp_path: Path
) -> None:
    """Neither has one whose envelope holds no statement."""
    (tmp_path / "printed").write_text(printed)
    with pytest.raises(VerificationError) as refused:
        fake('cat "$here/printed"').verify_attestation(DIGEST, PROVENANCE, policy)
    assert refused.value.code == "cosign_output_invalid"


def test_a_registry_that_does_not_answer_is_no_question_of_trust(policy: VerificationPolicy) -> None:
    """The real command, with nothing behind the port."""
    with pytest.raises(RegistryError) as refused:
        Cosign(Repository("localhost:1", "a/b")).verify(DIGEST, policy)
    assert refused.value.code == "registry_unreachable"


@pytest.mark.long
def test_a_wrong_login_is_no_question_of_trust(good: Published, policy: VerificationPolicy) -> None:
    """The real command and the real registry."""
    cosign = Cosign(good.repository, Account(ACCOUNT.user, "another"))
    with pytest.raises(RegistryError) as refused:
        cosign.verify(good.layout.digest, policy)
    assert refused.value.code == "registry_unauthorized"


@pytest.mark.long
def test_signers_and_attestations_are_returned(good: Published, policy: VerificationPolicy) -> None:
    """The real command and the real registry."""
    cosign = Cosign(good.repository, ACCOUNT)
    assert cosign.verify(good.layout.digest, policy) == (str(policy),)
    (predicate,) = cosign.verify_attestation(good.layout.digest, PROVENANCE, policy)
    assert dependencies(predicate)["source"] == COMMIT
    with pytest.raises(VerificationError) as refused:
        cosign.verify_attestation(good.layout.digest, "https://example.org/other", policy)
    assert refused.value.code == "not_signed"
