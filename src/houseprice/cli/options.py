"""Options and behaviour that the commands on images share: verification policy, registry login, progress, signals."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from houseprice.errors import VerificationError
from houseprice.release.credentials import Account
from houseprice.release.verification.policy import GITHUB, WORKFLOW, VerificationPolicy

POLICY = ("key", "repository_url", "identity_regexp")
"""Parameters that define the verification policy; exactly one of them is given."""


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that define a verification policy; `policy` reads them."""
    options = (
        click.option(
            "--key",
            type=click.Path(path_type=Path),
            envvar="HOUSEPRICE_COSIGN_KEY",
            show_envvar=True,
            help="Public key (cosign.pub) of the signer.",
        ),
        click.option(
            "--repository-url",
            envvar="HOUSEPRICE_REPOSITORY_URL",
            show_envvar=True,
            help="Repository whose workflow signs, such as https://github.com/OWNER/NAME.",
        ),
        click.option(
            "--workflow",
            default=WORKFLOW,
            envvar="HOUSEPRICE_WORKFLOW",
            show_envvar=True,
            help="Workflow of that repository that signs, with its branch or tag.",
        ),
        click.option("--identity-regexp", help="Another identity of the signer; the whole of it must match."),
        click.option("--issuer", default=GITHUB, help="Issuer of the identity."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def policy() -> VerificationPolicy:
    """Return the verification policy; the command line takes precedence over the environment.

    Raises:
        VerificationError: `policy_missing`, `policy_ambiguous`, or what is given cannot be used.
    """
    ctx = click.get_current_context()
    given = {name: ctx.params[name] for name in POLICY if ctx.params[name]}
    typed = {name for name in given if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    given = {name: value for name, value in given.items() if name in typed or not typed}
    if len(given) > 1:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in given)
        raise VerificationError(f"{names} exclude each other; give one of them.", code="policy_ambiguous")
    match given:
        case {"key": key}:
            return VerificationPolicy.of_key_file(key)
        case {"repository_url": url}:
            return VerificationPolicy.of_repository(url, ctx.params["workflow"], ctx.params["issuer"])
        case {"identity_regexp": pattern}:
            return VerificationPolicy.of_identity(pattern, ctx.params["issuer"])
    raise VerificationError("No trust policy: pass --key or --repository-url.", code="policy_missing")


def account() -> Account | None:
    """Return the registry account of DOCKERHUB_USERNAME and DOCKERHUB_TOKEN, if both are set."""
    return Account.from_environment(os.environ)


def progress(line: str) -> None:
    """Print progress on stderr."""
    click.secho(line, dim=True, err=True)


def interrupt_on_sigterm() -> None:
    """Let SIGTERM end a command like Ctrl-C, so that containers and logins are removed."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
