"""A manifest in, which commit it is of out: from its annotations, or from the labels of an image that has none."""

import json
from dataclasses import dataclass
from typing import Any

from houseprice.errors import RegistryError
from houseprice.release.registry.client import MANIFEST_LIMIT, Manifest, Registry

REVISION = "org.opencontainers.image.revision"
CREATED = "org.opencontainers.image.created"


@dataclass(frozen=True)
class Revision:
    """Which commit an image says that it is of, and from when; blank where it does not say.

    Attributes:
        commit: in full.
        created: moment of the commit, in ISO 8601.
    """

    commit: str = ""
    created: str = ""


def revision_of(registry: Registry, manifest: Manifest) -> Revision:
    """Give back what an image in a registry says of its commit.

    The annotations of the index count; where there are none, those of its first platform's manifest, and then the
    labels of that one's configuration, which is all that an image built by `docker build` holds.

    Raises:
        RegistryError: a part of the image cannot be read.
    """
    told = _object(manifest.content)
    listed = told.get("manifests")
    if isinstance(listed, list) and not _annotated(told).commit:
        inside = [one for one in listed if isinstance(one, dict) and _platform(one) != "unknown"]
        digest = str(inside[0].get("digest")) if inside else ""
        found = registry.manifest(digest) if digest.startswith("sha256:") else None
        told = _object(found.content) if found else {}
    if _annotated(told).commit:
        return _annotated(told)
    config = told.get("config")
    digest = str(config.get("digest")) if isinstance(config, dict) else ""
    return _labelled(registry, digest) if digest.startswith("sha256:") else Revision()


def _annotated(told: dict[str, Any]) -> Revision:
    return _revision(told.get("annotations"))


def _labelled(registry: Registry, digest: str) -> Revision:
    config = _object(registry.blob(digest, MANIFEST_LIMIT))
    inner = config.get("config")
    found = _revision(inner.get("Labels") if isinstance(inner, dict) else None)
    return Revision(found.commit, found.created or str(config.get("created") or ""))


def _revision(names: Any) -> Revision:
    names = names if isinstance(names, dict) else {}
    return Revision(str(names.get(REVISION) or ""), str(names.get(CREATED) or ""))


def _platform(listed: dict[str, Any]) -> str:
    """Give back the architecture of a listed manifest; builders list what is no image as "unknown"."""
    platform = listed.get("platform")
    return str(platform.get("architecture")) if isinstance(platform, dict) else ""


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as err:
        raise RegistryError(
            f"The image holds {len(content)} bytes that are no JSON ({err}); expected what describes it; publish "
            "it again."
        ) from err
    return found if isinstance(found, dict) else {}
