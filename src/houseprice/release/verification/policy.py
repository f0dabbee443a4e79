"""A public key or an identity in, what `cosign` is told to believe out.

Whom to trust is said by whoever verifies, never by the image: a label that names its own maker proves nothing.
"""

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
"""Who says which workflow of GitHub Actions is running."""

_KEY = "HOUSEPRICE_TRUSTED_KEY"
_PUBLIC = re.compile(r"\s*-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END PUBLIC KEY-----\s*")
_MAKE = "make a pair with `cosign generate-key-pair` and name its cosign.pub."


@dataclass(frozen=True)
class Trust:
    """Whose signatures count: those of one key, or those of identities that an issuer vouches for.

    Attributes:
        key: the public key in PEM; empty where identities are trusted.
        identity: regular expression that the whole identity must match, such as a workflow's address.
        issuer: who vouches for the identity.
        source: the repository that images must say they are from; empty where any will do.
    """

    key: str = ""
    identity: str = ""
    issuer: str = GITHUB
    source: str = ""

    def __str__(self) -> str:
        """Whom to trust, in a word or two."""
        return f"key {self.fingerprint}" if self.key else f'identity "{self.identity}" of {self.issuer}'

    @classmethod
    def in_key(cls, pem: str, where: str) -> Self:
        """Give back trust in the owner of a key pair, by the text of the public key.

        Raises:
            VerificationError: that is no public key.
        """
        if "PRIVATE KEY" in pem:
            raise VerificationError(
                f"{where} holds a private key; expected the public one; keep it secret and name cosign.pub."
            )
        if not _decoded(pem):
            raise VerificationError(f'{where} holds no public key; expected PEM, as in "cosign.pub"; {_MAKE}')
        return cls(key=pem.strip() + "\n")

    @classmethod
    def in_key_file(cls, path: Path) -> Self:
        """Give back trust in the owner of a key pair, by the file of the public key.

        Raises:
            VerificationError: the file cannot be read, or holds no public key.
        """
        try:
            with path.open("rb") as stream:
                text = stream.read(65536).decode("ascii", "replace")
        except OSError as err:
            raise VerificationError(
                f'The key "{path}" cannot be read ({err.strerror}); expected the public key of who signed; {_MAKE}'
            ) from err
        return cls.in_key(text, f'"{path}"')

    @classmethod
    def in_identity(cls, pattern: str, issuer: str = GITHUB) -> Self:
        """Give back trust in every identity that matches as a whole.

        Raises:
            VerificationError: it is no regular expression, or matches anybody.
        """
        try:
            matched = re.compile(pattern)
        except re.error as err:
            raise VerificationError(
                f'"{pattern}" is no regular expression ({err}); correct --identity-regexp.'
            ) from err
        if matched.fullmatch("") or matched.fullmatch("https://example.org/anybody"):
            raise VerificationError(
                f'"{pattern}" matches anybody; expected the identity of who signs; name it narrowly.'
            )
        return cls(identity=pattern, issuer=issuer)

    @classmethod
    def in_repository(cls, address: str, issuer: str = GITHUB) -> Self:
        """Give back trust in the workflows of one repository, as run on its own branches and tags.

        Raises:
            VerificationError: that is no address of a repository.
        """
        if not re.fullmatch(r"https://[A-Za-z0-9.-]+(?::\d+)?/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", address):
            raise VerificationError(
                f'"{address}" is no address of a repository; expected https://github.com/OWNER/NAME; correct '
                "--repository-url."
            )
        identity = rf"{re.escape(address)}/\.github/workflows/[^@]+@refs/(heads|tags)/.+"
        return cls(identity=identity, issuer=issuer, source=address)

    @property
    def fingerprint(self) -> str:
        """Short name of the key: the beginning of the sha256 of what the PEM holds."""
        return f"sha256:{hashlib.sha256(_decoded(self.key)).hexdigest()[:16]}"

    @property
    def options(self) -> tuple[str, ...]:
        """What `cosign verify` is told: with a key it asks nobody but the registry."""
        if self.key:
            return (f"--key=env://{_KEY}", "--private-infrastructure=true", "--offline=true")
        return (f"--certificate-identity-regexp=^(?:{self.identity})$", f"--certificate-oidc-issuer={self.issuer}")

    @property
    def environment(self) -> Mapping[str, str]:
        """What `cosign verify` finds in its environment: the key itself, so that no file and no address is read."""
        return {_KEY: self.key} if self.key else {}


def _decoded(pem: str) -> bytes:
    """Give back what a PEM holds, or nothing when it holds no public key."""
    found = _PUBLIC.fullmatch(pem)
    try:
        return base64.b64decode("".join(found[1].split()), validate=True) if found else b""
    except binascii.Error:
        return b""
