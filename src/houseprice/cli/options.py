"""What the dock's commands share: whom they trust, who is logged in, what they say, and how they stop."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from houseprice.errors import VerificationError
from houseprice.release.registry.access import Account
from houseprice.release.verification.policy import GITHUB, Trust

WHOM = ("key", "repository_url", "identity_regexp")
"""Parameters that answer whom to trust; one of them."""


def trusting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say whom to trust; `trusted` reads them."""
    options = (
        click.option(
            "--key",
            type=click.Path(path_type=Path),
            envvar="HOUSEPRICE_COSIGN_KEY",
            show_envvar=True,
            help="Public key (cosign.pub) of who signs.",
        ),
        click.option(
            "--repository-url",
            envvar="HOUSEPRICE_REPOSITORY_URL",
            show_envvar=True,
            help="Repository whose workflows sign, such as https://github.com/OWNER/NAME.",
        ),
        click.option(
            "--identity-regexp", help="Who signs, where that is another identity: the whole of it must match."
        ),
        click.option("--issuer", default=GITHUB, help="Who vouches for the identity."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def trusted() -> Trust:
    """Give back whom to trust; the command line goes before the environment, and two answers are none.

    Raises:
        VerificationError: nobody is named, or two are, or what is named cannot be read.
    """
    ctx = click.get_current_context()
    given = {name: ctx.params[name] for name in WHOM if ctx.params[name]}
    typed = {name for name in given if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    given = {name: value for name, value in given.items() if name in typed or not typed}
    if len(given) > 1:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in given)
        raise VerificationError(f"{names} are both given; expected one answer to whom to trust; leave out the others.")
    match given:
        case {"key": key}:
            return Trust.in_key_file(key)
        case {"repository_url": address}:
            return Trust.in_repository(address, ctx.params["issuer"])
        case {"identity_regexp": pattern}:
            return Trust.in_identity(pattern, ctx.params["issuer"])
    raise VerificationError(
        "Nobody is named whom to trust; expected --key cosign.pub, or --repository-url https://github.com/OWNER/NAME; "
        "what an image says of its own maker proves nothing."
    )


def account() -> Account | None:
    """Give back who is logged in at the registry, if somebody is."""
    user, token = os.environ.get("DOCKERHUB_USERNAME", ""), os.environ.get("DOCKERHUB_TOKEN", "")
    return Account(user, token) if user and token else None


def progress(line: str) -> None:
    """Tell what is done, on stderr."""
    click.secho(line, dim=True, err=True)


def stoppable() -> None:
    """Let SIGTERM end a command like Ctrl-C: containers and logins are removed, and what served before serves again."""
    signal.signal(signal.SIGTERM, _interrupted)


def _interrupted(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
