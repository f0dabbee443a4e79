"""Publishing a tested image: the order of its steps, what stops it, and what a registry holds after every failure."""

from collections.abc import Callable

import pytest
from faulty import DENIED, Faulty, answers, loses_the_answer, tokens
from loopback import ACCOUNT, TOKEN, USER
from publishing import Publisher, commit

from houseprice.errors import RegistryError, VerificationError
from houseprice.release import skopeo
from houseprice.release.image_reference import LATEST
from houseprice.release.oci_layout import OciLayout
from houseprice.release.publish import TEST_REPORT, Published, commit_tag, retag

pytestmark = pytest.mark.long  # each test talks to a real registry for seconds


def test_both_tags_name_the_tested_digest(publisher: Publisher, tested: Callable[..., OciLayout]) -> None:
    """It is signed before the first tag is there; done again, nothing is copied, signed or moved."""
    layout = tested()
    tag = commit_tag(commit(publisher.checkout, "main"))
    for _ in range(2):
        assert publisher(layout) == Published(layout.digest, [tag, LATEST])
        assert publisher.tags() == {tag: layout.digest, LATEST: layout.digest}
        assert publisher.signed == [layout.digest]


def test_the_order_is_content_then_tag_then_latest(
    through: Publisher, proxy: Faulty, tested: Callable[..., OciLayout]
) -> None:
    """The last two writes are the commit's tag and latest."""
    layout = tested()
    through(layout)
    puts = [line.rpartition("/")[2] for line in proxy.requests if line.startswith("PUT") and "/manifests/" in line]
    named = [name for name in puts if name not in layout.platforms.values()]
    assert named == [layout.digest, commit(through.checkout, "main")[:7], LATEST]


def test_latest_moves_forwards_only(publisher: Publisher, tested: Callable[..., OciLayout]) -> None:
    """An older commit and one of another branch are published under their own tags alone."""
    newer = tested("main")
    assert publisher(tested("other"), "other").tags[-1] == LATEST
    assert publisher(newer).tags == [commit(publisher.checkout, "main")[:7]]
    retag(publisher.repository, newer.digest, ACCOUNT, say=publisher.said.append)
    assert publisher(tested("main~1"), "main~1").tags == [commit(publisher.checkout, "main~1")[:7]]
    assert publisher.tags()[LATEST] == newer.digest


def test_latest_moves_to_a_later_commit(publisher: Publisher, tested: Callable[..., OciLayout]) -> None:
    """The commit that it is of is an ancestor of the new one."""
    publisher(tested("main~1"), "main~1")
    newer = tested()
    assert publisher(newer).tags[-1] == LATEST
    assert publisher.tags()[LATEST] == newer.digest


def test_latest_stays_when_it_shall_not_move(publisher: Publisher, tested: Callable[..., OciLayout]) -> None:
    """A run that was started by hand on another branch publishes its commit alone."""
    assert publisher(tested(), move_latest=False).tags == [commit(publisher.checkout, "main")[:7]]
    assert LATEST not in publisher.tags()


@pytest.mark.parametrize(
    "report",
    [{"passed": False}, {"passed": "true"}, {"digest": f"sha256:{'0' * 64}"}, None, "[]"],
    ids=["red", "not a boolean", "another digest", "no report", "not an object"],
)
def test_what_did_not_pass_is_not_published(
    publisher: Publisher, tested: Callable[..., OciLayout], report: dict[str, object] | str | None
) -> None:
    """The report must name this very digest as passed."""
    layout = tested(**(report if isinstance(report, dict) else {}))
    if report is None:
        (layout.folder / TEST_REPORT).unlink()
    elif isinstance(report, str):
        (layout.folder / TEST_REPORT).write_text(report)
    with pytest.raises(RegistryError) as refused:
        publisher(layout)
    assert refused.value.code == "image_not_tested"
    assert publisher.tags() == {}


def test_an_image_of_another_commit_is_not_published(publisher: Publisher, tested: Callable[..., OciLayout]) -> None:
    """Nor does something that is no commit make a tag."""
    with pytest.raises(RegistryError) as refused:
        publisher(tested("main~1"), "main")
    assert refused.value.code == "commit_mismatch"
    with pytest.raises(RegistryError) as no_commit:
        commit_tag("main")
    assert no_commit.value.code == "commit_invalid"


def test_what_cannot_be_signed_gets_no_tag(
    publisher: Publisher, tested: Callable[..., OciLayout], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is there by its digest, which nobody finds; the next run completes it."""
    layout = tested()

    def refuse(digest: str) -> None:
        raise VerificationError(f"{digest} cannot be signed.")

    with monkeypatch.context() as patch:
        patch.setattr(publisher, "sign", refuse)
        with pytest.raises(VerificationError) as failed:
            publisher(layout)
    assert failed.value.details["published"] == ()
    assert publisher.tags() == {}
    assert publisher(layout).tags[-1] == LATEST


@pytest.mark.parametrize("tag", ["commit", LATEST])
def test_a_half_way_failure_says_how_far_it_came(
    through: Publisher, proxy: Faulty, tested: Callable[..., OciLayout], tag: str
) -> None:
    """When a tag is refused, the tags before it stand; the same command goes on from there."""
    layout, own = tested(), commit(through.checkout, "main")[:7]
    proxy.when(f"PUT manifests/{own if tag == 'commit' else tag}", answers(403, DENIED))
    with pytest.raises(RegistryError) as failed:
        through(layout)
    expected = () if tag == "commit" else (own,)
    assert failed.value.code == "registry_denied"
    assert failed.value.details["published"] == expected
    assert tuple(through.tags()) == expected
    proxy.faults.clear()
    assert through(layout).tags == [own, LATEST]


def test_a_lost_answer_is_lived_with(
    through: Publisher, proxy: Faulty, tested: Callable[..., OciLayout], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tag was set and nobody learned of it; it is set once more."""
    monkeypatch.setattr(skopeo, "RETRIES", 1)
    proxy.when(f"PUT manifests/{LATEST}", loses_the_answer, times=1)
    assert through(tested()).tags[-1] == LATEST


def test_a_read_only_token_publishes_nothing(
    through: Publisher, proxy: Faulty, tested: Callable[..., OciLayout]
) -> None:
    """Docker Hub gives it a token to pull with, and refuses the first write."""
    tokens(proxy, USER, TOKEN, "pull")
    with pytest.raises(RegistryError) as refused:
        through(tested())
    assert refused.value.code == "registry_denied"
    assert through.signed == []


def test_a_first_publication_needs_no_right_to_read_what_is_not_there(
    through: Publisher, proxy: Faulty, tested: Callable[..., OciLayout]
) -> None:
    """Docker Hub denies reading a repository that does not exist yet; the first push makes it."""
    proxy.when("GET manifests", answers(403, DENIED), times=1)
    assert through(tested()).tags[-1] == LATEST


def test_latest_goes_back_on_purpose(publisher: Publisher, tested: Callable[..., OciLayout]) -> None:
    """By the tag of a commit or by its digest."""
    older, newer = tested("main~1"), tested("main")
    publisher(older, "main~1")
    publisher(newer)
    for key, layout in ((commit(publisher.checkout, "main~1")[:7], older), (newer.digest, newer)):
        assert retag(publisher.repository, key, ACCOUNT, say=publisher.said.append).digest == layout.digest
        assert publisher.tags()[LATEST] == layout.digest


@pytest.mark.parametrize(
    ("key", "code"),
    [("0000000", "registry_not_found"), (f"sha256:{'0' * 64}", "registry_not_found"), (LATEST, "commit_tag_missing")],
)
def test_latest_goes_only_to_what_is_published(
    publisher: Publisher, tested: Callable[..., OciLayout], key: str, code: str
) -> None:
    """A commit that was never published, and latest itself, are refused; latest stays."""
    layout = tested()
    publisher(layout)
    with pytest.raises(RegistryError) as refused:
        retag(publisher.repository, key, ACCOUNT, say=publisher.said.append)
    assert refused.value.code == code
    assert publisher.tags()[LATEST] == layout.digest
