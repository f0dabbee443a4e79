"""Who signs, what is signed, and that it can be done twice."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import planting
import pytest
from planting import Tiny
from signing import PASSWORD, Keys, Published, look, sign

from houseprice.errors import VerificationError
from houseprice.release.image_reference import Repository
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Registry
from houseprice.release.verification.image_reader import SBOM_FILE
from houseprice.release.verification.policy import Trust
from houseprice.release.verification.signing import Signer, sign_everything

pytestmark = pytest.mark.long  # signs for real, a second or more each time

HUB = Repository.of_user("somebody")
LOCAL = Repository("localhost:5000", "somebody/house-price-model")
RUN = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_WORKFLOW_REF": "somebody/prices/.github/workflows/publish.yml@refs/heads/main",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/x",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-token",
}


def test_a_key_may_be_given_in_three_ways(keys: Keys) -> None:
    """By its text, by its file, and by another variable; it goes to cosign by the environment alone."""
    text = keys.private.read_text()
    for given in (
        {"COSIGN_PRIVATE_KEY": text},
        {"COSIGN_PRIVATE_KEY": str(keys.private)},
        {"COSIGN_PRIVATE_KEY": "env://K", "K": text},
    ):
        found = Signer.from_environment({**os.environ, "COSIGN_PASSWORD": PASSWORD, **given}, HUB)
        assert found.trust == Trust.in_key_file(keys.public)
        assert found.options == ("--key=env://COSIGN_PRIVATE_KEY", "--tlog-upload=false")
        assert found.secrets["COSIGN_PRIVATE_KEY"].strip() == text.strip()
        assert "PRIVATE KEY" not in repr(found)
        assert PASSWORD not in repr(found)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"COSIGN_PRIVATE_KEY": "/nowhere/cosign.key"}, "names a file that cannot be read"),
        ({"COSIGN_PRIVATE_KEY": "env://NOTHING"}, '"env://NOTHING", which is not set'),
        ({"COSIGN_PRIVATE_KEY": "env://COSIGN_PRIVATE_KEY"}, "which is not set"),
        ({"COSIGN_PRIVATE_KEY": "-----BEGIN NONSENSE-----"}, "The key cannot be read"),
        ({"COSIGN_PASSWORD": "another"}, "The password does not open the private key"),
        ({"COSIGN_PASSWORD": ""}, "The password does not open the private key"),
    ],
)
def test_a_key_that_cannot_be_used_is_said(given: dict[str, str], told: str, keys: Keys) -> None:
    """Before anything is published, in one sentence, without the key or the password in it."""
    with pytest.raises(VerificationError, match=told) as refused:
        Signer.from_environment({**keys.environ, **given}, HUB)
    assert PASSWORD not in str(refused.value)


def test_in_a_workflow_the_run_signs() -> None:
    """What is believed afterwards is this very workflow on this very branch."""
    found = Signer.from_environment(RUN, HUB)
    assert found.secrets == {name: value for name, value in RUN.items() if name.startswith("ACTIONS_")}
    assert found.trust
    assert any(r"/publish\.yml@refs/heads/main)$" in option for option in found.trust.options)
    assert not any("tlog" in option for option in found.options)


def test_without_anybody_nothing_is_signed_for_others() -> None:
    """Only what nobody else can fetch may go without a signature."""
    with pytest.raises(
        VerificationError, match="Nobody is here to sign for somebody/house-price-model; expected a workflow"
    ):
        Signer.from_environment({}, HUB)
    assert Signer.from_environment({}, LOCAL).trust is None


def test_nothing_signed_is_said_loudly(good: Published) -> None:
    """On a registry of this machine, without a key."""
    said: list[str] = []
    sign_everything(good.layout, good.digest, Signer.from_environment({}, LOCAL), {}, said.append)
    assert [line[:10] for line in said] == ["NOT SIGNED"]


def test_signing_twice_changes_nothing(good: Published, keys: Keys) -> None:
    """A run that broke off can be repeated: what is there stays as it is."""
    before = {tag: good.registry.manifest(tag) for tag in good.registry.tags()}
    said = sign(good.layout, good.registry, keys)
    assert {tag: good.registry.manifest(tag) for tag in good.registry.tags()} == before
    assert sum("was attested before" in line for line in said) == 5
    assert said[-1] == f"verified {good.digest}: signature and 5 attestations"


def test_what_broke_off_is_completed(good: Published, registry: Registry, keys: Keys) -> None:
    """A signature without attestations gets them."""
    planting.push(good.layout, registry, "0123456", "latest")
    Signer.from_environment(keys.environ, registry.repository, registry.account).sign(good.digest)
    sign(good.layout, registry, keys)
    assert look(registry, keys).digest == good.digest


def test_only_the_layouts_own_digest_is_signed(good: Published, keys: Keys) -> None:
    """Whoever asks for another digest is refused before anything is signed."""
    signer = Signer.from_environment(keys.environ, good.registry.repository)
    with pytest.raises(VerificationError, match="expected the index of the layout"):
        sign_everything(good.layout, f"sha256:{'0' * 64}", signer, {}, lambda line: None)


def test_a_layout_without_its_evidence_is_not_signed(
    registry: Registry, keys: Keys, laid: Callable[..., Layout], tiny_bundle: Path
) -> None:
    """What cannot be attested is said before the first signature."""
    tiny = Tiny.of(tiny_bundle)
    del tiny.layers[2][SBOM_FILE]
    layout = laid(tiny)
    with pytest.raises(VerificationError, match=r'linux/amd64 holds no "app/evidence/sbom.cdx.json"'):
        sign(layout, registry, keys)
    assert registry.tags() == ()


def test_a_provenance_of_another_builder_is_not_signed(
    registry: Registry, keys: Keys, laid: Callable[..., Layout], tiny_bundle: Path
) -> None:
    """Who signs vouches for who built: a layout that came from elsewhere is not passed off as one's own."""
    layout = laid(Tiny.of(tiny_bundle))
    (layout.folder / "provenance.json").write_text('{"runDetails": {"builder": {"id": "https://elsewhere"}}}')
    with pytest.raises(VerificationError, match='names the builder "https://elsewhere"; expected "urn:'):
        sign(layout, registry, keys)
    assert registry.tags() == ()


def test_signing_needs_nothing_that_is_installed(root: Path) -> None:
    """Beside the secret there is Python's own library, and nobody else's code."""
    code = f"import sys; sys.path.insert(0, {str(root / 'src')!r}); import houseprice.release.verification.signing"
    said = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")
