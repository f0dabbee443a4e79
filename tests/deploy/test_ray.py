"""deploy/ray: its pods, by the official schemas of Kubernetes and the restricted Pod Security Standard."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_objects import VERSIONS, schema_errors

from houseprice.cli import cli

JOB: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "deploy" / "ray" / "rayjob.yaml").read_text())
CLUSTER = JOB["spec"]["rayClusterSpec"]
TEMPLATES = [CLUSTER["headGroupSpec"]["template"], *(group["template"] for group in CLUSTER["workerGroupSpecs"])]


@pytest.mark.parametrize("version", VERSIONS)
def test_pods_are_valid(version: str) -> None:
    """In every supported Kubernetes, to the last field."""
    pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ray"}, **template} for template in TEMPLATES]
    assert schema_errors(pods, version) == []


def test_pods_are_restricted() -> None:
    """No root, no privileges, no token, and bounds for what they take."""
    for template in TEMPLATES:
        pod = template["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"].keys() == {"requests", "limits"}


def test_the_command_is_one_of_ours() -> None:
    """It would be understood, and reads and writes what the head mounts."""
    program, name, *words = shlex.split(JOB["spec"]["entrypoint"])
    assert program == "houseprice"
    command = cli.get_command(cli.make_context("houseprice", ["predict", "--help"], resilient_parsing=True), name)
    assert command
    given = command.make_context(name, words).params
    (mount,) = TEMPLATES[0]["spec"]["containers"][0]["volumeMounts"]
    assert all(given[path].is_relative_to(mount["mountPath"]) for path in ("bundle", "source", "output"))
    assert given["engine"] == "ray"


def test_the_image_has_the_ray_of_the_lock() -> None:
    """One version in all places."""
    lock = (Path(__file__).parents[2] / "requirements" / "ray.txt").read_text()
    version = CLUSTER["rayVersion"]
    assert f"\nray=={version} " in lock
    assert all(template["spec"]["containers"][0]["image"].endswith(f":{version}") for template in TEMPLATES)
