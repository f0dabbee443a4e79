"""Production's commands: bring a published image in, go back, and see what was done."""

import getpass
import json
import os
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from houseprice.bundle import manifest as manifests
from houseprice.cli.options import account, progress, stoppable, trusted, trusting
from houseprice.errors import DeploymentError, HousePriceError, RegistryError
from houseprice.release.deployment import choices as choosing
from houseprice.release.deployment import commands
from houseprice.release.deployment.audit_log import NAME, Ledger
from houseprice.release.deployment.candidate import Candidate, Verify, short
from houseprice.release.deployment.deployer import Move, Moved
from houseprice.release.deployment.host import Site
from houseprice.release.deployment.recovery import Patience
from houseprice.release.deployment.retagging import move_latest
from houseprice.release.deployment.verified_cache import Memory
from houseprice.release.image_reference import HUB, Reference, Repository
from houseprice.release.registry.client import Registry
from houseprice.release.registry.patience import GaveUpError
from houseprice.release.registry.patience import Patience as Persistence
from houseprice.release.verification.policy import Trust
from houseprice.release.verification.verify import verify

PATH = click.Path(path_type=Path)
HASTE = Persistence(connect_seconds=5, silent_seconds=20, total_seconds=300, tries=3)
"""How long a registry is waited for when one can go back without it."""
COLOURS = {"done": "green", "refused": "yellow", "failed": "red", "interrupted": "red"}
Command = Callable[..., Any]

_state = click.option(
    "--state",
    type=PATH,
    default=Path("deploy/state"),
    envvar="HOUSEPRICE_STATE",
    show_envvar=True,
    help="Folder of what is remembered of this place of production: ledger, sockets, settings.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def _where(command: Command) -> Command:
    """Add the options that both ways through production share."""
    options = (
        click.option("--target", type=click.Choice(["compose"]), default="compose", help="Kind of production."),
        _state,
        click.option("--compose", type=PATH, default=Path("deploy/compose.yaml"), help="The compose file."),
        click.option("--project", default="houseprice", envvar="HOUSEPRICE_PROJECT", help="Name of its containers."),
        click.option(
            "--repository",
            envvar="HOUSEPRICE_REPOSITORY",
            help="Where images are: [HOST/]USER/house-price-model [default: DOCKERHUB_USERNAME's, or the live one's]",
        ),
        trusting,
        click.option(
            "--deadline", type=click.FloatRange(min=1), default=60.0, help="Seconds until it must be healthy."
        ),
        click.option("--drain", type=click.FloatRange(min=0), default=30.0, help="Seconds for the old one to finish."),
        click.option("--watch", type=click.FloatRange(min=0), default=2.0, help="Seconds of probing after the switch."),
        _as_json,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("image", metavar="COMMIT|DIGEST|TAG")
@_where
@commands.one_kind_of_error()
def deploy(*, image: str, as_json: bool, **where: Any) -> None:
    """Bring a published image into production, without losing a request.

    It is verified, pulled by digest, started beside the one that serves, proved by its golden rows, switched to, and
    proved again through the proxy; when that fails, what served before serves again, by itself. HOUSEPRICE_API_KEY
    opens an API that asks for keys. HOUSEPRICE_* settings of the API and HOUSEPRICE_PUBLISH (default 0.0.0.0:8000) are
    remembered in the state folder. Ends with 13 when it did not succeed.

    Example: houseprice deploy 1a2b3c4 --repository somebody/house-price-model --key cosign.pub
    """
    stoppable()
    site = _site(where)
    moved = commands.deploy(_move(site, where, back=False), reference(image, _repository(site, where["repository"])))
    _tell(moved, "deployed", as_json=as_json)


@click.command()
@click.option("--to", default="", metavar="COMMIT|DIGEST", help="Where to.  [default: the version before]")
@click.option("--list", "only_list", is_flag=True, help="List what can be gone back to, and go nowhere.")
@click.option("--retag", is_flag=True, help="Move latest in the registry, too; with DOCKERHUB_USERNAME and _TOKEN.")
@_where
@commands.one_kind_of_error()
def rollback(*, to: str, only_list: bool, retag: bool, as_json: bool, **where: Any) -> None:
    """Go back to the version that served before, or to any commit that was published.

    Refused is an image that does not verify, does not give its golden answers, or would turn away what is asked today;
    what serves now then serves on. Where the registry does not answer, what was verified here before, for the same
    signer, may be gone back to, and the ledger says so. Prints the time to recover. Ends with 13 when it did not
    succeed.

    Example: houseprice rollback --key cosign.pub
    """
    stoppable()
    site = _site(where)
    if only_list:
        _list(site, where["repository"], as_json=as_json)
        return
    move = _move(site, where, back=True)
    repository = Reference.read(where["repository"]).repository if where["repository"] else None
    moved = commands.rollback(move, to, repository)
    if retag:
        registry = Registry(_repository(site, where["repository"]), account(), say=progress)
        move_latest(site.ledger, registry, moved.commit, moved.digest, moved.before, move.who, progress)
    _tell(moved, "rolled back", as_json=as_json, clock="time to recover")


@click.command()
@_state
@click.option("--verify", "only_verify", is_flag=True, help="Say only whether the chain is whole.")
@_as_json
def ledger(*, state: Path, only_verify: bool, as_json: bool) -> None:
    """Show what was done in production, every line checked against the one before.

    Ends with 14 when a line was changed, moved or taken out, and names the first that does not fit.

    Example: houseprice ledger --state deploy/state
    """
    found = Ledger(state / NAME).read()
    if found.torn:
        progress(f"{len(found.torn)} bytes of a line that was never finished stand at the end; the next one goes on.")
    if as_json:
        click.echo(json.dumps([line.told() for line in found.lines], indent=1))
    elif only_verify:
        last = f", the last is {found.lines[-1].hash}" if found.lines else ""
        lines = "1 line" if len(found.lines) == 1 else f"{len(found.lines)} lines"
        click.echo(f"{lines}, every one fits{last}")
    elif not found.lines:
        progress(f'Nothing was done here yet: there is no line in "{state / NAME}".')
    else:
        for line in found.lines:
            way = f"{short(line.from_) or 'nothing'} → {short(line.to) or 'nothing'}"
            outcome = click.style(f"{line.outcome:<11}", fg=COLOURS[line.outcome])
            told = f"{line.n:>4}  {line.when[:19]}  {line.action:<8}  {way:<18}  {outcome}  {line.seconds:>6.1f} s"
            click.echo(f"{told}  {line.who}  {line.note}".rstrip())


def _site(where: dict[str, Any]) -> Site:
    return Site(where["state"], where["compose"], where["project"], os.environ)


def _move(site: Site, where: dict[str, Any], *, back: bool) -> Move:
    patience = Patience(where["deadline"], where["drain"], where["watch"])
    return Move(site, _verifier(trusted(), site, back=back), _who(), patience, progress)


def _verifier(trust: Trust, site: Site, *, back: bool) -> Verify:
    """Give back how an image is verified; who goes back where no registry answers may rely on an earlier time."""
    memory = Memory.of(site.state)

    def one(reference: Reference) -> Candidate:
        known = memory.recall(reference, trust, site.ledger.read().lines) if back else None
        registry = Registry(reference.repository, account(), patience=HASTE if known else Persistence(), say=progress)
        try:
            found = verify(reference, registry, trust, environ=os.environ)
        except GaveUpError as err:
            if known is None:
                raise
            progress(f"{err} {reference} was {known.remark}.")
            return known
        evidence = manifests.sha256(manifests.canonical(found.evidence))
        verdict = "green" if found.evidence.get("passed") else "red"
        new = Candidate(reference.repository, found.digest, found.revision, evidence, verdict, found.manifest)
        memory.keep(new, trust)
        return new

    return one


def reference(image: str, repository: Repository) -> Reference:
    """Give back what was meant: a commit, a digest or a tag of the repository, or another name in full."""
    if image.startswith("sha256:"):
        return Reference.read(f"{repository}@{image}")
    if re.fullmatch("[0-9a-f]{7,64}", image):
        return Reference(repository, tag=image[:7])
    if re.fullmatch("[A-Za-z0-9_][A-Za-z0-9_.-]*", image):
        return Reference(repository, tag=image)
    return Reference.read(image)


def _repository(site: Site, given: str | None) -> Repository:
    if given:
        return Reference.read(given).repository
    if user := os.environ.get("DOCKERHUB_USERNAME"):
        return Repository.of_user(user, os.environ.get("DOCKER_REGISTRY") or HUB)
    with suppress(HousePriceError):
        if live := site.live():
            return live[1].reference.repository
    raise DeploymentError(
        "Nobody knows where images are; expected [HOST/]USER/house-price-model; give it with --repository, or set "
        "DOCKERHUB_USERNAME."
    )


def _list(site: Site, given: str | None, *, as_json: bool) -> None:
    live = site.live()
    try:
        tags = Registry(_repository(site, given), account(), patience=HASTE, say=progress).tags()
    except (RegistryError, DeploymentError) as err:
        progress(f"the registry's tags are not shown: {err}")
        tags = None
    found = choosing.choices(site.ledger.read().lines, tags, live[1].digest if live else "")
    if as_json:
        click.echo(json.dumps([asdict(choice) for choice in found], indent=1))
        return
    if not found:
        progress("Nothing can be gone back to: no version served here, and no tag of a commit is known.")
    for choice in found:
        since = choice.since[:19] if choice.since else "never served here  "
        click.echo(f"{short(choice.commit)}  {since}  {choice.digest[:19]}{'  live' if choice.live else ''}".rstrip())


def _tell(moved: Moved, done: str, *, as_json: bool, clock: str = "first answer") -> None:
    if as_json:
        click.echo(json.dumps(asdict(moved), indent=1))
    elif not moved.changed:
        click.echo(f"{short(moved.commit)} serves already, and answers as it should")
    else:
        click.echo(f"{done:<15} {short(moved.before) or 'nothing'} → {short(moved.commit)} ({moved.digest})")
        click.echo(f"{clock:<15} {moved.seconds_to_answer:.1f} s from the command to a right answer through the proxy")
        click.echo(f"{'in all':<15} {moved.seconds:.1f} s; it runs in slot {moved.slot}")


def _who() -> str:
    return os.environ.get("GITHUB_ACTOR") or f"{getpass.getuser()}@{socket.gethostname()}"
