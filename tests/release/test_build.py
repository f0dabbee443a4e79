"""Building an image: what the builder is asked for, and how each failure is reported."""

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.errors import ArtifactError, HousePriceError, ImageError
from houseprice.release.build import BuildInputs, BuiltImage, build_image, build_layout
from houseprice.release.build_command import main, parse_base, parse_platform
from houseprice.release.build_context import default_base, sha256_of
from houseprice.release.docker_cli import DockerCli

ROOT = Path(__file__).parents[2]
CLIENT = r"""#!/bin/sh
here=$(dirname "$0")
case "$1 $2" in
"version --format") case "$3" in *Os*) echo linux/amd64 ;; *) echo 28.1 ;; esac ;;
"image inspect") echo '[{"Id": "sha256:123", "Size": 275000000}]' ;;
"buildx version") [ ! -e "$here/no-buildx" ] ;;
build*)
  for word; do echo "$word" >> "$here/arguments"; done
  if [ -e "$here/unreachable" ] && echo "$*" | grep -q "PYTHON_IMAGE=[^ ]*@"; then
    echo "ERROR: failed to resolve source metadata for docker.io/library/python: no such host"; exit 1
  fi
  if [ -e "$here/failure" ]; then cat "$here/failure"; exit 1; fi ;;
esac
"""


@pytest.fixture
def inputs(tmp_path: Path, seal: Callable[..., Path]) -> BuildInputs:
    """A checkout with what the real Dockerfile copies, in small, and a bundle."""
    root = tmp_path / "checkout"
    for name in ("Dockerfile", "pyproject.toml", "scripts/finish-sbom", "requirements/base.Dockerfile"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    made = ("requirements/page.txt", "requirements/serving.txt", "requirements/sbom.txt", "src/houseprice/__init__.py")
    for name in (*made, "page/package.json", "page/package-lock.json"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("\n")
    return BuildInputs(root, seal("checkout/models/bundle"), root / "trained", {"GITHUB_SHA": "0123456789abcdef"})


@pytest.fixture
def docker(tmp_path: Path) -> DockerCli:
    """A client that writes down what it is asked for, beside itself."""
    client = tmp_path / "client" / "docker"
    client.parent.mkdir()
    client.write_text(CLIENT)
    client.chmod(0o755)
    return DockerCli(str(client))


def beside(docker: DockerCli, name: str) -> Path:
    """Return a file beside the client."""
    return Path(docker.client).with_name(name)


def built(inputs: BuildInputs, docker: DockerCli, tags: tuple[str, ...] = (), base: str = "") -> BuiltImage:
    """Build an image for the local engine."""
    return build_image(inputs, docker, say=lambda _line: None, tags=tags, base=base)


def test_an_image_is_named_by_its_commit_and_says_where_it_is_from(inputs: BuildInputs, docker: DockerCli) -> None:
    """The default tag is the commit's first 7 characters; arguments and labels name commit, version and manifest."""
    image = built(inputs, docker)
    assert (image.image_id, image.tags, image.size_bytes) == ("sha256:123", ("house-price-model:0123456",), 275_000_000)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    asked = set(beside(docker, "arguments").read_text().splitlines())
    assert {
        "--build-arg=REVISION=0123456789abcdef",
        "--build-arg=SOURCE=unknown",
        f"--build-arg=VERSION={version}",
        f"--label=houseprice.manifest.sha256={sha256_of(inputs.bundle / 'manifest.json')}",
        "--tag=house-price-model:0123456",
    } <= asked
    assert f"--build-arg=PYTHON_IMAGE={default_base(ROOT)}" in asked
    digest = default_base(ROOT).partition("@")[2]
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
    assert f"--label=org.opencontainers.image.base.digest={digest}" in asked


def test_a_base_without_digest_has_none(inputs: BuildInputs, docker: DockerCli) -> None:
    """Another base image is never given the digest of the Dockerfile's own."""
    built(inputs, docker, base="python:3.11-slim-bookworm")
    asked = beside(docker, "arguments").read_text()
    assert "--build-arg=PYTHON_IMAGE=python:3.11-slim-bookworm\n" in asked
    assert "base.digest" not in asked


def test_the_locked_base_image_has_the_tag_of_the_dockerfile() -> None:
    """What the dependency bot moves is what is built on; plain `docker build` takes the same tag."""
    tag, _, digest = default_base(ROOT).partition("@")
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
    assert f"\nARG PYTHON_IMAGE={tag}\n" in (ROOT / "Dockerfile").read_text()


def test_a_locked_base_that_cannot_be_pulled_gives_way_to_its_tag(inputs: BuildInputs, docker: DockerCli) -> None:
    """Without a registry, this machine's image of the same tag is taken, and labels claim no digest for it."""
    beside(docker, "unreachable").touch()
    said: list[str] = []
    build_image(inputs, docker, say=said.append)
    assert any(line.startswith("WARNING") for line in said)
    last = beside(docker, "arguments").read_text().rpartition("--force-rm")[2]
    assert "--build-arg=PYTHON_IMAGE=python:3.11-slim-bookworm\n" in last
    assert "base.digest" not in last


def test_a_given_base_that_cannot_be_pulled_is_an_error(inputs: BuildInputs, docker: DockerCli) -> None:
    """Somebody chose it; nothing else is taken for it."""
    beside(docker, "unreachable").touch()
    with pytest.raises(ImageError) as refused:
        built(inputs, docker, base=default_base(ROOT))
    assert refused.value.code == "base_image_missing"


def test_tags_and_base_image(inputs: BuildInputs, docker: DockerCli) -> None:
    """Every given tag is set, and a base image given by digest is named by a label too."""
    base = f"python@sha256:{'1' * 64}"
    assert built(inputs, docker, ("a/b:1", "a/b:latest"), base).tags == ("a/b:1", "a/b:latest")
    assert {
        "--tag=a/b:1", "--tag=a/b:latest", f"--build-arg=PYTHON_IMAGE={base}",
        f"--label=org.opencontainers.image.base.digest=sha256:{'1' * 64}",
    } <= set(beside(docker, "arguments").read_text().splitlines())  # fmt: skip


def test_nothing_is_built_without_a_bundle(inputs: BuildInputs, docker: DockerCli) -> None:
    """The builder is not even started."""
    shutil.rmtree(inputs.bundle)
    with pytest.raises(ArtifactError) as refused:
        built(inputs, docker)
    assert refused.value.code == "bundle_missing"
    assert not beside(docker, "arguments").exists()


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("ERROR: OCI exporter is not supported for the docker driver.", "oci_exporter_missing"),
        ('.buildkit_qemu_emulator: exec /bin/sh: exec format error', "platform_not_emulated"),
        ("write /usr/lib/x: no space left on device", "disk_full"),
        ("no match for platform in manifest: not found", "platform_mismatch"),
        ("#5 0.1 the base image is for x86_64, not arm64", "platform_mismatch"),
        ('#5 RUN case "arm64-$(uname -m)" in echo "the base image is for $(uname -m), not arm64"', "build_failed"),
        ("ERROR: failed to resolve source metadata for docker.io/library/x: not found", "base_image_missing"),
        ("The command returned a non-zero code: 1", "build_failed"),
    ],
)  # fmt: skip
def test_what_the_builder_cannot_do_has_a_code(
    inputs: BuildInputs, docker: DockerCli, tmp_path: Path, printed: str, code: str
) -> None:
    """The builder's last lines are in the message, and no layout is left."""
    beside(docker, "failure").write_text(f"#5 step\n{printed}\n")
    with pytest.raises(ImageError) as refused:
        build_layout(inputs, docker, tmp_path / "out" / "layout", say=print, platforms=["linux/arm64"])
    assert refused.value.code == code
    assert printed in str(refused.value)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("platform", "bases", "page"),
    [
        ("linux/arm64", {"linux/amd64": "here", "linux/arm64": "there"}, ["--build-arg=NATIVE_IMAGE=here"]),
        ("linux/amd64", {"linux/amd64": "here", "linux/arm64": "there"}, []),
        ("linux/arm64", {"": "python:3.11"}, []),
        ("linux/arm64", {}, []),
    ],
)
def test_the_page_is_built_by_the_processor_of_the_engine(
    inputs: BuildInputs, docker: DockerCli, tmp_path: Path, platform: str, bases: dict[str, str], page: list[str]
) -> None:
    """A base image for another platform would build it under emulation."""
    beside(docker, "failure").write_text("ERROR: stop here\n")
    with pytest.raises(ImageError):
        build_layout(inputs, docker, tmp_path / "out" / "layout", say=print, platforms=[platform], bases=bases)
    arguments = beside(docker, "arguments").read_text().splitlines()
    assert [word for word in arguments if "NATIVE_IMAGE" in word] == page


def test_the_reason_of_a_failed_step_is_shown(inputs: BuildInputs, docker: DockerCli) -> None:
    """The lines of the Dockerfile that BuildKit prints after it do not push it out of the message."""
    excerpt = "\n".join(
        ("Dockerfile:46", "-" * 20, *(f"  {number} | >>> RUN it" for number in range(40, 56)), "-" * 20)
    )
    failure = f"------\n > [model 2/2] RUN it:\n1.1 changed: model_card.md\n------\n{excerpt}\nERROR: failed to solve\n"
    beside(docker, "failure").write_text(failure)
    with pytest.raises(ImageError) as refused:
        built(inputs, docker)
    assert "changed: model_card.md" in str(refused.value)
    assert ">>> RUN" not in str(refused.value)


def test_a_client_without_buildx(inputs: BuildInputs, docker: DockerCli, tmp_path: Path) -> None:
    """A layout needs the plugin."""
    beside(docker, "no-buildx").touch()
    with pytest.raises(ImageError) as refused:
        build_layout(inputs, docker, tmp_path / "layout", say=print)
    assert refused.value.code == "buildx_missing"


def test_a_missing_client(inputs: BuildInputs, tmp_path: Path) -> None:
    """Without a Docker client nothing is built."""
    with pytest.raises(ImageError) as refused:
        built(inputs, DockerCli(str(tmp_path / "none")))
    assert refused.value.code == "docker_missing"


def test_another_folder_is_not_replaced(inputs: BuildInputs, docker: DockerCli, tmp_path: Path) -> None:
    """Only an empty folder or an older layout makes room for a layout."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary").write_text("dear diary")
    with pytest.raises(ImageError) as refused:
        build_layout(inputs, docker, tmp_path / "mine", say=print)
    assert refused.value.code == "not_a_layout"
    assert (tmp_path / "mine" / "diary").exists()


@pytest.mark.parametrize("text", ["", "linux", "linux/", "linux/amd64/v8/x", "Linux/amd64", "linux/amd64 "])
def test_what_is_no_platform(text: str) -> None:
    """A platform is OS/ARCH or OS/ARCH/VARIANT."""
    with pytest.raises(ValueError, match="linux/amd64"):
        parse_platform(text)
    assert parse_platform("linux/arm/v7") == "linux/arm/v7"


def test_base_images_for_one_platform_or_all() -> None:
    """A base image may name its platform."""
    assert parse_base("python:3") == ("", "python:3")
    assert parse_base("linux/arm64=python@sha256:1") == ("linux/arm64", "python@sha256:1")
    for text in ("", "linux/arm64=", "arm64=python"):
        with pytest.raises(ValueError, match="PLATFORM=IMAGE"):
            parse_base(text)


def test_the_command_line_of_the_release_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fails with 2 for words that it does not know, and with the errors of the functions otherwise."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["--layout", "x", "--platform", "amd64"])
    assert left.value.code == 2
    with pytest.raises(HousePriceError) as refused:
        main(["--layout", "x", "--platform", "linux/amd64"])
    assert refused.value.code == "dockerfile_missing"
    assert capsys.readouterr().out == ""
