"""What is installed in an image, and what its SBOM lists."""

from typing import Any

import pytest

from houseprice.release.verification.installed_packages import installed, listed, wanted

STATUS = b"""Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10
Description: the library
 with a second line
 .
 Version: 9

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: never
Status: deinstall ok not-installed

Package: libstdc++6
Status: install ok installed
Version: 1:12.2.0-14
"""
FILES = {
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/status.d/tzdata": b"Package: tzdata\nVersion: 2025b\n",
    "var/lib/dpkg/status.d/tzdata.md5sums": b"Package: none\nVersion: 1\n",
    "usr/lib/python3/dist-packages/debians_own-1.dist-info/METADATA": b"Name: debians-own\nVersion: 1\n",
    "opt/venv/lib/python3.11/site-packages/A_b.C-1.0+local.dist-info/METADATA": b"Name: A_b.C\nVersion: 1.0+local\n",
    "usr/local/lib/python3.11/site-packages/pip-24.0.dist-info/METADATA": b"Name: pip\nVersion: 24.0\n",
    "opt/venv/lib/python3.11/site-packages/pip-25.0.dist-info/METADATA": b"Name: pip\nVersion: 25.0\n",
}
PURLS = (
    "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12",
    "pkg:deb/debian/libstdc%2B%2B6@1%3A12.2.0-14?arch=amd64",
    "pkg:deb/debian/tzdata@2025b",
    "pkg:pypi/A_b.C@1.0%2Blocal",
    "pkg:pypi/pip@24.0",
    "pkg:pypi/pip@25.0#sub",
    "pkg:generic/python@3.11",
)
FOUND = {
    "deb libc6": "2.36-9+deb12u10",
    "deb libstdc++6": "1:12.2.0-14",
    "deb tzdata": "2025b",
    "pypi a-b-c": "1.0+local",
    "pypi pip": "24.0, 25.0",
}


def test_what_is_installed_is_found() -> None:
    """Debian's packages and Python's distributions, in every version that is there; nothing that is gone."""
    assert installed({path: content for path, content in FILES.items() if wanted(path)}) == FOUND


def test_what_is_listed_is_read_from_package_urls() -> None:
    """However they are escaped and qualified."""
    assert listed({"components": [{"purl": purl} for purl in PURLS]}) == FOUND


@pytest.mark.parametrize("sbom", [None, [], {}, {"components": 1}, {"components": [1, {}, {"purl": 1}, {"purl": "x"}]}])
def test_what_is_no_list_lists_nothing(sbom: Any) -> None:
    """Whatever the file holds, reading it does not fail."""
    assert listed(sbom) == {}
