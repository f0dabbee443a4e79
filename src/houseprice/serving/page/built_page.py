"""The files of the page as its build left them, read once into memory.

A name is looked up among those that were there at the start, so that no request can reach another file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

BUILT = Path(__file__).with_name("built")
INDEX = "index.html"
ASSETS = "assets"
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content coding → ending of the variant that the build made; the best one first."""
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class PageFile:
    """A file of the page.

    Attributes:
        media_type: of its content.
        etag: of its content, in whatever coding.
        variants: content coding → bytes; "" is the file itself.
    """

    media_type: str
    etag: str
    variants: Mapping[str, bytes]

    def accepted(self, accept_encoding: str) -> tuple[str, bytes]:
        """Return the coding and the bytes that a client with such a header gets."""
        allowed = accepted_codings(accept_encoding, self.variants)
        coding = next((coding for coding in ENCODINGS if coding in allowed), "")
        return coding, self.variants[coding]


def read_built(folder: Path = BUILT) -> dict[str, PageFile]:
    """Return name → file of the built page: `index.html`, and those in `assets`; nothing where it was not built."""
    index = folder / INDEX
    if not index.is_file():
        return {}
    endings = tuple(ENCODINGS.values())
    assets = sorted(path for path in (folder / ASSETS).glob("*") if path.is_file() and not path.name.endswith(endings))
    return {path.name: _read(path) for path in (index, *assets)}


def accepted_codings(header: str, known: Iterable[str]) -> set[str]:
    """Return which of the known content codings an `Accept-Encoding` allows, with a weight above 0 (RFC 9110)."""
    weights: dict[str, bool] = {}
    for element in header.lower().split(","):
        name, _, parameter = element.partition(";")
        weights[name.strip()] = not _is_zero(parameter)
    return {coding for coding in known if coding and weights.get(coding, weights.get("*", False))}


def _is_zero(parameter: str) -> bool:
    name, _, weight = parameter.partition("=")
    return name.strip() == "q" and not weight.strip().strip("0.")


def _read(path: Path) -> PageFile:
    variants = {"": path.read_bytes()}
    for coding, ending in ENCODINGS.items():
        variant = path.with_name(path.name + ending)
        if variant.is_file():
            variants[coding] = variant.read_bytes()
    media_type = _TYPES.get(path.suffix, "application/octet-stream")
    return PageFile(media_type, f'W/"{sha256(variants[""]).hexdigest()[:16]}"', variants)
