"""Signing a published image by cosign, and attesting its SBOM and its provenance.

With a key nobody but the registry is asked, and nothing is written into a public log; without one the identity of the
GitHub workflow signs (keyless). The standard library is all that is needed.
"""

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from houseprice.errors import VerificationError
from houseprice.release import skopeo
from houseprice.release.credentials import Account
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.oci_layout import OciLayout
from houseprice.release.provenance import builder, provenance
from houseprice.release.verification.consistency import MANIFEST_FILE
from houseprice.release.verification.cosign import PROVENANCE, SBOM, Cosign
from houseprice.release.verification.file_signature import EVIDENCE, EVIDENCE_SIGNATURE, sign_file
from houseprice.release.verification.image_reader import SBOM_FILE
from houseprice.release.verification.policy import VerificationPolicy
from houseprice.release.verification.verify import Verified, verify, verify_layout

KEY, PASSWORD = "COSIGN_PRIVATE_KEY", "COSIGN_PASSWORD"
_IDENTITY = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


@dataclass(frozen=True)
class Signer:
    """The signing identity for one repository.

    Attributes:
        cosign: the command.
        policy: by which this signer's signatures verify, and its workflow's on the default branch; None if nothing is
            signed.
        options: that tell cosign who signs.
        secrets: that cosign finds in its environment.
    """

    cosign: Cosign
    policy: VerificationPolicy | None
    options: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], repository: Repository, account: Account | None) -> Self:
        """Return the owner of COSIGN_PRIVATE_KEY, or this workflow run; a loopback registry needs neither.

        Raises:
            VerificationError: `signing_identity_missing`; or the key cannot be read, or cosign is not installed.
        """
        cosign = Cosign(repository, account, environ)
        options, secrets = signing_identity(environ)
        if KEY in secrets:
            policy = VerificationPolicy.of_key(cosign.public_key(options[:1], secrets), KEY)
            return cls(cosign, policy, options, secrets)
        if secrets:
            own = builder(environ)
            default = f"{own.partition('@')[0]}@refs/heads/{environ.get('DEFAULT_BRANCH') or 'main'}"
            identity = VerificationPolicy.of_identity("|".join(map(re.escape, dict.fromkeys((own, default)))))
            return cls(cosign, identity, options, secrets)
        if repository.loopback:
            return cls(cosign, None)
        raise VerificationError(
            f"No signing identity: set {KEY} and {PASSWORD}, or grant id-token: write to the job.",
            code="signing_identity_missing",
        )

    def verify(self, reference: Reference) -> Verified:
        """Return what is proven of a published image: signed by this signer, and in itself what it claims to be.

        Raises:
            VerificationError: it does not verify.
            RegistryError: the registry does not answer.
        """
        account = self.cosign.account
        if self.policy:
            return verify(reference, self.policy, account=account, environ=self.cosign.environ)
        with tempfile.TemporaryDirectory(prefix="houseprice-published-") as folder:
            skopeo.copy(reference, Path(folder), account)
            return verify_layout(Path(folder))

    def attest(self, digest: str, kind: str, predicate: Any) -> None:
        """Attest a JSON document of a digest, in place of an earlier one of this type."""
        with tempfile.TemporaryDirectory(prefix="houseprice-attest-") as folder:
            path = Path(folder) / "predicate.json"
            path.write_text(json.dumps(predicate, ensure_ascii=False, allow_nan=False))
            self.cosign.attest(digest, kind, path, ("--replace", *self.options), self.secrets)


def signing_identity(environ: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the options that tell cosign who signs, and what it finds in its environment for that.

    The owner of COSIGN_PRIVATE_KEY signs, or else the workflow run; without either, both are empty.

    Raises:
        VerificationError: The key cannot be read (code `private_key_unreadable`).
    """
    if environ.get(KEY, "").strip():
        secrets = {KEY: _private_key(environ), PASSWORD: environ.get(PASSWORD, "")}
        return (f"--key=env://{KEY}", "--tlog-upload=false"), secrets
    if environ.get(_IDENTITY[0]):
        return (), {name: environ.get(name, "") for name in _IDENTITY}
    return (), {}


def sign_evidence(pack: Path, environ: Mapping[str, str]) -> bool:
    """Sign an evidence pack as an image is signed; return False where there is neither key nor workflow.

    What is signed is the file that names every other one by its digest.

    Raises:
        VerificationError: It cannot be signed.
        RegistryError: Sigstore does not answer.
    """
    options, secrets = signing_identity(environ)
    if not secrets:
        return False
    sign_file(pack / EVIDENCE, pack / EVIDENCE_SIGNATURE, options, secrets, environ)
    return True


def manifest_of(pack: Path) -> bytes:
    """Return the manifest of the model that an evidence pack is about; nothing where the folder is no pack."""
    manifest = pack / "bundle" / "manifest.json"
    return manifest.read_bytes() if manifest.is_file() and (pack / EVIDENCE).is_file() else b""


def check_evidence(pack: Path, layout: OciLayout) -> None:
    """Require that an evidence pack is about the model of an image.

    Raises:
        VerificationError: It is about another one, or is no pack (code `evidence_of_another_model`).
    """
    if any(layout.read_file(name, MANIFEST_FILE) != manifest_of(pack) for name in layout.platforms):
        raise VerificationError(
            f'"{pack}" is not the evidence pack of the model in "{layout.folder}". Make it again with `houseprice '
            "evidence --bundle models/bundle --output FOLDER`.",
            code="evidence_of_another_model",
        )


def sign_and_attest(
    layout: OciLayout, signer: Signer, environ: Mapping[str, str], checkout: Path, say: Callable[[str], None]
) -> None:
    """Sign a published index and its platforms, attest provenance and SBOM, and verify the signature.

    Args:
        layout: what was published.
        signer: who signs.
        environ: in which GitHub Actions describes the run, for the provenance.
        checkout: that the image was built from.
        say: receives progress.

    Raises:
        VerificationError: something cannot be signed, or does not verify afterwards.
        RegistryError: the registry refuses, or does not answer.
        ImageError: the image holds no SBOM.
    """
    if signer.policy is None:
        say(f"NOT SIGNED: {signer.cosign.repository} is on this machine and there is no {KEY}")
        return
    boms = {digest: json.loads(layout.read_file(name, SBOM_FILE)) for name, digest in layout.platforms.items()}
    signer.cosign.sign(layout.digest, signer.options, signer.secrets)
    signer.attest(layout.digest, PROVENANCE, provenance(layout, environ, checkout))
    signer.attest(layout.digest, SBOM, next(iter(boms.values())))
    for digest, bom in boms.items():
        signer.attest(digest, SBOM, bom)
    for digest in (layout.digest, *boms):
        signer.cosign.verify(digest, signer.policy)
    say(f"signed {layout.digest} as {signer.policy}; attested provenance and SBOM")


def _private_key(environ: Mapping[str, str]) -> str:
    """Return the private key in PEM: the variable's own text, or that of the file that it names."""
    given = environ[KEY].strip()
    if "-----BEGIN" in given:
        return given + "\n"
    try:
        return Path(given).read_text(encoding="ascii")
    except (OSError, ValueError) as err:
        raise VerificationError(
            f"{KEY} is neither a private key in PEM nor the path of a readable file.", code="private_key_unreadable"
        ) from err
