"""The signature of a pack by the real cosign: whoever signed it, over every byte of it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.forging import restate
from houseprice.bundle.manifest import sha256_of
from houseprice.evidence.pack import SIGNATURE, open_pack
from houseprice.release.signing import KEY, PASSWORD, sign_evidence
from programs import error_code, needs

RunCli = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.long  # cosign signs for real
SECRET = "of-the-tests"  # noqa: S105 - of keys that live as long as the tests


def make_keys(folder: Path) -> Path:
    """Make a key pair."""
    needs("cosign")
    environment = {**os.environ, PASSWORD: SECRET}
    subprocess.run(["cosign", "generate-key-pair"], cwd=folder, env=environment, capture_output=True, check=True)
    return folder


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the signer's keys."""
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def others_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of somebody else's keys."""
    return make_keys(tmp_path_factory.mktemp("others"))


def environ(keys: Path) -> dict[str, str]:
    """Return the environment of whoever signs."""
    return {**os.environ, KEY: (keys / "cosign.key").read_text(), PASSWORD: SECRET}


def test_a_signed_pack_is_verified(run_cli: RunCli, pack: Path, bundle_dir: Path, keys: Path) -> None:
    """By the public key alone, and it stays a pack."""
    assert sign_evidence(pack, environ(keys))
    assert open_pack(pack).is_signed
    code, out, _ = run_cli("evidence", "--bundle", bundle_dir, "--replay", pack, "--key", keys / "cosign.pub")
    assert code == 0
    assert "sha256:" in out


def test_a_forged_page_is_found_by_the_signature(run_cli: RunCli, pack: Path, bundle_dir: Path, keys: Path) -> None:
    """Digests can be made again, the signature cannot."""
    sign_evidence(pack, environ(keys))
    (pack / "attachments" / "equity.json").write_text('{"verdict": "very good"}')
    digest = sha256_of(pack / "attachments" / "equity.json")
    restate(pack, lambda it: it["files"].update({"attachments/equity.json": digest}))
    code, _, err = run_cli("evidence", "--bundle", bundle_dir, "--replay", pack, "--key", keys / "cosign.pub")
    assert (code, error_code(err)) == (1, "not_signed")


def test_the_signature_of_somebody_else_does_not_count(
    run_cli: RunCli, pack: Path, bundle_dir: Path, keys: Path, others_keys: Path
) -> None:
    """Nor does none, unless that is allowed."""
    replay = ("evidence", "--bundle", bundle_dir, "--replay", pack, "--key", keys / "cosign.pub")
    code, _, err = run_cli(*replay)
    assert (code, error_code(err)) == (1, "pack_not_signed")
    assert run_cli(*replay, "--allow-unsigned")[0] == 0
    sign_evidence(pack, environ(others_keys))
    code, _, err = run_cli(*replay, "--allow-unsigned")
    assert (code, error_code(err)) == (1, "not_signed")


@pytest.mark.parametrize("content", [b"", b"{}", b"[", b'{"base64Signature": 7}'])
def test_a_signature_that_is_none_fails(
    run_cli: RunCli, pack: Path, bundle_dir: Path, keys: Path, content: bytes
) -> None:
    """With exit code 1, whatever cosign says of it."""
    (pack / SIGNATURE).write_bytes(content)
    assert run_cli("evidence", "--bundle", bundle_dir, "--replay", pack, "--key", keys / "cosign.pub")[0] == 1


def test_the_command_signs_with_a_key(
    run_cli: RunCli, bundle_dir: Path, tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As images are signed; with a broken key the earlier pack stays, and nothing unsigned takes its place."""
    monkeypatch.setenv(KEY, str(keys / "cosign.key"))
    monkeypatch.setenv(PASSWORD, SECRET)
    output = tmp_path / "pack"
    assert run_cli("evidence", "--bundle", bundle_dir, "--output", output)[0] == 0
    assert run_cli("evidence", "--bundle", bundle_dir, "--replay", output, "--key", keys / "cosign.pub")[0] == 0
    monkeypatch.setenv(PASSWORD, "wrong")
    code, _, err = run_cli("evidence", "--bundle", bundle_dir, "--output", output)
    assert (code, error_code(err)) == (12, "key_password_wrong")
    assert open_pack(output).is_signed
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".pack", "pack"))] == ["pack"]
