"""Registry accounts: taken from the environment, given to other programs in a file that nobody else can read."""

import base64
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from houseprice.release.image_reference import HUB, Repository

USERNAME = "DOCKERHUB_USERNAME"
NAMESPACE = "DOCKERHUB_NAMESPACE"
TOKEN = "DOCKERHUB_TOKEN"  # noqa: S105 - the name of a variable, not its value


@dataclass(frozen=True)
class Account:
    """A registry account; the token is part of no message and of no representation of this value."""

    user: str
    token: str = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Account | None":
        """Return the account of DOCKERHUB_USERNAME and DOCKERHUB_TOKEN, or None unless both are set."""
        user, token = environ.get(USERNAME, "").strip(), environ.get(TOKEN, "").strip()
        return cls(user, token) if user and token else None

    def redact(self, text: str) -> str:
        """Return another program's output without the token."""
        return text.replace(self.token, "***").replace(self._basic, "***") if self.token else text

    @property
    def _basic(self) -> str:
        return base64.b64encode(f"{self.user}:{self.token}".encode()).decode()


def configured_repository(environ: Mapping[str, str]) -> Repository | None:
    """Return the repository in DOCKERHUB_NAMESPACE, else that of DOCKERHUB_USERNAME; None when neither is set.

    Raises:
        RegistryError: `username_invalid`, `namespace_invalid` or `registry_host_invalid`.
    """
    host = environ.get("DOCKER_REGISTRY", "").strip() or HUB
    for setting in (NAMESPACE, USERNAME):
        if namespace := environ.get(setting, "").strip():
            return Repository.of_namespace(namespace, host, setting)
    return None


@contextmanager
def registry_login(
    account: Account | None, repository: Repository, environ: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield the variables by which docker, skopeo and cosign find an account, while its file exists.

    Without an account these are the caller's own: whoever ran `docker login` is logged in.
    """
    if account is None:
        yield _of_the_caller(environ)
        return
    hosts = (HUB, "https://index.docker.io/v1/") if repository.host == HUB else (repository.host,)
    with tempfile.TemporaryDirectory(prefix="houseprice-login-") as folder:  # mode 0700
        config = Path(folder) / "config.json"
        config.touch(mode=0o600)
        config.write_text(json.dumps({"auths": {host: {"auth": account._basic} for host in hosts}}))
        yield {"DOCKER_CONFIG": folder, "REGISTRY_AUTH_FILE": str(config)}


def _of_the_caller(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's own login files; skopeo does not read DOCKER_CONFIG by itself."""
    found = {name: environ[name] for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE") if environ.get(name)}
    config = Path(found.get("DOCKER_CONFIG", "")) / "config.json"
    if "REGISTRY_AUTH_FILE" not in found and "DOCKER_CONFIG" in found and config.is_file():
        found["REGISTRY_AUTH_FILE"] = str(config)
    return found
