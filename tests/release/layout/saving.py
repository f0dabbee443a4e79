"""Archives as `docker save` writes them, made by hand: the old shape, the new one, and compressed layers."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any


def layer(files: dict[str, bytes], mtime: int = 1_700_000_000) -> bytes:
    """Give back a layer with some files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), mtime
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def diff_id(content: bytes) -> str:
    """Give back the name by which a configuration knows a layer."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def saved(path: Path, layers: list[bytes], shape: str = "new", **config: Any) -> Path:
    """Write an archive; `shape` is `old` (a second layer like the first is a link to it), `new` or `compressed`."""
    told = {
        "os": "linux",
        "architecture": "amd64",
        "created": "2026-01-31T12:00:00.123Z",
        "container_config": {"Hostname": "1a2b3c"},
        "config": {
            "Hostname": "1a2b3c",
            "Image": "sha256:1",
            "User": "1",
            "Labels": {"b": "2", "a": "1"},
            "Cmd": ["x"],
        },
        "rootfs": {"type": "layers", "diff_ids": [diff_id(content) for content in layers]},
        "history": [{"created": "2026-01-31T12:00:00.5Z", "created_by": f"step {n}"} for n in range(len(layers))]
        + [{"created_by": "CMD", "empty_layer": True}],
        **config,
    }
    names: list[str] = []
    with tarfile.open(path, "w") as archive:
        for content in layers:
            digest = hashlib.sha256(content).hexdigest()
            name = f"{len(names)}{digest[1:]}/layer.tar" if shape == "old" else f"blobs/sha256/{digest}"
            twin = next((one for one in names if one[1:] == name[1:]), None)
            entry = tarfile.TarInfo(name)
            if shape == "old" and twin:
                entry.type, entry.linkname = tarfile.SYMTYPE, f"../{twin}"
                archive.addfile(entry)
            elif shape == "old" or name not in names:
                kept = gzip.compress(content) if shape == "compressed" else content
                entry.size = len(kept)
                archive.addfile(entry, io.BytesIO(kept))
            names.append(name)
        entries = {"config.json": told, "manifest.json": [{"Config": "config.json", "RepoTags": None, "Layers": names}]}
        for name, value in entries.items():
            text = json.dumps(value).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return path
