"""Verification policies: whose signatures count, given by whoever verifies and never by the image."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from houseprice.errors import VerificationError

GITHUB = "https://token.actions.githubusercontent.com"
"""Issuer of the identities of GitHub Actions."""
WORKFLOW = ".github/workflows/mlops-pipeline.yml@refs/heads/main"
"""File and ref of the workflow that publishes."""

_KEY = "HOUSEPRICE_TRUSTED_KEY"
_PUBLIC = re.compile(r"\s*-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END PUBLIC KEY-----\s*")


@dataclass(frozen=True)
class VerificationPolicy:
    """Whose signatures count: those of one key, or those of identities that an issuer certifies.

    Attributes:
        key: the public key in PEM; empty where identities are trusted.
        identity: regular expression that the whole identity must match, such as a workflow's address.
        issuer: of the identity.
        source: the repository that images must be built from; empty where any will do.
    """

    key: str = ""
    identity: str = ""
    issuer: str = GITHUB
    source: str = ""

    def __str__(self) -> str:
        """Return who is trusted, in a word or two."""
        return f"key {self.fingerprint}" if self.key else f'identity "{self.identity}" of {self.issuer}'

    @classmethod
    def of_key(cls, pem: str, where: str) -> Self:
        """Return the policy that trusts the owner of a key pair, given the text of the public key.

        Raises:
            VerificationError: `public_key_invalid`, or `private_key_given`.
        """
        if "PRIVATE KEY" in pem:
            raise VerificationError(
                f"{where} is a private key. Keep it secret, and name the public one, cosign.pub.",
                code="private_key_given",
            )
        if not _decode(pem):
            raise VerificationError(
                f"{where} is not a public key in PEM. Name the cosign.pub that `cosign generate-key-pair` wrote.",
                code="public_key_invalid",
            )
        return cls(key=pem.strip() + "\n")

    @classmethod
    def of_key_file(cls, path: Path) -> Self:
        """Return the policy that trusts the owner of a key pair, given the file of the public key.

        Raises:
            VerificationError: `public_key_unreadable`, or as in `of_key`.
        """
        try:
            with path.open("rb") as stream:
                text = stream.read(65536).decode("ascii", "replace")
        except OSError as err:
            raise VerificationError(
                f'The key "{path}" cannot be read: {err.strerror}.', code="public_key_unreadable", path=str(path)
            ) from err
        return cls.of_key(text, f'"{path}"')

    @classmethod
    def of_identity(cls, pattern: str, issuer: str = GITHUB) -> Self:
        """Return the policy that trusts every identity that matches a pattern as a whole.

        Raises:
            VerificationError: `identity_pattern_invalid`, or `identity_pattern_too_wide`.
        """
        try:
            compiled = re.compile(pattern)
        except re.error as err:
            raise VerificationError(
                f'--identity-regexp "{pattern}" is not a regular expression: {err}.', code="identity_pattern_invalid"
            ) from err
        if compiled.fullmatch("") or compiled.fullmatch("https://example.org/anybody"):
            raise VerificationError(
                f'--identity-regexp "{pattern}" matches everybody. Name the identity of the signer.',
                code="identity_pattern_too_wide",
            )
        return cls(identity=pattern, issuer=issuer)

    @classmethod
    def of_repository(cls, url: str, workflow: str = WORKFLOW, issuer: str = GITHUB) -> Self:
        """Return the policy that trusts one workflow file of a repository, as it is on one branch or tag.

        Raises:
            VerificationError: `repository_url_invalid`, or `workflow_invalid`.
        """
        if not re.fullmatch(r"https://[A-Za-z0-9.-]+(?::\d+)?/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", url):
            raise VerificationError(
                f'"{url}" is not the address of a repository such as https://github.com/OWNER/NAME.',
                code="repository_url_invalid",
            )
        if not re.fullmatch(r"\.github/workflows/[^@/\s]+\.ya?ml@refs/(?:heads|tags)/[^\s*]+", workflow):
            raise VerificationError(
                f'"{workflow}" is not a workflow with its ref, such as {WORKFLOW}.', code="workflow_invalid"
            )
        return cls(identity=re.escape(f"{url}/{workflow}"), issuer=issuer, source=url)

    @property
    def fingerprint(self) -> str:
        """Short name of the key: the beginning of the sha256 of its bytes."""
        return f"sha256:{hashlib.sha256(_decode(self.key)).hexdigest()[:16]}"

    @property
    def options(self) -> tuple[str, ...]:
        """Options of `cosign verify`; with a key, it asks nobody but the registry."""
        if self.key:
            return (f"--key=env://{_KEY}", "--private-infrastructure=true", "--offline=true")
        return (f"--certificate-identity-regexp=^(?:{self.identity})$", f"--certificate-oidc-issuer={self.issuer}")

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment of `cosign verify`: the key itself, so that no file can change in between."""
        return {_KEY: self.key} if self.key else {}


def _decode(pem: str) -> bytes:
    """Return the bytes of a public key in PEM; nothing when there is none."""
    found = _PUBLIC.fullmatch(pem)
    try:
        return base64.b64decode("".join(found[1].split()), validate=True) if found else b""
    except binascii.Error:
        return b""
