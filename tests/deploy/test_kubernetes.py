"""deploy/kubernetes, rendered by kubectl and held to Kubernetes' schemas, to itself, and to the API that it runs."""

import copy
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cluster import VERSIONS, Object, faults, only, pod_of, render, unfit
from toy import Client

from houseprice.bundle.load import open_bundle
from houseprice.release.image_reference import Reference
from houseprice.release.image_test import OPTIONS
from houseprice.serving.app import create_app

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
DIGEST = "sha256:" + "5e" * 32


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """Give the objects of an overlay that was made as the example's comment says."""
    copied = shutil.copytree(FOLDER, tmp_path_factory.mktemp("deploy") / "kubernetes")
    file = copied / "overlays" / "example" / "kustomization.yaml"
    text = file.read_text().replace("USER", "somebody")
    file.write_text(re.sub("sha256:0{64}", DIGEST, text))
    return render(file.parent)


@pytest.fixture
def objects(rendered: list[Object]) -> list[Object]:
    """Give objects that a test may spoil."""
    return copy.deepcopy(rendered)


@pytest.fixture(scope="module")
def client(bundle_dir: Path) -> Client:
    """Give the API of the real model, ready."""
    app = create_app(open_bundle(bundle_dir))
    app.state.ready = True
    return Client(app)


def probes(objects: list[Object]) -> dict[str, str]:
    """Give back the path of each probe."""
    (container,) = pod_of(objects)["containers"]
    return {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_fits_every_supported_release(objects: list[Object], version: str) -> None:
    """The strict schemas, which refuse unknown fields, take each object."""
    assert list(unfit(objects, version)) == []


def test_the_supported_releases_are_those_of_the_comment() -> None:
    """The base promises a first release, and no schema of it or a later one is left out."""
    promised = re.findall(r"from Kubernetes (\S+) on", (FOLDER / "base" / "kustomization.yaml").read_text())
    assert VERSIONS[0].startswith(promised[0])
    assert len(VERSIONS) >= 8


def test_the_example_has_no_fault(objects: list[Object]) -> None:
    """Every object fits its neighbours, the restricted standard, and what this project asks of itself."""
    assert faults(objects) == []


def test_the_image_is_the_one_that_was_named(objects: list[Object]) -> None:
    """The overlay puts registry, user and digest into the Deployment."""
    named = Reference.read(pod_of(objects)["containers"][0]["image"])
    assert (named.repository.path, named.digest) == ("somebody/house-price-model", DIGEST)


def test_the_base_alone_names_no_image_that_could_be_pulled() -> None:
    """Forgetting the overlay is found before anything is applied."""
    assert "image: not named by its digest" in faults(render(FOLDER / "base"))


def test_the_example_as_it_is_cannot_be_pulled() -> None:
    """What is to be put in is written so that no registry can have it."""
    image = pod_of(render(FOLDER / "overlays" / "example"))["containers"][0]["image"]
    assert "/USER/" in image
    assert image.endswith("0" * 64)


def test_the_namespace_enforces_the_restricted_standard(objects: list[Object]) -> None:
    """The cluster itself refuses a pod that asks for more."""
    namespace = only(objects, "Namespace")["metadata"]
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace["name"] == only(objects, "Deployment")["metadata"]["namespace"]


def test_every_probe_asks_a_route_that_answers(objects: list[Object], client: Client) -> None:
    """Each path is one of the API's own, and says yes of the real model."""
    assert {client.get(path).status_code for path in probes(objects).values()} == {200}


def test_a_model_that_lies_is_given_no_requests_and_is_not_killed(objects: list[Object], bundle_dir: Path) -> None:
    """Golden rows decide about readiness and start, never about life."""
    bundle = open_bundle(bundle_dir)
    golden = copy.deepcopy(bundle.golden)
    golden["answers"] = [{name: number * 1.01 for name, number in row.items()} for row in golden["answers"]]
    app = create_app(replace(bundle, golden=golden))
    app.state.ready = True
    said = {kind: Client(app).get(path).status_code for kind, path in probes(objects).items()}
    assert said == {"startup": 503, "readiness": 503, "liveness": 200}


def test_the_scraped_path_is_the_one_of_the_metrics(objects: list[Object], client: Client) -> None:
    """Prometheus is led to where the numbers are."""
    annotations = only(objects, "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert "houseprice_requests_total" in client.get(annotations["prometheus.io/path"]).text


def test_user_and_memory_are_those_of_the_image(objects: list[Object]) -> None:
    """The user is the Dockerfile's, and the memory that with which every image is tested."""
    pod = pod_of(objects)
    user, group = pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]
    assert f"USER {user}:{group}\n" in (FOLDER.parents[1] / "Dockerfile").read_text()
    limit = pod["containers"][0]["resources"]["limits"]["memory"]
    assert f"--memory={limit.lower().removesuffix('i')}" in OPTIONS


def at(kind: str, path: str, value: Any) -> Callable[[list[Object]], None]:
    """Give back a mistake: the value at a dotted path of an object, None takes it away."""

    def plant(objects: list[Object]) -> None:
        found: Any = only(objects, kind)
        *way, last = [int(part) if part.isdigit() else part.replace("~", "/") for part in path.split("/")]
        for part in way:
            found = found[part]
        if value is None:
            del found[last]
        else:
            found[last] = value

    return plant


POD = "spec/template/spec"
API = f"{POD}/containers/0"
OTHER = {"matchLabels": {"app.kubernetes.io/name": "another"}}
MISSPELT = [
    (at("Deployment", f"{API}/imagePullPolice", "Always"), "Deployment: Additional properties"),
    (at("Deployment", f"{API}/readinessProbe/periodSeconds", "5s"), "Deployment: '5s' is not of type"),
    (at("Deployment", f"{API}/lifecycle/preStop/sleep/seconds", None), "Deployment: 'seconds' is a required"),
    (at("HorizontalPodAutoscaler", "apiVersion", "autoscaling/v2beta2"), "HorizontalPodAutoscaler: Couldn't find"),
]
PLANTED = [
    (at("Deployment", "spec/selector", OTHER), "selector: Deployment"),
    (at("Service", "spec/selector", OTHER["matchLabels"]), "selector: Service"),
    (at("Service", "spec/selector", None), "selector: Service"),
    (at("PodDisruptionBudget", "spec/selector", OTHER), "selector: PodDisruptionBudget"),
    (at("PodDisruptionBudget", "spec/selector", {}), "selector: PodDisruptionBudget"),
    (at("NetworkPolicy", "spec/podSelector", OTHER), "selector: NetworkPolicy"),
    (at("Deployment", f"{POD}/topologySpreadConstraints/0/labelSelector", OTHER), "selector: spread"),
    (at("Deployment", f"{POD}/topologySpreadConstraints", []), "spread:"),
    (at("Deployment", f"{POD}/serviceAccountName", "default"), "account:"),
    (at("Service", "metadata/namespace", "default"), "namespace:"),
    (at("HorizontalPodAutoscaler", "spec/scaleTargetRef/name", "another"), "scaler: scales"),
    (at("Deployment", "spec/replicas", 1), "scaler: the Deployment"),
    (at("Deployment", f"{API}/resources/requests/cpu", None), "scaler: measures"),
    (at("PodDisruptionBudget", "spec/maxUnavailable", 2), "budget:"),
    (at("PodDisruptionBudget", "spec/maxUnavailable", 0), "budget:"),
    (at("Deployment", f"{API}/env/0/value", "8080"), "port: the server"),
    (at("Deployment", "spec/template/metadata/annotations/prometheus.io~port", "9090"), "port: Prometheus"),
    (at("Service", "spec/ports/0/targetPort", 8080), "port: the Service"),
    (at("Deployment", f"{API}/livenessProbe/httpGet/port", 8080), "livenessProbe"),
    (at("Deployment", f"{API}/startupProbe", None), "startupProbe"),
    (at("NetworkPolicy", "spec/ingress", [{}]), "network: more"),
    (at("NetworkPolicy", "spec/egress", [{}]), "network: something"),
    (at("NetworkPolicy", "spec/policyTypes", ["Ingress"]), "network: something"),
    (at("Deployment", f"{POD}/hostNetwork", True), "restricted: host namespaces"),
    (at("Deployment", f"{POD}/volumes", [{"name": "a", "hostPath": {"path": "/"}}]), "restricted: volume"),
    (at("Deployment", f"{POD}/securityContext/sysctls", [{"name": "a", "value": "1"}]), "restricted: sysctls"),
    (at("Deployment", f"{API}/securityContext/privileged", True), "restricted: privileged"),
    (at("Deployment", f"{API}/securityContext/allowPrivilegeEscalation", None), "restricted: privilege escalation"),
    (at("Deployment", f"{API}/securityContext/capabilities/add", ["SYS_ADMIN"]), "restricted: capabilities"),
    (at("Deployment", f"{API}/securityContext/capabilities/drop", ["KILL"]), "restricted: capabilities"),
    (at("Deployment", f"{API}/securityContext/runAsUser", 0), "restricted: root"),
    (at("Deployment", f"{POD}/securityContext/runAsNonRoot", None), "restricted: root"),
    (at("Deployment", f"{POD}/securityContext/seccompProfile/type", "Unconfined"), "restricted: seccomp"),
    (at("Deployment", f"{API}/ports/0/hostPort", 80), "restricted: host ports"),
    (at("Deployment", f"{API}/livenessProbe/httpGet/host", "10.0.0.1"), "restricted: probes"),
    (at("Deployment", f"{API}/securityContext/appArmorProfile", {"type": "Unconfined"}), "restricted: SELinux"),
    (at("Deployment", f"{API}/image", "docker.io/somebody/house-price-model:latest"), "image:"),
    (at("Deployment", f"{POD}/automountServiceAccountToken", None), "token:"),
    (at("ServiceAccount", "automountServiceAccountToken", True), "token:"),
    (at("Deployment", f"{API}/securityContext/readOnlyRootFilesystem", None), "disk:"),
    (at("Deployment", f"{API}/resources/limits", {}), "memory:"),
    (at("Deployment", "spec/strategy/rollingUpdate/maxUnavailable", 1), "rollout:"),
    (at("Deployment", f"{API}/env/1/name", "HOUSEPRICE_GRACE_SECOND"), "setting: HOUSEPRICE_GRACE_SECOND is no"),
    (at("Deployment", f"{API}/env/1/value", "soon"), "setting: The environment"),
    (at("Deployment", f"{API}/lifecycle", None), "stop: requests"),
    (at("Deployment", f"{API}/env/1/value", "15"), "stop: killed"),
]


@pytest.mark.parametrize(("plant", "found"), PLANTED, ids=[f"{i}-{words}" for i, (_, words) in enumerate(PLANTED)])
def test_a_planted_mistake_is_found(objects: list[Object], plant: Callable[[list[Object]], None], found: str) -> None:
    """Each mistake is named, as proof that none of the rules above says yes to everything."""
    plant(objects)
    assert [fault for fault in faults(objects) if found in fault]


@pytest.mark.parametrize(("plant", "found"), MISSPELT, ids=[words for _, words in MISSPELT])
def test_what_no_cluster_takes_is_found(
    objects: list[Object], plant: Callable[[list[Object]], None], found: str
) -> None:
    """A word, a type, a version that Kubernetes does not know is named by its schemas."""
    plant(objects)
    assert [fault for fault in unfit(objects, VERSIONS[-1]) if fault.startswith(found)]


def test_a_missing_object_is_found(objects: list[Object]) -> None:
    """An overlay that lost its NetworkPolicy is not taken for a whole one."""
    assert faults([item for item in objects if item["kind"] != "NetworkPolicy"]) == ["kind: no NetworkPolicy"]
