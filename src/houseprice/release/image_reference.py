"""Names of images in, their parts out: which host is asked, for which repository, by which tag or digest."""

import re
from dataclasses import dataclass
from typing import Self

from houseprice.errors import RegistryError

HUB = "docker.io"
TITLE = "house-price-model"
LATEST = "latest"
_HOST = r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?")


@dataclass(frozen=True)
class Repository:
    """Where the images of one project are kept.

    Attributes:
        host: of the registry, with its port; `docker.io` is Docker Hub.
        path: below it, such as `somebody/house-price-model`.
    """

    host: str
    path: str

    def __str__(self) -> str:
        """The name that a Docker client is given: without the host for Docker Hub, as everybody writes it."""
        return self.path if self.host == HUB else f"{self.host}/{self.path}"

    @classmethod
    def of_user(cls, user: str, host: str = HUB) -> Self:
        """Give back the repository that a user publishes this project in.

        Raises:
            RegistryError: that is no name of a user or of a host.
        """
        if not re.fullmatch(_PART, user):
            raise RegistryError(
                f'DOCKERHUB_USERNAME is "{user}"; expected lower-case letters and digits, as in the address of your '
                "page at Docker Hub; correct it."
            )
        if not re.fullmatch(_HOST, host):
            raise RegistryError(f'DOCKER_REGISTRY is "{host}"; expected a host with or without a port; correct it.')
        return cls(host, f"{user}/{TITLE}")

    @property
    def loopback(self) -> bool:
        """Whether the registry runs on this very machine, where nobody else can be served from it."""
        return bool(_LOOPBACK.fullmatch(self.host))

    @property
    def address(self) -> str:
        """The address of the registry's API: plain HTTP on loopback, as Docker clients do it, else HTTPS."""
        if self.host == HUB:
            return "https://registry-1.docker.io"
        return f"http://{self.host}" if self.loopback else f"https://{self.host}"

    def tagged(self, tag: str) -> str:
        """Give back the name of a tag."""
        return f"{self}:{tag}"

    def at(self, digest: str) -> str:
        """Give back the name of one digest, which never means anything else."""
        return f"{self}@{digest}"


@dataclass(frozen=True)
class Reference:
    """One image of a repository: by its digest, by a tag, or by both, of which the digest counts."""

    repository: Repository
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """The name that a Docker client is given."""
        return f"{self.repository}{f':{self.tag}' if self.tag else ''}{f'@{self.digest}' if self.digest else ''}"

    @property
    def key(self) -> str:
        """What the registry is asked for: the digest where it is known."""
        return self.digest or self.tag

    @classmethod
    def read(cls, text: str) -> Self:
        """Give back what a name such as `somebody/house-price-model:1a2b3c4` means; without a tag it is `latest`.

        Raises:
            RegistryError: it is no name of an image.
        """
        first, slash, rest = text.partition("/")
        hosted = bool(slash) and (first == "localhost" or ":" in first or "." in first)
        host, path = (first, rest) if hosted else (HUB, text)
        found = re.fullmatch(rf"({_PART}(?:/{_PART})*)(?::({_TAG}))?(?:@({_DIGEST}))?", path)
        if not found or not re.fullmatch(_HOST, host):
            raise RegistryError(
                f'"{text}" is no name of an image; expected [HOST/]USER/{TITLE}, with :TAG or @sha256:DIGEST; '
                "correct it."
            )
        path, tag, digest = found.groups()
        host = HUB if host in ("index.docker.io", "registry-1.docker.io") else host
        path = f"library/{path}" if host == HUB and "/" not in path else path
        return cls(Repository(host, path), tag or ("" if digest else LATEST), digest or "")
