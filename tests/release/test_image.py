"""What is checked before an image is built, and what the builder is given."""

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.bundle.load import open_bundle
from houseprice.errors import ArtifactError, GateError, ImageError
from houseprice.release.docker_cli import Engine
from houseprice.release.image import Built, build, copied

ROOT = Path(__file__).parents[2]
BUILDER = r"""#!/bin/sh
here=$(dirname "$0")
case $1 in
version) echo 28.1 ;;
image) echo '[{"Id": "sha256:123", "Size": 275000000}]' ;;
build)
  for word; do echo "$word" >> "$here/arguments"; last=$word; done
  (cd "$last" && find . -type f) | sort > "$here/context"
  printf sha256:123 > "$3" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path, seal: Callable[..., Path]) -> Path:
    """A folder with what the real Dockerfile copies, in small, and a sealed model."""
    for name in ("Dockerfile", ".dockerignore", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("requirements/serving.txt", "src/houseprice/__init__.py", "src/houseprice/__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("\n")
    seal("models/bundle")
    return tmp_path


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An engine that writes down what it was asked for; its client lies beside what it writes."""
    client = tmp_path_factory.mktemp("client") / "docker"
    client.write_text(BUILDER)
    client.chmod(0o755)
    return Engine(str(client))


def built(checkout: Path, engine: Engine, **options: object) -> Built:
    """Build with what the tests usually give."""
    given = {"environ": {"GITHUB_SHA": "0123456789abcdef"}, "say": lambda _line: None} | options
    bundle = given.pop("bundle", checkout / "models/bundle")
    return build(checkout, bundle, checkout / "models/trained", engine, **given)  # type: ignore[arg-type]


def noted(engine: Engine, name: str) -> list[str]:
    """Read what the engine wrote down."""
    return Path(engine.client).with_name(name).read_text().splitlines()


def test_a_sealed_model_becomes_an_image_named_by_its_commit(checkout: Path, engine: Engine) -> None:
    """The default name is the repository with the 7 characters of the commit, and the labels say where it is from."""
    image = built(checkout, engine)
    model = open_bundle(checkout / "models/bundle").manifest.model_version
    assert (image.image_id, image.tags, image.size_bytes) == ("sha256:123", ("house-price-model:0123456",), 275_000_000)
    assert (image.revision, image.model_version) == ("0123456789abcdef", model)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {
        "--build-arg=REVISION=0123456789abcdef",
        "--build-arg=SOURCE=unknown",
        f"--build-arg=VERSION={version}",
        f"--label=houseprice.model-version={model}",
        "--label=houseprice.verdict=green",
        "--tag=house-price-model:0123456",
    } <= set(noted(engine, "arguments"))
    assert not any("PYTHON_IMAGE" in argument for argument in noted(engine, "arguments"))


def test_names_and_base_can_be_given(checkout: Path, engine: Engine) -> None:
    """Every given tag is set, and another base reaches the Dockerfile."""
    image = built(checkout, engine, tags=("a/b:1", "a/b:latest"), base="python@sha256:1")
    assert image.tags == ("a/b:1", "a/b:latest")
    assert {"--tag=a/b:1", "--tag=a/b:latest", "--build-arg=PYTHON_IMAGE=python@sha256:1"} <= set(
        noted(engine, "arguments")
    )


def test_the_builder_gets_what_the_dockerfile_copies_and_nothing_else(checkout: Path, engine: Engine) -> None:
    """No data, no pickles, no bytecode reach the builder."""
    (checkout / "data").mkdir()
    (checkout / "data/raw.csv").write_text("secret")
    built(checkout, engine)
    found = noted(engine, "context")
    assert {"./Dockerfile", "./.dockerignore", "./requirements/serving.txt", "./models/bundle/model.onnx"} <= set(found)
    assert not [name for name in found if "data" in name or "pycache" in name]


def test_the_sealed_model_may_lie_anywhere(checkout: Path, engine: Engine, seal: Callable[..., Path]) -> None:
    """A bundle outside of the checkout's models/ takes the place from which the Dockerfile copies."""
    shutil.rmtree(checkout / "models")
    built(checkout, engine, bundle=seal("elsewhere/sealed"))
    assert "./models/bundle/manifest.json" in noted(engine, "context")


def test_everything_that_the_dockerfile_copies_is_known() -> None:
    """The real Dockerfile is read with its continued lines and stages, and all that it copies is there."""
    assert set(copied(ROOT)) == {"requirements/serving.txt", "src/houseprice", "pyproject.toml"}


def test_a_missing_dockerfile_is_named(tmp_path: Path) -> None:
    """Without a Dockerfile there is no image, and the sentence says where it was looked for."""
    with pytest.raises(ImageError, match=r'Dockerfile" was not found; expected .*; go there first'):
        copied(tmp_path)


def test_files_that_the_dockerfile_misses_are_all_named(checkout: Path, engine: Engine) -> None:
    """Every file that would be missing in the builder is named before it is started."""
    shutil.rmtree(checkout / "requirements")
    (checkout / "pyproject.toml").unlink()
    with pytest.raises(
        ImageError, match=r"copies what is not in .*: requirements/serving.txt, pyproject.toml; expected"
    ):
        built(checkout, engine)
    assert not Path(engine.client).with_name("arguments").exists()


def test_a_missing_sealed_model_builds_nothing(checkout: Path, engine: Engine) -> None:
    """Without a sealed folder nothing is built, and the sentence says how to get one."""
    shutil.rmtree(checkout / "models")
    with pytest.raises(ArtifactError, match="No bundle was found"):
        built(checkout, engine)
    assert not Path(engine.client).with_name("arguments").exists()


def test_a_changed_sealed_model_builds_nothing(checkout: Path, engine: Engine) -> None:
    """One changed byte of the sealed folder is enough."""
    (checkout / "models/bundle/model_card.md").write_text("# Better than it is\n")
    with pytest.raises(ArtifactError, match=r"changed: model_card\.md"):
        built(checkout, engine)


def test_a_red_model_builds_nothing(checkout: Path, engine: Engine, seal: Callable[..., Path]) -> None:
    """A model that failed a gate is refused with the gate, what was found and what was required."""
    with pytest.raises(GateError, match=r"has not passed its gates \(log_rmse: found 0\.3, required at most 0\.175\)"):
        built(checkout, engine, bundle=seal("red", green=False))
    assert not Path(engine.client).with_name("arguments").exists()


def test_a_red_model_can_be_built_for_trial_and_is_marked(
    checkout: Path, engine: Engine, seal: Callable[..., Path]
) -> None:
    """An image of a red model says so in its labels."""
    built(checkout, engine, bundle=seal("red", green=False), allow_red=True)
    assert "--label=houseprice.verdict=red" in noted(engine, "arguments")


@pytest.mark.parametrize("name", ["preprocessor.pkl", "house_price_model.pkl"])
def test_pickles_of_another_run_build_nothing(checkout: Path, engine: Engine, name: str) -> None:
    """When the folder of pickles holds one, it must be the one that was sealed."""
    trained = checkout / "models/trained"
    trained.mkdir()
    for pickle in ("preprocessor.pkl", "house_price_model.pkl"):
        (trained / pickle).write_text(pickle if pickle != name else "of another run")
    open_bundle(checkout / "models/bundle")
    with pytest.raises(ArtifactError, match=f'{name}" does not belong to the bundle'):
        built(checkout, engine)


def test_half_of_the_pickles_builds_nothing(checkout: Path, engine: Engine) -> None:
    """A forgotten artifact is named."""
    trained = checkout / "models/trained"
    trained.mkdir()
    (trained / "house_price_model.pkl").write_text("house_price_model.pkl")
    with pytest.raises(ArtifactError, match=r'preprocessor\.pkl" is missing'):
        built(checkout, engine)


def test_the_dockerfile_tells_the_version_of_the_project() -> None:
    """A plain `docker build` labels the image with the version of pyproject.toml."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nARG VERSION={version}\n" in (ROOT / "Dockerfile").read_text()


def test_the_dockerfile_needs_nothing_that_an_old_builder_lacks() -> None:
    """The Dockerfile builds with the first builder of Docker, and with the official base by default."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "ARG PYTHON_IMAGE=python:3.11-slim-bookworm" in lines
    assert not [line for line in lines if "--mount" in line or "--chmod" in line or "<<" in line or "syntax=" in line]
    assert [line for line in lines if line.startswith(("COPY", "ADD"))][-1].endswith("models/bundle /app/models/bundle")
    for word in ("HEALTHCHECK", "ENTRYPOINT", "CMD"):
        declared = next(line for line in lines if line.startswith(word))
        assert json.loads(declared[declared.index("[") :]), "in exec form, so that signals reach the server"
