"""The overlay with a store of predictions: valid, with a Secret, a spool to write to, and a way to the database."""

import re
import shutil
from pathlib import Path

import pytest
from kubernetes_objects import VERSIONS, Object, only, pod_of, render, schema_errors

from houseprice.serving.recorder_process import DRAIN_SECONDS
from houseprice.serving.settings import Settings, from_environment, unknown_variables

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """Return the objects of the overlay, made as its comment says."""
    copied = shutil.copytree(FOLDER, tmp_path_factory.mktemp("deploy") / "kubernetes")
    file = copied / "overlays" / "example" / "kustomization.yaml"
    file.write_text(re.sub("sha256:0{64}", "sha256:" + "5e" * 32, file.read_text().replace("USER", "somebody")))
    return render(copied / "overlays" / "example-with-store")


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_every_object_is_valid(objects: list[Object], version: str) -> None:
    """By the strict schemas, which refuse unknown fields."""
    assert schema_errors(objects, version) == []


def test_the_url_comes_from_the_secret_and_is_one_that_is_read(objects: list[Object]) -> None:
    """No password stands in the Deployment, and no variable is misspelt."""
    (container,) = pod_of(objects)["containers"]
    given = {one["name"]: one for one in container["env"]}
    reference = given["HOUSEPRICE_STORE"]["valueFrom"]["secretKeyRef"]
    secret = only(objects, "Secret")
    assert secret["metadata"]["name"] == reference["name"]
    environ = {"HOUSEPRICE_STORE": secret["stringData"][reference["key"]]}
    environ |= {name: one["value"] for name, one in given.items() if "value" in one}
    assert unknown_variables(environ) == []
    assert from_environment(environ).store.startswith("postgresql://")


def test_the_spool_can_be_written_and_holds_its_limit(objects: list[Object]) -> None:
    """By the account of the API, in a volume that is larger than what may wait there."""
    pod = pod_of(objects)
    (container,) = pod["containers"]
    (mount,), (volume,) = container["volumeMounts"], pod["volumes"]
    assert mount["name"] == volume["name"]
    assert mount["mountPath"] == next(
        one["value"] for one in container["env"] if one["name"] == "HOUSEPRICE_STORE_SPOOL"
    )
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]
    assert int(volume["emptyDir"]["sizeLimit"].removesuffix("Mi")) * 2**20 > Settings().store_spool_bytes


def test_a_pod_has_time_to_store_what_is_left(objects: list[Object]) -> None:
    """After the requests in progress."""
    pod = pod_of(objects)
    waited = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > waited + Settings().grace_seconds + DRAIN_SECONDS


def test_the_database_can_be_reached(objects: list[Object]) -> None:
    """And found by its name; nothing else."""
    ports = [port["port"] for rule in only(objects, "NetworkPolicy")["spec"]["egress"] for port in rule["ports"]]
    assert sorted(ports) == [53, 53, 5432]
