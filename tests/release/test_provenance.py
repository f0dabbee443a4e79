"""SLSA provenance: who built an image, and from what, in a workflow and outside of one."""

import hashlib
from pathlib import Path

import pytest
from layouts import make_layout

from houseprice.release.build_context import default_base
from houseprice.release.oci_layout import OciLayout
from houseprice.release.provenance import LOCAL, MANIFEST, builder, dependencies, named_builder, provenance

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DOCKERFILE = "ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm\nFROM ${PYTHON_IMAGE}"
BASE = "FROM docker.io/library/python:3.11-slim-bookworm\n"
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "me/house",
    "GITHUB_WORKFLOW_REF": "me/house/.github/workflows/mlops-pipeline.yml@refs/heads/main",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_RUN_ID": "42",
}


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> OciLayout:
    """An image of a commit."""
    return make_layout(tmp_path_factory.mktemp("layouts") / "image", COMMIT)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the files that the image was built from."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/serving.txt").write_text("numpy==2")
    (tmp_path / "requirements/base.Dockerfile").write_text(BASE)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def test_a_workflow_run_is_named(layout: OciLayout, checkout: Path) -> None:
    """Builder, workflow, run and platforms, by the field names of the specification."""
    told = provenance(layout, GITHUB, checkout)
    assert named_builder(told) == f"https://github.example/{GITHUB['GITHUB_WORKFLOW_REF']}" == builder(GITHUB)
    assert told["runDetails"]["metadata"] == {
        "invocationId": "https://github.example/me/house/actions/runs/42/attempts/1"
    }
    assert told["buildDefinition"]["externalParameters"] == {
        "workflow": {
            "ref": "refs/heads/main",
            "repository": "https://github.example/me/house",
            "path": ".github/workflows/mlops-pipeline.yml",
        },
        "platforms": ["linux/amd64", "linux/arm64"],
    }
    assert default_base(checkout) == "docker.io/library/python:3.11-slim-bookworm"
    assert told["buildDefinition"]["internalParameters"] == {"github": {"event_name": "push"}}


def test_what_the_image_was_built_from_is_named(layout: OciLayout, checkout: Path) -> None:
    """Commit, base image, lock, Dockerfile and bundle, each by its hash."""
    assert dependencies(provenance(layout, GITHUB, checkout)) == {
        "source": COMMIT,
        "base": "b" * 64,
        "requirements/serving.txt": hashlib.sha256(b"numpy==2").hexdigest(),
        "Dockerfile": hashlib.sha256(DOCKERFILE.encode()).hexdigest(),
        MANIFEST: "a" * 64,
    }


def test_another_base_image_is_somebodys_choice(layout: OciLayout, checkout: Path) -> None:
    """A base image that is not the locked one stands among what was chosen for this build, for each platform."""
    (checkout / "requirements/base.Dockerfile").write_text(BASE.replace("bookworm", "trixie"))
    chosen = provenance(layout, GITHUB, checkout)["buildDefinition"]["externalParameters"]["base"]
    assert chosen == dict.fromkeys(layout.platforms, "docker.io/library/python:3.11-slim-bookworm")


def test_a_called_workflow_is_the_builder(layout: OciLayout, checkout: Path) -> None:
    """GitHub names the file that was started, Sigstore's certificate the one whose job signs."""
    called = {"WORKFLOW_FILE": ".github/workflows/mlops-pipeline.yml"}
    caller = GITHUB | {"GITHUB_WORKFLOW_REF": "me/house/.github/workflows/retrain.yml@refs/heads/main"}
    told = provenance(layout, caller | called, checkout)
    assert named_builder(told) == f"https://github.example/{GITHUB['GITHUB_WORKFLOW_REF']}" == builder(GITHUB | called)
    assert told["buildDefinition"]["externalParameters"]["workflow"]["path"] == ".github/workflows/retrain.yml"
    assert builder(called) == LOCAL


def test_outside_of_a_workflow_nobody_is_claimed(layout: OciLayout, tmp_path: Path) -> None:
    """The builder is local whatever single variables say, and files that are not there are left out."""
    told = provenance(layout, {"GITHUB_WORKFLOW_REF": "me/house@main"}, tmp_path)
    assert named_builder(told) == LOCAL
    assert told["runDetails"]["metadata"] == told["buildDefinition"]["internalParameters"] == {}
    assert set(dependencies(told)) == {"source", "base", MANIFEST}


@pytest.mark.parametrize("told", [None, [], {}, {"runDetails": {}}, {"buildDefinition": {"resolvedDependencies": [1]}}])
def test_a_strangers_provenance_may_be_anything(told: object) -> None:
    """It names nobody and nothing, and nothing breaks."""
    assert named_builder(told) == ""
    assert dependencies(told) == {}
