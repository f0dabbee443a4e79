"""A container in, the sealed model that it holds out: what it must answer, and which requests it takes.

Read from the very files that the container runs with, not from what is said of them.
"""

import json
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from houseprice.bundle import manifest as manifests
from houseprice.bundle.manifest import Manifest
from houseprice.errors import DeploymentError
from houseprice.release.docker_cli import Engine

_FOLDER = "/app/models/bundle"


@dataclass(frozen=True)
class Sealed:
    """What a container says of its model, in the bytes that it holds."""

    manifest_bytes: bytes
    golden_bytes: bytes

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest, its seal checked."""
        return manifests.read(self.manifest_bytes, Path(_FOLDER) / manifests.NAME)

    @cached_property
    def golden(self) -> dict[str, Any]:
        """Rows as a request holds them, with the answers that were sealed with the model."""
        expected = self.manifest.files.get(manifests.GOLDEN)
        if manifests.sha256(self.golden_bytes) != expected:
            raise DeploymentError(
                f"The image's {manifests.GOLDEN} is not the one that its manifest names; expected the file that was "
                "sealed; build the image again."
            )
        found: dict[str, Any] = json.loads(self.golden_bytes)
        return found


def sealed(engine: Engine, container: str) -> Sealed:
    """Take the manifest and the golden rows out of a container, running or not.

    Raises:
        DeploymentError: they are not there.
    """
    found = []
    with tempfile.TemporaryDirectory(prefix="houseprice-sealed-") as folder:
        for name in (manifests.NAME, manifests.GOLDEN):
            path = Path(folder) / name
            said = engine.run("cp", f"{container}:{_FOLDER}/{name}", str(path))
            if said.code != 0 or not path.is_file() or path.is_symlink():
                raise DeploymentError(
                    f'The image holds no "{_FOLDER}/{name}" ({said.stderr.strip()[-120:] or "not a file"}); expected '
                    "an image of this project; name another commit."
                )
            found.append(path.read_bytes())
    return Sealed(*found)
