"""Commands of production: `deploy`, `rollback` and `audit-log`."""

import getpass
import json
import os
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from houseprice.bundle import manifest as manifests
from houseprice.cli.options import account, interrupt_on_sigterm, policy, policy_options, progress
from houseprice.errors import AuditLogError, DeploymentError, HousePriceError, RegistryError
from houseprice.release import publish, skopeo
from houseprice.release.credentials import configured_repository
from houseprice.release.deployment import version_history
from houseprice.release.deployment.audit_log import NAME, AuditLog, Entry, Event
from houseprice.release.deployment.deployer import Deployer, Deployment
from houseprice.release.deployment.host import DeploymentHost
from houseprice.release.deployment.recovery import Timeouts, best_effort, deployment_errors
from houseprice.release.deployment.verified_cache import Candidate, VerifiedCache, Verify
from houseprice.release.deployment.version_history import short
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.verification.policy import VerificationPolicy
from houseprice.release.verification.verify import verify

PATH = click.Path(path_type=Path)
COLORS = {"succeeded": "green", "refused": "yellow", "failed": "red", "interrupted": "red"}
UNAVAILABLE = {"registry_unreachable", "registry_rate_limited", "skopeo_missing", "cosign_missing"}
"""Codes of errors for which a rollback may use what was verified before: nothing can be verified now."""
PROBE_SECONDS = 20.0
Command = Callable[..., Any]

_state = click.option(
    "--state",
    type=PATH,
    default=Path("deploy/state"),
    envvar="HOUSEPRICE_STATE",
    show_envvar=True,
    help="Folder with the audit log, the settings and the proxy's sockets.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def _host_options(command: Command) -> Command:
    """Add the options that `deploy` and `rollback` share."""
    seconds = click.FloatRange(min=0)
    options = (
        click.option("--target", type=click.Choice(["compose"]), default="compose", help="Kind of production."),
        _state,
        click.option("--compose", type=PATH, default=Path("deploy/compose.yaml"), help="The compose file."),
        click.option("--project", default="houseprice", envvar="HOUSEPRICE_PROJECT", help="Compose project."),
        click.option(
            "--repository",
            envvar="HOUSEPRICE_REPOSITORY",
            help="Image repository: [HOST/]USER/house-price-model [default: as published, or the live image's]",
        ),
        policy_options,
        click.option(
            "--deadline", type=click.FloatRange(min=1), default=60.0, help="Seconds until it must be healthy."
        ),
        click.option("--drain", type=seconds, default=30.0, help="Seconds for the old version to finish requests."),
        click.option("--watch", type=seconds, default=2.0, help="Seconds of smoke tests after the switch."),
        _as_json,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("image", metavar="COMMIT|DIGEST|TAG")
@_host_options
@deployment_errors()
def deploy(*, image: str, as_json: bool, **options: Any) -> None:
    """Deploy a published image without losing a request.

    The image is verified, pulled by digest, started beside the live one, tested with its golden rows, made live, and
    tested again through the proxy; when that fails, the previous version keeps serving. HOUSEPRICE_API_KEY is sent to
    an API that requires keys. HOUSEPRICE_* settings of the API and HOUSEPRICE_PUBLISH (default 0.0.0.0:8000) are
    remembered in the state folder. Exits with 13 if it did not succeed.

    Example: houseprice deploy 1a2b3c4 --repository somebody/house-price-model --key cosign.pub
    """
    interrupt_on_sigterm()
    host = _host(options)
    target = image_reference(image, _repository(host, options["repository"]))
    result = _deployer(host, options, use_cache=False).deploy(target)
    _print(result, "deployed", as_json=as_json)


@click.command()
@click.option("--to", default="", metavar="COMMIT|DIGEST", help="Target version.  [default: the version before]")
@click.option("--list", "only_list", is_flag=True, help="List the versions to choose from, and do nothing else.")
@click.option("--retag", is_flag=True, help="Move latest in the registry too; with DOCKERHUB_USERNAME and _TOKEN.")
@_host_options
@deployment_errors()
def rollback(*, to: str, only_list: bool, retag: bool, as_json: bool, **options: Any) -> None:
    """Return to the previous version, or to any published commit.

    Refused is an image that cannot be verified, fails its smoke test, or would refuse requests that the live version
    accepts; the live version then keeps serving. While the registry does not answer, or cosign is not installed, an
    image that was verified on this host for the same signer may be used, and the audit log says so. A damaged audit
    log or a full disk gives a warning. Prints the time to recover. Exits with 13 if it did not succeed.

    Example: houseprice rollback --key cosign.pub
    """
    interrupt_on_sigterm()
    host = _host(options)
    if only_list:
        _list(host, options["repository"], as_json=as_json)
        return
    deployer = _deployer(host, options, use_cache=True)
    given = Reference.read(options["repository"]).repository if options["repository"] else None
    result = deployer.rollback(to, given)
    if retag:
        _move_latest(deployer, _repository(host, options["repository"]), result)
    _print(result, "rolled back", as_json=as_json, clock="time to recover")


@click.command("audit-log")
@_state
@click.option("--verify", "only_verify", is_flag=True, help="Only check the hash chain.")
@_as_json
def audit_log(*, state: Path, only_verify: bool, as_json: bool) -> None:
    """Show what was done in production, after checking the hash chain.

    Exits with 14 if a line was changed, moved or removed, and names the first one.

    Example: houseprice audit-log --state deploy/state
    """
    content = AuditLog(state / NAME).read()
    if content.incomplete:
        progress(f"The log ends with an incomplete line ({len(content.incomplete)} bytes); the next entry replaces it.")
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in content.entries], indent=1))
    elif only_verify:
        newest = f", newest hash {content.entries[-1].hash}" if content.entries else ""
        number = len(content.entries)
        click.echo(f"{number} {'entry' if number == 1 else 'entries'}, chain intact{newest}")
    elif not content.entries:
        progress(f'No entries in "{state / NAME}": nothing was deployed here yet.')
    else:
        for entry in content.entries:
            change = f"{short(entry.from_revision) or 'nothing'} → {short(entry.to_revision) or 'nothing'}"
            outcome = click.style(f"{entry.outcome:<11}", fg=COLORS[entry.outcome])
            line = f"{entry.sequence:>4}  {entry.timestamp[:19]}  {entry.action:<18}  {change:<18}  {outcome}"
            click.echo(f"{line}  {entry.duration_seconds:>6.1f} s  {entry.actor}  {entry.detail}".rstrip())


def image_reference(image: str, repository: Repository) -> Reference:
    """Return the image that was named: a commit, a digest or a tag of the repository, or a name in full."""
    if image.startswith("sha256:"):
        return Reference.read(f"{repository}@{image}")
    if re.fullmatch("[0-9a-f]{7,64}", image):
        return Reference(repository, tag=image[:7])
    if re.fullmatch("[A-Za-z0-9_][A-Za-z0-9_.-]*", image):
        return Reference(repository, tag=image)
    return Reference.read(image)


def _host(options: dict[str, Any]) -> DeploymentHost:
    return DeploymentHost(options["state"], options["compose"], options["project"], os.environ)


def _deployer(host: DeploymentHost, options: dict[str, Any], *, use_cache: bool) -> Deployer:
    timeouts = Timeouts(options["deadline"], options["drain"], options["watch"])
    actor = os.environ.get("GITHUB_ACTOR") or f"{getpass.getuser()}@{socket.gethostname()}"
    return Deployer(host, _verifier(policy(), host, use_cache=use_cache), actor, timeouts, progress)


def _verifier(trusted: VerificationPolicy, host: DeploymentHost, *, use_cache: bool) -> Verify:
    """Return how an image is verified; with the cache, an earlier verification counts while there can be none now."""
    cache = VerifiedCache(host.state)

    def verify_image(reference: Reference, entries: Sequence[Entry]) -> Candidate:
        known = cache.get(reference, trusted, entries) if use_cache else None
        try:
            if known:  # production is down: a registry that hangs is not waited for as long as usual
                skopeo.digest_of(reference, account(), retries=1, timeout=PROBE_SECONDS)
            found = verify(reference, trusted, account=account())
        except HousePriceError as err:
            if known is None or err.code not in UNAVAILABLE:
                raise
            progress(f"{err} {reference} was {known.remark}.")
            return known
        manifest = manifests.read(found.manifest, Path(str(reference)) / manifests.NAME)
        verdict = "passed" if manifest.passed else "failed"
        candidate = Candidate(reference.repository, found.digest, found.revision, verdict, found.manifest)
        with best_effort("rollback" if use_cache else "deploy", progress):
            cache.put(candidate, trusted)
        return candidate

    return verify_image


def _repository(host: DeploymentHost, given: str | None) -> Repository:
    if given:
        return Reference.read(given).repository
    if configured := configured_repository(os.environ):
        return configured
    with suppress(HousePriceError):
        if live := host.live():
            return live[1].reference.repository
    raise DeploymentError(
        "No image repository: pass --repository [HOST/]USER/house-price-model, or set DOCKERHUB_NAMESPACE.",
        code="repository_unknown",
    )


def _list(host: DeploymentHost, given: str | None, *, as_json: bool) -> None:
    live = host.live()
    try:
        tags = skopeo.list_tags(_repository(host, given), account())
    except (RegistryError, DeploymentError) as err:
        progress(f"Tags of the registry are not listed: {err}")
        tags = None
    try:
        entries = host.audit_log.read().entries
    except AuditLogError as err:
        progress(f"Warning: {err}")
        entries = host.audit_log.intact()
    versions = version_history.available(entries, tags, live[1].reference.digest if live else "")
    if as_json:
        click.echo(json.dumps([asdict(version) for version in versions], indent=1))
        return
    if not versions:
        progress("There is no version to roll back to: nothing was deployed here, and no published commit is known.")
    for version in versions:
        since = version.since[:19] or "never deployed here"
        line = f"{short(version.revision)}  {since:<19}  {version.digest[:19]}{'  live' if version.live else ''}"
        click.echo(line.rstrip())


def _move_latest(deployer: Deployer, repository: Repository, result: Deployment) -> None:
    """Move `latest` in the registry to the version that now serves, and record that."""
    event = Event(
        actor=deployer.actor, action="retag", from_revision=result.previous_revision, to_revision=result.revision,
        repository=str(repository), digest=result.digest, outcome="succeeded", duration_seconds=0,
    )  # fmt: skip
    try:
        publish.retag(repository, result.digest, account(), say=progress)
    except HousePriceError as err:
        event = replace(event, outcome="failed", detail=str(err))
        message = f"{short(result.revision)} serves, but latest was not moved to it: {err}"
        raise DeploymentError(message, code=err.code, **err.details) from err
    finally:
        with best_effort("rollback", progress):
            deployer.host.audit_log.append(event, progress)


def _print(result: Deployment, done: str, *, as_json: bool, clock: str = "first answer") -> None:
    if as_json:
        click.echo(json.dumps(asdict(result), indent=1))
    elif not result.changed:
        click.echo(f"{short(result.revision)} ({result.digest}) is live already and passes its smoke test")
    else:
        change = f"{short(result.previous_revision) or 'nothing'} → {short(result.revision)}"
        click.echo(f"{done:<15} {change} ({result.digest})")
        click.echo(f"{clock:<15} {result.seconds_to_answer:.1f} s from the command to a right answer through the proxy")
        click.echo(f"{'total':<15} {result.seconds:.1f} s; live slot: {result.slot}")
