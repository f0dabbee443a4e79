"""Kubernetes manifests for tests: rendered by kubectl, validated by the official schemas and against each other."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from houseprice.serving.settings import from_environment, unknown_variables

Object = dict[str, Any]


def _supported_versions() -> list[str]:
    """Return the versions that have schemas; to import the library for them would take each test process seconds."""
    spec = find_spec("kubernetes_validate")
    assert spec
    assert spec.origin
    names = {path.name.partition("-")[0] for path in Path(spec.origin).with_name("kubernetes-json-schema").glob("v*")}
    numbers = sorted(tuple(map(int, name[1:].split("."))) for name in names)
    return [".".join(map(str, version)) for version in numbers if version >= (1, 30)]


VERSIONS = _supported_versions()
"""The supported versions of Kubernetes."""
SPARE_SECONDS = 3
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
SPREAD = {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}


def render(folder: Path) -> list[Object]:
    """Return the objects that `kubectl apply -k` would send."""
    kubectl = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or "kubectl"
    command = [kubectl, "kustomize", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    return list(yaml.safe_load_all(result.stdout))


def only(objects: list[Object], kind: str) -> Object:
    """Return the one object of a kind."""
    (found,) = [item for item in objects if item["kind"] == kind]
    return found


def pod_of(objects: list[Object]) -> Object:
    """Return the specification of the pods."""
    spec: Object = only(objects, "Deployment")["spec"]["template"]["spec"]
    return spec


def schema_errors(objects: list[Object], version: str) -> list[str]:
    """Return what the strict schemas of one Kubernetes refuse, including unknown fields."""
    import kubernetes_validate

    errors = []
    for item in objects:
        try:
            kubernetes_validate.validate(item, version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as err:
            errors.append(f"{item['kind']}: {err.message}")
    return errors


def check(objects: list[Object]) -> None:
    """Assert that the objects fit each other, the restricted Pod Security Standard, and the API's settings."""
    _check_references(objects)
    _check_security(objects)
    _check_rollout(objects)


def _check_references(objects: list[Object]) -> None:
    deployment, pod = only(objects, "Deployment"), pod_of(objects)
    template, container = deployment["spec"]["template"]["metadata"], pod["containers"][0]
    spreads = pod["topologySpreadConstraints"]
    selectors = {
        "Deployment": deployment["spec"]["selector"]["matchLabels"],
        "Service": only(objects, "Service")["spec"].get("selector"),
        "PodDisruptionBudget": only(objects, "PodDisruptionBudget")["spec"]["selector"].get("matchLabels"),
        "NetworkPolicy": only(objects, "NetworkPolicy")["spec"]["podSelector"].get("matchLabels"),
        **{f"spread over {one['topologyKey']}": one["labelSelector"].get("matchLabels") for one in spreads},
    }
    for owner, selector in selectors.items():
        assert selector, owner
        assert selector.items() <= template["labels"].items(), owner
    assert {one["topologyKey"] for one in spreads} == SPREAD
    assert only(objects, "ServiceAccount")["metadata"]["name"] == pod["serviceAccountName"]
    assert len({item["metadata"].get("namespace") for item in objects if item["kind"] != "Namespace"}) == 1
    scaler = only(objects, "HorizontalPodAutoscaler")["spec"]
    name = deployment["metadata"]["name"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    assert {metric["resource"]["name"] for metric in scaler["metrics"]} <= set(container["resources"]["requests"])
    (port,) = container["ports"]
    assert {one["name"]: one["value"] for one in container["env"]}["HOUSEPRICE_PORT"] == str(port["containerPort"])
    assert template["annotations"]["prometheus.io/scrape"] == "true"
    assert template["annotations"]["prometheus.io/port"] == str(port["containerPort"])
    assert [one["targetPort"] for one in only(objects, "Service")["spec"]["ports"]] == [port["name"]]
    for kind in PROBES:
        assert set(container[kind]["httpGet"]) == {"path", "port"}, kind
        assert container[kind]["httpGet"]["port"] == port["name"], kind
    policy = only(objects, "NetworkPolicy")["spec"]
    assert policy["ingress"] == [{"ports": [{"protocol": "TCP", "port": port["containerPort"]}]}]
    assert (sorted(policy["policyTypes"]), policy.get("egress") or []) == (["Egress", "Ingress"], [])


def _check_security(objects: list[Object]) -> None:
    """Assert more than the restricted Pod Security Standard: exact contexts, no volumes, nothing of the host."""
    pod = pod_of(objects)
    (container,) = pod["containers"]
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC", "hostUsers", "volumes", "initContainers"}
    assert pod["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}
    }  # fmt: skip
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
    }  # fmt: skip
    assert all("hostPort" not in port for port in container["ports"])
    assert re.search(r"@sha256:[0-9a-f]{64}$", container["image"]), "the image is named by its digest"
    assert pod["automountServiceAccountToken"] is False
    assert only(objects, "ServiceAccount")["automountServiceAccountToken"] is False


def _check_rollout(objects: list[Object]) -> None:
    pod, spec = pod_of(objects), only(objects, "Deployment")["spec"]
    (container,) = pod["containers"]
    assert "replicas" not in spec, "it would reset the autoscaler's number"
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    minimum = only(objects, "HorizontalPodAutoscaler")["spec"]["minReplicas"]
    assert 0 < only(objects, "PodDisruptionBudget")["spec"]["maxUnavailable"] < minimum
    assert container["resources"]["limits"]["memory"]
    environ = {one["name"]: one.get("value", "") for one in container["env"]}
    assert list(unknown_variables(environ)) == []
    waited = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    stopping = waited + from_environment(environ).grace_seconds + SPARE_SECONDS
    assert pod["terminationGracePeriodSeconds"] >= stopping > SPARE_SECONDS + waited > SPARE_SECONDS
