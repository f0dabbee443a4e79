"""The shelf: a registry that can only be read, from which the very digest is pulled."""

import http.client
import subprocess
from pathlib import Path

import pytest

from houseprice.release.layout.oci import INDEX, LAYER, Layout
from houseprice.release.layout.shelf import shelf
from programs import needs
from release.layout.test_oci import made


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Give a layout for two platforms."""
    return made(tmp_path / "layout")


def asked(address: str, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Ask the shelf; give back status, headers and content."""
    connection = http.client.HTTPConnection(address.partition("/")[0], timeout=10)
    connection.request(method, path)
    response = connection.getresponse()
    found = response.status, dict(response.getheaders()), response.read()
    connection.close()
    return found


def test_every_blob_is_on_the_shelf(layout: Layout) -> None:
    """Whatever a layout holds is served with its type, size and digest."""
    with shelf(layout) as address:
        for blob in layout.blobs():
            kind = "blobs" if blob.media_type == LAYER else "manifests"
            status, headers, content = asked(address, f"/v2/house-price-model/{kind}/{blob.digest}")
            assert (status, content) == (200, layout.path(blob.digest).read_bytes())
            assert (headers["Docker-Content-Digest"], headers["Content-Type"]) == (blob.digest, blob.media_type)
            status, headers, content = asked(address, f"/v2/house-price-model/{kind}/{blob.digest}", "HEAD")
            assert (status, int(headers["Content-Length"]), content) == (200, blob.size, b"")
        assert asked(address, "/v2/")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/house-price-model/manifests/latest", 404),
        ("GET", f"/v2/house-price-model/blobs/sha256:{'0' * 64}", 404),
        ("GET", "/v2/other/manifests/DIGEST", 404),
        ("GET", "/v2/house-price-model/blobs/../../oci-layout", 404),
        ("GET", "/", 404),
        ("PUT", "/v2/house-price-model/manifests/DIGEST", 501),
        ("DELETE", "/v2/house-price-model/manifests/DIGEST", 501),
        ("POST", "/v2/house-price-model/blobs/uploads/", 501),
    ],
)
def test_nothing_else_is(layout: Layout, method: str, path: str, status: int) -> None:
    """Tags, other names, unknown digests and whatever would write are refused."""
    with shelf(layout) as address:
        assert asked(address, path.replace("DIGEST", layout.index.digest), method)[0] == status


def test_an_address_is_gone_with_its_block(layout: Layout) -> None:
    """When the test is over, nobody listens."""
    with shelf(layout) as address:
        pass
    with pytest.raises(ConnectionRefusedError):
        asked(address, "/v2/")


def test_others_read_it(layout: Layout) -> None:
    """A client that is not ours finds the index with its annotations, of the same digest, here and in the folder."""
    needs("skopeo")
    with shelf(layout) as address:
        name = f"{address}@{layout.index.digest}"
        command = ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{name}"]
        said = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    assert said == layout.read(layout.index.digest)
    raw = ["skopeo", "inspect", "--raw", f"oci:{layout.folder}"]
    assert subprocess.run(raw, capture_output=True, check=True, timeout=60).stdout == said
    assert layout.index.media_type == INDEX
