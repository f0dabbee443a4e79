"""Command line of the release steps, on Python's standard library alone: `python3 -m houseprice.release --help`.

It runs on the machine that holds the registry token, where nothing from PyPI is installed.
"""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from houseprice.errors import HousePriceError, RegistryError
from houseprice.git_revision import git
from houseprice.release.credentials import TOKEN, USERNAME, Account, configured_repository
from houseprice.release.image_reference import HUB, Reference, Repository
from houseprice.release.oci_layout import OciLayout
from houseprice.release.publish import Published, commit_tag, publish, retag
from houseprice.release.signing import Signer, check_evidence, manifest_of, sign_and_attest, sign_evidence
from houseprice.release.verification.image_reader import SBOM_FILE
from houseprice.release.verification.verify import Verified

HELP = """\
environment:
  DOCKERHUB_USERNAME   account that publishes the repository house-price-model
  DOCKERHUB_NAMESPACE  user or organisation that owns the repository, where it is not that account
  DOCKERHUB_TOKEN      access token with Read & Write (publish, retag)
  DOCKER_REGISTRY      host of another registry than docker.io
  GITHUB_SHA           commit of the image, where this is no git checkout
  WORKFLOW_FILE        workflow that signs, where another one calls it
  MOVE_LATEST          "false" leaves latest where it is
  EVIDENCE_PACK        folder of the evidence pack that is signed like the image
  COSIGN_PRIVATE_KEY, COSIGN_PASSWORD   signing key, where no GitHub workflow signs

exit codes: 0 done; 2 wrong usage; others as in `houseprice --help`, and the last sentence says what is published.
"""
OTHERS = {
    "build": ("houseprice.release.build_command", "build the image of the model bundle into an OCI layout"),
    "test": ("houseprice.release.image_test", "run the image of a layout and test it"),
}
"""Commands with a module of their own, whose `main` takes the remaining arguments."""


def main(arguments: Sequence[str], environ: Mapping[str, str] = os.environ, checkout: Path = Path()) -> int:
    """Run a command and return its exit code."""
    command = arguments[0] if arguments else ""
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        if command in OTHERS:
            return int(importlib.import_module(OTHERS[command][0]).main(arguments[1:]))
        return _own(_parser().parse_args(arguments), environ, checkout)
    except HousePriceError as err:
        say(f"{err} [{err.code}]")
        return err.exit_code
    except KeyboardInterrupt:
        say("stopped; run the same command again to complete what was begun")
        return 130


def say(line: str) -> None:
    """Print progress on stderr."""
    print(f"release: {line}", file=sys.stderr, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m houseprice.release",
        description="Build, test and publish the image.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, purpose) in OTHERS.items():
        commands.add_parser(name, help=purpose, add_help=False)
    commands.add_parser("settings", help="fail unless username and token (TOKEN_IS_SET=true) are there")
    one = commands.add_parser("publish", help="push a tested layout, sign it, set its tags; print the digest")
    one.add_argument("layout", type=Path, metavar="LAYOUT", help="folder of the OCI layout")
    one = commands.add_parser("retag", help="move latest on purpose, also backwards")
    one.add_argument("key", metavar="COMMIT", help="commit, its 7-character tag, or a digest")
    return parser


def _own(given: argparse.Namespace, environ: Mapping[str, str], checkout: Path) -> int:
    repository = _repository(environ)
    commit = git(checkout, "rev-parse", "HEAD") or environ.get("GITHUB_SHA", "")
    if given.command == "settings":
        if environ.get("TOKEN_IS_SET") != "true":
            raise _no_token()
        say(f"will publish {repository.tagged(commit_tag(commit))}")
        return 0
    account = Account.from_environment(environ)
    if account is None:
        raise _no_token()
    if given.command == "retag":
        key = given.key[:7] if len(given.key) >= 40 and ":" not in given.key else given.key
        _print(repository, retag(repository, key, account, say=say))
        return 0
    layout = OciLayout.open(given.layout)
    signer = Signer.from_environment(environ, repository, account)
    pack = Path(environ["EVIDENCE_PACK"]) if environ.get("EVIDENCE_PACK") else None
    if pack:
        check_evidence(pack, layout)
    existing: dict[str, Verified] = {}

    def check(reference: Reference) -> str:
        found = signer.verify(reference)
        existing[found.digest] = found
        return found.revision

    done = publish(
        layout,
        repository,
        account,
        commit,
        checkout=checkout,
        sign=lambda _: sign_and_attest(layout, signer, environ, checkout, say),
        check=check,
        move_latest=environ.get("MOVE_LATEST", "true") == "true",
        say=say,
    )
    _print(repository, done)
    if pack:
        # The commit may have been published before, with another model.
        about = existing[done.digest].manifest if done.digest in existing else manifest_of(pack)
        signed = about == manifest_of(pack) and sign_evidence(pack, environ)
        say(f'signed the evidence pack "{pack}"' if signed else f'NOT SIGNED: the evidence pack "{pack}"')
    if output := environ.get("GITHUB_OUTPUT"):
        sbom = layout.folder.with_name(f"{layout.folder.name}-sbom.cdx.json")
        if done.digest in existing:
            sbom.write_bytes(existing[done.digest].image.platforms[0].files[SBOM_FILE])
        else:
            sbom.write_bytes(layout.read_file(next(iter(layout.platforms)), SBOM_FILE))
        host = "index.docker.io" if repository.host == HUB else repository.host  # as signatures spell it
        with Path(output).open("a", encoding="utf-8") as stream:
            stream.write(f"name={host}/{repository.path}\ndigest={done.digest}\nsbom={sbom}\n")
            stream.write(f"built={str(done.built).lower()}\n")
    return 0


def _print(repository: Repository, done: Published) -> None:
    print(f"{repository.at(done.digest)} ({' and '.join(done.tags)})")  # noqa: T201


def _repository(environ: Mapping[str, str]) -> Repository:
    repository = configured_repository(environ)
    if repository is None or not environ.get(USERNAME, "").strip():
        raise RegistryError(
            f"The variable {USERNAME} is not set: run `gh variable set {USERNAME}`, or add the name of your account "
            "under Settings → Secrets and variables → Actions → Variables.",
            code="username_missing",
        )
    return repository


def _no_token() -> RegistryError:
    return RegistryError(
        "The secret DOCKERHUB_TOKEN is not set: create an access token with Read & Write at "
        f"https://hub.docker.com/settings/security and run `gh secret set {TOKEN} --env docker-hub`.",
        code="token_missing",
    )


def _interrupted(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave as on Ctrl-C, so that no login file stays."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
