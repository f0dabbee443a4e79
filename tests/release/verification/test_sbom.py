"""The bill of materials: what is installed, as the files say it, in a document that others can read."""

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from houseprice.release.verification.sbom import sbom, wanted

STATUS = b"""Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u9
Description: GNU C Library
 Package: not-this-one

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: half
Status: install ok half-configured
Version: 2
"""
LIBRARIES = "opt/venv/lib/python3.11/site-packages"
FILES = {
    "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/status.d/tzdata": b"Package: tzdata\nVersion: 2026a\nArchitecture: all\n",
    f"{LIBRARIES}/One_Thing-1.0.dist-info/METADATA": (
        b"Name: One_Thing\nVersion: 1.0\nLicense-Expression: MIT\n\nLicense: not this\n"
    ),
    f"{LIBRARIES}/two-2.dist-info/METADATA": b"Name: two\nVersion: 2\nLicense: Some License\n and more\n",
    f"{LIBRARIES}/three-3.dist-info/METADATA": b"Name: three\nVersion: 3\nClassifier: License :: OSI :: MIT License\n",
    "app/houseprice-0.1.0.dist-info/METADATA": b"Name: houseprice\nVersion: 0.1.0\n",
    "app/models/bundle/manifest.json": json.dumps({"model_version": "abc", "files": {"model.onnx": "a" * 64}}).encode(),
}


def made(files: dict[str, bytes] = FILES, **environment: str) -> dict[str, Any]:
    """Make a bill and read it."""
    return json.loads(sbom(files, environment, "0.1.0", 1_600_000_000))


def test_it_is_cyclonedx() -> None:
    """The document keeps to the schema of CycloneDX 1.6, as its own project reads it."""
    for files in (FILES, {}):
        fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made(files, PYTHON_VERSION="3.11.9")))
        assert fault is None


def test_everything_that_is_installed_is_named() -> None:
    """Distributions, packages of the base, the interpreter and the model are components with their address."""
    found = {one.get("purl", one["bom-ref"]): one for one in made(PYTHON_VERSION="3.11.9")["components"]}
    assert set(found) == {
        "pkg:pypi/one-thing@1.0",
        "pkg:pypi/two@2",
        "pkg:pypi/three@3",
        "pkg:pypi/houseprice@0.1.0",
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u9?arch=amd64&distro=debian-12",
        "pkg:deb/debian/tzdata@2026a?arch=all&distro=debian-12",
        "pkg:generic/python@3.11.9",
        "model:abc",
    }
    assert found["pkg:pypi/one-thing@1.0"]["licenses"] == [{"expression": "MIT"}]
    assert found["pkg:pypi/two@2"]["licenses"] == [{"license": {"name": "Some License"}}]
    assert found["pkg:pypi/three@3"]["licenses"] == [{"license": {"name": "MIT License"}}]
    assert found["model:abc"]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]


def test_the_same_image_gives_the_same_bytes() -> None:
    """The order in which files are found does not count; what is installed does, down to the serial number."""
    one = sbom(FILES, {}, "0.1.0", 0)
    assert sbom(dict(reversed(FILES.items())), {}, "0.1.0", 0) == one
    other = {name: content for name, content in FILES.items() if "two" not in name}
    assert made(other)["serialNumber"] != made()["serialNumber"]


@pytest.mark.parametrize(
    ("path", "is_wanted"),
    [
        *((path, True) for path in FILES),
        ("usr/lib/python3/dist-packages/x-1.dist-info/METADATA", False),
        ("var/lib/dpkg/status.d/tzdata.md5sums", False),
        ("var/lib/dpkg/status-old", False),
        (f"{LIBRARIES}/two-2.dist-info/RECORD", False),
        ("app/models/bundle/model.onnx", False),
    ],
)
def test_only_what_tells_is_read(path: str, is_wanted: bool) -> None:
    """Files that say what is installed are asked for, and no others."""
    assert wanted(path) is is_wanted


def test_metadata_that_cannot_be_read_still_gives_a_valid_document() -> None:
    """Whatever a distribution says of itself, the document keeps to its schema."""
    odd = {
        "opt/a-1.dist-info/METADATA": b"\xff\xfe\n",
        "opt/b-1.dist-info/METADATA": "Name: b\nVersion: 1\nLicense: ñ\n".encode("latin-1"),
        "var/lib/dpkg/status": b"\xff\n\n:::\n",
    }
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made(odd))) is None
