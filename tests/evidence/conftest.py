"""Packs and bundles that tests may spoil."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from houseprice.bundle import manifest as manifests
from houseprice.evidence.building import build_pack
from houseprice.evidence.pack import write_pack
from houseprice.evidence.subject import of_folder

Spoil = Callable[[Any], Any]


@pytest.fixture(scope="session")
def whole_pack(bundle_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the pack of the session's model, with an attached file; tests must not change it."""
    folder = tmp_path_factory.mktemp("evidence") / "pack"
    write_pack(build_pack(of_folder(bundle_dir), {"equity.json": b'{"verdict": "passed"}'}), folder)
    return folder


@pytest.fixture
def pack(whole_pack: Path, tmp_path: Path) -> Path:
    """Return a pack that a test may change."""
    return shutil.copytree(whole_pack, tmp_path / "pack")


@pytest.fixture
def resealed(bundle_dir: Path, tmp_path: Path) -> Callable[..., Path]:
    """Change parts of a copy of the bundle, and seal it again as if it had been exported so."""

    def one(sample: Spoil | None = None, model: Spoil | None = None) -> Path:
        folder = shutil.copytree(bundle_dir, tmp_path / "resealed")
        if sample:
            path = folder / manifests.SAMPLE
            content = json.loads(path.read_bytes())
            sample(content)
            path.write_bytes(manifests.canonical(content))
        if model:
            path = folder / manifests.MODEL
            path.write_bytes(model(path.read_bytes()))
        manifest = manifests.read((folder / manifests.NAME).read_bytes(), folder)
        digests = {name: manifests.sha256_of(folder / name) for name in manifest.files}
        version = digests[manifests.MODEL][:12]
        changed = manifest.model_copy(update={"files": digests, "model_version": version})
        (folder / manifests.NAME).write_bytes(manifests.write(changed))
        return folder

    return one
