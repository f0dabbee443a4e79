"""The client against a real registry: what is sent arrives, what is not there is said, and nothing is believed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faulty import Faulty, answers, changes, loses_the_answer, resets

from houseprice.errors import RegistryError
from houseprice.release.registry.client import MANIFEST, Registry

Through = Callable[..., Registry]


def digest_of(content: bytes) -> str:
    """Give back what content is named by."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def blob(folder: Path, content: bytes = b"x" * 700_000) -> tuple[Path, str, int]:
    """Write a file, and give back what it is pushed by."""
    path = folder / digest_of(content)[7:19]
    path.write_bytes(content)
    return path, digest_of(content), len(content)


def manifest(folder: Path, registry: Registry) -> bytes:
    """Push a configuration, and give back a manifest of it."""
    path, digest, size = blob(folder, b"{}")
    registry.push_blob(path, digest, size)
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": size}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}).encode()


def test_what_is_sent_can_be_read(through: Through, tmp_path: Path) -> None:
    """A blob and a manifest come back as they were sent, by digest and by tag."""
    registry = through()
    assert registry.manifest("a") is None
    assert registry.tags() == ()
    registry.may_write()
    path, digest, size = blob(tmp_path)
    assert not registry.has_blob(digest)
    registry.push_blob(path, digest, size)
    assert registry.has_blob(digest)
    assert registry.blob(digest, size) == path.read_bytes()
    content = manifest(tmp_path, registry)
    for key in (digest_of(content), "b", "a"):
        assert registry.push_manifest(key, content, MANIFEST) == digest_of(content)
        found = registry.manifest(key)
        assert found
        assert (found.content, found.media_type, found.digest) == (content, MANIFEST, digest_of(content))
    assert registry.tags() == ("a", "b")


def test_what_is_there_is_not_sent_again(through: Through, proxy: Faulty, tmp_path: Path) -> None:
    """A blob that the registry holds is looked for, and no upload is begun."""
    registry, given = through(), blob(tmp_path)
    registry.push_blob(*given)
    proxy.asked.clear()
    registry.push_blob(*given)
    assert [line.split()[0] for line in proxy.asked] == ["HEAD"]


@pytest.mark.parametrize("size", [0, 1, (1 << 18) - 1, 1 << 18, (1 << 19) + 3])
def test_a_blob_of_any_size_arrives(through: Through, tmp_path: Path, size: int) -> None:
    """Whole blocks, broken ones, and nothing at all."""
    registry, given = through(), blob(tmp_path, b"y" * size)
    registry.push_blob(*given)
    assert registry.blob(given[1], size) == b"y" * size


def test_many_tags_come_in_pages(through: Through, proxy: Faulty, tmp_path: Path) -> None:
    """Every page is asked for, as the registry says where the next one is."""
    registry = through()
    content = manifest(tmp_path, registry)
    for number in range(5):
        registry.push_manifest(f"t{number}", content, MANIFEST)
    where = "/v2/" + registry.repository.path + "/tags/list"

    def paged(status: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        names = json.loads(body)["tags"]
        first = proxy.asked[-1].partition("last=")[2]
        begin = names.index(first) + 1 if first else 0
        page = names[begin : begin + 2]
        further = {"Link": f'<{where}?last={page[-1]}>; rel="next"'} if names[begin + 2 :] else {}
        return status, {**headers, **further}, json.dumps({"tags": page}).encode()

    proxy.when("GET tags/list", changes(paged))
    assert registry.tags() == ("t0", "t1", "t2", "t3", "t4")
    assert len([line for line in proxy.asked if "last=" in line]) == 2


@pytest.mark.parametrize("fault", [resets(), loses_the_answer(), answers(503), answers(429, Retry_After="9")])
@pytest.mark.parametrize("request_", ["HEAD", "POST", "PUT"])
def test_what_may_pass_is_tried_again(
    through: Through, proxy: Faulty, tmp_path: Path, pauses: list[float], request_: str, fault: Any
) -> None:
    """Whichever request of an upload fails, and however: the blob is there in the end, and the pause was said."""
    said: list[str] = []
    registry, given = through(say=said.append), blob(tmp_path)
    registry.may_write()
    proxy.when(f"{request_} blobs", fault, times=2)
    registry.push_blob(*given)
    assert registry.blob(given[1], given[2]) == given[0].read_bytes()
    assert len(said) == len(pauses) > 0
    assert all(f"try {number} of 5 in" in line for number, line in enumerate(said, 2))


def test_an_upload_that_is_cut_off_in_the_middle_begins_anew(through: Through, proxy: Faulty, tmp_path: Path) -> None:
    """Half of a blob is not a blob: the registry holds the whole one after the next try, and nothing before."""
    registry, given = through(), blob(tmp_path, bytes(3 << 20))
    registry.may_write()
    proxy.when("PUT", resets(taken=1 << 20), times=3)
    registry.push_blob(*given)
    assert registry.has_blob(given[1])
    assert len([line for line in proxy.asked if line.startswith("POST")]) >= 4


def test_an_answer_that_ends_early_is_asked_for_again(through: Through, proxy: Faulty, tmp_path: Path) -> None:
    """A connection that breaks within an answer is never taken for the end of it."""
    registry, given = through(), blob(tmp_path)
    registry.push_blob(*given)
    proxy.when("GET blobs", loses_the_answer(given=1000), times=2)
    assert registry.blob(given[1], given[2]) == given[0].read_bytes()


@pytest.mark.parametrize("by", ["tag", "digest", "blob"])
def test_bytes_that_were_changed_are_not_given(through: Through, proxy: Faulty, tmp_path: Path, by: str) -> None:
    """Whatever the headers say, the digest is that of the bytes."""
    registry = through()
    content = manifest(tmp_path, registry)
    registry.push_manifest("a", content, MANIFEST)
    digest = digest_of(content)

    def other(status: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        return status, headers, body.replace(b"{", b"{ ", 1)

    proxy.when("GET", changes(other))
    with pytest.raises(RegistryError, match=r"should be in .*expected the very bytes"):
        {
            "tag": lambda: registry.manifest("a"),
            "digest": lambda: registry.manifest(digest),
            "blob": lambda: registry.blob(digest_of(b"{}"), 10),
        }[by]()


def test_a_registry_that_takes_something_else_is_caught(through: Through, proxy: Faulty, tmp_path: Path) -> None:
    """It answers with another digest than that of what was sent."""
    registry = through()
    content = manifest(tmp_path, registry)
    proxy.when("PUT manifests", answers(201, Docker_Content_Digest=digest_of(b"other")))
    with pytest.raises(RegistryError, match="expected the very bytes of that digest"):
        registry.push_manifest("a", content, MANIFEST)


def test_a_registry_that_forgets_uploads_is_asked_again(through: Through, proxy: Faulty, tmp_path: Path) -> None:
    """An upload that a restart has forgotten begins anew."""
    registry, given = through(), blob(tmp_path)
    gone = json.dumps({"errors": [{"code": "BLOB_UPLOAD_UNKNOWN"}]}).encode()
    proxy.when("PUT blobs", answers(404, gone), times=2)
    registry.push_blob(*given)
    assert registry.has_blob(given[1])


@pytest.mark.parametrize("change", ["changed", "shorter", "longer", "gone"])
def test_a_file_that_is_not_its_digest_is_not_sent(
    through: Through, straight: Registry, tmp_path: Path, change: str
) -> None:
    """The end of a changed file is held back, so that the registry can never take it; there is no second try."""
    path, digest, size = blob(tmp_path, bytes(1 << 19))
    content = path.read_bytes()
    path.write_bytes({"changed": b"x" + content[1:], "shorter": content[1:], "longer": content + b"x"}.get(change, b""))
    if change == "gone":
        path.unlink()
    with pytest.raises(RegistryError, match=r"it has changed since|cannot be read"):
        through().push_blob(path, digest, size)
    assert not straight.has_blob(digest)
