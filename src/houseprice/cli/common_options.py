"""Options that commands of several kinds have: the bundle, the store, JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
store_option = click.option(
    "--store",
    "url",
    required=True,
    envvar="HOUSEPRICE_STORE",
    show_envvar=True,
    help="The store: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.",
)


def bundle_option(about: str) -> Callable[..., Any]:
    """Return the option that names a bundle; `about` says what it is for."""
    return click.option(
        "--bundle",
        type=click.Path(path_type=Path),
        default=Path("models/bundle"),
        envvar="HOUSEPRICE_BUNDLE",
        show_envvar=True,
        help=about,
    )
