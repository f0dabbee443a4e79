"""The evidence of an image: made from what the sealed folder says, and the same whenever it is made."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.bundle import manifest as manifests
from houseprice.release.git_metadata import Origin
from houseprice.release.verification.evidence import FORMAT, evidence

ORIGIN = Origin("0123456789abcdef", "https://github.com/u/r", "1.2.3")


def test_the_evidence_names_everything_by_its_hash(tiny_bundle: Path) -> None:
    """Manifest, files, locks and Dockerfile are named by sha256 of the very bytes."""
    manifest = json.loads((tiny_bundle / manifests.NAME).read_bytes())
    found = evidence(manifest, ORIGIN, b"lock", b"FROM x", 1_600_000_000)
    assert found["manifest"] == manifests.sha256_of(tiny_bundle / manifests.NAME)
    assert found["files"] == {name: manifests.sha256_of(tiny_bundle / name) for name in manifests.CONTENT}
    assert (found["serving_lock"], found["dockerfile"]) == (manifests.sha256(b"lock"), manifests.sha256(b"FROM x"))
    assert set(found["hashes"]) == {"commit", "processed", "config", "lock"}
    assert (found["format"], found["revision"], found["version"]) == (FORMAT, ORIGIN.revision, "1.2.3")
    assert (found["epoch"], found["passed"]) == (1_600_000_000, True)


def test_the_same_model_gives_the_same_bytes(tiny_bundle: Path) -> None:
    """No clock and no order of a set is in it."""
    manifest = json.loads((tiny_bundle / manifests.NAME).read_bytes())
    one, other = (manifests.canonical(evidence(manifest, ORIGIN, b"", b"", 0)) for _ in range(2))
    assert one == other
    assert json.loads(one) == evidence(manifest, ORIGIN, b"", b"", 0)


@pytest.mark.parametrize("verdict", [{}, {"error": {"passed": False}}])
def test_a_model_that_was_not_found_good_is_not_called_so(
    seal: Callable[..., Path], verdict: dict[str, object]
) -> None:
    """A red gate, and no gate at all, are told as not passed."""
    manifest = json.loads((seal() / manifests.NAME).read_bytes())
    assert not evidence(manifest | {"verdict": verdict}, ORIGIN, b"", b"", 0)["passed"]
