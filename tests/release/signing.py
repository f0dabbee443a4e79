"""Key pairs, and what is done with them: everything is signed by the real cosign, and verified as a stranger would."""

import os
from dataclasses import dataclass
from pathlib import Path

import acting

from houseprice.release.layout.oci import Layout
from houseprice.release.registry.access import Account
from houseprice.release.registry.client import Registry
from houseprice.release.registry.names import Reference
from houseprice.release.trust.anchor import Trust
from houseprice.release.trust.signing import Signer, sign_everything
from houseprice.release.trust.verify import Verified, verify

ACCOUNT = Account(acting.USER, acting.TOKEN)
PASSWORD = "of the tests"  # noqa: S105 - of keys that live as long as the tests


@dataclass(frozen=True)
class Keys:
    """A key pair of cosign."""

    private: Path
    public: Path

    @property
    def environ(self) -> dict[str, str]:
        """What a signing process finds in its environment."""
        return {**os.environ, "COSIGN_PRIVATE_KEY": str(self.private), "COSIGN_PASSWORD": PASSWORD}


@dataclass(frozen=True)
class Published:
    """An image that is published and signed as it should be."""

    registry: Registry
    layout: Layout

    @property
    def digest(self) -> str:
        """Of its index."""
        return self.layout.index.digest


def signer(registry: Registry, keys: Keys) -> Signer:
    """Give back who signs with a pair."""
    return Signer.from_environment(keys.environ, registry.repository, registry.account)


def sign(layout: Layout, registry: Registry, keys: Keys) -> list[str]:
    """Sign and attest all of a layout; give back what was said."""
    said: list[str] = []
    sign_everything(layout, layout.index.digest, signer(registry, keys), {}, said.append)
    return said


def look(registry: Registry, keys: Keys, tag: str = "0123456", digest: str = "") -> Verified:
    """Verify as somebody who has the public key."""
    reference = Reference(registry.repository, "" if digest else tag, digest)
    return verify(reference, registry, Trust.in_key_file(keys.public), environ=os.environ)
