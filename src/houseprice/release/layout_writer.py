"""Merging BuildKit's output for each platform into one OCI image layout whose bytes do not depend on the builder.

BuildKit's files and timestamps are reproducible; what differs between its releases is how Go's gzip compresses a layer
and how `history` words a step (docs/decisions/0009-*.md). So layers that were built are compressed again by zlib, and
the history is left out. Layers of the base image keep the bytes under which its registry knows them.
"""

import gzip
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from houseprice.errors import ImageError

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
TAR, TAR_GZIP = "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip"
REWRITTEN = "buildkit/rewritten-timestamp"
"""Annotation that BuildKit gives to the layers whose timestamps it set."""
_LEVEL = 6
_CHUNK = 1 << 20

Descriptor = dict[str, Any]


@dataclass(frozen=True)
class PlatformImage:
    """The image of one platform in the layout.

    Attributes:
        platform: such as `linux/amd64`.
        digest: of its manifest.
        size_bytes: compressed size of all layers.
        own_bytes: compressed size of the layers above the base image.
    """

    platform: str
    digest: str
    size_bytes: int
    own_bytes: int


class LayoutWriter:
    """Writes an OCI image layout with one index; every image states the time `created`."""

    def __init__(self, folder: Path, created: str) -> None:
        self._folder = folder
        self._created = created
        self._blobs = folder / "blobs" / "sha256"
        self._blobs.mkdir(parents=True)
        self._manifests: list[Descriptor] = []

    def add_image(self, built: Path, platform: str) -> PlatformImage:
        """Add the image that BuildKit exported for one platform.

        Raises:
            ImageError: `builder_too_old`: BuildKit did not set the timestamps; `platform_mismatch`: it built for
                another platform; `builder_output_invalid`.
        """
        try:
            (entry,) = json.loads((built / "index.json").read_bytes())["manifests"]
            manifest = json.loads(_blob(built, entry).read_bytes())
            layers, config = manifest["layers"], json.loads(_blob(built, manifest["config"]).read_bytes())
            diff_ids, _ = config["rootfs"]["diff_ids"], config["config"]
        except (OSError, ValueError, LookupError, TypeError) as err:
            raise ImageError(
                f"The builder's output for {platform} is not one image ({err}). Update Docker and buildx.",
                code="builder_output_invalid",
            ) from err
        named = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
        found = f"{config.get('os')}/{config.get('architecture')}"
        if found != f"{named['os']}/{named['architecture']}":
            raise ImageError(
                f"The builder made an image for {found} instead of {platform}. Give a base image for {platform} with "
                f"--base {platform}=IMAGE.",
                code="platform_mismatch",
                platform=found,
            )
        if not any(REWRITTEN in layer.get("annotations", {}) for layer in layers):
            raise ImageError(
                "This BuildKit cannot set the timestamps of files (rewrite-timestamp), so the image would differ with "
                "every build. Use BuildKit 0.13 or newer: Docker 26, or `docker buildx create --use`.",
                code="builder_too_old",
            )
        added = [self._add_layer(built, *pair) for pair in zip(layers, diff_ids, strict=True)]
        kept = {"created": self._created, "config": config["config"], "rootfs": config["rootfs"]}
        content = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._add_json(kept | named, CONFIG),
            "layers": added,
        }
        described = self._add_json(content, MANIFEST)
        self._manifests.append(described | {"platform": named})
        sizes = [layer["size"] for layer in added]
        own = sum(size for size, layer in zip(sizes, layers, strict=True) if REWRITTEN in layer.get("annotations", {}))
        return PlatformImage(platform, described["digest"], sum(sizes), own)

    def finish(self, annotations: Mapping[str, str]) -> str:
        """Write the index over all platforms and return its digest."""
        listed = sorted(self._manifests, key=lambda one: json.dumps(one["platform"], sort_keys=True))
        content = {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed, "annotations": dict(annotations)}
        index = self._add_json(content, INDEX)
        top = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [index]}
        (self._folder / "index.json").write_bytes(_json(top))
        (self._folder / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
        return str(index["digest"])

    def _add_layer(self, built: Path, layer: Descriptor, diff_id: str) -> Descriptor:
        blob = _blob(built, layer)
        if REWRITTEN not in layer.get("annotations", {}) and layer["mediaType"] != TAR:
            shutil.copyfile(blob, self._blobs / blob.name)
            return {key: layer[key] for key in ("mediaType", "digest", "size")}
        with blob.open("rb") as raw:
            stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if layer["mediaType"] == TAR_GZIP else raw  # type: ignore[assignment]
            return self._compress(stream, diff_id)

    def _compress(self, stream: IO[bytes], diff_id: str) -> Descriptor:
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
            plain = hashlib.sha256()
            with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as zipped:
                while chunk := stream.read(_CHUNK):
                    plain.update(chunk)
                    zipped.write(chunk)
        path = Path(file.name)
        if f"sha256:{plain.hexdigest()}" != diff_id:
            raise ImageError(f"A layer is not {diff_id}, as the builder says. Build again.", code="layer_changed")
        with path.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        size = path.stat().st_size
        path.chmod(0o644)
        path.replace(self._blobs / digest)
        return {"mediaType": TAR_GZIP, "digest": f"sha256:{digest}", "size": size}

    def _add_json(self, content: Mapping[str, Any], media_type: str) -> Descriptor:
        raw = _json(content)
        digest = hashlib.sha256(raw).hexdigest()
        (self._blobs / digest).write_bytes(raw)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(raw)}


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _blob(built: Path, descriptor: Descriptor) -> Path:
    algorithm, _, digest = str(descriptor["digest"]).partition(":")
    return built / "blobs" / algorithm / digest
