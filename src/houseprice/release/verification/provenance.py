"""An image and what GitHub says of the run in, the provenance for it out: who built it, how, and from what.

SLSA provenance v1 (https://slsa.dev/spec/v1.0/provenance), with the field names of the specification. Outside of a
workflow it says so: a builder that nobody vouches for is called local, and what is not known is left out.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from houseprice.errors import VerificationError
from houseprice.release.verification.image_reader import EVIDENCE_FILE, SBOM_FILE, Image

BUILD_TYPE = "https://github.com/house-price-model/image/v1"
"""How an image of this project is built: `houseprice image build --layout`, as docs/operations.md describes it."""
LOCAL = "urn:house-price-model:local"
"""Builder of whoever builds on a machine of their own."""
MANIFEST = "models/bundle/manifest.json"


def provenance(
    image: Image, evidence: Mapping[str, Any], environ: Mapping[str, str], *, started: str = "", finished: str = ""
) -> bytes:
    """Give back the predicate, as JSON.

    Args:
        image: what was built.
        evidence: what the image says of its own making.
        environ: the environment of this process, in which GitHub Actions describes the run.
        started: when the build began, ISO with a zone; empty where nobody noted it.
        finished: when it ended.
    """
    labels = image.platforms[0].labels
    base = {
        "name": labels.get("org.opencontainers.image.base.name", ""),
        "digest": labels.get("org.opencontainers.image.base.digest", ""),
    }
    workflow = _workflow(environ)
    content = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                **({"workflow": workflow} if workflow else {}),
                "platforms": [platform.name for platform in image.platforms],
                "base": base["name"],
            },
            "internalParameters": {"epoch": evidence["epoch"], **_github(environ)},
            "resolvedDependencies": list(_dependencies(evidence, base, environ)),
        },
        "runDetails": {
            "builder": {"id": builder(environ)},
            "metadata": _filled(invocationId=invocation(environ), startedOn=started, finishedOn=finished),
            "byproducts": [
                {"name": f"{platform.name}/{name}", "digest": {"sha256": _sha256(platform.files[name])}}
                for platform in image.platforms
                for name in (EVIDENCE_FILE, SBOM_FILE)
                if name in platform.files
            ],
        },
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def builder(environ: Mapping[str, str]) -> str:
    """Give back who builds: the workflow with its branch, as its signatures name it too, or nobody in particular."""
    ref = environ.get("GITHUB_WORKFLOW_REF", "")
    return f"{_server(environ)}/{ref}" if environ.get("GITHUB_ACTIONS") == "true" and ref else LOCAL


def invocation(environ: Mapping[str, str]) -> str:
    """Give back the page of this run, or nothing outside of a workflow."""
    run, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "1")
    if builder(environ) == LOCAL or not run:
        return ""
    return f"{_server(environ)}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}/attempts/{attempt}"


def built_here(predicate: Any, environ: Mapping[str, str]) -> None:
    """Refuse a provenance of another builder than the one that is asked to sign it.

    Raises:
        VerificationError: it names another builder, or none.
    """
    if (found := named_builder(predicate)) != (expected := builder(environ)):
        raise VerificationError(
            f'The provenance names the builder "{found}"; expected "{expected}"; build it again here.'
        )


def named_builder(predicate: Any) -> str:
    """Give back the builder that a provenance names, or nothing."""
    try:
        return str(predicate["runDetails"]["builder"]["id"])
    except (KeyError, TypeError):
        return ""


def dependencies(predicate: Any) -> dict[str, str]:
    """Give back what a provenance says was built from: name → commit or sha256."""
    try:
        found = {one["name"]: one.get("digest") or {} for one in predicate["buildDefinition"]["resolvedDependencies"]}
        return {name: str(told.get("gitCommit") or told.get("sha256") or "") for name, told in found.items()}
    except (KeyError, TypeError, AttributeError):
        return {}


def _dependencies(
    evidence: Mapping[str, Any], base: Mapping[str, str], environ: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    commit, _, dirty = str(evidence["revision"]).partition("-")
    ref = environ.get("GITHUB_REF", "")
    source = {"name": "source", "uri": f"git+{evidence['source']}{f'@{ref}' if ref else ''}"}
    known = {"digest": {"gitCommit": commit}} if re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", commit) else {}
    yield {**source, **known, **({"annotations": {"changed": True}} if dirty else {})}
    algorithm, _, value = base["digest"].partition(":")
    if base["name"]:
        uri = f"docker://{base['name']}"
        yield {"name": "base", "uri": uri, **({"digest": {algorithm: value}} if value else {})}
    for name, hashed in (
        ("requirements/serving.txt", evidence["serving_lock"]),
        ("Dockerfile", evidence["dockerfile"]),
        (MANIFEST, evidence["manifest"]),
    ):
        yield {"name": name, "digest": {"sha256": hashed}}


def _workflow(environ: Mapping[str, str]) -> dict[str, str]:
    if builder(environ) == LOCAL:
        return {}
    path, _, ref = environ["GITHUB_WORKFLOW_REF"].partition("@")
    repository = environ.get("GITHUB_REPOSITORY", "")
    return {
        "ref": ref,
        "repository": f"{_server(environ)}/{repository}",
        "path": path.removeprefix(f"{repository}/"),
    }


def _github(environ: Mapping[str, str]) -> dict[str, Any]:
    if builder(environ) == LOCAL:
        return {}
    names = ("GITHUB_EVENT_NAME", "GITHUB_REPOSITORY_ID", "GITHUB_REPOSITORY_OWNER_ID", "RUNNER_ENVIRONMENT")
    told = {name.removeprefix("GITHUB_").lower(): environ.get(name, "") for name in names}
    return {"github": _filled(**told)}


def _filled(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _server(environ: Mapping[str, str]) -> str:
    return environ.get("GITHUB_SERVER_URL", "") or "https://github.com"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
