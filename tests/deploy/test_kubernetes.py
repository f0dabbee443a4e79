"""deploy/kubernetes, rendered by kubectl: valid, consistent, restricted, and in step with the API."""

import copy
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_objects import VERSIONS, Object, check, only, pod_of, render, schema_errors
from toy import Client

from houseprice.bundle.load import open_bundle
from houseprice.errors import ConfigError
from houseprice.release.container import RUN_OPTIONS
from houseprice.release.image_reference import Reference
from houseprice.release.verification.policy import VerificationPolicy
from houseprice.serving.app import create_app

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
DIGEST = "sha256:" + "5e" * 32


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """Return the objects of an overlay that was made as the example's comment says."""
    copied = shutil.copytree(FOLDER, tmp_path_factory.mktemp("deploy") / "kubernetes")
    file = copied / "overlays" / "example" / "kustomization.yaml"
    file.write_text(re.sub("sha256:0{64}", DIGEST, file.read_text().replace("USER", "somebody")))
    return render(file.parent)


@pytest.fixture
def objects(rendered: list[Object]) -> list[Object]:
    """Return objects that a test may change."""
    return copy.deepcopy(rendered)


def probe_statuses(objects: list[Object], app: Any) -> dict[str, int]:
    """Return how an API answers each probe."""
    app.state.ready = True
    (container,) = pod_of(objects)["containers"]
    paths = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    return {kind: Client(app).get(path).status_code for kind, path in paths.items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid_in_every_supported_version(objects: list[Object], version: str) -> None:
    """By the strict schemas, which refuse unknown fields."""
    assert schema_errors(objects, version) == []


def test_the_oldest_supported_version_is_the_documented_one() -> None:
    """And there are schemas of later ones."""
    documented = re.findall(r"from Kubernetes (\S+) on", (FOLDER / "base" / "kustomization.yaml").read_text())
    assert VERSIONS[0].startswith(documented[0])
    assert len(VERSIONS) >= 8


def test_the_cluster_trusts_whom_verify_trusts() -> None:
    """The admission policy names the one workflow, on the one branch, whose signature `houseprice verify` accepts."""
    (authority,) = yaml.safe_load((FOLDER / "policies" / "trusted-signer.yaml").read_text())["spec"]["authorities"]
    (identity,) = authority["keyless"]["identities"]
    expected = VerificationPolicy.of_repository("https://github.com/OWNER/house-price-model")
    assert re.fullmatch(expected.identity, identity["subject"])
    assert identity == {"issuer": expected.issuer, "subject": identity["subject"]}


def test_the_example_is_consistent_and_restricted(objects: list[Object]) -> None:
    """With the image, the namespace and its Pod Security Standard."""
    check(objects)
    image = Reference.read(pod_of(objects)["containers"][0]["image"])
    assert (image.repository.path, image.digest) == ("somebody/house-price-model", DIGEST)
    namespace = only(objects, "Namespace")["metadata"]
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace["name"] == only(objects, "Deployment")["metadata"]["namespace"]


def test_neither_the_base_nor_the_unchanged_example_can_be_deployed() -> None:
    """Their image names cannot be pulled."""
    assert "/" not in pod_of(render(FOLDER / "base"))["containers"][0]["image"]
    image = pod_of(render(FOLDER / "overlays" / "example"))["containers"][0]["image"]
    assert "/USER/" in image
    assert image.endswith("0" * 64)


def test_a_model_with_wrong_answers_receives_no_requests_and_is_not_restarted(
    objects: list[Object], bundle_dir: Path
) -> None:
    """Golden rows decide about startup and readiness, not about liveness."""
    bundle = open_bundle(bundle_dir)
    assert set(probe_statuses(objects, create_app(bundle)).values()) == {200}
    golden = copy.deepcopy(bundle.golden)
    golden["answers"] = [{name: number * 1.01 for name, number in row.items()} for row in golden["answers"]]
    wrong = create_app(replace(bundle, golden=golden))
    assert probe_statuses(objects, wrong) == {"startup": 503, "readiness": 503, "liveness": 200}


def test_prometheus_scrapes_the_metrics(objects: list[Object], bundle_dir: Path) -> None:
    """At the path in the annotations."""
    app = create_app(open_bundle(bundle_dir))
    app.state.ready = True
    annotations = only(objects, "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert "houseprice_requests_total" in Client(app).get(annotations["prometheus.io/path"]).text


def test_user_and_memory_are_those_of_the_image(objects: list[Object]) -> None:
    """The Dockerfile's user, and the memory with which every image is tested."""
    pod = pod_of(objects)
    user, group = pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]
    assert f"USER {user}:{group}\n" in (FOLDER.parents[1] / "Dockerfile").read_text()
    limit = pod["containers"][0]["resources"]["limits"]["memory"]
    assert f"--memory={limit.lower().removesuffix('i')}" in RUN_OPTIONS


POD = "spec/template/spec"
API = f"{POD}/containers/0"
OTHER = {"matchLabels": {"app.kubernetes.io/name": "another"}}


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Service", "spec/selector", OTHER["matchLabels"]),
        ("PodDisruptionBudget", "spec/selector", OTHER),
        ("NetworkPolicy", "spec/podSelector", OTHER),
        ("Deployment", f"{POD}/topologySpreadConstraints/0/labelSelector", OTHER),
        ("Deployment", f"{POD}/topologySpreadConstraints", []),
        ("Service", "metadata/namespace", "default"),
        ("HorizontalPodAutoscaler", "spec/scaleTargetRef/name", "another"),
        ("Deployment", "spec/replicas", 1),
        ("PodDisruptionBudget", "spec/maxUnavailable", 2),
        ("Deployment", f"{API}/env/0/value", "8080"),
        ("Service", "spec/ports/0/targetPort", 8080),
        ("NetworkPolicy", "spec/egress", [{}]),
        ("Deployment", f"{POD}/hostNetwork", True),
        ("Deployment", f"{API}/securityContext/privileged", True),
        ("Deployment", f"{POD}/securityContext/seccompProfile/type", "Unconfined"),
        ("Deployment", f"{API}/livenessProbe/httpGet/host", "10.0.0.1"),
        ("Deployment", f"{API}/image", "docker.io/somebody/house-price-model:latest"),
        ("Deployment", f"{API}/env/1/name", "HOUSEPRICE_GRACE_SECOND"),
        ("Deployment", f"{API}/env/1/value", "soon"),
        ("Deployment", f"{API}/env/1/value", "15"),
        ("Deployment", f"{API}/lifecycle/preStop/sleep/seconds", 0),
    ],
)
def test_a_mistake_is_found(objects: list[Object], kind: str, path: str, value: Any) -> None:
    """Which shows that `check` does not pass everything."""
    found: Any = only(objects, kind)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in parents:
        found = found[part]
    found[last] = value
    with pytest.raises((AssertionError, ConfigError, KeyError)):
        check(objects)


@pytest.mark.parametrize(
    ("path", "value"), [("imagePullPolice", "Always"), ("terminationMessagePath", 5), ("ports", "8000")]
)
def test_an_invalid_object_is_found(objects: list[Object], path: str, value: Any) -> None:
    """An unknown field, or a value of another type."""
    pod_of(objects)["containers"][0][path] = value
    assert schema_errors(objects, VERSIONS[-1])
