"""Signature of one file by cosign, in a file beside it; the same key or identity signs as for an image."""

import os
from collections.abc import Mapping
from pathlib import Path

from houseprice.release.verification.cosign import passed_on, run_cosign
from houseprice.release.verification.policy import VerificationPolicy

EVIDENCE, EVIDENCE_SIGNATURE = "evidence.json", "evidence.sigstore.json"
"""The file of an evidence pack that names all others by their digests, and its signature."""


def sign_file(
    path: Path,
    signature: Path,
    options: tuple[str, ...],
    secrets: Mapping[str, str],
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Write the signature of a file, a Sigstore bundle.

    Args:
        path: the file.
        signature: where the signature is written.
        options: that tell cosign who signs.
        secrets: that cosign finds in its environment.
        environ: of this process; cosign gets what names no key and no other place.

    Raises:
        VerificationError: It cannot be signed.
        RegistryError: Sigstore does not answer (code `registry_unreachable`).
    """
    command = ("cosign", "sign-blob", "--yes", *options, f"--bundle={signature}", str(path))
    run_cosign(command, passed_on(environ), secrets, f'"{path}"')


def verify_file(
    path: Path, signature: Path, policy: VerificationPolicy, environ: Mapping[str, str] = os.environ
) -> None:
    """Verify the signature of a file.

    Raises:
        VerificationError: No trusted signer signed this very file (code `not_signed`), or cosign fails.
    """
    command = ("cosign", "verify-blob", *policy.options, f"--bundle={signature}", str(path))
    run_cosign(command, passed_on(environ), policy.environment, f'"{path}"')
