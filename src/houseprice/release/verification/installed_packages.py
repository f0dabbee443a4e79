"""Python distributions and Debian packages that are installed in an image, and those that its SBOM lists.

What is installed is read from the files of the image and not with the program that wrote the SBOM: a list that is
compared with itself is always right.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from email.parser import BytesHeaderParser
from typing import Any
from urllib.parse import unquote

_PYTHON = re.compile(r"(?!usr/lib/python3/)(?:.*/)?[^/]+\.dist-info/METADATA")  # Debian's own are known to dpkg
_DEBIAN = re.compile(r"var/lib/dpkg/(?:status|status\.d/[^/]+(?<!\.md5sums))")
_PURL = re.compile(r"pkg:(pypi|deb)/(?:[^/@]+/)?([^/@?#]+)@([^?#]+)")


def wanted(path: str) -> bool:
    """Return whether a file tells what is installed."""
    return bool(_PYTHON.fullmatch(path) or _DEBIAN.fullmatch(path))


def installed(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return what is installed: kind and name → versions."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, content in files.items():
        if _PYTHON.fullmatch(path):
            metadata = BytesHeaderParser().parsebytes(content)
            found[f"pypi {_normalize(str(metadata['Name']))}"].add(str(metadata["Version"]))
        for paragraph in re.split(rb"\n\s*\n", content) if _DEBIAN.fullmatch(path) else ():
            package = BytesHeaderParser().parsebytes(paragraph.strip() + b"\n")
            if package["Package"] and str(package.get("Status", "installed")).split()[-1:] == ["installed"]:
                found[f"deb {package['Package']}"].add(str(package["Version"]))
    return _join(found)


def listed(sbom: Any) -> dict[str, str]:
    """Return what a CycloneDX document lists of these kinds: kind and name → versions."""
    components = sbom.get("components") if isinstance(sbom, dict) else None
    found: dict[str, set[str]] = defaultdict(set)
    for component in components if isinstance(components, list) else ():
        purl = component.get("purl") if isinstance(component, dict) else None
        if isinstance(purl, str) and (part := _PURL.fullmatch(re.sub(r"[?#].*", "", purl))):
            kind, name, version = part[1], unquote(part[2]), unquote(part[3])
            found[f"{kind} {_normalize(name) if kind == 'pypi' else name}"].add(version)
    return _join(found)


def _normalize(name: str) -> str:
    """Return the normalised spelling of a Python project's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _join(found: Mapping[str, Iterable[str]]) -> dict[str, str]:
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}
