"""The files of an image in, the parts that are installed in it out; and the same as an SBOM tells it.

Read here a second time, and not with what wrote the SBOM: a list that is compared with itself is always right.
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
    """Whether a file tells of an installed part."""
    return bool(_PYTHON.fullmatch(path) or _DEBIAN.fullmatch(path))


def installed(files: Mapping[str, bytes]) -> dict[str, str]:
    """Give back what is installed: kind and name → versions."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, content in files.items():
        if _PYTHON.fullmatch(path):
            told = BytesHeaderParser().parsebytes(content)
            found[f"pypi {_name(str(told['Name']))}"].add(str(told["Version"]))
        for paragraph in re.split(rb"\n\s*\n", content) if _DEBIAN.fullmatch(path) else ():
            told = BytesHeaderParser().parsebytes(paragraph.strip() + b"\n")
            if told["Package"] and str(told.get("Status", "installed")).split()[-1:] == ["installed"]:
                found[f"deb {told['Package']}"].add(str(told["Version"]))
    return _flat(found)


def listed(sbom: Any) -> dict[str, str]:
    """Give back what a CycloneDX document lists of these kinds: kind and name → versions."""
    found: dict[str, set[str]] = defaultdict(set)
    for component in _components(sbom):
        purl = component.get("purl")
        if isinstance(purl, str) and (part := _PURL.fullmatch(re.sub(r"[?#].*", "", purl))):
            kind, name, version = part[1], unquote(part[2]), unquote(part[3])
            found[f"{kind} {_name(name) if kind == 'pypi' else name}"].add(version)
    return _flat(found)


def listed_models(sbom: Any) -> list[str]:
    """Give back the sha256 of every model that a CycloneDX document lists."""
    models = [one for one in _components(sbom) if one.get("type") == "machine-learning-model"]
    hashes = [hashed for one in models for hashed in one.get("hashes") or [] if isinstance(hashed, dict)]
    return [str(hashed.get("content")) for hashed in hashes if hashed.get("alg") == "SHA-256"]


def _components(sbom: Any) -> list[dict[str, Any]]:
    components = sbom.get("components") if isinstance(sbom, dict) else None
    return [one for one in components if isinstance(one, dict)] if isinstance(components, list) else []


def _name(name: str) -> str:
    """Give back the one spelling of a Python project's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _flat(found: Mapping[str, Iterable[str]]) -> dict[str, str]:
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}
