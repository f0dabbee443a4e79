"""The command line: the only place that prints or exits.

Results go to stdout, progress and warnings to stderr. Exit codes are those of `houseprice.errors`; a traceback is
shown with `--debug` only. A command's module is imported when the command is run, so that serving starts without what
training needs.
"""

import errno
import importlib
import os
import sys
import traceback
from contextlib import nullcontext
from typing import NoReturn

import click

from houseprice import atomic_io
from houseprice.cli import interruption
from houseprice.cli.terminal import printable
from houseprice.errors import HousePriceError, MissingDependencyError, nearest

COMMANDS = {
    "init": "init",
    "run": "whole_pipeline",
    "process": "learning",
    "features": "learning",
    "train": "learning",
    "tune": "learning",
    "gate": "learning",
    "equity": "equity",
    "bundle": "learning",
    "retrain": "whole_pipeline",
    "predict": "prediction",
    "serve": "serving",
    "store": "store",
    "monitor": "monitor",
    "actuals": "store",
    "image": "release",
    "doctor": "release",
    "verify": "verification",
    "evidence": "evidence",
    "deploy": "deployment",
    "rollback": "deployment",
    "audit-log": "deployment",
}
LOCKS = {
    **dict.fromkeys(("prediction", "serving", "store"), "requirements/serving.txt"),
    **dict.fromkeys(("release", "verification", "deployment"), "requirements/deployment.txt"),
}
"""The smallest lock that commands of a module need; by default all of it."""
RENAMED = {"ledger": "audit-log"}
_TRAINING = ("learning", "whole_pipeline", "equity")
PROMPTLY_INTERRUPTED = {name for name, module in COMMANDS.items() if module in _TRAINING} | {"predict"}
"""Commands that Ctrl-C and SIGTERM end within two seconds; others have containers to stop or requests to answer."""
_UNUSABLE = {
    errno.ENAMETOOLONG,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.ELOOP,
    errno.EIO,
}
"""Errors of the operating system that are about a path that somebody named."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the pipeline."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command, or return one that says which library is missing."""
        if cmd_name not in COMMANDS:
            return None
        try:
            module = importlib.import_module(f"houseprice.cli.{COMMANDS[cmd_name]}")
        except ModuleNotFoundError as err:
            if ctx.params.get("debug"):
                raise
            return _unavailable(cmd_name, err.name or "unknown")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or suggest the nearest one."""
        if args and args[0] in RENAMED:
            raise click.UsageError(f"`houseprice {args[0]}` is now `houseprice {RENAMED[args[0]]}`.")
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.UsageError(f'No such command: "{args[0]}"{nearest(args[0], COMMANDS)}. See --help.')
        return super().resolve_command(ctx, args)


def _unavailable(name: str, module: str) -> click.Command:
    @click.command(name, context_settings={"ignore_unknown_options": True}, add_help_option=False)
    @click.argument("args", nargs=-1, type=click.UNPROCESSED)
    def command(args: tuple[str, ...]) -> NoReturn:  # noqa: ARG001 - whatever was typed, the answer is the same
        raise MissingDependencyError(
            f'`houseprice {name}` needs the library "{module}", which is not installed. Install it with '
            f"`pip install --require-hashes -r {LOCKS.get(COMMANDS[name], 'requirements.txt')}`.",
            library=module,
        )

    command.short_help = "(needs libraries that are not installed)"
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--debug", is_flag=True, envvar="HOUSEPRICE_DEBUG", help="Show the traceback of an error.")
@click.version_option(package_name="houseprice", message="%(version)s")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """From a CSV of house sales to a price over HTTP.

    The whole pipeline: houseprice run --config configs/model_config.yaml
    """
    ctx.obj = {"debug": debug}


def main(args: list[str] | None = None) -> NoReturn:
    """Run one command and end with its exit code."""
    typed = sys.argv[1:] if args is None else args
    debug = "--debug" in typed or os.environ.get("HOUSEPRICE_DEBUG", "") not in ("", "0", "false")
    words = [word for word in typed if word != "--debug"]  # it may be anywhere: entry points put their command first
    command = next((word for word in words if not word.startswith("-")), "")
    try:
        with interruption.prompt_interruption() if command in PROMPTLY_INTERRUPTED else nullcontext() as signals:
            code = _run(["--debug", *words] if debug else words, debug, signals)
    except (click.Abort, KeyboardInterrupt):
        atomic_io.discard_unfinished()
        click.echo(interruption.LINE, err=True)
        code = interruption.EXIT_CODE
    sys.exit(code)


def _run(words: list[str], debug: bool, signals: interruption.Interruption | None) -> int:
    """Run one command; return its exit code."""
    try:
        try:
            code = cli.main(args=words, prog_name="houseprice", standalone_mode=False)
        except Exception as err:
            if signals and signals.arrived:  # a library made another exception of it
                raise KeyboardInterrupt from err
            raise
    except click.Abort:  # an interruption, though it is an Exception
        raise
    except click.exceptions.Exit as err:
        return err.exit_code
    except click.ClickException as err:
        err.show()
        return err.exit_code
    except HousePriceError as err:
        if debug:
            traceback.print_exc()
        click.secho(f"houseprice: {printable(str(err))} [{err.code}]", fg="red", err=True)
        return err.exit_code
    except Exception as err:
        if debug:
            raise
        click.secho(f"houseprice: {_unforeseen(err)}", fg="red", err=True)
        return 1
    return code if isinstance(code, int) else 0


def _unforeseen(err: Exception) -> str:
    """Return what is said of an exception that no command has foreseen."""
    if isinstance(err, OSError) and err.errno in _UNUSABLE and err.filename:
        path = printable(os.fsdecode(err.filename), 100)
        return f'"{path}" cannot be used: {err.strerror}. Name another path. [path_unusable]'
    return (
        "Unexpected error; please report it. Re-run with --debug for the traceback. "
        f"({type(err).__name__}: {printable(str(err))})"
    )
