"""The command line of the release steps, run as the workflow does: without any installed library."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback import TOKEN, USER
from publishing import commit
from tiny_image import Tiny, both, lay

from houseprice.evidence.building import build_pack
from houseprice.evidence.pack import open_pack, write_pack
from houseprice.evidence.subject import of_folder
from houseprice.release.image_reference import Repository
from houseprice.release.oci_layout import OciLayout
from houseprice.release.publish import TEST_REPORT
from houseprice.release.verification.image_reader import SBOM_FILE
from programs import error_code, needs

pytestmark = pytest.mark.long  # talks to a real registry


def command(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as the workflow does: without any installed library."""
    source = Path(__file__).parents[2] / "src"
    return subprocess.run(
        ["python3", "-SP", "-m", "houseprice.release", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(source), "DOCKERHUB_USERNAME": USER, **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("signed", [True, False])
def test_the_command_line_publishes_once(
    repository: Repository, tiny_bundle: Path, checkout: Path, tmp_path: Path, signed: bool
) -> None:
    """Digest and tags are printed, and told to the next step; with other bytes the same again, also of the SBOM.

    The account publishes in the namespace of an organisation; the token is in no line; on loopback an image may be
    unsigned. The evidence pack is signed like the image.
    """
    sha, layouts = commit(checkout, "HEAD"), []
    for number in range(2):
        image = Tiny.of(tiny_bundle, sha)
        image.layers[0]["etc/build"] = str(number).encode()
        image.layers[2][SBOM_FILE] = bytes(image.layers[2][SBOM_FILE]) + b" " * number
        layouts.append(lay(tmp_path / f"layout{number}", both(image)))
        report = {"digest": layouts[-1].digest, "passed": True}
        (layouts[-1].folder / TEST_REPORT).write_text(json.dumps(report))
    given = {"DOCKERHUB_TOKEN": TOKEN, "DOCKER_REGISTRY": repository.host, "GITHUB_SHA": sha}
    given["DOCKERHUB_NAMESPACE"] = repository.path.partition("/")[0]
    if signed:
        needs("cosign")
        environ = {**os.environ, "COSIGN_PASSWORD": "of the tests"}
        subprocess.run(["cosign", "generate-key-pair"], cwd=tmp_path, env=environ, check=True, capture_output=True)
        given |= {"COSIGN_PRIVATE_KEY": str(tmp_path / "cosign.key"), "COSIGN_PASSWORD": "of the tests"}
    pack = tmp_path / "pack"
    write_pack(build_pack(of_folder(tiny_bundle), {}), pack)
    given["EVIDENCE_PACK"] = str(pack)
    for layout, built in zip(layouts, ("true", "false"), strict=True):
        output = layout.folder.with_name(f"{layout.folder.name}-output")
        made = command("publish", str(layout.folder), GITHUB_OUTPUT=str(output), cwd=checkout, **given)
        assert made.returncode == 0, made.stderr
        assert made.stdout == f"{repository}@{layouts[0].digest} ({sha[:7]} and latest)\n"
        assert TOKEN not in made.stderr
        told = dict(line.split("=", 1) for line in output.read_text().splitlines())
        assert (told["name"], told["digest"], told["built"]) == (str(repository), layouts[0].digest, built)
        assert Path(told["sbom"]).read_bytes() == layouts[0].read_file("linux/amd64", SBOM_FILE)
        assert open_pack(pack).is_signed == signed
    back = command("retag", sha, **given)
    assert (back.returncode, back.stdout) == (0, made.stdout)


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ({"DOCKERHUB_USERNAME": ""}, "username_missing"),
        ({"DOCKERHUB_USERNAME": "", "DOCKERHUB_NAMESPACE": "acme"}, "username_missing"),
        ({"DOCKERHUB_USERNAME": "Some Body"}, "username_invalid"),
        ({"DOCKERHUB_NAMESPACE": "acme/prices"}, "namespace_invalid"),
        ({"TOKEN_IS_SET": "false"}, "token_missing"),
        ({"DOCKER_REGISTRY": "https://x"}, "registry_host_invalid"),
        ({"DOCKER_REGISTRY": "hub.docker.com"}, "registry_host_invalid"),
    ],
)
def test_missing_settings_fail_before_the_work(missing: dict[str, str], code: str) -> None:
    """Each setting has its code, under the exit code of a registry; an account that is no namespace may log in."""
    given = {"TOKEN_IS_SET": "true", "GITHUB_SHA": "0" * 40}
    assert command("settings", **given).returncode == 0
    assert command("settings", **given, DOCKERHUB_NAMESPACE="acme", DOCKERHUB_USERNAME="Some Body").returncode == 0
    refused = command("settings", **given | missing)
    assert (refused.returncode, refused.stdout, error_code(refused.stderr)) == (11, "", code)


def test_nothing_is_published_unsigned_where_others_are(tested: Callable[..., OciLayout], checkout: Path) -> None:
    """Off this machine somebody must sign; that is found out before the registry is asked."""
    given = {"DOCKERHUB_TOKEN": TOKEN, "DOCKER_REGISTRY": "registry.invalid", "GITHUB_SHA": commit(checkout, "main")}
    refused = command("publish", str(tested().folder), **given)
    assert (refused.returncode, error_code(refused.stderr)) == (12, "signing_identity_missing")


def test_the_evidence_of_another_model_stops_the_publication(
    repository: Repository, seal: Callable[..., Path], tiny_bundle: Path, checkout: Path, tmp_path: Path
) -> None:
    """Before anything is pushed; and so does a folder that is no pack."""
    sha = commit(checkout, "HEAD")
    layout = lay(tmp_path / "layout", both(Tiny.of(tiny_bundle, sha)))
    given = {"DOCKERHUB_TOKEN": TOKEN, "DOCKER_REGISTRY": repository.host, "GITHUB_SHA": sha}
    write_pack(build_pack(of_folder(seal("other", 250.0)), {}), tmp_path / "pack")
    for pack in (tmp_path / "pack", tmp_path):
        refused = command("publish", str(layout.folder), EVIDENCE_PACK=str(pack), **given)
        assert (refused.returncode, error_code(refused.stderr)) == (12, "evidence_of_another_model")


@pytest.mark.parametrize("arguments", [(), ("publish",), ("publish", "a", "b"), ("tag",)])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    """As of every command line."""
    assert command(*arguments).returncode == 2


def test_no_installed_package_is_imported(tmp_path: Path) -> None:
    """Neither the commands' own modules, nor a file of the folder that they run in, brings in anything else."""
    (tmp_path / "json.py").write_text("raise SystemExit('taken over')")
    modules = ("__main__", "build", "image_test", "publish", "signing")
    code = "import sys\n" + "".join(f"import houseprice.release.{name}\n" for name in modules)
    code += "print([one for one in sys.modules if '-packages/' in (getattr(sys.modules[one], '__file__', '') or '')])"
    found = subprocess.run(
        ["python3", "-SP", "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "[]\n"
