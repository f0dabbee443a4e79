"""What one place of production is set to: given by the environment once, remembered in a file that compose reads too.

The file is `compose.env`. A variable of the environment counts more and is remembered; one that is not given stays as
it was, so that a rollback by somebody else does not drop the API's keys.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from houseprice.atomic_io import write_durably
from houseprice.errors import DeploymentError

NAME = "compose.env"
PUBLISH = "HOUSEPRICE_PUBLISH"
OWNER = "HOUSEPRICE_PROXY_USER"
STATE = "HOUSEPRICE_STATE"
PROJECT = "HOUSEPRICE_PROJECT"
IMAGES = {"blue": "HOUSEPRICE_BLUE", "green": "HOUSEPRICE_GREEN"}
_OURS = {STATE, PROJECT, *IMAGES.values()}
_LINE = re.compile(r"""(?P<name>[A-Z_]+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^'"\s]*))\s*""")


def named_in(compose: Path) -> tuple[str, ...]:
    """Give back the variables that a compose file reads, in order.

    Raises:
        DeploymentError: there is no such file.
    """
    try:
        text = compose.read_text(encoding="utf-8")
    except OSError as err:
        raise DeploymentError(
            f'"{compose}" cannot be read ({err.strerror}); expected deploy/compose.yaml of a checkout; go there first, '
            "or give the file with --compose."
        ) from err
    return tuple(dict.fromkeys(re.findall(r"\$\{([A-Z_]+)", text)))


def read(path: Path) -> dict[str, str]:
    """Give back what the file remembers; nothing when there is none.

    Raises:
        DeploymentError: a line is no variable.
    """
    if not path.exists():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = _LINE.fullmatch(line)
        if not parts:
            raise DeploymentError(
                f'Line {number} of "{path}" is no variable; expected NAME="value"; correct it by hand.'
            )
        quoted = parts["quoted"]
        found[parts["name"]] = parts["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    return found


def write(path: Path, values: Mapping[str, str]) -> None:
    """Remember values; the file is for its owner alone, and whole at any time.

    Raises:
        DeploymentError: a value has more than one line.
        DataError: the file cannot be written.
    """
    lines = []
    for name, value in sorted(values.items()):
        if re.search(r"[\n\r\0]", value):
            raise DeploymentError(f"{name} has more than one line; expected one; correct it in the environment.")
        escaped = re.sub(r'(["\\$])', r"\\\1", value)
        lines.append(f'{name}="{escaped}"\n')
    write_durably(
        path, ("# Remembered by houseprice deploy; the slots are its own.\n" + "".join(lines)).encode(), mode=0o600
    )


def merged(compose: Path, remembered: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Give back every value that is known, the environment's before the remembered."""
    given = {name: environ[name] for name in named_in(compose) if name in environ and name not in _OURS}
    return {**remembered, **given}
