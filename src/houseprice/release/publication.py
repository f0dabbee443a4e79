"""Words and environment in, an image in its registry out: what `scripts/publish` does, with nothing that is installed.

The step that holds the token runs this with Python's own library alone, so that no dependency ever sees it.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from houseprice.errors import HousePriceError, RegistryError
from houseprice.release.docker_cli import Engine
from houseprice.release.image_reference import HUB, Repository
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.access import Account
from houseprice.release.registry.client import Registry
from houseprice.release.registry.history import newer
from houseprice.release.registry.publishing import Stand, accounted, publish, retag, tag_of
from houseprice.release.registry.revision import CREATED
from houseprice.release.verification.signing import Signer, sign_everything

HELP = """\
A tested image goes to its registry: the tag of the commit first, then latest, both on one digest.

  publish name           the image's name: [HOST/]USER/house-price-model:COMMIT, with 7 characters of the commit
  publish repository     the same without the commit
  publish settings       fail when the user name or the token is missing; the token itself is not looked at
  publish push LAYOUT    send the image in that folder, sign it, put it under its tags; print the digest
  publish retag COMMIT   move latest on purpose, also backwards, to a commit (or a digest) that is published already
  publish clear IMAGE    remove the containers that a test of that image (its id, or the folder) left behind

Taken from the environment: DOCKERHUB_USERNAME, DOCKERHUB_TOKEN (push and retag; settings is told by TOKEN_IS_SET=true),
DOCKER_REGISTRY (default docker.io; any other host will do), GITHUB_SHA (default: the commit of this checkout),
MOVE_LATEST (default true; anything else leaves latest where it is), and what signing needs.
Exit codes: 0 done; 2 wrong usage; others as in `houseprice --help`, and the last sentence says what was published.
"""
TESTED = "tested.json"
"""File of a layout that says which digest passed its test."""

LABEL = "houseprice.role=image-test"


def main(words: Sequence[str], environ: Mapping[str, str], checkout: Path) -> int:
    """Do what the words say, and give back the exit code."""
    verbs: dict[str, Callable[..., str]] = {
        "name": _name, "repository": _whole, "settings": _settings, "push": _push, "retag": _retag, "clear": _clear,
    }  # fmt: skip
    takes = {"push": 1, "retag": 1, "clear": 1}
    verb, *rest = words or [""]
    if verb in ("-h", "--help"):
        sys.stdout.write(HELP)
        return 0
    if verb not in verbs or len(rest) != takes.get(verb, 0):
        say(f"'{' '.join(words)}' cannot be understood; see --help")
        return 2
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        said = verbs[verb](environ, checkout, *rest)
    except HousePriceError as err:
        say(str(err))
        return err.exit_code
    except KeyboardInterrupt:
        say("stopped; run it again to complete what was begun")
        return 130
    sys.stdout.write(f"{said}\n" if said else "")
    return 0


def _interrupted(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave like on Ctrl-C, so that nothing secret stays on disk."""
    raise KeyboardInterrupt


def say(line: str) -> None:
    """Tell what happens, on stderr."""
    sys.stderr.write(f"publish: {line}\n")
    sys.stderr.flush()


def _name(environ: Mapping[str, str], checkout: Path) -> str:
    user = environ.get("DOCKERHUB_USERNAME") or "unpublished"
    return Repository.of_user(user, _host(environ)).tagged(tag_of(_commit(environ, checkout)))


def _whole(environ: Mapping[str, str], checkout: Path) -> str:
    del checkout
    return str(_repository(environ))


def _settings(environ: Mapping[str, str], checkout: Path) -> str:
    repository = _repository(environ)
    if environ.get("TOKEN_IS_SET") != "true":
        raise _no_token()
    say(f"will publish {repository.tagged(tag_of(_commit(environ, checkout)))}")
    return ""


def _push(environ: Mapping[str, str], checkout: Path, folder: str) -> str:
    with accounted(Stand()):
        registry, commit = _registry(environ), _commit(environ, checkout)
        layout = Layout.open(Path(folder))
        tested = _tested(layout)
        signer = Signer.from_environment(environ, registry.repository, registry.account)
    created = str((layout.json(layout.index.digest).get("annotations") or {}).get(CREATED, ""))
    done = publish(
        layout,
        registry,
        commit,
        tested=tested,
        move_latest=(environ.get("MOVE_LATEST") or "true") == "true",
        newer=newer(checkout, commit, created, say),
        sign=lambda digest: sign_everything(layout, digest, signer, environ, say),
        say=say,
    )
    return f"{registry.repository.at(done.digest)} ({' and '.join(done.tags)})"


def _retag(environ: Mapping[str, str], checkout: Path, key: str) -> str:
    del checkout
    registry = _registry(environ)
    done = retag(registry, tag_of(key) if re.fullmatch("[0-9a-f]{40}", key) else key, say=say)
    return f"{registry.repository.at(done.digest)} ({' and '.join(done.tags)})"


def _clear(environ: Mapping[str, str], checkout: Path, image: str) -> str:
    """Remove containers of this image alone: another test may be under way on the same engine."""
    del environ, checkout
    if not image:
        say("no image was built, so no test of it was begun")
        return ""
    engine, left = Engine(), set[str]()
    for ancestor in _ids(image):
        filters = (f"--filter=label={LABEL}", f"--filter=ancestor={ancestor}")
        left |= set(engine.ask("container", "ls", "--all", "--quiet", *filters).split())
    if left:
        engine.ask("rm", "--force", "--volumes", *sorted(left), seconds=120)
    say(f"removed {len(left)} containers" if left else f"no test of {image} left a container")
    return ""


def _ids(image: str) -> tuple[str, ...]:
    """Give back what an engine knows an image by: its id; or of a layout, the configuration of each platform."""
    if not (Path(image) / "oci-layout").is_file():
        return (image,)
    layout = Layout(Path(image))
    return tuple(layout.config(one).digest for one in layout.manifests())


def _tested(layout: Layout) -> str:
    """Give back the digest that passed the test, which wrote it down."""
    path = layout.folder / TESTED
    try:
        told = json.loads(path.read_bytes())
        digest, passed = str(told["digest"]), told["passed"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as err:
        raise RegistryError(
            f'"{path}" cannot be read ({type(err).__name__}); expected what the test of this image wrote; test it with '
            f"`houseprice image test --layout {layout.folder}`."
        ) from err
    if passed is not True:
        raise RegistryError(
            f'"{path}" says that {digest} did not pass its test; expected an image that did; do not publish it.'
        )
    return digest


def _registry(environ: Mapping[str, str]) -> Registry:
    repository = _repository(environ)
    token = environ.get("DOCKERHUB_TOKEN", "").strip()
    if not token:
        raise _no_token()
    return Registry(repository, Account(environ["DOCKERHUB_USERNAME"], token), say=say)


def _repository(environ: Mapping[str, str]) -> Repository:
    if not environ.get("DOCKERHUB_USERNAME"):
        raise RegistryError(
            f'The variable DOCKERHUB_USERNAME is not set; expected the user name at "{_host(environ)}"; add it under '
            "Settings → Secrets and variables → Actions → Variables, or run `gh variable set DOCKERHUB_USERNAME`."
        )
    return Repository.of_user(environ["DOCKERHUB_USERNAME"], _host(environ))


def _host(environ: Mapping[str, str]) -> str:
    return environ.get("DOCKER_REGISTRY") or HUB


def _no_token() -> RegistryError:
    return RegistryError(
        "The secret DOCKERHUB_TOKEN is not set; expected an access token with the right to write; make one at "
        "https://hub.docker.com/settings/security, then run `gh secret set DOCKERHUB_TOKEN`."
    )


def _commit(environ: Mapping[str, str], checkout: Path) -> str:
    given = environ.get("GITHUB_SHA", "")
    if given:
        return given
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    try:
        said = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip()
