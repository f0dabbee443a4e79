"""SLSA provenance (https://slsa.dev/spec/v1.0/provenance) of an image: who built it, how, and from what.

Outside of a GitHub workflow the builder is called local, and what is not known is left out.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from houseprice.release.build_context import default_base
from houseprice.release.oci_layout import OciLayout

BUILD_TYPE = "https://github.com/house-price-model/image/v1"
"""How an image of this project is built; docs/operations.md describes it."""
LOCAL = "urn:house-price-model:local"
"""Builder on a machine of one's own."""
MANIFEST = "models/bundle/manifest.json"
BUILT_FROM = ("requirements/serving.txt", "Dockerfile")
_LABEL = "org.opencontainers.image"


def provenance(layout: OciLayout, environ: Mapping[str, str], checkout: Path) -> dict[str, Any]:
    """Return the predicate.

    Args:
        layout: the image; its labels name commit, base image and bundle.
        environ: in which GitHub Actions describes the run.
        checkout: with the lock and the Dockerfile that the image was built from.
    """
    github = ("GITHUB_EVENT_NAME", "GITHUB_REPOSITORY_ID", "GITHUB_REPOSITORY_OWNER_ID", "RUNNER_ENVIRONMENT")
    hosted = builder(environ) != LOCAL
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                **({"workflow": _workflow(environ)} if hosted else {}),
                "platforms": list(layout.platforms),
                **_overridden_bases(layout, checkout),
            },
            "internalParameters": {
                "github": {name.removeprefix("GITHUB_").lower(): environ[name] for name in github if environ.get(name)}
            }
            if hosted
            else {},
            "resolvedDependencies": list(_dependencies(layout, environ, checkout)),
        },
        "runDetails": {
            "builder": {"id": builder(environ)},
            "metadata": {"invocationId": invocation(environ)} if hosted else {},
        },
    }


def builder(environ: Mapping[str, str]) -> str:
    """Return the builder's address: the workflow with its branch, as its signatures name it, or LOCAL.

    WORKFLOW_FILE is the file with the job that signs: GITHUB_WORKFLOW_REF names the one that called it, but Sigstore's
    certificate the called one.
    """
    ref = environ.get("GITHUB_WORKFLOW_REF", "")
    if called := environ.get("WORKFLOW_FILE", ""):
        repository, _, rest = ref.partition("/.github/")
        ref = f"{repository}/{called}@{rest.rpartition('@')[2]}" if rest else ""
    return f"{_server(environ)}/{ref}" if environ.get("GITHUB_ACTIONS") == "true" and ref else LOCAL


def invocation(environ: Mapping[str, str]) -> str:
    """Return the address of this workflow run."""
    run, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "1")
    return f"{_server(environ)}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}/attempts/{attempt}"


def named_builder(predicate: Any) -> str:
    """Return the builder that a provenance names, or nothing."""
    try:
        return str(predicate["runDetails"]["builder"]["id"])
    except (KeyError, TypeError):
        return ""


def dependencies(predicate: Any) -> dict[str, str]:
    """Return what a provenance says that the image was built from: name → commit or sha256."""
    try:
        found = {one["name"]: one.get("digest") or {} for one in predicate["buildDefinition"]["resolvedDependencies"]}
        return {name: str(digests.get("gitCommit") or digests.get("sha256") or "") for name, digests in found.items()}
    except (KeyError, TypeError, AttributeError):
        return {}


def _overridden_bases(layout: OciLayout, checkout: Path) -> dict[str, Any]:
    """Return the base images of platforms that are not the locked one: somebody chose them for this build."""
    named = {platform: layout.labels_of(platform).get(f"{_LABEL}.base.name", "") for platform in layout.platforms}
    others = {platform: name for platform, name in named.items() if name != default_base(checkout)}
    return {"base": others} if others else {}


def _dependencies(layout: OciLayout, environ: Mapping[str, str], checkout: Path) -> Iterator[dict[str, Any]]:
    labels = layout.labels
    commit, ref = labels.get(f"{_LABEL}.revision", ""), environ.get("GITHUB_REF", "")
    source = {"name": "source", "uri": f"git+{labels.get(f'{_LABEL}.source', 'unknown')}{f'@{ref}' if ref else ''}"}
    yield {**source, **({"digest": {"gitCommit": commit}} if re.fullmatch("[0-9a-f]{40,64}", commit) else {})}
    bases: dict[tuple[str, str], str] = {}
    for platform in layout.platforms:
        own = layout.labels_of(platform)
        key = (own.get(f"{_LABEL}.base.name", ""), own.get(f"{_LABEL}.base.digest", ""))
        bases.setdefault(key, f"base of {platform}" if bases else "base")
    for (name, digest), called in bases.items():
        algorithm, _, value = digest.partition(":")
        yield {"name": called, "uri": f"docker://{name}", **({"digest": {algorithm: value}} if value else {})}
    for name in BUILT_FROM:
        if (checkout / name).is_file():
            yield {"name": name, "digest": {"sha256": hashlib.sha256((checkout / name).read_bytes()).hexdigest()}}
    if bundle := labels.get("houseprice.manifest.sha256", ""):
        yield {"name": MANIFEST, "digest": {"sha256": bundle}}


def _workflow(environ: Mapping[str, str]) -> dict[str, str]:
    path, _, ref = environ["GITHUB_WORKFLOW_REF"].partition("@")
    repository = environ.get("GITHUB_REPOSITORY", "")
    return {"ref": ref, "repository": f"{_server(environ)}/{repository}", "path": path.removeprefix(f"{repository}/")}


def _server(environ: Mapping[str, str]) -> str:
    return environ.get("GITHUB_SERVER_URL", "") or "https://github.com"
