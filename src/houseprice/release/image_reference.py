"""Names of container images: registry host, repository, tag and digest."""

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
_ALIAS = re.compile(r"(?!docker\.io$)(?:[^/]+\.)?docker\.(?:io|com)(?::\d+)?|docker\.io:\d+", re.IGNORECASE)
"""Hosts of Docker Hub's pages and servers, which are not its name as a registry."""
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?")


@dataclass(frozen=True)
class Repository:
    """A repository of images.

    Attributes:
        host: of the registry, with its port; `docker.io` is Docker Hub.
        path: such as `somebody/house-price-model`.
    """

    host: str
    path: str

    def __str__(self) -> str:
        """Return the name for a Docker client: on Docker Hub without the host."""
        return self.path if self.host == HUB else f"{self.host}/{self.path}"

    @classmethod
    def of_namespace(cls, namespace: str, host: str = HUB, setting: str = "DOCKERHUB_USERNAME") -> Self:
        """Return the repository of this project in the namespace of a user or of an organisation.

        Args:
            namespace: name of the user or organisation; other registries than Docker Hub know several parts.
            host: of the registry.
            setting: that the namespace comes from, for messages.

        Raises:
            RegistryError: with the code `username_invalid`, `namespace_invalid` or `registry_host_invalid`.
        """
        if _ALIAS.fullmatch(host) or not re.fullmatch(_HOST, host):
            raise _no_registry(f'DOCKER_REGISTRY "{host}"')
        parts = namespace.split("/")
        if not all(re.fullmatch(_PART, part) for part in parts) or (host == HUB and len(parts) > 1):
            raise RegistryError(
                f'{setting} "{namespace}" is not a namespace of {host}. Set DOCKERHUB_NAMESPACE to the lower-case name '
                "of the user or organisation that owns the repository.",
                code="namespace_invalid" if setting == "DOCKERHUB_NAMESPACE" else "username_invalid",
            )
        return cls(host, f"{namespace}/{TITLE}")

    @property
    def loopback(self) -> bool:
        """Whether the registry runs on this machine, where clients speak plain HTTP and nobody else is served."""
        return bool(_LOOPBACK.fullmatch(self.host))

    def tagged(self, tag: str) -> str:
        """Return the name of a tag."""
        return f"{self}:{tag}"

    def at(self, digest: str) -> str:
        """Return the name of a digest."""
        return f"{self}@{digest}"


@dataclass(frozen=True)
class Reference:
    """One image of a repository: by its digest, by a tag, or by both, of which the digest counts."""

    repository: Repository
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """Return the name for a Docker client."""
        return f"{self.repository}{f':{self.tag}' if self.tag else ''}{f'@{self.digest}' if self.digest else ''}"

    @property
    def key(self) -> str:
        """The digest where it is known, else the tag."""
        return self.digest or self.tag

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the image that a name such as `somebody/house-price-model:1a2b3c4` means; the default is `latest`.

        Raises:
            RegistryError: with the code `image_name_invalid` or `registry_host_invalid`.
        """
        first, slash, rest = text.partition("/")
        hosted = bool(slash) and (first == "localhost" or ":" in first or "." in first)
        host, path = (first, rest) if hosted else (HUB, text)
        found = re.fullmatch(rf"({_PART}(?:/{_PART})*)(?::({_TAG}))?(?:@({_DIGEST}))?", path)
        host = HUB if host in ("index.docker.io", "registry-1.docker.io") else host
        if _ALIAS.fullmatch(host):
            raise _no_registry(f'"{host}"')
        if not found or not re.fullmatch(_HOST, host):
            raise RegistryError(
                f'"{text}" is not an image name. Use [HOST/]USER/{TITLE} with :TAG or @sha256:DIGEST.',
                code="image_name_invalid",
            )
        path, tag, digest = found.groups()
        path = f"library/{path}" if host == HUB and "/" not in path else path
        return cls(Repository(host, path), tag or ("" if digest else LATEST), digest or "")


def _no_registry(what: str) -> RegistryError:
    advice = (
        f'Docker Hub is "{HUB}"' if re.search(r"docker\.(?:io|com)", what, re.IGNORECASE) else "Use HOST or HOST:PORT"
    )
    return RegistryError(
        f"{what} is not the host of a registry. {advice}, without https:// and path.", code="registry_host_invalid"
    )
