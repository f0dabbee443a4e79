"""`houseprice serve`: answers over HTTP."""

import os
from dataclasses import replace
from pathlib import Path

import click

from houseprice.cli.common_options import bundle_option
from houseprice.serving import server, settings
from houseprice.serving.protocols import platforms


@click.command()
@bundle_option("The bundle.")
@click.option(
    "--host", default="127.0.0.1", envvar="HOUSEPRICE_HOST", show_envvar=True, help="Address; 0.0.0.0 for all."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=lambda: platforms.default_port(os.environ),
    show_default="8000, in SageMaker 8080",
    envvar=platforms.PORT_VARIABLES,
    show_envvar=True,
    help="Port; 0 for any free one.",
)
@click.option("--allow-red", is_flag=True, help="Serve a model that failed its gates. [env var: HOUSEPRICE_ALLOW_RED]")
def serve(bundle: Path, host: str, port: int, allow_red: bool) -> None:
    """Serve a bundle over HTTP until SIGTERM or Ctrl-C.

    Starts only when no file of the bundle has changed, the model passed its gates, and it reproduces its golden rows.
    The API is documented at /docs. Limits, keys and switches are HOUSEPRICE_* variables, listed in docs/api.md.

    Example: houseprice serve --bundle models/bundle --host 0.0.0.0 --port 8000
    """
    for warning in settings.unknown_variables(os.environ):
        click.echo(f"houseprice: {warning}", err=True)
    chosen = settings.from_environment(os.environ)
    server.serve(bundle, host, port, replace(chosen, allow_red=chosen.allow_red or allow_red))
