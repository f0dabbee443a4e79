"""Where an image comes from, with the field names of SLSA: told by GitHub, or honestly by nobody."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from planting import COMMIT, EPOCH, SOURCE, Tiny, both

from houseprice.bundle import manifest as manifests
from houseprice.errors import VerificationError
from houseprice.release.layout.oci import Layout
from houseprice.release.verification.image_reader import EVIDENCE_FILE, Shelved, read_image, read_index
from houseprice.release.verification.provenance import LOCAL, built_here, dependencies, named_builder, provenance

RUN = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "somebody/prices",
    "GITHUB_REPOSITORY_ID": "42",
    "GITHUB_WORKFLOW_REF": "somebody/prices/.github/workflows/publish.yml@refs/heads/main",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_RUN_ID": "7",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_EVENT_NAME": "push",
    "RUNNER_ENVIRONMENT": "github-hosted",
}
Made = Callable[..., dict[str, Any]]


@pytest.fixture
def made(laid: Callable[..., Layout], tiny_bundle: Path) -> Made:
    """Give the provenance of a tiny image for two platforms, spoiled as wished."""

    def one(
        environ: dict[str, str], spoil: Callable[[Tiny], object] = lambda tiny: None, **more: str
    ) -> dict[str, Any]:
        tiny = Tiny.of(tiny_bundle)
        spoil(tiny)
        shelf = Shelved(laid(both(tiny)))
        image = read_image(shelf, read_index(shelf, shelf.layout.index.digest))
        told = json.loads(image.platforms[0].files[EVIDENCE_FILE])
        found: dict[str, Any] = json.loads(provenance(image, told, environ, **more))
        return found

    return one


def test_a_run_of_a_workflow_is_told_whole(made: Made, tiny_bundle: Path) -> None:
    """Exactly the fields of the specification, and in them what GitHub says and what the image holds."""
    found = made(RUN, started="2026-11-25T10:00:00Z", finished="2026-11-25T10:05:00Z")
    sealed = tiny_bundle / manifests.NAME
    assert set(found) == {"buildDefinition", "runDetails"}
    definition, details = found["buildDefinition"], found["runDetails"]
    assert set(definition) == {"buildType", "externalParameters", "internalParameters", "resolvedDependencies"}
    assert definition["externalParameters"] == {
        "workflow": {
            "ref": "refs/heads/main",
            "repository": "https://github.com/somebody/prices",
            "path": ".github/workflows/publish.yml",
        },
        "platforms": ["linux/amd64", "linux/arm64"],
        "base": "python:3.11-slim-bookworm",
    }
    assert definition["internalParameters"] == {
        "epoch": EPOCH,
        "github": {"event_name": "push", "repository_id": "42", "runner_environment": "github-hosted"},
    }
    assert definition["resolvedDependencies"] == [
        {"name": "source", "uri": f"git+{SOURCE}@refs/heads/main", "digest": {"gitCommit": COMMIT}},
        {"name": "base", "uri": "docker://python:3.11-slim-bookworm"},
        {"name": "requirements/serving.txt", "digest": {"sha256": manifests.sha256(b"lock")}},
        {"name": "Dockerfile", "digest": {"sha256": manifests.sha256(b"FROM python")}},
        {
            "name": "models/bundle/manifest.json",
            "digest": {"sha256": manifests.sha256_of(sealed)},
        },
    ]
    assert set(details) == {"builder", "metadata", "byproducts"}
    assert details["builder"] == {"id": f"https://github.com/{RUN['GITHUB_WORKFLOW_REF']}"}
    assert details["metadata"] == {
        "invocationId": "https://github.com/somebody/prices/actions/runs/7/attempts/2",
        "startedOn": "2026-11-25T10:00:00Z",
        "finishedOn": "2026-11-25T10:05:00Z",
    }
    assert [one["name"].split("/")[1] for one in details["byproducts"]] == ["amd64", "amd64", "arm64", "arm64"]


def test_outside_of_a_workflow_nothing_is_pretended(made: Made) -> None:
    """No run, no workflow, no time; a variable or two that happen to be set make no GitHub."""
    for environ in ({}, {**RUN, "GITHUB_ACTIONS": ""}, {"GITHUB_ACTIONS": "true"}):
        found = made(environ)
        assert found["runDetails"]["builder"] == {"id": LOCAL}
        assert found["runDetails"]["metadata"] == {}
        assert set(found["buildDefinition"]["externalParameters"]) == {"platforms", "base"}
        assert found["buildDefinition"]["internalParameters"] == {"epoch": EPOCH}


def test_a_base_that_is_known_by_digest_is_named_by_it(made: Made) -> None:
    """As the label tells it."""
    digest = {"org.opencontainers.image.base.digest": f"sha256:{'7' * 64}"}
    base = made({}, lambda tiny: tiny.labels.update(digest))["buildDefinition"]["resolvedDependencies"][1]
    assert base == {"name": "base", "uri": "docker://python:3.11-slim-bookworm", "digest": {"sha256": "7" * 64}}


@pytest.mark.parametrize(
    ("revision", "digest", "annotations"),
    [
        (f"{COMMIT}-dirty", {"gitCommit": COMMIT}, {"changed": True}),
        ("unknown", None, None),
    ],
)
def test_a_commit_is_named_only_where_it_is_one(made: Made, revision: str, digest: object, annotations: object) -> None:
    """Files that differ from it are told; what nobody knows is left out."""
    found = made({}, lambda tiny: tiny.told(lambda told: told.update(revision=revision)))
    source = found["buildDefinition"]["resolvedDependencies"][0]
    assert (source.get("digest"), source.get("annotations")) == (digest, annotations)


def test_only_ones_own_builds_are_vouched_for(made: Made) -> None:
    """The builder that is named must be the one that is asked to sign."""
    built_here(made(RUN), RUN)
    built_here(made({}), os.environ | {"GITHUB_ACTIONS": ""})
    with pytest.raises(VerificationError, match=f'names the builder "{LOCAL}"; expected "https://github.com/somebody'):
        built_here(made({}), RUN)


def _of(*dependencies: object) -> object:
    return {"buildDefinition": {"resolvedDependencies": list(dependencies)}}


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        "x",
        {},
        {"buildDefinition": 1, "runDetails": []},
        _of(1),
        _of({"name": []}),
        _of({"name": "source", "digest": "x"}),
    ],
)
def test_a_provenance_that_is_none_tells_nothing(told: Any) -> None:
    """Whatever somebody attests, reading it does not fail."""
    assert (dependencies(told), named_builder(told)) == ({}, "")
