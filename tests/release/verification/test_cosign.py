"""The cosign command: what it is told, what it never sees, and what is said when it fails."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import planting
import pytest
from signing import ACCOUNT, Keys, Published

from houseprice.errors import RegistryError, VerificationError
from houseprice.release.image_reference import Repository
from houseprice.release.registry.access import Account
from houseprice.release.registry.patience import Patience
from houseprice.release.verification.cosign import EVIDENCE, Cosign
from houseprice.release.verification.policy import Trust

DIGEST = f"sha256:{'1' * 64}"
HUB = Repository.of_user("somebody")
# Writes down its words, its environment and the login that it finds, then does what the test wrote.
STAND_IN = """#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/asked"
env > "$here/environ"
[ -z "$DOCKER_CONFIG" ] || { cat "$DOCKER_CONFIG/config.json" > "$here/login"; stat -c '%a %n' "$DOCKER_CONFIG" \
"$DOCKER_CONFIG/config.json" > "$here/rights"; }
. "$here/does"
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[[str], str]:
    """Give a command that does what a line of shell says."""

    def does(line: str) -> str:
        (tmp_path / "does").write_text(line)
        (tmp_path / "cosign").write_text(STAND_IN)
        (tmp_path / "cosign").chmod(0o755)
        return str(tmp_path / "cosign")

    return does


@pytest.fixture
def trust(keys: Keys) -> Trust:
    """In the pair of whoever publishes."""
    return Trust.in_key_file(keys.public)


def test_docker_hub_is_named_as_signatures_name_it() -> None:
    """Signatures on Docker Hub are of index.docker.io, whatever a client calls it."""
    assert Cosign(HUB).subject(DIGEST) == f"index.docker.io/somebody/house-price-model@{DIGEST}"
    assert Cosign(Repository("localhost:5000", "u/x")).subject(DIGEST) == f"localhost:5000/u/x@{DIGEST}"


@pytest.mark.parametrize(
    ("repository", "where"), [(HUB, "https://index.docker.io/v1/"), (Repository("ghcr.io", "a/b"), "ghcr.io")]
)
def test_the_login_is_in_a_folder_that_is_gone(
    repository: Repository, where: str, stand_in: Callable[[str], str], tmp_path: Path
) -> None:
    """Nobody else can read it, no argument holds it, and it does not outlive a failure either."""
    for line in ("exit 0", "echo 'Error: no signatures found' >&2; exit 10"):
        cosign = Cosign(
            repository, Account("somebody", "a-token"), {**os.environ, "TMPDIR": str(tmp_path)}, stand_in(line)
        )
        try:
            cosign.sign(DIGEST, (), {})
        except VerificationError as err:
            assert "a-token" not in str(err)  # noqa: PT017 - one of two ends
        folder = (tmp_path / "rights").read_text().split()[1]
        assert json.loads((tmp_path / "login").read_text()) == {"auths": {where: {"auth": "c29tZWJvZHk6YS10b2tlbg=="}}}
        assert (tmp_path / "rights").read_text() == f"700 {folder}\n600 {folder}/config.json\n"
        assert not Path(folder).exists()
    assert "a-token" not in (tmp_path / "asked").read_text()


def test_the_environment_is_chosen(stand_in: Callable[[str], str], tmp_path: Path) -> None:
    """Settings that would look elsewhere, and secrets that are not asked for, stay behind."""
    environ = {
        "PATH": os.environ["PATH"],
        "HTTPS_PROXY": "http://proxy",
        "COSIGN_REPOSITORY": "ghcr.io/evil/x",
        "COSIGN_PRIVATE_KEY": "secret",
        "DOCKERHUB_TOKEN": "a-token",
        "SIGSTORE_ID_TOKEN": "a-token",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-token",
    }
    Cosign(HUB, None, environ, stand_in("exit 0")).sign(DIGEST, (), {"COSIGN_PASSWORD": "x"})
    found = {line.partition("=")[0] for line in (tmp_path / "environ").read_text().splitlines()}
    assert {"PATH", "HTTPS_PROXY", "COSIGN_PASSWORD"} <= found
    assert found & environ.keys() == {"PATH", "HTTPS_PROXY"}


def test_plain_http_is_for_this_machine_alone(stand_in: Callable[[str], str], tmp_path: Path) -> None:
    """Elsewhere a registry must prove who it is."""
    for host in ("localhost:5000", "127.0.0.1:5000", "docker.io", "registry.example"):
        Cosign(Repository(host, "a/b"), None, os.environ, stand_in("exit 0")).sign(DIGEST, (), {})
    asked = (tmp_path / "asked").read_text().splitlines()
    assert ["--allow-http-registry=true" in line for line in asked] == [True, True, False, False]


def test_cosign_that_is_not_installed_is_said() -> None:
    """With three ways to have it."""
    with pytest.raises(
        VerificationError, match=r"cosign cannot be run .*sigstore/cosign-installer.*https://docs.sigstore.dev"
    ):
        Cosign(HUB, None, os.environ, "/nowhere/cosign").sign(DIGEST, (), {})


def test_a_command_that_never_ends_is_ended(stand_in: Callable[[str], str]) -> None:
    """Also when it does not keep its own time limit."""
    cosign = Cosign(HUB, None, os.environ, stand_in("exec sleep 60"), seconds=-4.8)
    with pytest.raises(VerificationError, match="cosign sign did not end within"):
        cosign.sign(DIGEST, (), {})


def test_a_command_that_prints_without_end_is_ended(
    stand_in: Callable[[str], str], trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody fills this machine's memory by what is attached to an image."""
    monkeypatch.setattr("houseprice.release.verification.cosign.LIMIT", 1000)
    with pytest.raises(VerificationError, match="printed more than 1000 bytes"):
        Cosign(HUB, None, os.environ, stand_in("exec yes")).signers(DIGEST, trust)


@pytest.mark.parametrize(("failures", "tries"), [(2, 3), (3, 3)])
def test_what_fails_in_passing_is_tried_again(
    failures: int, tries: int, stand_in: Callable[[str], str], tmp_path: Path
) -> None:
    """A bounded number of times, with pauses that grow, and it is said."""
    said: list[str] = []
    pauses: list[float] = []
    patience = Patience(tries=3, sleep=pauses.append, jitter=lambda: 1.0)
    line = f'[ $(wc -l < "$here/asked") -gt {failures} ] || {{ echo "Error: [POST /api/v1/log][502]" >&2; exit 1; }}'
    cosign = Cosign(HUB, None, os.environ, stand_in(line), patience=patience, say=said.append)
    if failures < tries:
        cosign.sign(DIGEST, (), {})
    else:
        with pytest.raises(RegistryError, match="cosign sign failed in 3 tries"):
            cosign.sign(DIGEST, (), {})
    assert len((tmp_path / "asked").read_text().splitlines()) == tries
    assert pauses == [1.0, 2.0]
    assert len(said) == 2


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (
            "signing: UNAUTHORIZED: authentication required",
            RegistryError,
            "docker.io refuses what cosign wants to sign",
        ),
        (
            "GET https://index.docker.io/v2/: DENIED: requested access",
            RegistryError,
            "expected an account with the right",
        ),
        ('Get "https://index.docker.io/v2/": dial tcp: i/o timeout', RegistryError, "did not answer cosign"),
        ('Post "https://fulcio.sigstore.dev": dial tcp: i/o timeout', RegistryError, "cosign sign failed in 1 try"),
        (
            "getting signer: reading key: decrypt: encrypted: decryption failed",
            VerificationError,
            "set COSIGN_PASSWORD",
        ),
        ("getting signer: reading key: invalid pem block", VerificationError, "The key cannot be read"),
        ("something new for --key=the-secret", VerificationError, r"\(something new for --key=\*\*\*\)"),
    ],
)
def test_what_cosign_says_becomes_a_sentence(
    said: str, kind: type[Exception], told: str, stand_in: Callable[[str], str]
) -> None:
    """Found, expected, what to do; and no secret is repeated."""
    line = f"echo '{'Error: ' + said}' >&2; exit 1"
    cosign = Cosign(HUB, None, os.environ, stand_in(line), patience=Patience(tries=1))
    with pytest.raises(kind, match=told):
        cosign.sign(DIGEST, (), {"COSIGN_PASSWORD": "the-secret"})


@pytest.mark.parametrize("printed", ["", "nonsense", "[]", "[1]", "{}", '[{"critical": {}}]', "[" * 100000])
def test_signatures_that_cannot_be_read_are_none(
    printed: str, stand_in: Callable[[str], str], trust: Trust, tmp_path: Path
) -> None:
    """A cosign that ends well and prints something else has proved nothing."""
    (tmp_path / "printed").write_text(printed)
    with pytest.raises(VerificationError, match=r"cosign printed no|The signatures are of nothing"):
        Cosign(HUB, None, os.environ, stand_in('cat "$here/printed"')).signers(DIGEST, trust)


@pytest.mark.parametrize(
    "printed", ["nonsense", "{}", '{"payload": "e30="}', '{"payload": "*"}', '{"payload": "/w=="}']
)
def test_attestations_that_cannot_be_read_are_none(
    printed: str, stand_in: Callable[[str], str], trust: Trust, tmp_path: Path
) -> None:
    """Neither has one whose envelope holds no statement."""
    (tmp_path / "printed").write_text(printed)
    with pytest.raises(VerificationError, match=r"cosign printed no JSON|An attestation holds no statement"):
        Cosign(HUB, None, os.environ, stand_in('cat "$here/printed"')).statements(DIGEST, EVIDENCE, trust)


def test_a_registry_that_does_not_answer_is_no_question_of_trust(cosign: str, trust: Trust) -> None:
    """The real command, and nobody behind the port."""
    with pytest.raises(RegistryError, match="localhost:1 did not answer cosign"):
        Cosign(Repository("localhost:1", "a/b"), None, os.environ, cosign).signers(DIGEST, trust)


def test_a_wrong_login_is_no_question_of_trust(good: Published, trust: Trust) -> None:
    """The real command and the real registry."""
    cosign = Cosign(good.registry.repository, Account(ACCOUNT.user, "another"), os.environ)
    with pytest.raises(RegistryError, match="refuses what cosign wants to verify"):
        cosign.signers(good.digest, trust)


def test_who_signed_and_what_is_attested_is_given_back(good: Published, trust: Trust) -> None:
    """The real command and the real registry, logged in by the folder that is gone afterwards."""
    cosign = Cosign(good.registry.repository, ACCOUNT, os.environ)
    assert cosign.signers(good.digest, trust) == (str(trust),)
    (statement,) = cosign.statements(good.digest, EVIDENCE, trust)
    assert (statement.subjects, statement.predicate["revision"]) == ((good.digest,), planting.COMMIT)
    with pytest.raises(VerificationError, match="none of the attestations matched"):
        cosign.statements(good.digest, "https://example.org/other", trust)
