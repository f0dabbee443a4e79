"""The command line from end to end: images that are built, published and signed for real, deployed and rolled back."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import signing
from faulty import answers, faulty, resets

from houseprice.bundle.load import open_bundle
from houseprice.release.deployment.audit_log import AuditLog
from houseprice.release.image_reference import Repository
from houseprice.release.layout.assemble import assemble
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Registry
from houseprice.release.registry.publishing import publish
from image.conftest import resealed
from programs import needs

pytestmark = [pytest.mark.image, pytest.mark.long]
FIRST, SECOND = "d" * 40, "e" * 40
Typed = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Signed:
    """Two images in a registry, signed by one key; and another key, with which nothing was signed."""

    registry: Registry
    keys: signing.Keys
    stranger: signing.Keys
    digests: dict[str, str]
    bundles: dict[str, Path]

    def both(self) -> list[SimpleNamespace]:
        """Give back model and price of both, as the load is told what is right."""
        found = []
        for bundle in self.bundles.values():
            opened = open_bundle(bundle)
            price = opened.golden["answers"][0]["predicted_price"]
            found.append(SimpleNamespace(bundle=bundle, version=opened.manifest.model_version, price=price))
        return found


def pair(folder: Path) -> signing.Keys:
    """Make a key pair."""
    folder.mkdir()
    environ = {**os.environ, "COSIGN_PASSWORD": signing.PASSWORD}
    subprocess.run(["cosign", "generate-key-pair"], cwd=folder, env=environ, check=True, capture_output=True)
    return signing.Keys(folder / "cosign.key", folder / "cosign.pub")


def silent(_line: str) -> None:
    """Keep what is said."""


@pytest.fixture(scope="session")
def signed(
    engine: Any, frozen: Path, bundle_dir: Path, repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> Signed:
    """Build two images into layouts, publish and sign them, in the order of their commits."""
    needs("cosign")
    home = tmp_path_factory.mktemp("signed")
    registry = Registry(Repository(repository.host, "signer/house-price-model"))
    keys, stranger = pair(home / "ours"), pair(home / "strange")
    bundles = {FIRST: bundle_dir, SECOND: resealed(bundle_dir, home / "second", 1.03)}
    digests = {}
    for place, (commit, bundle) in enumerate(bundles.items()):
        environ = {"GITHUB_SHA": commit, "SOURCE_DATE_EPOCH": str(1_700_000_000 + place)}
        folder = home / commit
        assemble(frozen, bundle, bundle / "none", engine, folder, environ=environ, say=silent)
        layout = Layout.open(folder)
        digests[commit] = layout.index.digest
        publish(
            layout, registry, commit, tested=layout.index.digest, move_latest=True, newer=lambda *_: True,
            sign=lambda _, layout=layout: signing.sign(layout, registry, keys), say=silent,
        )  # fmt: skip
    return Signed(registry, keys, stranger, digests, bundles)


@pytest.fixture
def typed(production: Any, signed: Signed) -> Typed:
    """Type a command for a place of production, as somebody who has the public key."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HOUSEPRICE_")}
    environ |= production.host.environ | {"HOUSEPRICE_PROJECT": production.host.project, "DOCKERHUB_USERNAME": ""}
    environ |= {"HOUSEPRICE_STATE": str(production.host.state)}
    compose = str(production.host.compose)

    def one(command: str, *words: str, key: Path = signed.keys.public) -> subprocess.CompletedProcess[str]:
        where = () if command == "ledger" else ("--compose", compose, "--key", str(key), "--watch", "1")
        typed = [sys.executable, "-m", "houseprice", command, *words, *where]
        return subprocess.run(typed, env=environ, capture_output=True, text=True, timeout=240, check=False)

    return one


def test_deploy_and_roll_back_by_the_command_line(
    production: Any, signed: Signed, typed: Typed, loaded: Any, tmp_path: Path, show: Callable[[str], None]
) -> None:
    """What is signed goes into production and back, under load and without a loss; latest follows when told to."""
    repository = str(signed.registry.repository)
    begun = typed("deploy", FIRST[:7], "--repository", repository)
    assert begun.returncode == 0, begun.stderr
    assert f"deployed        nothing → {FIRST[:7]} ({signed.digests[FIRST]})" in begun.stdout
    with loaded(production, tmp_path, *signed.both()) as counted:
        forth = typed("deploy", signed.digests[SECOND], "--json")
        assert forth.returncode == 0, forth.stderr
        back = typed("rollback", "--retag")
        assert back.returncode == 0, back.stderr
    show(f"{back.stdout}of {counted['sent']} requests {len(counted['lost'])} lost, p99 {counted['p99']} ms")
    assert counted["lost"] == [], counted["lost"][:3]
    assert json.loads(forth.stdout)["before"] == FIRST
    assert f"rolled back     {SECOND[:7]} → {FIRST[:7]}" in back.stdout
    assert re.search(r"^time to recover \d+\.\d s ", back.stdout, re.MULTILINE)
    latest = signed.registry.manifest("latest")
    assert latest is not None
    assert latest.digest == signed.digests[FIRST]
    listed = json.loads(typed("rollback", "--list", "--json").stdout)
    assert [(one["commit"], one["live"], one["tagged"]) for one in listed] == [
        (FIRST, True, True),
        (SECOND, False, True),
    ]
    lines = json.loads(typed("ledger", "--json").stdout)
    assert [(line["action"], line["to"], line["verdict"], line["outcome"]) for line in lines] == [
        ("deploy", FIRST, "green", "done"), ("deploy", SECOND, "green", "done"),
        ("rollback", FIRST, "green", "done"), ("retag", FIRST, "", "done"),
    ]  # fmt: skip
    assert all(len(line["evidence"]) == 64 for line in lines[:3])
    assert "4 lines, every one fits" in typed("ledger", "--verify").stdout
    shown = typed("ledger").stdout
    assert f"{SECOND[:7]} → {FIRST[:7]}" in shown


def test_a_registry_that_is_down_keeps_nobody_from_going_back(
    production: Any, signed: Signed, typed: Typed, repository: Repository, show: Callable[[str], None]
) -> None:
    """What was verified here before serves again, for the same signer alone; nothing new is brought in."""
    first, second = (production.host.state / "verified" / f"{signed.digests[one][7:]}.json" for one in (FIRST, SECOND))
    with faulty(repository.host) as between:
        name = f"{between.host}/{signed.registry.repository.path}"
        assert typed("deploy", FIRST[:7], "--repository", name).returncode == 0
        assert typed("deploy", SECOND[:7], "--repository", name).returncode == 0
        between.when("", resets())
        refused = {
            "who trusts another": typed("rollback", key=signed.stranger.public),
            "what never served here": typed("rollback", "--to", "a" * 40),
            "a deployment": typed("deploy", FIRST[:7], "--repository", name),
        }
        for what, said in refused.items():
            assert (said.returncode, said.stdout) == (13, ""), what
            assert f"{SECOND[:7]} serves as before" in said.stderr, what
        back = typed("rollback")
        show(back.stdout)
        assert back.returncode == 0, back.stderr
        assert f"rolled back     {SECOND[:7]} → {FIRST[:7]}" in back.stdout
        assert "and not again, since the registry did not answer." in back.stderr
        assert production.ask(SimpleNamespace(bundle=signed.bundles[FIRST]))[0] == 200
        last = AuditLog(production.host.audit_log.path).read().lines[-1]
        assert (last.action, last.outcome, last.to) == ("rollback", "done", FIRST)
        assert "and not again, since the registry did not answer" in last.note
        second.unlink()
        assert typed("rollback", "--to", signed.digests[SECOND]).returncode == 13
        between.faults.clear()
        between.when("manifests", answers(404))
        gone = typed("rollback", "--to", signed.digests[SECOND])
        assert (gone.returncode, first.exists()) == (13, True)
        assert "There is no" in gone.stderr


def test_what_somebody_else_signed_is_refused(production: Any, signed: Signed, typed: Typed) -> None:
    """Whoever trusts another key gets a sentence and exit code 13, and nothing is started."""
    name = f"{signed.registry.repository}:{FIRST[:7]}"
    said = typed("deploy", name, "--repository", str(signed.registry.repository), key=signed.stranger.public)
    assert said.returncode == 13
    assert "was not deployed, and nothing is live here" in said.stderr
    assert production.host.container("blue") is None
    assert [line.outcome for line in AuditLog(production.host.audit_log.path).read().lines] == ["refused"]
    path = production.host.audit_log.path
    path.write_bytes(path.read_bytes().replace(b"refused", b"done"))
    checked = typed("ledger", "--verify")
    assert (checked.returncode, checked.stdout) == (14, "")
    assert "Line 1 of" in checked.stderr
