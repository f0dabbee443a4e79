"""Small images as OCI layouts: real layers for two platforms, with the labels and the SBOM of a real build."""

import json
from pathlib import Path

from tiny_image import Tiny, lay

from houseprice.release.oci_layout import OciLayout

SBOM = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}


def make_layout(
    folder: Path, commit: str, *, text: str = "a house", platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64")
) -> OciLayout:
    """Write the image of a commit into a folder; another text makes another image of that commit."""
    labels = {
        "org.opencontainers.image.revision": commit,
        "org.opencontainers.image.source": "https://github.com/tester/house-price-model",
        "org.opencontainers.image.base.name": "docker.io/library/python:3.11-slim-bookworm",
        "org.opencontainers.image.base.digest": f"sha256:{'b' * 64}",
        "houseprice.manifest.sha256": "a" * 64,
    }
    images = {}
    for platform in platforms:
        sbom = json.dumps(SBOM | {"metadata": {"platform": platform}}).encode()
        own: dict[str, bytes | str] = {platform.replace("/", "-"): text.encode()}
        images[platform] = Tiny([{"common": b"the same for all"}, own, {"app/sbom.cdx.json": sbom}], labels)
    return lay(folder, images)
