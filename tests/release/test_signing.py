"""Signing and attesting a published image with the real cosign, and verifying it as a stranger would."""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from faulty import Faulty, answers
from layouts import SBOM as BOM
from layouts import make_layout
from loopback import ACCOUNT, TOKEN

from houseprice.errors import HousePriceError, VerificationError
from houseprice.release import skopeo
from houseprice.release.credentials import registry_login
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.oci_layout import OciLayout
from houseprice.release.signing import KEY, PASSWORD, Signer, sign_and_attest
from houseprice.release.verification.cosign import PROVENANCE, SBOM
from programs import needs

pytestmark = pytest.mark.long  # cosign signs for real, a second or more each time
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SECRET = "of-the-tests"  # noqa: S105 - of keys that live as long as the tests


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key pair."""
    needs("cosign")
    folder = tmp_path_factory.mktemp("keys")
    environment = {**os.environ, PASSWORD: SECRET}
    subprocess.run(["cosign", "generate-key-pair"], cwd=folder, env=environment, capture_output=True, check=True)
    return folder


@pytest.fixture
def environ(keys: Path) -> dict[str, str]:
    """What the signing process finds in its environment."""
    return {**os.environ, KEY: (keys / "cosign.key").read_text(), PASSWORD: SECRET}


@pytest.fixture
def layout(tmp_path: Path, repository: Repository) -> OciLayout:
    """An image that the registry holds by its digest."""
    made = make_layout(tmp_path / "image", COMMIT)
    skopeo.copy(made.folder, Reference(repository, digest=made.digest), ACCOUNT)
    return made


def cosign(repository: Repository, keys: Path, verb: str, digest: str, *options: str) -> str:
    """Ask cosign what the owner of the key signed, and return what it prints."""
    command = ["cosign", verb, f"--key={keys / 'cosign.pub'}", "--insecure-ignore-tlog=true", *options]
    with registry_login(ACCOUNT, repository, {}) as login:
        return subprocess.run(
            [*command, "--allow-http-registry=true", f"{repository}@{digest}"],
            env={**os.environ, **login},
            capture_output=True,
            text=True,
            check=True,
        ).stdout


def attested(repository: Repository, keys: Path, digest: str, kind: str) -> list[Any]:
    """Return the predicates of a type that are attested of a digest."""
    printed = cosign(repository, keys, "verify-attestation", digest, f"--type={kind}")
    lines = [json.loads(line) for line in printed.splitlines()]
    return [json.loads(base64.b64decode(line["payload"]))["predicate"] for line in lines]


def test_index_and_platforms_are_signed_and_attested(
    layout: OciLayout, repository: Repository, keys: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Every digest is signed, with one provenance and each platform's SBOM; signed again, nothing is there twice."""
    said: list[str] = []
    for _ in range(2):
        signer = Signer.from_environment(environ, repository, ACCOUNT)
        sign_and_attest(layout, signer, environ, tmp_path, said.append)
    for digest in (layout.digest, *layout.platforms.values()):
        assert digest in cosign(repository, keys, "verify", digest)
    (provenance,) = attested(repository, keys, layout.digest, PROVENANCE)
    assert provenance["buildDefinition"]["resolvedDependencies"][0]["digest"] == {"gitCommit": COMMIT}
    for name, digest in layout.platforms.items():
        assert attested(repository, keys, digest, SBOM) == [BOM | {"metadata": {"platform": name}}]
    assert len(attested(repository, keys, layout.digest, SBOM)) == 1
    assert not {SECRET, TOKEN, environ[KEY]} & set(" ".join(said).split())


def test_a_wrong_password_signs_nothing(repository: Repository, environ: dict[str, str]) -> None:
    """It is found out when the signer is made, before anything is copied."""
    with pytest.raises(VerificationError) as refused:
        Signer.from_environment(environ | {PASSWORD: "another"}, repository, ACCOUNT)
    assert refused.value.code == "key_password_wrong"
    assert "another" not in str(refused.value).split()


@pytest.mark.parametrize("key", ["/nowhere/cosign.key", "-----BEGIN"])
def test_a_key_that_is_none_is_refused(repository: Repository, environ: dict[str, str], key: str) -> None:
    """A file that is not there, and a text that is no key."""
    with pytest.raises(VerificationError):
        Signer.from_environment(environ | {KEY: key}, repository, ACCOUNT)


def test_the_key_may_be_a_file(repository: Repository, keys: Path, environ: dict[str, str]) -> None:
    """As people have it who sign on their own machine."""
    by_text = Signer.from_environment(environ, repository, ACCOUNT)
    by_file = Signer.from_environment(environ | {KEY: str(keys / "cosign.key")}, repository, ACCOUNT)
    assert by_file.policy == by_text.policy


def test_without_a_key_the_workflow_signs(repository: Repository) -> None:
    """The identity is that of the workflow and its branch."""
    needs("cosign")
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKFLOW_REF": "me/house/.github/workflows/mlops-pipeline.yml@refs/heads/main",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.invalid",
    }
    signer = Signer.from_environment(environ, repository, ACCOUNT)
    assert signer.policy
    assert signer.policy.identity.replace("\\", "").startswith("https://github.com/me/house/.github/workflows/")


def test_unsigned_is_allowed_on_loopback_alone(repository: Repository) -> None:
    """Elsewhere somebody has to sign."""
    assert Signer.from_environment({}, repository, ACCOUNT).policy is None
    with pytest.raises(VerificationError) as refused:
        Signer.from_environment({}, Repository("registry.example.org", "a/b"), ACCOUNT)
    assert refused.value.code == "signing_identity_missing"


def test_a_registry_that_takes_no_signature_is_told(
    layout: OciLayout, repository: Repository, proxy: Faulty, environ: dict[str, str], tmp_path: Path
) -> None:
    """Nothing is left that would verify."""
    proxy.when("PUT .sig", answers(400, b'{"errors": [{"code": "MANIFEST_INVALID"}]}'))
    signer = Signer.from_environment(environ, Repository(proxy.host, repository.path), ACCOUNT)
    with pytest.raises(HousePriceError):
        sign_and_attest(layout, signer, environ, tmp_path, print)
    assert not [tag for tag in skopeo.list_tags(repository, ACCOUNT) if tag.endswith(".sig")]
