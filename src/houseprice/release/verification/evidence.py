"""The sealed model's manifest in, the evidence for an image out: from which data, commit and locks, and how good it is.

It stands as a file in the image, is named by a label, and is signed as an attestation: three places that must agree.
Anybody who holds the commit and the sealed folder can make the same bytes again.
"""

from collections.abc import Mapping
from typing import Any

from houseprice.bundle import manifest as manifests
from houseprice.release.git_metadata import Origin

FORMAT = 1


def evidence(manifest: Mapping[str, Any], origin: Origin, lock: bytes, dockerfile: bytes, epoch: int) -> dict[str, Any]:
    """Give back what an image says of its own making; `manifests.canonical` spells it.

    Args:
        manifest: all that the sealed folder's `manifest.json` holds, its seal included, in its order.
        origin: of the checkout that the image is built from.
        lock: content of `requirements/serving.txt`, which names every library of the image by hash.
        dockerfile: content of the Dockerfile.
        epoch: seconds since 1970 that the files of the image may bear at most.
    """
    verdict = manifest["verdict"]
    return {
        "format": FORMAT,
        "revision": origin.revision,
        "source": origin.source,
        "version": origin.version,
        "epoch": epoch,
        "model_version": manifest["model_version"],
        "hashes": dict(manifest["hashes"]),
        "serving_lock": manifests.sha256(lock),
        "dockerfile": manifests.sha256(dockerfile),
        "manifest": manifests.sha256(manifests.canonical(manifest)),
        "files": dict(manifest["files"]),
        "metrics": manifest["metrics"],
        "verdict": verdict,
        "passed": bool(verdict) and all(gate["passed"] for gate in verdict.values()),
    }
