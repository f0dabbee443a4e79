"""What is installed in an image, read twice by different eyes."""

import json
from typing import Any

import pytest
from planting import PARTS

from houseprice.release.verification.installed_packages import installed, listed, listed_models, wanted
from houseprice.release.verification.sbom import sbom

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


def test_what_is_installed_is_found() -> None:
    """Debian's packages and Python's distributions, in every version that is there; nothing that is gone."""
    assert installed({path: content for path, content in FILES.items() if wanted(path)}) == {
        "deb libc6": "2.36-9+deb12u10",
        "deb libstdc++6": "1:12.2.0-14",
        "deb tzdata": "2025b",
        "pypi a-b-c": "1.0+local",
        "pypi pip": "24.0, 25.0",
    }


@pytest.mark.parametrize("files", [FILES, PARTS])
def test_the_bill_of_materials_lists_the_very_same(files: dict[str, bytes]) -> None:
    """Whoever writes the list and whoever reads the image agree, whatever is in the names."""
    seen = {path: content for path, content in files.items() if wanted(path)}
    assert listed(json.loads(sbom(seen, {"PYTHON_VERSION": "3.11.2"}, "0.1.0", 0))) == installed(seen) != {}


@pytest.mark.parametrize("told", [None, [], {}, {"components": 1}, {"components": [1, {}, {"purl": 1}, {"purl": "x"}]}])
def test_a_list_that_is_none_lists_nothing(told: Any) -> None:
    """Whatever stands in the file, reading it does not fail."""
    assert (listed(told), listed_models(told)) == ({}, [])
