"""The way of a tested image into a real registry: its order, what breaks it off, and what stands there afterwards."""

from collections.abc import Callable
from typing import Any

import pytest
from faulty import DENIED, Faulty, Handler, answers, loses_the_answer, resets

from houseprice.errors import HousePriceError, ImageError, RegistryError, VerificationError
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Registry
from houseprice.release.registry.patience import Patience, silent
from houseprice.release.registry.publishing import Published, publish, retag

Through = Callable[..., Registry]
Make = Callable[..., Layout]
OLD, NEW = "a" * 40, "b" * 40


def published(registry: Registry, image: Layout, commit: str = NEW, **more: Any) -> Published:
    """Publish an image that passed its test, and that is newer than what is there, unless a test says otherwise."""
    given = {
        "tested": image.index.digest,
        "move_latest": True,
        "newer": lambda revision, created: True,
        "sign": lambda digest: None,
        "say": silent,
    }
    return publish(image, registry, commit, **(given | more))


def standing(registry: Registry, *tags: str) -> dict[str, str]:
    """Give back each tag with its digest, or those of some tags."""
    found = {tag: registry.manifest(tag) for tag in tags or registry.tags()}
    return {tag: manifest.digest for tag, manifest in found.items() if manifest}


def test_both_tags_are_on_the_tested_digest(through: Through, straight: Registry, layout: Make) -> None:
    """What is pulled by either tag, for any platform, is what was tested, byte for byte."""
    image = layout(NEW)
    done = published(through(), image)
    assert done == Published(image.index.digest, (NEW[:7], "latest"))
    assert standing(straight) == {NEW[:7]: image.index.digest, "latest": image.index.digest}
    for one in image.manifests():
        found = straight.manifest(one.digest)
        assert found
        assert found.content == image.read(one.digest)
        for part in (*image.layers(one), image.config(one)):
            assert straight.blob(part.digest, part.size) == image.path(part.digest).read_bytes()


def test_everything_is_there_and_signed_before_a_tag_is(
    through: Through, proxy: Faulty, straight: Registry, layout: Make
) -> None:
    """The signature is made of a digest that can be read, when no tag is set; latest is set after the commit's tag."""
    image = layout(NEW)
    seen = []

    def sign(digest: str) -> None:
        assert straight.manifest(digest)
        seen.append((digest, straight.tags()))
        proxy.asked.append("sign")

    published(through(), image, sign=sign)
    assert seen == [(image.index.digest, ())]
    puts = [line.rpartition("/")[2] for line in proxy.asked if line.startswith("PUT") and "/manifests/" in line]
    assert puts == [*(one.digest for one in image.manifests()), image.index.digest, NEW[:7], "latest"]
    first_tag = next(line for line in proxy.asked if line.startswith("PUT") and line.endswith(f"/{NEW[:7]}"))
    assert proxy.asked.index("sign") < proxy.asked.index(first_tag)


def test_the_same_again_changes_nothing(through: Through, proxy: Faulty, layout: Make) -> None:
    """A job that is run again finds its image there: nothing is sent, nothing is signed twice, and it succeeds."""
    image = layout(NEW)
    first = published(through(), image)
    proxy.asked.clear()
    assert published(through(), image, sign=lambda digest: pytest.fail("signed twice")) == first
    assert not [line for line in proxy.asked if line.startswith("PUT")]


def test_a_commit_has_one_image(through: Through, straight: Registry, proxy: Faulty, layout: Make) -> None:
    """Another image for the same commit is refused before anything of it is sent."""
    first = published(through(), layout(NEW))
    proxy.asked.clear()
    other = layout(NEW, text="another house")
    with pytest.raises(RegistryError, match=r"is sha256:\w+ already, and this is .* Nothing was published\.$"):
        published(through(), other)
    assert standing(straight) == {NEW[:7]: first.digest, "latest": first.digest}
    assert not [line for line in proxy.asked if line.startswith("PUT")]


def test_what_was_not_tested_is_not_sent(through: Through, proxy: Faulty, layout: Make) -> None:
    """Neither another digest than the tested one, nor the image of another commit, nor of no commit."""
    image = layout(NEW)
    for more in ({"tested": f"sha256:{'0' * 64}"}, {"tested": ""}, {"commit": OLD}, {"commit": "main"}):
        with pytest.raises(RegistryError, match=r"Nothing was published\.$"):
            published(through(), image, **more)
    with pytest.raises(RegistryError, match='was built from "unknown"'):
        published(through(), layout(NEW, lean=True))
    assert proxy.asked == []


def test_latest_only_moves_forwards(through: Through, straight: Registry, layout: Make) -> None:
    """The job of an older commit that comes late publishes its own tag, and leaves latest with the newer one."""
    new, old = layout(NEW), layout(OLD, "2025-01-01T00:00:00Z")
    published(through(), new)
    asked = []

    def newer(revision: str, created: str) -> bool:
        asked.append((revision, created))
        return False

    assert published(through(), old, OLD, newer=newer) == Published(old.index.digest, (OLD[:7],))
    assert asked == [(NEW, "2026-01-02T03:04:05Z")]
    assert standing(straight) == {
        NEW[:7]: new.index.digest, "latest": new.index.digest, OLD[:7]: old.index.digest,
    }  # fmt: skip
    assert published(through(), old, OLD, move_latest=False).tags == (OLD[:7],)


def test_latest_is_looked_at_again_before_it_moves(through: Through, straight: Registry, layout: Make) -> None:
    """A newer job that moves latest between the decision and the move is seen: latest stays with it."""
    first, old, new = layout("c" * 40), layout(OLD), layout(NEW)
    published(straight, first, "c" * 40)
    asked = []

    def newer(revision: str, created: str) -> bool:
        asked.append(revision)
        if revision == "c" * 40:
            published(straight, new)
        return revision != NEW

    assert published(through(), old, OLD, newer=newer).tags == (OLD[:7],)
    assert asked == ["c" * 40, NEW]
    assert standing(straight)["latest"] == new.index.digest


@pytest.mark.parametrize("times", [1, 99])
def test_latest_is_looked_at_again_after_it_moved(
    through: Through, proxy: Faulty, straight: Registry, layout: Make, times: int
) -> None:
    """An older job that moves latest at the same moment is seen, and undone; one that goes on and on is not fought."""
    old, new = layout(OLD), layout(NEW)
    published(straight, old, OLD)
    content = old.read(old.index.digest)

    def overtaken(handler: Handler) -> bool:
        answer = handler.passed_on()
        straight.push_manifest("latest", content, old.index.media_type)
        handler.give(*answer)
        return True

    proxy.when("PUT manifests/latest", overtaken, times=times)
    if times == 1:
        assert published(through(), new).tags == (NEW[:7], "latest")
        assert standing(straight)["latest"] == new.index.digest
    else:
        with pytest.raises(RegistryError, match=r"moved 5 times by others .* may have been moved since\.$"):
            published(through(), new)
        assert standing(straight)["latest"] == old.index.digest


def test_an_image_that_cannot_be_signed_has_no_tag(through: Through, straight: Registry, layout: Make) -> None:
    """The error stays what it is, and ends with what was published: nothing."""

    def sign(digest: str) -> None:
        raise VerificationError("The key is gone.", ["a", "b"])

    with pytest.raises(VerificationError, match=r"^The key is gone\. Nothing was published\.$") as caught:
        published(through(), layout(NEW), sign=sign)
    assert caught.value.mismatches == ("a", "b")
    assert straight.tags() == ()


@pytest.mark.parametrize("part", ["layer", "manifest", "index"])
def test_a_file_that_changes_on_the_way_is_not_published(
    through: Through, straight: Registry, layout: Make, part: str
) -> None:
    """The layout is changed after it was looked at: the registry never gets the end of it."""
    image = layout(NEW)
    one = image.manifests()[0]
    digest = {"layer": image.layers(one)[1].digest, "manifest": one.digest, "index": image.index.digest}[part]
    path = image.path(digest)
    tested = image.index.digest
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises((RegistryError, ImageError), match=r"chang.* Nothing was published\.$"):
        published(through(), image, tested=tested)
    assert straight.tags() == ()
    assert not straight.has_blob(digest)


def test_a_refused_latest_is_said(through: Through, proxy: Faulty, straight: Registry, layout: Make) -> None:
    """When latest alone is refused, the sentence says which tag stands and which did not move."""
    proxy.when("PUT manifests/latest", answers(403, DENIED))
    with pytest.raises(RegistryError, match=f":{NEW[:7]} is published, latest was not moved\\.$"):
        published(through(), layout(NEW))
    assert straight.tags() == (NEW[:7],)


def test_a_lost_answer_is_not_called_a_failure(through: Through, proxy: Faulty, layout: Make) -> None:
    """Who cannot know whether a tag was set says so."""
    proxy.when(f"PUT manifests/{NEW[:7]}", loses_the_answer())
    with pytest.raises(RegistryError, match=f"as far as is known; .*:{NEW[:7]} may have been set all the same"):
        published(through(), layout(NEW))


@pytest.mark.parametrize("fault", [resets(), loses_the_answer()], ids=["before", "after"])
@pytest.mark.long
def test_whatever_request_breaks_nothing_is_half_published(
    through: Through, proxy: Faulty, straight: Registry, layout: Make, fault: Any
) -> None:
    """For each request of a whole run: the connection ends there, before or after the registry has done its part.

    Latest is never of an image whose commit has no tag, no tag is of an image that is not signed and wholly there, and
    the same job run again completes it.
    """
    commits = [f"{number:07x}{0:033x}" for number in range(200)]
    broken, last = 0, {"": "", "latest": ""}
    for commit in commits:
        image, signed = layout(commit, platforms=("linux/amd64",)), []
        hasty = Registry(through().repository, through().account, patience=Patience(tries=1, silent_seconds=5))
        proxy.faults.clear()
        proxy.when("", fault, times=1, after=broken)
        proxy.asked.clear()
        try:
            published(hasty, image, commit, sign=signed.append)
            whole = True
        except HousePriceError as err:
            whole = False
            told = str(err)
        proxy.faults.clear()
        found = standing(straight, commit[:7], "latest")
        assert found.get("latest", "") in {last["latest"], found.get(commit[:7])}
        assert signed == [image.index.digest] or commit[:7] not in found
        if not whole and commit[:7] in found:
            assert f":{commit[:7]} is published" in told or "may have been set" in told or "latest was put on" in told
        if not whole and "latest was not moved." in told:
            assert found.get("latest", "") == last["latest"]
        if whole and len(proxy.asked) <= broken:
            break
        assert published(straight, image, commit).tags == (commit[:7], "latest")
        last = standing(straight, commit[:7], "latest")
        assert set(last.values()) == {image.index.digest}
        broken += 1
    assert broken > 15


def test_a_network_that_breaks_now_and_then_is_lived_with(
    through: Through, proxy: Faulty, layout: Make, pauses: list[float]
) -> None:
    """Three of ten requests are cut off or answered with 503, and the image is published all the same."""
    number = 0

    def fault(handler: Any) -> bool:
        nonlocal number
        number += 1
        kinds = {2: resets(taken=10), 4: answers(503, b"", Retry_After="7"), 6: loses_the_answer()}
        return number % 10 in kinds and kinds[number % 10](handler)

    proxy.faults.append(fault)
    said: list[str] = []
    assert published(through(say=said.append), layout(NEW)).tags == (NEW[:7], "latest")
    assert 7.0 in pauses
    assert len(said) == len(pauses) > 5


def test_latest_goes_back_on_purpose(through: Through, straight: Registry, layout: Make) -> None:
    """A rollback moves latest to an older commit, by its tag or its digest, and the next push moves it on."""
    old, new = layout(OLD), layout(NEW)
    published(straight, old, OLD)
    published(straight, new)
    assert retag(through(), OLD[:7], say=silent) == Published(old.index.digest, (OLD[:7], "latest"))
    assert standing(straight)["latest"] == old.index.digest
    assert retag(through(), new.index.digest, say=silent).tags == (NEW[:7], "latest")
    assert standing(straight)["latest"] == new.index.digest


def test_latest_goes_nowhere_where_no_commit_is(through: Through, straight: Registry, layout: Make) -> None:
    """An image whose commit has no tag, a tag that is not there, and latest itself are refused."""
    published(straight, layout(OLD), OLD)
    before = standing(straight)
    loose = layout(NEW)
    with pytest.raises(VerificationError):
        published(straight, loose, sign=_fails)
    for key in (loose.index.digest, loose.manifests()[0].digest, "1234567", "latest"):
        with pytest.raises(RegistryError, match=r"latest was not moved\.$"):
            retag(through(), key, say=silent)
    assert standing(straight) == before


def _fails(digest: str) -> None:
    raise VerificationError("no")
