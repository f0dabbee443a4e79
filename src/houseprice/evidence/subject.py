"""What a pack is about: a bundle in a folder, or the one in the layers of a verified image."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.release.verification.image_reader import BUNDLE_FOLDER
from houseprice.release.verification.verify import Verified


@dataclass(frozen=True)
class Subject:
    """A model whose every byte was verified.

    Attributes:
        bundle: the model.
        image: what is proven of the image that holds it: `digest`, `revision`, `source`, `builder`, `signers` and
            `platforms`; None for a folder.
    """

    bundle: Bundle
    image: dict[str, Any] | None = None


def of_folder(directory: Path) -> Subject:
    """Return the bundle in a folder.

    Raises:
        ArtifactError: As `open_bundle`.
    """
    return Subject(open_bundle(directory))


@contextmanager
def of_image(verified: Verified) -> Iterator[Subject]:
    """Yield the bundle in the layers of a verified image, in a temporary folder.

    Raises:
        ArtifactError: As `open_bundle`.
    """
    with tempfile.TemporaryDirectory(prefix="houseprice-evidence-") as folder:
        directory = Path(folder)
        for name, content in verified.image.platforms[0].below(BUNDLE_FOLDER).items():
            if "/" not in name:  # a bundle has no folders; open_bundle refuses what is missing or too much
                (directory / name).write_bytes(content)
        about = {
            "digest": verified.digest,
            "revision": verified.revision,
            "source": verified.source,
            "builder": verified.builder,
            "signers": list(verified.signers),
            "platforms": verified.platforms,
        }
        yield Subject(open_bundle(directory), about)
