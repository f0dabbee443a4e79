"""Settings of one host: taken from the environment and remembered in `compose.env`, which docker compose reads too.

A variable of the environment replaces the remembered value; one that is not set keeps it, so that a rollback by someone
else does not drop the API keys.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from houseprice.atomic_io import write_durably
from houseprice.errors import DeploymentError

NAME = "compose.env"
PUBLISH = "HOUSEPRICE_PUBLISH"
DEFAULT_PUBLISH = "0.0.0.0:8000"
PROXY_USER = "HOUSEPRICE_PROXY_USER"
STATE = "HOUSEPRICE_STATE"
PROJECT = "HOUSEPRICE_PROJECT"
IMAGES = {"blue": "HOUSEPRICE_BLUE", "green": "HOUSEPRICE_GREEN"}
_RESERVED = {STATE, PROJECT, *IMAGES.values()}
_LINE = re.compile(r"""(?P<name>[A-Z_]+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^'"\s]*))\s*""")


def compose_variables(compose: Path) -> tuple[str, ...]:
    """Return the names of the variables that a compose file uses, in order.

    Raises:
        DeploymentError: the file cannot be read.
    """
    try:
        text = compose.read_text(encoding="utf-8")
    except OSError as err:
        raise DeploymentError(
            f'Cannot read the compose file "{compose}" ({err.strerror}); change to a checkout of the project, or name '
            "the file with --compose.",
            code="compose_file_missing",
        ) from err
    return tuple(dict.fromkeys(re.findall(r"\$\{([A-Z_]+)", text)))


def read(path: Path) -> dict[str, str]:
    """Return the remembered settings; none if the file does not exist.

    Raises:
        DeploymentError: a line is not an assignment; `details` has its number.
    """
    if not path.exists():
        return {}
    values = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if not match:
            raise DeploymentError(
                f'Line {number} of "{path}" is not of the form NAME="value"; correct it.',
                code="env_file_invalid", line=number,
            )  # fmt: skip
        quoted = match["quoted"]
        values[match["name"]] = match["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    return values


def write(path: Path, values: Mapping[str, str]) -> None:
    """Write the settings atomically, readable by their owner only.

    Raises:
        DeploymentError: a value contains a line break.
        DataError: the file cannot be written.
    """
    lines = ["# Written by houseprice deploy.\n"]
    for name, value in sorted(values.items()):
        if re.search(r"[\n\r\0]", value):
            raise DeploymentError(f"{name} contains a line break; remove it.", code="setting_invalid", name=name)
        escaped = re.sub(r'(["\\$])', r"\\\1", value)
        lines.append(f'{name}="{escaped}"\n')
    write_durably(path, "".join(lines).encode(), mode=0o600)


def merge(compose: Path, remembered: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the remembered settings, replaced by those of the environment that the compose file uses."""
    given = {name: environ[name] for name in compose_variables(compose) if name in environ and name not in _RESERVED}
    return {**remembered, **given}
