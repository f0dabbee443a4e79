"""Publishing into one repository, from a git history of three commits."""

import subprocess
from pathlib import Path

from loopback import ACCOUNT

from houseprice.errors import VerificationError
from houseprice.release import skopeo
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.oci_layout import OciLayout
from houseprice.release.publish import REVISION, Published, publish

GIT = ["git", "-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false"]


def commit(checkout: Path, name: str) -> str:
    """Return the hash of a commit."""
    command = ["git", "-C", str(checkout), "rev-parse", name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class Publisher:
    """Publishes into one repository, and keeps what was said and signed."""

    def __init__(self, repository: Repository, checkout: Path) -> None:
        self.repository, self.checkout = repository, checkout
        self.said: list[str] = []
        self.signed: list[str] = []

    def __call__(self, layout: OciLayout, of: str = "main", *, move_latest: bool = True) -> Published:
        """Publish the image of a commit."""
        return publish(
            layout, self.repository, ACCOUNT, commit(self.checkout, of),
            checkout=self.checkout, sign=self.sign, check=self.check, move_latest=move_latest, say=self.said.append,
        )  # fmt: skip

    def check(self, reference: Reference) -> str:
        """Return the commit of an image that was signed."""
        digest = skopeo.digest_of(reference, ACCOUNT)
        if digest not in self.signed:
            raise VerificationError("nobody signed it", code="image_mismatch")
        labels = skopeo.inspect_config(Reference(self.repository, digest=digest), ACCOUNT)["config"]["Labels"]
        return str(labels[REVISION])

    def sign(self, digest: str) -> None:
        """Note that the registry holds the digest, and no tag, when it is signed."""
        skopeo.digest_of(Reference(self.repository, digest=digest), ACCOUNT)
        self.signed.append(digest)

    def tags(self) -> dict[str, str]:
        """Return each tag with its digest."""
        names = skopeo.list_tags(self.repository, ACCOUNT)
        return {name: skopeo.digest_of(Reference(self.repository, name), ACCOUNT) for name in names}
