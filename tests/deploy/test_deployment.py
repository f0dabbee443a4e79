"""Deployments and rollbacks of real images behind a real proxy, under load: no request is lost."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.production import under_load
from houseprice.bundle.manifest import sha256
from houseprice.errors import AuditLogError, DeploymentError, VerificationError
from houseprice.release.deployment import recovery
from houseprice.release.deployment.recovery import Timeouts
from houseprice.release.image_reference import Reference

pytestmark = [pytest.mark.image, pytest.mark.long]


def test_deployment_and_rollback_lose_no_request(
    production: Any, images: Any, tmp_path: Path, show: Callable[[str], None]
) -> None:
    """At 200 requests a second, where the machine answers so many, each is answered by one of both models."""
    first, second = images["first"], images["second"]
    started = production.deploy(first)
    assert (started.revision, started.previous_revision, started.slot) == (first.revision, "", "blue")
    assert production.serves(first)
    with under_load(production, tmp_path, first, second, rate=200) as counts:
        deployed = production.deploy(second)
        assert production.serves(second)
        returned = production.rollback()
        assert production.serves(first)
    show(
        f"deployed in {deployed.seconds:.1f} s; rollback: first right answer after {returned.seconds_to_answer:.1f} s, "
        f"{returned.seconds:.1f} s in total; {len(counts['lost'])} of {counts['sent']} requests lost, "
        f"p50 {counts['p50']} ms, p99 {counts['p99']} ms"
    )
    assert counts["lost"] == [], counts["lost"][:3]
    assert set(counts["models"]) == {first.version, second.version}
    assert production.running() == [returned.slot]
    assert production.outcomes() == [
        ("deploy", "", "a", "succeeded"), ("deploy", "a", "b", "succeeded"), ("rollback", "b", "a", "succeeded")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "code"), [("never_listens", "timeout"), ("exits", "container_ended"), ("wrong", "golden_mismatch")]
)
def test_an_image_that_fails_in_its_slot_never_goes_live(
    production: Any, images: Any, broken: Any, tmp_path: Path, fault: str, code: str
) -> None:
    """It is refused and removed, and no request ever reached it."""
    first, bad = images["first"], broken(fault)
    production.deploy(first)
    production.timeouts = Timeouts(deadline=3 if fault == "never_listens" else 40, watch=1)
    with under_load(production, tmp_path, first) as counts, pytest.raises(DeploymentError) as failed:
        production.deploy(bad)
    assert (failed.value.code, failed.value.details["serving"]) == (code, first.revision)
    assert counts["lost"] == [], counts["lost"][:3]
    assert set(counts["models"]) == {first.version}
    assert production.running() == ["blue"]
    assert production.outcomes()[-1] == ("deploy", "a", bad.revision[0], "failed")


@pytest.mark.parametrize("fault", ["unhealthy_when_live", "wrong_when_live", "stops_listening_when_live"])
def test_an_image_that_fails_once_it_is_live_is_rolled_back(
    production: Any, images: Any, broken: Any, tmp_path: Path, fault: str
) -> None:
    """The smoke test after the switch finds it, and the previous version serves again by itself."""
    first, bad = images["first"], broken(fault)
    production.deploy(first)
    with under_load(production, tmp_path, first, bad) as counts, pytest.raises(DeploymentError) as failed:
        production.deploy(bad)
    assert failed.value.details["serving"] == first.revision
    assert counts["lost"] == [], counts["lost"][:3]
    assert set(counts["models"]) == {first.version, bad.version}, "it was live for a moment"
    assert production.serves(first)
    assert production.running() == ["blue"]
    assert production.outcomes()[-2:] == [
        ("deploy", "a", bad.revision[0], "failed"), ("automatic_rollback", bad.revision[0], "a", "succeeded")
    ]  # fmt: skip
    assert production.deploy(images["third"]).changed, "the next deployment is not blocked"


def test_a_version_that_refuses_todays_requests_is_no_rollback_target(
    production: Any, images: Any, broken: Any
) -> None:
    """It is healthy and right, but refuses the golden rows of the live model, so it never goes live."""
    first, narrow = images["first"], broken("refuses_other_requests")
    production.deploy(first)
    with pytest.raises(DeploymentError) as refused:
        production.rollback(narrow.revision)
    assert (refused.value.code, refused.value.details["status"]) == ("request_refused", 422)
    assert production.serves(first)
    assert production.running() == ["blue"]
    assert production.outcomes()[-1] == ("rollback", "a", narrow.revision[0], "failed")


def test_rollbacks_go_back_one_after_another(production: Any, images: Any) -> None:
    """Each rollback goes to what was deployed before, never to what was just left, until the first version."""
    for name in ("first", "second", "third"):
        production.deploy(images[name])
    assert not production.deploy(images["third"]).changed
    assert production.rollback().revision == images["second"].revision
    assert production.rollback().revision == images["first"].revision
    with pytest.raises(DeploymentError) as refused:
        production.rollback()
    assert refused.value.code == "no_previous_version"
    assert production.rollback(images["third"].revision[:9]).revision == images["third"].revision
    assert production.serves(images["third"])


def test_an_image_that_cannot_be_verified_is_refused_before_anything_is_started(production: Any, images: Any) -> None:
    """It is neither pulled nor started, and the audit log has the reason."""

    def refuse(reference: Any, _entries: Any) -> Any:
        raise VerificationError(f"{reference} is not signed.", code="unsigned")

    production.deploy(images["first"])
    deployer = replace(production.deployer, verify=refuse)
    with pytest.raises(DeploymentError) as refused:
        deployer.deploy(Reference(production.repository, tag="bbbbbbb"))
    assert (refused.value.code, refused.value.details["serving"]) == ("unsigned", images["first"].revision)
    with pytest.raises(DeploymentError):
        deployer.rollback(images["second"].digest, None)
    assert production.outcomes()[1:] == [("deploy", "a", "b", "refused"), ("rollback", "a", "s", "refused")]
    assert production.host.container("green") is None
    assert "is not signed" in production.host.audit_log.read().entries[-1].detail


def test_a_damaged_audit_log_stops_a_deployment_but_no_rollback(production: Any, images: Any) -> None:
    """A rollback keeps the damaged log under another name, uses what is intact of it, and begins a new chain."""
    production.deploy(images["first"])
    production.deploy(images["second"])
    path = production.host.audit_log.path
    damaged = path.read_bytes() + b"{}\n"
    path.write_bytes(damaged)
    with pytest.raises(AuditLogError) as refused:
        production.deploy(images["third"])
    assert refused.value.code == "audit_log_tampered"
    assert production.serves(images["second"])
    assert production.rollback().revision == images["first"].revision
    assert production.serves(images["first"])
    (entry,) = production.host.audit_log.read().entries
    (kept,) = [one for one in path.parent.glob("*.damaged-*") if one.suffix != ".head"]
    assert (entry.action, entry.outcome, kept.name in entry.detail) == ("rollback", "succeeded", True)
    assert kept.read_bytes() == damaged


@pytest.mark.parametrize("line", [0, 1])
def test_one_damaged_byte_of_the_audit_log_stops_no_rollback(production: Any, images: Any, line: int) -> None:
    """Whether it hits the entry of the live version or of the one before, the rollback finds where to go back to."""
    production.deploy(images["first"])
    production.deploy(images["second"])
    path = production.host.audit_log.path
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b'"deploy"', b'"deplay"')
    path.write_bytes(b"".join(lines))
    assert production.rollback().revision == images["first"].revision
    assert production.serves(images["first"])


def test_a_damaged_record_of_a_killed_deployment_stops_no_rollback(production: Any, images: Any) -> None:
    """What was under way is unknown then; the live slot is known by the proxy."""
    production.deploy(images["first"])
    production.deploy(images["second"])
    (production.host.state / recovery.NAME).write_text("{")
    with pytest.raises(DeploymentError) as refused:
        production.deploy(images["third"])
    assert refused.value.code == "pending_invalid"
    assert production.rollback().revision == images["first"].revision
    assert production.serves(images["first"])


def test_settings_are_remembered_for_the_next_deployment(production: Any, images: Any) -> None:
    """API keys survive a rollback by someone who does not set them, and the API stays closed."""
    environ = production.host.environ
    environ["HOUSEPRICE_API_KEYS"] = f"tests:{sha256(b'secret')}"
    with pytest.raises(DeploymentError) as refused:
        production.deploy(images["first"])
    assert refused.value.code == "api_key_required"
    environ["HOUSEPRICE_API_KEY"] = "secret"
    production.deploy(images["first"])
    production.deploy(images["second"])
    del environ["HOUSEPRICE_API_KEYS"]
    production.rollback()
    assert production.serves(images["first"])
    del environ["HOUSEPRICE_API_KEY"]
    assert production.host.public().request("POST", "/predict", images["first"].golden[0])[0] == 401
