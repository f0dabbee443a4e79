"""The command line end to end: images that are really published and signed, deployed and rolled back."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from faulty import answers, faulty, resets

from deploy.production import Published, scaled, under_load
from houseprice.errors import ImageError
from houseprice.release import skopeo
from houseprice.release.build import BuildInputs, build_layout
from houseprice.release.docker_cli import DockerCli
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.oci_layout import OciLayout
from houseprice.release.signing import Signer, sign_and_attest
from programs import base_image, needs

pytestmark = [pytest.mark.image, pytest.mark.long]
PASSWORD = {"COSIGN_PASSWORD": "of the tests"}
RunCli = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Signed:
    """Two images in a repository, signed with one key, and another key with which nothing was signed."""

    repository: Repository
    key: Path
    other_key: Path
    first: Published
    second: Published


def key_pair(folder: Path) -> Path:
    """Create a key pair; return the public key."""
    folder.mkdir()
    subprocess.run(["cosign", "generate-key-pair"], cwd=folder, env={**os.environ, **PASSWORD}, check=True)
    return folder / "cosign.pub"


@pytest.fixture(scope="session")
def signed(
    docker: DockerCli,
    build_context: Path,
    bundle_dir: Path,
    repository: Repository,
    tmp_path_factory: pytest.TempPathFactory,
) -> Signed:
    """Build, push, sign and tag two images, in the order of their commits."""
    needs("cosign", "skopeo")
    home = tmp_path_factory.mktemp("signed")
    target = Repository(repository.host, "signer/house-price-model")
    key, other = key_pair(home / "keys"), key_pair(home / "other")
    private = {"COSIGN_PRIVATE_KEY": (key.parent / "cosign.key").read_text(), **PASSWORD}
    signer = Signer.from_environment({**os.environ, **private}, target, None)
    images = []
    for commit, bundle in (("d" * 40, bundle_dir), ("e" * 40, scaled(bundle_dir, home / "second", 1.03))):
        environ = {"GITHUB_SHA": commit, "SOURCE_DATE_EPOCH": str(1_700_000_000 + len(images))}
        inputs = BuildInputs(build_context, bundle, bundle / "none", environ)
        bases = {"": base_image()}
        try:
            build_layout(inputs, docker, home / commit, say=lambda _: None, bases=bases)
        except ImageError as err:
            if err.code != "oci_exporter_missing":
                raise
            pytest.skip(str(err))
        layout = OciLayout.open(home / commit)
        skopeo.copy(layout.folder, Reference(target, digest=layout.digest))
        sign_and_attest(layout, signer, environ, build_context, lambda _: None)
        for tag in (commit[:7], "latest"):
            skopeo.copy(Reference(target, digest=layout.digest), Reference(target, tag=tag))
        images.append(Published(commit, layout.digest, bundle))
    return Signed(target, key, other, *images)


@pytest.fixture
def run_cli(production: Any, signed: Signed) -> RunCli:
    """Return a function that runs a command for a host, by default with the public key of the images."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HOUSEPRICE_")}
    environ |= production.host.environ | {"HOUSEPRICE_PROJECT": production.host.project, "DOCKERHUB_USERNAME": ""}
    environ |= {"HOUSEPRICE_STATE": str(production.host.state)}

    def run(command: str, *words: str, key: Path = signed.key, path: str = "") -> subprocess.CompletedProcess[str]:
        options = ("--compose", str(production.host.compose), "--key", str(key), "--watch", "1")
        arguments = [sys.executable, "-m", "houseprice", command, *words, *(() if command == "audit-log" else options)]
        env = environ | ({"PATH": path} if path else {})
        return subprocess.run(arguments, env=env, capture_output=True, text=True, timeout=240, check=False)

    return run


def test_deploy_and_roll_back(
    production: Any, signed: Signed, run_cli: RunCli, tmp_path: Path, show: Callable[[str], None]
) -> None:
    """Signed images are deployed and rolled back under load without a lost request, and latest is moved on request."""
    first, second = signed.first, signed.second
    started = run_cli("deploy", first.revision[:7], "--repository", str(signed.repository))
    assert started.returncode == 0, started.stderr
    assert f"nothing → {first.revision[:7]} ({first.digest})" in started.stdout
    with under_load(production, tmp_path, first, second) as counts:
        deployed = run_cli("deploy", second.digest, "--json")
        assert deployed.returncode == 0, deployed.stderr
        returned = run_cli("rollback", "--retag")
        assert returned.returncode == 0, returned.stderr
    show(f"{returned.stdout}{len(counts['lost'])} of {counts['sent']} requests lost, p99 {counts['p99']} ms")
    assert counts["lost"] == [], counts["lost"][:3]
    assert json.loads(deployed.stdout)["previous_revision"] == first.revision
    assert f"{second.revision[:7]} → {first.revision[:7]}" in returned.stdout
    assert re.search(r"^time to recover \d+\.\d s ", returned.stdout, re.MULTILINE)
    assert skopeo.digest_of(Reference(signed.repository, tag="latest")) == first.digest
    listed = json.loads(run_cli("rollback", "--list", "--json").stdout)
    assert [(one["revision"], one["live"], one["tagged"]) for one in listed] == [
        (first.revision, True, True), (second.revision, False, True)
    ]  # fmt: skip
    entries = json.loads(run_cli("audit-log", "--json").stdout)
    assert [(one["action"], one["to_revision"], one["verdict"], one["outcome"]) for one in entries] == [
        ("deploy", first.revision, "passed", "succeeded"), ("deploy", second.revision, "passed", "succeeded"),
        ("rollback", first.revision, "passed", "succeeded"), ("retag", first.revision, "", "succeeded"),
    ]  # fmt: skip
    assert all(len(entry["manifest_sha256"]) == 64 for entry in entries[:3])
    assert run_cli("audit-log", "--verify").returncode == 0


def test_a_rollback_needs_neither_registry_nor_cosign(
    production: Any, signed: Signed, run_cli: RunCli, tmp_path: Path, show: Callable[[str], None]
) -> None:
    """An image that was verified on this host serves again, for the same signer only; nothing new is deployed."""
    first, second = signed.first, signed.second
    with faulty(signed.repository.host) as between:
        name = f"{between.host}/{signed.repository.path}"
        assert run_cli("deploy", first.revision[:7], "--repository", name).returncode == 0
        assert run_cli("deploy", second.revision[:7], "--repository", name).returncode == 0
        between.when("", resets)
        refused = {
            "another signer": run_cli("rollback", key=signed.other_key),
            "a version that never served here": run_cli("rollback", "--to", "a" * 40),
            "a deployment": run_cli("deploy", first.revision[:7], "--repository", name),
        }
        for what, result in refused.items():
            assert (result.returncode, result.stdout) == (13, ""), what
        returned = run_cli("rollback")
        show(returned.stdout)
        assert returned.returncode == 0, returned.stderr
        assert production.serves(first)
        last = production.host.audit_log.read().entries[-1]
        assert (last.action, last.outcome, last.to_revision) == ("rollback", "succeeded", first.revision)
        assert "verified on this host" in last.detail
        cached = production.host.state / "verified" / f"{second.digest[7:]}.json"
        kept = cached.read_bytes()
        cached.unlink()
        assert run_cli("rollback", "--to", second.digest).returncode == 13
        cached.write_bytes(kept)
        between.faults.clear()
        between.when("manifests", answers(404))
        assert run_cli("rollback", "--to", second.digest).returncode == 13, "the registry's answer counts"
        between.faults.clear()
        programs = tmp_path / "programs"
        programs.mkdir()
        (programs / "docker").symlink_to(subprocess.check_output(["which", "docker"], text=True).strip())
        assert run_cli("rollback", "--to", second.digest, path=str(programs)).returncode == 0, "without cosign"
        assert production.serves(second)


def test_an_image_that_another_key_signed_is_refused(production: Any, signed: Signed, run_cli: RunCli) -> None:
    """Nothing is started, and tampering with the record of it is found."""
    name = f"{signed.repository}:{signed.first.revision[:7]}"
    refused = run_cli("deploy", name, "--repository", str(signed.repository), key=signed.other_key)
    assert (refused.returncode, production.host.container("blue")) == (13, None)
    log = production.host.audit_log
    assert [entry.outcome for entry in log.read().entries] == ["refused"]
    log.path.write_bytes(log.path.read_bytes().replace(b"refused", b"failed"))
    checked = run_cli("audit-log", "--verify")
    assert (checked.returncode, checked.stdout) == (14, "")
