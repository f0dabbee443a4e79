"""Deployments and rollbacks of real images behind a real proxy, under load: nobody who asks is turned away."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from houseprice.bundle.manifest import sha256
from houseprice.errors import AuditLogError, DeploymentError, VerificationError
from houseprice.release.deployment.commands import deploy, rollback
from houseprice.release.deployment.recovery import Patience
from houseprice.release.image_reference import Reference

pytestmark = [pytest.mark.image, pytest.mark.long]


def test_a_rollback_under_load_loses_nothing(
    production: Any, images: Any, loaded: Any, tmp_path: Path, show: Callable[[str], None]
) -> None:
    """200 requests a second go on through a deployment and a rollback, and each is answered by one of both models."""
    first, second = images["first"], images["second"]
    moved = production.deploy(first)
    assert (moved.commit, moved.before, moved.slot) == (first.commit, "", "blue")
    assert production.serves(first)
    with loaded(production, tmp_path, first, second) as counted:
        forth = production.deploy(second)
        assert production.serves(second)
        back = production.rollback()
        assert production.serves(first)
    show(
        f"deployed in {forth.seconds:.1f} s; rolled back: {back.seconds_to_answer:.1f} s to the first right answer, "
        f"{back.seconds:.1f} s in all; of {counted['sent']} requests {len(counted['lost'])} lost, "
        f"p50 {counted['p50']} ms, p99 {counted['p99']} ms"
    )
    assert counted["lost"] == [], counted["lost"][:3]
    assert set(counted["models"]) == {first.version, second.version}
    assert production.running() == [back.slot]
    assert production.outcomes() == [
        ("deploy", "", "a", "done"), ("deploy", "a", "b", "done"), ("rollback", "b", "a", "done")
    ]  # fmt: skip


NEVER_HEALTHY = ('ENTRYPOINT ["python", "-c", "import time; print(7 * 6, flush=True); time.sleep(600)"]',)
ENDS = ('ENTRYPOINT ["python", "-c", "raise SystemExit(3)"]',)


def pretending(manner: str) -> tuple[str, ...]:
    """Give back the lines of an image that pretends to be the second one."""
    return "COPY pretender.py /pretender.py", f'ENV MANNER="{manner}"', 'ENTRYPOINT ["python", "/pretender.py"]'


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (NEVER_HEALTHY, 'The proxy finds no healthy container in slot "green", for 3 s'),
        (ENDS, 'The container of slot "green" ended'),
        (pretending("lies"), 'slot "green" answers golden row 1 with'),
    ],
    ids=["never healthy", "ends", "lies"],
)
def test_a_bad_image_is_never_switched_to(
    production: Any, images: Any, spoiled: Any, loaded: Any, tmp_path: Path, lines: tuple[str, ...], sentence: str
) -> None:
    """What is not healthy or not right in its slot is refused and taken away, and nobody ever saw it."""
    first, bad = images["first"], spoiled(*lines)
    production.deploy(first)
    production.patience = Patience(deadline=3 if lines == NEVER_HEALTHY else 40, watch=1)
    with loaded(production, tmp_path, first) as counted, pytest.raises(DeploymentError) as refused:
        production.deploy(bad)
    assert sentence in str(refused.value)
    assert f"{bad.commit[:7]} was not deployed, and aaaaaaa serves as before" in str(refused.value)
    assert counted["lost"] == [], counted["lost"][:3]
    assert set(counted["models"]) == {first.version}
    assert production.running() == ["blue"]
    assert production.outcomes()[-1] == ("deploy", "a", bad.commit[0], "failed")


@pytest.mark.parametrize("manner", ["sickens", "lies later", "goes deaf"])
def test_an_image_that_fails_once_it_is_live_is_left_again(
    production: Any, images: Any, spoiled: Any, loaded: Any, tmp_path: Path, manner: str
) -> None:
    """What goes wrong after the switch is found by the probe, and what served before serves again, by itself."""
    first, bad = images["first"], spoiled(*pretending(manner))
    production.deploy(first)
    with loaded(production, tmp_path, first, bad) as counted, pytest.raises(DeploymentError) as refused:
        production.deploy(bad)
    assert "aaaaaaa serves as before" in str(refused.value)
    assert counted["lost"] == [], counted["lost"][:3]
    assert set(counted["models"]) == {first.version, bad.version}, "it was live for a moment"
    assert production.serves(first)
    assert production.running() == ["blue"]
    assert production.outcomes()[-2:] == [
        ("deploy", "a", bad.commit[0], "failed"), ("return", bad.commit[0], "a", "done")
    ]  # fmt: skip
    assert production.deploy(images["third"]).changed, "the next one is not held up"


def test_what_refuses_todays_requests_is_not_gone_back_to(production: Any, images: Any, spoiled: Any) -> None:
    """A version that is healthy and right, and turns away who asks today, is refused before it is live."""
    first, narrow = images["first"], spoiled(*pretending("refuses"))
    production.deploy(first)
    with pytest.raises(DeploymentError, match='slot "green" answers 422 to today\'s golden row 1'):
        production.rollback(narrow.commit)
    assert production.serves(first)
    assert production.running() == ["blue"]
    assert production.outcomes()[-1] == ("rollback", "a", narrow.commit[0], "failed")


def test_rollbacks_go_back_one_after_another(production: Any, images: Any) -> None:
    """Each rollback goes to what was deployed before, never to what was just left; at the first one it ends."""
    for name in ("first", "second", "third"):
        production.deploy(images[name])
    assert not production.deploy(images["third"]).changed
    assert production.rollback().commit == images["second"].commit
    assert production.rollback().commit == images["first"].commit
    with pytest.raises(DeploymentError, match="aaaaaaa is the first version that served here"):
        production.rollback()
    assert production.rollback(images["third"].commit[:9]).commit == images["third"].commit
    assert production.serves(images["third"])


def test_what_does_not_verify_is_refused_before_anything_is_touched(production: Any, images: Any) -> None:
    """An image that is not trusted is neither pulled nor started, and the ledger has the reason."""

    def refuse(reference: Any) -> Any:
        raise VerificationError(f"{reference} is signed by nobody.")

    production.deploy(images["first"])
    move = replace(production.move(), verify=refuse)
    with pytest.raises(DeploymentError, match=r"was not deployed, and aaaaaaa serves as before: .* signed by nobody"):
        deploy(move, Reference(production.repository, tag="bbbbbbb"))
    with pytest.raises(DeploymentError, match="was not rolled back to"):
        rollback(move, images["second"].digest, None)
    assert production.outcomes()[1:] == [("deploy", "a", "b", "refused"), ("rollback", "a", "s", "refused")]
    assert production.site.container("green") is None
    assert "signed by nobody" in production.site.ledger.read().lines[-1].note


def test_a_ledger_that_was_changed_stops_everything(production: Any, images: Any) -> None:
    """Nothing is deployed where nobody can tell any more what was."""
    production.deploy(images["first"])
    path = production.site.ledger.path
    path.write_bytes(path.read_bytes().replace(b"tester", b"taster"))
    with pytest.raises(AuditLogError, match="Line 1"):
        production.deploy(images["second"])
    assert production.serves(images["first"])


def test_settings_are_remembered_by_those_who_come_after(production: Any, images: Any) -> None:
    """The keys of the API survive a rollback by somebody who was not told of them, and it stays closed to strangers."""
    environ = production.site.environ
    environ["HOUSEPRICE_API_KEYS"] = f"tests:{sha256(b'let me in')}"
    with pytest.raises(DeploymentError, match="asks for an API key; expected one in HOUSEPRICE_API_KEY"):
        production.deploy(images["first"])
    environ["HOUSEPRICE_API_KEY"] = "let me in"
    production.deploy(images["first"])
    production.deploy(images["second"])
    del environ["HOUSEPRICE_API_KEYS"]
    production.rollback()
    assert production.serves(images["first"])
    del environ["HOUSEPRICE_API_KEY"]
    assert production.ask(images["first"])[0] == 401
