"""What was verified here before: given back to who trusts the same signer, of what served here, and to nobody else."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from houseprice.errors import DataError
from houseprice.release.deployment.audit_entry import Event, Line
from houseprice.release.deployment.candidate import Candidate
from houseprice.release.deployment.verified_cache import Memory
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.verification.policy import Trust

HERE = Repository("localhost:5000", "u/house-price-model")
DIGEST, COMMIT, EVIDENCE = f"sha256:{'d' * 64}", "c" * 40, "e" * 64
KNOWN = Candidate(HERE, DIGEST, COMMIT, EVIDENCE, "green", '{"a": "Größe"}\n'.encode())
TRUST = Trust(identity="https://example.org/x", source="https://example.org/y")
SERVED = Event(
    who="me@here", action="deploy", from_="", to=COMMIT, repository=str(HERE), digest=DIGEST, evidence=EVIDENCE,
    verdict="green", outcome="done", seconds=1.0,
)  # fmt: skip
NAME = Reference(HERE, digest=DIGEST)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """Give the memory of a place where one image was verified."""
    found = Memory.of(tmp_path / "state")
    found.keep(KNOWN, TRUST)
    return found


def test_what_was_verified_and_served_comes_back(memory: Memory) -> None:
    """Byte for byte, and it says that it was not verified again."""
    found = memory.recall(NAME, TRUST, [Line.after(None, SERVED)])
    assert found is not None
    assert replace(found, remark="") == KNOWN
    assert found.remark.startswith("verified here at 2")
    assert found.remark.endswith("and not again, since the registry did not answer")


@pytest.mark.parametrize(
    "trust",
    [
        replace(TRUST, identity="https://example.org/.*"),
        replace(TRUST, issuer="https://example.org"),
        replace(TRUST, source=""),
        Trust(key="-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
    ],
)
def test_who_trusts_another_signer_is_given_nothing(memory: Memory, trust: Trust) -> None:
    """A key that is trusted no more does not live on in what it once signed."""
    assert memory.recall(NAME, trust, [Line.after(None, SERVED)]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "failed"},
        {"action": "retag"},
        {"digest": f"sha256:{'f' * 64}"},
        {"evidence": "f" * 64},
        {"verdict": "red"},
        {"to": "a" * 40},
        {"repository": "localhost:5000/v/house-price-model"},
    ],
)
def test_what_never_served_here_is_not_known(memory: Memory, change: dict[str, Any]) -> None:
    """The ledger, whose chain is checked, must tell of the very same."""
    assert memory.recall(NAME, TRUST, [Line.after(None, replace(SERVED, **change))]) is None
    assert memory.recall(NAME, TRUST, []) is None


@pytest.mark.parametrize(
    "name",
    [
        Reference(HERE, tag="latest"),
        Reference(HERE, digest=f"sha256:{'a' * 64}"),
        Reference(Repository("localhost:5000", "v/house-price-model"), digest=DIGEST),
    ],
)
def test_another_name_is_not_known(memory: Memory, name: Reference) -> None:
    """Nor a tag, which may mean something else by now."""
    assert memory.recall(name, TRUST, [Line.after(None, SERVED)]) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"\xff",
        lambda _: b"[]",
        lambda text: text[:-9],
        lambda text: json.dumps(json.loads(text) | {"digest": f"sha256:{'a' * 64}"}).encode(),
        lambda text: json.dumps(json.loads(text) | {"evidence": "a" * 64}).encode(),
    ],
)
def test_what_was_spoiled_is_not_known(memory: Memory, spoil: Callable[[bytes], bytes]) -> None:
    """The registry is waited for then, as if nothing were remembered."""
    (path,) = memory.folder.iterdir()
    path.write_bytes(spoil(path.read_bytes()))
    assert memory.recall(NAME, TRUST, [Line.after(None, SERVED)]) is None


def test_a_memory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """Rather than missed on the day that it is needed."""
    (tmp_path / "verified").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        Memory.of(tmp_path).keep(KNOWN, TRUST)
