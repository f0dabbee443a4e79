"""Publishing a tested image: the order of its steps, what stops it, and what a registry holds after every failure."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from faulty import DENIED, Faulty, answers, loses_the_answer, tokens
from layouts import make_layout
from loopback import ACCOUNT, TOKEN, USER
from planting import Tiny, both, lay

from houseprice.errors import RegistryError, VerificationError
from houseprice.release import skopeo
from houseprice.release.image_reference import LATEST, Reference, Repository
from houseprice.release.oci_layout import OciLayout
from houseprice.release.publish import REVISION, TEST_REPORT, Published, commit_tag, find_digest, publish, retag
from houseprice.release.verification.image_reader import SBOM_FILE
from programs import error_code, needs

pytestmark = pytest.mark.long  # each test talks to a real registry for seconds
GIT = ["git", "-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with two commits, and a third one beside them."""
    folder = tmp_path_factory.mktemp("checkout")
    subprocess.run([*GIT, "init", "--quiet", "--initial-branch=main", folder], check=True)
    for name in ("one", "two"):
        subprocess.run([*GIT, "commit", "--quiet", "--allow-empty", "-m", name], cwd=folder, check=True)
    subprocess.run([*GIT, "checkout", "--quiet", "-b", "other", "HEAD~1"], cwd=folder, check=True)
    subprocess.run([*GIT, "commit", "--quiet", "--allow-empty", "-m", "other"], cwd=folder, check=True)
    return folder


def commit(checkout: Path, name: str) -> str:
    """Return the hash of a commit."""
    command = ["git", "-C", str(checkout), "rev-parse", name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def tested(checkout: Path, tmp_path: Path) -> Callable[..., OciLayout]:
    """Makes the image of a commit that passed its test."""

    def make(of: str = "main", text: str = "a house", **report: object) -> OciLayout:
        layout = make_layout(tmp_path / f"{of}-{text}".replace("~", "-"), commit(checkout, of), text=text)
        (layout.folder / TEST_REPORT).write_text(json.dumps({"digest": layout.digest, "passed": True} | report))
        return layout

    return make


class Publisher:
    """Publishes into one repository, and keeps what was said and signed."""

    def __init__(self, repository: Repository, checkout: Path) -> None:
        self.repository, self.checkout = repository, checkout
        self.said: list[str] = []
        self.signed: list[str] = []

    def __call__(self, layout: OciLayout, of: str = "main", *, move_latest: bool = True) -> Published:
        """Publish the image of a commit."""
        return publish(
            layout, self.repository, ACCOUNT, commit(self.checkout, of),
            checkout=self.checkout, sign=self.sign, check=self.check, move_latest=move_latest, say=self.said.append,
        )  # fmt: skip

    def check(self, reference: Reference) -> str:
        """Return the commit of an image that was signed."""
        digest = skopeo.digest_of(reference, ACCOUNT)
        if digest not in self.signed:
            raise VerificationError("nobody signed it", code="image_mismatch")
        labels = skopeo.inspect_config(Reference(self.repository, digest=digest), ACCOUNT)["config"]["Labels"]
        return str(labels[REVISION])

    def sign(self, digest: str) -> None:
        """Note that the registry holds the digest, and no tag, when it is signed."""
        skopeo.digest_of(Reference(self.repository, digest=digest), ACCOUNT)
        self.signed.append(digest)

    def tags(self) -> dict[str, str]:
        """Return each tag with its digest."""
        names = skopeo.list_tags(self.repository, ACCOUNT)
        return {name: skopeo.digest_of(Reference(self.repository, name), ACCOUNT) for name in names}


@pytest.fixture
def publisher(repository: Repository, checkout: Path) -> Publisher:
    """Publishes into an empty repository."""
    return Publisher(repository, checkout)


@pytest.fixture
def through(proxy: Faulty, repository: Repository, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """Publishes through the proxy that fails, into the same repository, without a second try."""
    monkeypatch.setattr(skopeo, "RETRIES", 0)
    return Publisher(Repository(proxy.host, repository.path), checkout)


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
    """The tag was set and nobody was told; it is set once more."""
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


def command(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as the workflow does: without any installed library."""
    source = Path(__file__).parents[2] / "src"
    return subprocess.run(
        ["python3", "-SP", "-m", "houseprice.release", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(source), "DOCKERHUB_USERNAME": USER, **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("signed", [True, False])
def test_the_command_line_publishes_once(
    repository: Repository, tiny_bundle: Path, checkout: Path, tmp_path: Path, signed: bool
) -> None:
    """Digest and tags are printed, and told to the next step; with other bytes the same again, also of the SBOM.

    The account publishes in the namespace of an organisation; the token is in no line; on loopback an image may be
    unsigned.
    """
    sha, layouts = commit(checkout, "main"), []
    for number in range(2):
        image = Tiny.of(tiny_bundle, sha)
        image.layers[0]["etc/build"] = str(number).encode()
        image.layers[2][SBOM_FILE] = bytes(image.layers[2][SBOM_FILE]) + b" " * number
        layouts.append(lay(tmp_path / f"layout{number}", both(image)))
        report = {"digest": layouts[-1].digest, "passed": True}
        (layouts[-1].folder / TEST_REPORT).write_text(json.dumps(report))
    given = {"DOCKERHUB_TOKEN": TOKEN, "DOCKER_REGISTRY": repository.host, "GITHUB_SHA": sha}
    given["DOCKERHUB_NAMESPACE"] = repository.path.partition("/")[0]
    if signed:
        needs("cosign")
        environ = {**os.environ, "COSIGN_PASSWORD": "of the tests"}
        subprocess.run(["cosign", "generate-key-pair"], cwd=tmp_path, env=environ, check=True, capture_output=True)
        given |= {"COSIGN_PRIVATE_KEY": str(tmp_path / "cosign.key"), "COSIGN_PASSWORD": "of the tests"}
    for layout, built in zip(layouts, ("true", "false"), strict=True):
        output = layout.folder.with_name(f"{layout.folder.name}-output")
        made = command("publish", str(layout.folder), GITHUB_OUTPUT=str(output), cwd=checkout, **given)
        assert made.returncode == 0, made.stderr
        assert made.stdout == f"{repository}@{layouts[0].digest} ({sha[:7]} and latest)\n"
        assert TOKEN not in made.stderr
        told = dict(line.split("=", 1) for line in output.read_text().splitlines())
        assert (told["name"], told["digest"], told["built"]) == (str(repository), layouts[0].digest, built)
        assert Path(told["sbom"]).read_bytes() == layouts[0].read_file("linux/amd64", SBOM_FILE)
    back = command("retag", sha, **given)
    assert (back.returncode, back.stdout) == (0, made.stdout)


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ({"DOCKERHUB_USERNAME": ""}, "username_missing"),
        ({"DOCKERHUB_USERNAME": "", "DOCKERHUB_NAMESPACE": "acme"}, "username_missing"),
        ({"DOCKERHUB_USERNAME": "Some Body"}, "username_invalid"),
        ({"DOCKERHUB_NAMESPACE": "acme/prices"}, "namespace_invalid"),
        ({"TOKEN_IS_SET": "false"}, "token_missing"),
        ({"DOCKER_REGISTRY": "https://x"}, "registry_host_invalid"),
        ({"DOCKER_REGISTRY": "hub.docker.com"}, "registry_host_invalid"),
    ],
)
def test_missing_settings_fail_before_the_work(missing: dict[str, str], code: str) -> None:
    """Each setting has its code, under the exit code of a registry; an account that is no namespace may log in."""
    given = {"TOKEN_IS_SET": "true", "GITHUB_SHA": "0" * 40}
    assert command("settings", **given).returncode == 0
    assert command("settings", **given, DOCKERHUB_NAMESPACE="acme", DOCKERHUB_USERNAME="Some Body").returncode == 0
    refused = command("settings", **given | missing)
    assert (refused.returncode, refused.stdout, error_code(refused.stderr)) == (11, "", code)


def test_nothing_is_published_unsigned_where_others_are(tested: Callable[..., OciLayout], checkout: Path) -> None:
    """Off this machine somebody must sign; that is found out before the registry is asked."""
    given = {"DOCKERHUB_TOKEN": TOKEN, "DOCKER_REGISTRY": "registry.invalid", "GITHUB_SHA": commit(checkout, "main")}
    refused = command("publish", str(tested().folder), **given)
    assert (refused.returncode, error_code(refused.stderr)) == (12, "signing_identity_missing")


@pytest.mark.parametrize("arguments", [(), ("publish",), ("publish", "a", "b"), ("tag",)])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    """As of every command line."""
    assert command(*arguments).returncode == 2


def test_no_installed_package_is_imported(tmp_path: Path) -> None:
    """Neither the commands' own modules, nor a file of the folder that they run in, brings in anything else."""
    (tmp_path / "json.py").write_text("raise SystemExit('taken over')")
    modules = ("__main__", "build", "image_test", "publish", "signing")
    code = "import sys\n" + "".join(f"import houseprice.release.{name}\n" for name in modules)
    code += "print([one for one in sys.modules if '-packages/' in (getattr(sys.modules[one], '__file__', '') or '')])"
    found = subprocess.run(
        ["python3", "-SP", "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "[]\n"
