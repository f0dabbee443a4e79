"""What `docker save` wrote in, one platform's image in a layout out: bytes that depend on the content alone.

Every engine writes a `manifest.json` that names the configuration and the layers, the old ones (`ID/layer.tar`, which
may be a link) and the new (`blobs/sha256/…`, perhaps compressed) alike. The layers of the base stay as they are, so
that a public base is still known by its own; the others are normalised.
"""

import gzip
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from houseprice.errors import ImageError
from houseprice.release.git_metadata import instant
from houseprice.release.layout.oci import CONFIG, MANIFEST, Descriptor, Layout, compact
from houseprice.release.layout.packing import Layer, copied, normalised

CHUNK = 2**20
BASE_LAYERS = "houseprice.base-layers"
DECLARED = (
    "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "Healthcheck",
    "Shell",
)  # fmt: skip
"""What an image declares; whatever else a builder writes there is of the building, and differs every time."""


@dataclass(frozen=True)
class Taken:
    """An image that was taken out of an archive, its layers in the layout already.

    Attributes:
        platform: `linux/amd64` and the like.
        declared: what containers of it get: user, environment, command, labels and more.
        layers: the lowest first.
        steps: for each layer, what made it.
        base: how many of the layers are the base's.
    """

    platform: str
    declared: Mapping[str, Any]
    layers: tuple[Layer, ...]
    steps: tuple[str, ...]
    base: int


def take(archive: Path, layout: Layout, platform: str, base: Sequence[str], steps: Sequence[str], epoch: int) -> Taken:
    """Take the one image out of an archive into a layout.

    Args:
        archive: what `docker save` wrote.
        layout: where the layers are put.
        platform: that it must be for.
        base: diff_ids of the base's layers, the lowest first.
        steps: the lines of the Dockerfile that made the other layers; otherwise the builder's own words are taken.
        epoch: time of every entry in the other layers.

    Raises:
        ImageError: the archive holds no image, several, or one of another platform or base.
    """
    with tarfile.open(archive) as saved:
        try:
            config, names = _described(saved)
            made_for = f"{config['os']}/{config['architecture']}"
            diff_ids = config["rootfs"]["diff_ids"]
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise ImageError(
                f'"{archive.name}" holds no single image ({err}); expected what `docker save` writes of one; look at '
                "the engine's version."
            ) from err
        if made_for != "/".join(platform.split("/")[:2]):
            raise ImageError(
                f"The image is made for {made_for}; expected {platform}; give a base for it: --base {platform}=IMAGE."
            )
        if list(base) != diff_ids[: len(base)] or len(names) != len(diff_ids):
            raise ImageError(
                f"The image was not built on its base: its layers begin with {diff_ids[: len(base)]}, the base's are "
                f"{list(base)}; expected the same; build it again."
            )
        layers = []
        for position, name in enumerate(names):
            with _plain(saved, name) as source:
                ours = position >= len(base)
                chunks = iter(partial(source.read, CHUNK), b"")
                layers.append(normalised(layout, source, epoch) if ours else copied(layout, chunks))
                if not ours and layers[-1].diff_id != diff_ids[position]:
                    raise ImageError(f"A layer of the base is not {diff_ids[position]}; save the image again.")
    said = _steps(config, len(layers))
    mine = steps if len(steps) == len(layers) - len(base) else said[len(base) :]
    return Taken(platform, _declared(config), tuple(layers), (*said[: len(base)], *mine), len(base))


def described(taken: Taken, layout: Layout, epoch: int) -> Descriptor:
    """Write configuration and manifest of an image whose layers are in the layout, and give back the manifest.

    The manifest says how many of the layers are the base's, so that the others can be weighed.
    """
    system, architecture, *variant = taken.platform.split("/")
    created = instant(epoch)
    config = {
        "architecture": architecture,
        "os": system,
        **({"variant": variant[0]} if variant else {}),
        "created": created,
        "config": dict(taken.declared),
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in taken.layers]},
        "history": [{"created": created, "created_by": step} for step in taken.steps],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": layout.add(compact(config), CONFIG).told(),
        "layers": [layer.blob.told() for layer in taken.layers],
        "annotations": {BASE_LAYERS: str(taken.base)},
    }
    return layout.add(compact(manifest), MANIFEST, taken.platform)


def _described(saved: tarfile.TarFile) -> tuple[dict[str, Any], list[str]]:
    (entry,) = json.loads(_member(saved, "manifest.json").read())
    config = json.loads(_member(saved, entry["Config"]).read())
    return config, list(entry["Layers"])


def _member(saved: tarfile.TarFile, name: str) -> IO[bytes]:
    found = saved.extractfile(name)
    if found is None:
        raise ValueError(f"{name} is no file")
    return found


@contextmanager
def _plain(saved: tarfile.TarFile, name: str) -> Iterator[IO[bytes]]:
    """Give a layer that is not compressed, whichever way the engine keeps it."""
    with _member(saved, name) as stream:
        magic = stream.read(4)
        stream.seek(0)
        if magic == b"\x28\xb5\x2f\xfd":
            raise ImageError(f'The layer "{name}" is compressed with zstd; expected gzip or none; take another base.')
        if magic[:2] != b"\x1f\x8b":
            yield stream
            return
        with tempfile.TemporaryFile() as plain, gzip.open(stream) as unzipped:
            shutil.copyfileobj(unzipped, plain, CHUNK)
            plain.seek(0)
            yield plain


def _declared(config: Mapping[str, Any]) -> dict[str, Any]:
    declared = config.get("config") or {}
    found = {key: declared[key] for key in DECLARED if declared.get(key)}
    return {key: dict(sorted(value.items())) if isinstance(value, dict) else value for key, value in found.items()}


def _steps(config: Mapping[str, Any], layers: int) -> list[str]:
    found = [
        entry.get("created_by") or entry.get("comment") or ""
        for entry in config.get("history") or []
        if not entry.get("empty_layer")
    ]
    return found if len(found) == layers else [""] * layers
