"""One platform's image in a layout in, what it is and weighs out."""

from dataclasses import dataclass

from houseprice.errors import ImageError
from houseprice.release.layout.archive import BASE_LAYERS
from houseprice.release.layout.oci import Descriptor, Layout


@dataclass(frozen=True)
class Part:
    """The image of one platform.

    Attributes:
        platform: `linux/amd64` and the like.
        digest: of its manifest.
        size_bytes: of all its layers, compressed.
        own_bytes: of those that are not the base's: what another version moves at most.
    """

    platform: str
    digest: str
    size_bytes: int
    own_bytes: int


def part_of(layout: Layout, manifest: Descriptor) -> Part:
    """Give back what one platform's image is and weighs.

    Raises:
        ImageError: its manifest does not say how many layers are the base's.
    """
    told = str((layout.json(manifest.digest).get("annotations") or {}).get(BASE_LAYERS, ""))
    sizes = [layer.size for layer in layout.layers(manifest)]
    if not told.isdigit() or int(told) > len(sizes):
        raise ImageError(
            f'The manifest of {manifest.platform} says "{told}" for {BASE_LAYERS}; expected a number up to '
            f"{len(sizes)}; build it again with `houseprice image build --layout FOLDER`."
        )
    return Part(manifest.platform, manifest.digest, sum(sizes), sum(sizes[int(told) :]))
