"""The files of an image in, its bill of materials out: CycloneDX 1.6, the same bytes for the same image.

It is made from what is installed, as the files themselves say it, and not from a lock: what somebody slipped in is in
it too. A stranger who pulls the image can make the same document again, and compare.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from email.parser import HeaderParser
from typing import Any
from urllib.parse import quote

from houseprice.bundle import manifest as manifests
from houseprice.release.git_metadata import instant
from houseprice.release.image_reference import TITLE

MODEL = "app/models/bundle"
_DISTRIBUTION = ".dist-info/METADATA"
_OF_DEBIAN = "usr/lib/python3/"  # its packages are known to dpkg
_STATUS = "var/lib/dpkg/status"
_PARTS = "var/lib/dpkg/status.d/"
_SYSTEMS = ("etc/os-release", "usr/lib/os-release")

Component = dict[str, Any]


def wanted(path: str) -> bool:
    """Whether a file of the image, by its path without the leading slash, says what is installed."""
    return (
        (path.endswith(_DISTRIBUTION) and not path.startswith(_OF_DEBIAN))
        or path in (_STATUS, *_SYSTEMS, f"{MODEL}/{manifests.NAME}")
        or (path.startswith(_PARTS) and not path.endswith(".md5sums"))
    )


def sbom(files: Mapping[str, bytes], environment: Mapping[str, str], version: str, epoch: int) -> bytes:
    """Give back the bill of materials of an image.

    Args:
        files: path → content of all files of the image that are `wanted`.
        environment: what the image sets; the official base tells its Python there.
        version: of this project.
        epoch: seconds since 1970 that the image bears as its time.
    """
    components = [*_model(files), *_distributions(files), *_packages(files), *_interpreter(environment)]
    components = [dict(one) for one in {one["bom-ref"]: one for one in components}.values()]
    components.sort(key=lambda one: str(one["bom-ref"]))
    root = f"{TITLE}@{version}"
    about = {
        "timestamp": instant(epoch),
        "tools": {"components": [{"type": "application", "name": "houseprice", "version": version}]},
        "component": {"type": "container", "bom-ref": root, "name": TITLE, "version": version},
    }
    body = {
        "version": 1,
        "metadata": about,
        "components": components,
        "dependencies": [{"ref": root, "dependsOn": [one["bom-ref"] for one in components]}],
    }
    serial = uuid.UUID(bytes=hashlib.sha256(manifests.canonical(body)).digest()[:16], version=4)
    return manifests.canonical(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{serial}",
            **body,
        }
    )


def _model(files: Mapping[str, bytes]) -> Iterator[Component]:
    content = files.get(f"{MODEL}/{manifests.NAME}")
    if content is None:
        return
    manifest = json.loads(content)
    version = str(manifest["model_version"])
    yield {
        "type": "machine-learning-model",
        "bom-ref": f"model:{version}",
        "name": TITLE,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": manifest["files"][manifests.MODEL]}],
    }


def _distributions(files: Mapping[str, bytes]) -> Iterator[Component]:
    """Give what Python's installers left: a folder `NAME-VERSION.dist-info` for each distribution."""
    for path, content in files.items():
        if not path.endswith(_DISTRIBUTION):
            continue
        said = HeaderParser().parsestr(content.decode(errors="replace"))
        name, version = str(said.get("Name", "")).strip(), str(said.get("Version", "")).strip()
        purl = f"pkg:pypi/{quote(re.sub(r'[-_.]+', '-', name).lower())}@{quote(version)}"
        found: Component = {"type": "library", "bom-ref": purl, "name": name, "version": version}
        expression = str(said.get("License-Expression") or "").strip()
        told = _first_line(str(said.get("License") or "")) or _classified(said.get_all("Classifier") or [])
        if expression:
            found["licenses"] = [{"expression": expression}]
        elif told:
            found["licenses"] = [{"license": {"name": told}}]
        yield found | {"purl": purl}


def _packages(files: Mapping[str, bytes]) -> Iterator[Component]:
    """Give what dpkg says is installed; a base without dpkg keeps a file for each package."""
    system = _fields(next((files[path] for path in _SYSTEMS if path in files), b""), "=")
    vendor = system.get("ID", "debian").strip('"')
    release = system.get("VERSION_ID", "").strip('"')
    for path, content in files.items():
        if path != _STATUS and not path.startswith(_PARTS):
            continue
        for paragraph in content.decode(errors="replace").split("\n\n"):
            said = _fields(paragraph.encode(), ":")
            name, version, state = said.get("Package"), said.get("Version"), said.get("Status", "install ok installed")
            if not name or not version or not state.endswith(" installed"):
                continue
            also = {"arch": said.get("Architecture", ""), "distro": f"{vendor}-{release}" if release else ""}
            qualifiers = "&".join(f"{key}={quote(value)}" for key, value in also.items() if value)
            purl = f"pkg:deb/{quote(vendor)}/{quote(name)}@{quote(version)}{f'?{qualifiers}' if qualifiers else ''}"
            yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _interpreter(environment: Mapping[str, str]) -> Iterator[Component]:
    """Give the Python of the official base, which no package manager knows."""
    version = environment.get("PYTHON_VERSION")
    if version:
        purl = f"pkg:generic/python@{quote(version)}"
        yield {"type": "application", "bom-ref": purl, "name": "python", "version": version, "purl": purl}


def _fields(content: bytes, sign: str) -> dict[str, str]:
    lines = content.decode(errors="replace").splitlines()
    split = (line.partition(sign) for line in lines if line[:1].strip())  # what is indented goes on with the line above
    return {name.strip(): value.strip() for name, _, value in split}


def _first_line(text: str) -> str:
    """Give back the name of a licence; some put its whole text there."""
    lines = text.strip().splitlines()
    return lines[0].strip()[:100] if lines and lines[0].strip() != "UNKNOWN" else ""


def _classified(classifiers: list[str]) -> str:
    names = [one.rpartition("::")[2].strip() for one in classifiers if one.startswith("License ::")]
    return " OR ".join(sorted(names))
