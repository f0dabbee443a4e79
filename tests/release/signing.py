"""Key pairs, and what is done with them: everything is signed by the real cosign, and verified as a stranger would."""

import base64
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import loopback
import pytest

from houseprice.errors import VerificationError
from houseprice.release.image_reference import Reference
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.access import Account
from houseprice.release.registry.client import Registry
from houseprice.release.verification.cosign import EVIDENCE, PROVENANCE, SBOM
from houseprice.release.verification.image_reader import EVIDENCE_FILE, SBOM_FILE, Shelved, read_image, read_index
from houseprice.release.verification.policy import Trust
from houseprice.release.verification.provenance import provenance
from houseprice.release.verification.signing import Signer, sign_everything
from houseprice.release.verification.verify import Verified, verify

ACCOUNT = Account(loopback.USER, loopback.TOKEN)
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


@cache
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


def attest(layout: Layout, by: Signer, evidence: bytes = b"") -> None:
    """Sign a layout and attest what it holds, or other evidence, without looking first: that is tested elsewhere."""
    shelf = Shelved(layout)
    image = read_image(shelf, read_index(shelf, layout.index.digest))
    first = image.platforms[0].files
    by.sign(image.digest)
    told = json.loads(first[EVIDENCE_FILE])
    say(by, image.digest, EVIDENCE, evidence or first[EVIDENCE_FILE])
    say(by, image.digest, PROVENANCE, provenance(image, told, {}))
    for digest, files in ((image.digest, first), *((one.digest, one.files) for one in image.platforms)):
        say(by, digest, SBOM, files[SBOM_FILE])


def say(by: Signer, digest: str, kind: str, content: bytes) -> None:
    """Attest one thing."""
    with tempfile.NamedTemporaryFile() as predicate:
        predicate.write(content)
        predicate.flush()
        by.cosign.attest(digest, kind, Path(predicate.name), by.options, by.secrets)


def attested(registry: Registry, digest: str, kind: str) -> Any:
    """Give back what is attested of a digest, whoever did."""
    found = registry.manifest(f"{digest.replace(':', '-')}.att")
    assert found
    for layer in json.loads(found.content)["layers"]:
        if layer["annotations"]["predicateType"] == kind:
            envelope = json.loads(registry.blob(layer["digest"], 1 << 20))
            return json.loads(base64.b64decode(envelope["payload"]))["predicate"]
    return None


def copy_signatures(whence: Registry, source: str, whither: Registry, target: str, *kinds: str, but: str = "") -> None:
    """Put what was signed of one digest where cosign looks for what was signed of another, one type perhaps left out.

    Args:
        whence: where the signatures are.
        source: digest that they are of.
        whither: where they are put.
        target: digest that they are put to.
        kinds: `sig` for signatures, `att` for attestations.
        but: type of attestations that is not copied.
    """
    for kind in kinds:
        found = whence.manifest(f"{source.replace(':', '-')}.{kind}")
        assert found
        told = json.loads(found.content)
        told["layers"] = [one for one in told["layers"] if not but or one["annotations"].get("predicateType") != but]
        config = json.loads(whence.blob(told["config"]["digest"], 1 << 20))
        config["rootfs"]["diff_ids"] = [one["digest"] for one in told["layers"]]
        contents = {one["digest"]: whence.blob(one["digest"], 1 << 20) for one in told["layers"]}
        content = json.dumps(config).encode()
        told["config"] |= {"digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "blob"
            for digest, blob in {**contents, told["config"]["digest"]: content}.items():
                path.write_bytes(blob)
                whither.push_blob(path, digest, len(blob))
        whither.push_manifest(f"{target.replace(':', '-')}.{kind}", json.dumps(told).encode(), found.media_type)


def found_in(registry: Registry, keys: Keys, tag: str = "0123456") -> list[str]:
    """Verify what must not be believed; give back what does not agree."""
    with pytest.raises(VerificationError) as refused:
        look(registry, keys, tag)
    assert refused.value.mismatches
    return list(refused.value.mismatches)


def only(mismatches: list[str], *beginnings: str) -> None:
    """Demand these mismatches, and no other."""
    strange = [line for line in mismatches if not line.startswith(beginnings)]
    missing = [beginning for beginning in beginnings if not any(line.startswith(beginning) for line in mismatches)]
    assert (strange, missing) == ([], [])


def index(layout: Layout) -> tuple[bytes, str]:
    """Give back the index of a layout, and its type."""
    return layout.read(layout.index.digest), layout.index.media_type
