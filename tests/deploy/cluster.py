"""A kustomize folder in, objects and their faults out: what a cluster would refuse, and what would not fit together."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from houseprice.errors import ConfigError
from houseprice.serving.settings import from_environment, unknown_variables

Object = dict[str, Any]
VERSIONS = [
    version
    for version in dict.fromkeys(kubernetes_validate.utils.all_versions())
    if tuple(map(int, version.split("."))) >= (1, 30)
]
"""Since the oldest Kubernetes that the base's comment promises."""
KINDS = {"Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy"}
SPARE_SECONDS = 3
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def render(folder: Path) -> list[Object]:
    """Give back the objects that `kubectl apply -k` would send."""
    kubectl = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or "kubectl"
    said = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 0, said.stderr
    return list(yaml.safe_load_all(said.stdout))


def only(objects: list[Object], kind: str) -> Object:
    """Give back the one object of a kind."""
    (found,) = [item for item in objects if item["kind"] == kind]
    return found


def pod_of(objects: list[Object]) -> Object:
    """Give back the pod's specification."""
    spec: Object = only(objects, "Deployment")["spec"]["template"]["spec"]
    return spec


def unfit(objects: list[Object], version: str) -> Iterator[str]:
    """Say what the schemas of one Kubernetes refuse, unknown fields too."""
    for item in objects:
        try:
            kubernetes_validate.validate(item, version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as err:
            yield f"{item['kind']}: {err.message}"


def apart(objects: list[Object]) -> Iterator[str]:
    """Say what does not belong together: selectors, names, ports, numbers of pods."""
    deployment = only(objects, "Deployment")
    template = deployment["spec"]["template"]
    labels = template["metadata"]["labels"].items()
    spreads = template["spec"].get("topologySpreadConstraints", [])
    selectors = {
        "Deployment": deployment["spec"]["selector"]["matchLabels"],
        "Service": only(objects, "Service")["spec"].get("selector"),
        "PodDisruptionBudget": only(objects, "PodDisruptionBudget")["spec"].get("selector", {}).get("matchLabels"),
        "NetworkPolicy": only(objects, "NetworkPolicy")["spec"]["podSelector"].get("matchLabels"),
        **{f"spread over {s['topologyKey']}": s.get("labelSelector", {}).get("matchLabels") for s in spreads},
    }
    for owner, selector in selectors.items():
        if not selector or not selector.items() <= labels:
            yield f"selector: {owner} does not select the pods"
    if {s["topologyKey"] for s in spreads} < {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}:
        yield "spread: the pods may all stand on one node, or in one zone"
    if only(objects, "ServiceAccount")["metadata"]["name"] != template["spec"].get("serviceAccountName"):
        yield "account: the pods have another one"
    if len({item["metadata"].get("namespace") for item in objects if item["kind"] != "Namespace"}) != 1:
        yield "namespace: not one for all"
    scaler = only(objects, "HorizontalPodAutoscaler")["spec"]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment["metadata"]["name"]}
    if scaler["scaleTargetRef"] != target:
        yield "scaler: scales something else"
    if "replicas" in deployment["spec"]:
        yield "scaler: the Deployment would reset its number of pods"
    requests = template["spec"]["containers"][0].get("resources", {}).get("requests", {})
    if any(metric["resource"]["name"] not in requests for metric in scaler["metrics"]):
        yield "scaler: measures what is not requested"
    if not 0 < only(objects, "PodDisruptionBudget")["spec"].get("maxUnavailable", 0) < scaler["minReplicas"]:
        yield "budget: a drain could take all pods, or would wait for ever"
    yield from _ports(objects, template)


def _ports(objects: list[Object], template: Object) -> Iterator[str]:
    container = template["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    stated = {one["name"]: one["value"] for one in container.get("env", []) if "value" in one}
    annotations = template["metadata"].get("annotations", {})
    policy = only(objects, "NetworkPolicy")["spec"]
    if stated.get("HOUSEPRICE_PORT") != str(ports.get("http")):
        yield "port: the server is not told the one that is open"
    if annotations.get("prometheus.io/scrape") != "true" or annotations.get("prometheus.io/port") != str(ports["http"]):
        yield "port: Prometheus would scrape another"
    if [port["targetPort"] for port in only(objects, "Service")["spec"]["ports"]] != ["http"]:
        yield "port: the Service leads to another"
    for kind in PROBES:
        if container.get(kind, {}).get("httpGet", {}).get("port") != "http":
            yield f"port: there is no {kind}, or it asks another"
    if policy["ingress"] != [{"ports": [{"protocol": "TCP", "port": ports["http"]}]}]:
        yield "network: more or less than the one port is open"
    if set(policy["policyTypes"]) != {"Ingress", "Egress"} or policy.get("egress"):
        yield "network: something may go out"


def unrestricted(pod: Object) -> Iterator[str]:
    """Say where a pod does not meet the "restricted" Pod Security Standard, control by control."""
    whole = pod.get("securityContext", {})
    if any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")) or pod.get("hostUsers") is True:
        yield "restricted: host namespaces"
    if any(not (volume.keys() - {"name"}) <= VOLUMES for volume in pod.get("volumes", [])):
        yield "restricted: volume types"
    if whole.get("sysctls"):
        yield "restricted: sysctls"
    for container in [*pod.get("initContainers", []), *pod["containers"], *pod.get("ephemeralContainers", [])]:
        own = container.get("securityContext", {})
        both = {**whole, **own}
        if own.get("privileged") or own.get("procMount", "Default") != "Default" or both.get("windowsOptions"):
            yield "restricted: privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield "restricted: privilege escalation"
        capabilities = own.get("capabilities", {})
        if capabilities.get("drop") != ["ALL"] or not set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"}:
            yield "restricted: capabilities"
        if both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0:
            yield "restricted: root"
        if both.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
            yield "restricted: seccomp"
        if both.get("seLinuxOptions") or both.get("appArmorProfile", {}).get("type") == "Unconfined":
            yield "restricted: SELinux, AppArmor"
        if any(port.get("hostPort") for port in container.get("ports", [])):
            yield "restricted: host ports"
        if re.search(r"'host': '", repr([container.get(kind) for kind in (*PROBES, "lifecycle")])):
            yield "restricted: probes of other hosts"


def careless(objects: list[Object]) -> Iterator[str]:
    """Say what this project asks of itself beyond the standard."""
    pod = pod_of(objects)
    (container,) = pod["containers"]
    account = only(objects, "ServiceAccount")
    if not re.search(r"@sha256:[0-9a-f]{64}$", container["image"]):
        yield "image: not named by its digest"
    if {item.get("automountServiceAccountToken") for item in (pod, account)} != {False}:
        yield "token: the cluster's is given to the pod"
    if container["securityContext"].get("readOnlyRootFilesystem") is not True:
        yield "disk: the root may be written"
    if "memory" not in container.get("resources", {}).get("limits", {}):
        yield "memory: no limit"
    if only(objects, "Deployment")["spec"]["strategy"].get("rollingUpdate", {}).get("maxUnavailable") != 0:
        yield "rollout: a pod may go before the next has come"
    environ = {one["name"]: one.get("value", "") for one in container.get("env", [])}
    yield from (f"setting: {sentence}" for sentence in unknown_variables(environ))
    try:
        settings = from_environment(environ)
    except ConfigError as err:
        yield f"setting: {err}"
        return
    waited = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    if not waited:
        yield "stop: requests would still be sent to a pod that has ended"
    if pod["terminationGracePeriodSeconds"] < waited + settings.grace_seconds + SPARE_SECONDS:
        yield "stop: killed before what it accepted is answered"


def faults(objects: list[Object]) -> list[str]:
    """Give back every fault that is not one of the schemas."""
    if missing := KINDS - {item["kind"] for item in objects}:
        return [f"kind: no {kind}" for kind in sorted(missing)]
    return [*apart(objects), *unrestricted(pod_of(objects)), *careless(objects)]
