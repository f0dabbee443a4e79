"""A registry on loopback with one account, and what tests ask it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from houseprice.release import skopeo
from houseprice.release.credentials import Account
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.loopback_registry import loopback_registry

USER, TOKEN = "tester", "a-token-of-the-tests"
ACCOUNT = Account(USER, TOKEN)


@dataclass(frozen=True)
class Registry:
    """A registry with one account."""

    host: str

    @property
    def repository(self) -> Repository:
        """Where the account publishes."""
        return Repository.of_namespace(USER, self.host)

    def tags(self) -> dict[str, str]:
        """Return each tag of the project with its digest; those of cosign, which hold signatures, aside."""
        names = [name for name in skopeo.list_tags(self.repository, ACCOUNT) if not name.startswith("sha256-")]
        return {name: skopeo.digest_of(Reference(self.repository, name), ACCOUNT) for name in names}


@contextmanager
def registry() -> Iterator[Registry]:
    """Run an empty registry while the block runs."""
    account = subprocess.run(["htpasswd", "-Bbn", USER, TOKEN], capture_output=True, text=True, check=True).stdout
    with loopback_registry(account) as host:
        yield Registry(host)
