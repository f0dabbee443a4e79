"""Publishing a commit that is published already: by a re-run, by hand, or by another run at the same time."""

from collections.abc import Callable

import pytest
from loopback import ACCOUNT
from publishing import Publisher, commit

from houseprice.errors import RegistryError, VerificationError
from houseprice.release import skopeo
from houseprice.release.image_reference import LATEST, Reference
from houseprice.release.oci_layout import OciLayout
from houseprice.release.publish import Published, find_digest

pytestmark = pytest.mark.long  # each test talks to a real registry for seconds


def test_a_published_commit_is_done(publisher: Publisher, tested: Callable[..., OciLayout]) -> None:
    """Built again with other bytes, the image that verifies stays: nothing is copied, signed or tagged."""
    first, other = tested(), tested(text="another house")
    published = publisher(first)
    before = publisher.tags()
    again = publisher(other)
    assert again == Published(first.digest, published.tags, built=False)
    assert publisher.tags() == before
    assert publisher.signed == [first.digest]
    assert find_digest(Reference(publisher.repository, digest=other.digest), ACCOUNT) is None


def test_latest_is_moved_where_that_was_left_undone(publisher: Publisher, tested: Callable[..., OciLayout]) -> None:
    """The commit's image is there and latest is not: other bytes later, latest moves to what was published."""
    first = tested()
    publisher(first, move_latest=False)
    assert publisher(tested(text="another house")).digest == first.digest
    assert publisher.tags()[LATEST] == first.digest


@pytest.mark.parametrize("text", ["a house", "another house"], ids=["same bytes", "other bytes"])
def test_a_tag_that_does_not_verify(publisher: Publisher, tested: Callable[..., OciLayout], text: str) -> None:
    """Without a signature, the same bytes are signed now; other bytes under the commit's tag are refused, and stay."""
    first = tested()
    again = first if text == "a house" else tested(text=text)
    tag = commit(publisher.checkout, "main")[:7]
    skopeo.copy(first.folder, Reference(publisher.repository, tag), ACCOUNT)
    if again.digest == first.digest:
        assert publisher(again) == Published(first.digest, [tag, LATEST])
        assert publisher.signed == [first.digest]
        return
    with pytest.raises(RegistryError) as refused:
        publisher(again)
    assert refused.value.code == "tag_exists_with_other_digest"
    assert refused.value.details["published"] == ()
    assert publisher.tags() == {tag: first.digest}


def test_a_signed_image_of_another_commit_is_not_this_one(
    publisher: Publisher, tested: Callable[..., OciLayout]
) -> None:
    """A tag that was moved to another commit's signed image is refused."""
    older = tested("main~1")
    publisher(older, "main~1")
    skopeo.copy(older.folder, Reference(publisher.repository, commit(publisher.checkout, "main")[:7]), ACCOUNT)
    with pytest.raises(RegistryError) as refused:
        publisher(tested())
    assert refused.value.code == "tag_exists_with_other_digest"
    assert publisher.tags()[LATEST] == older.digest


def test_a_verification_that_cannot_be_made_is_no_forgery(
    publisher: Publisher, tested: Callable[..., OciLayout], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing cosign keeps its code."""
    publisher(tested())

    def missing(_reference: Reference) -> str:
        raise VerificationError("cosign is missing", code="cosign_missing")

    monkeypatch.setattr(publisher, "check", missing)
    with pytest.raises(VerificationError) as failed:
        publisher(tested(text="another house"))
    assert failed.value.code == "cosign_missing"


def test_the_faster_of_two_runs_is_the_image(publisher: Publisher, tested: Callable[..., OciLayout]) -> None:
    """Two runs of one commit at a time: the second finds the first one's tag before it sets its own, and takes it."""
    first, second = tested(), tested(text="another house")
    sign = publisher.sign

    def overtaken(digest: str) -> None:
        publisher.sign = sign  # type: ignore[method-assign]
        publisher(first)
        sign(digest)

    publisher.sign = overtaken  # type: ignore[method-assign]
    assert publisher(second) == Published(first.digest, publisher(first).tags, built=False)
