"""Environment in, frozen `Settings` out: every limit and switch of the API, each by a variable of its own.

docs/api.md lists them. A variable that is no setting is told in the log, never silently ignored.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from houseprice.errors import ConfigError, nearest

PREFIX = "HOUSEPRICE_"
ELSEWHERE = ("BUNDLE", "HOST", "PORT")
"""Variables that the command line reads itself."""


@dataclass(frozen=True)
class Settings:
    """How much is taken, from whom, and what is told.

    Attributes:
        max_body_bytes: how large one body may be.
        max_rows: how many houses one batch may hold.
        max_concurrent: requests at work at a time; more are answered 503 with `Retry-After`.
        request_seconds: until an answer must have begun, and then between its parts.
        body_seconds: until the next part of a request must have come; slower clients are cut off.
        grace_seconds: accepted requests are given so long when the process is told to stop.
        api_keys: name → sha256 of the key; empty lets everybody in.
        requests_per_minute: of each key, or of each address when there are no keys; 0 is no limit.
        cors_origins: pages of these origins may ask from a browser.
        trusted_proxies: addresses whose `X-Forwarded-For` is believed, as uvicorn takes them.
        metrics, docs, request_log: whether there are `/metrics`, `/docs` with its OpenAPI document, a line a request.
        workers: processes that answer.
    """

    max_body_bytes: int = 32 * 2**20
    max_rows: int = 10_000
    max_concurrent: int = 256
    request_seconds: float = 30.0
    body_seconds: float = 10.0
    grace_seconds: int = 8
    api_keys: tuple[tuple[str, str], ...] = ()
    requests_per_minute: int = 0
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: str = ""
    metrics: bool = True
    docs: bool = True
    request_log: bool = True
    workers: int = 1


DEFAULT = Settings()


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Give back the settings that the variables state; what is not stated, or empty, is as by default.

    Raises:
        ConfigError: a value cannot be understood; all of them are named.
    """
    found: dict[str, Any] = {}
    problems = []
    for name, read in _READERS.items():
        text = environ.get(variable(name), "").strip()
        if not text:
            continue
        try:
            found[name] = read(text)
        except ValueError as err:
            problems.append(f"{variable(name)}: {err}")
    if problems:
        raise ConfigError(f"The environment cannot be used; correct: {'; '.join(problems)}.", problems)
    return Settings(**found)


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Give back a sentence for each variable that looks like a setting and is none."""
    known = [variable(field.name) for field in fields(Settings)] + [PREFIX + name for name in ELSEWHERE]
    strange = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [f"{name} is no setting and has no effect{nearest(name, known)}" for name in strange]


def variable(name: str) -> str:
    """Give back the variable of a setting."""
    return PREFIX + name.upper()


def _whole(low: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", text) or int(text) < low:
            raise ValueError(f'found "{text}", expected a whole number of at least {low}')
        return int(text)

    return read


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) or float(text) <= 0:
        raise ValueError(f'found "{text}", expected seconds above 0')
    return float(text)


def _switch(text: str) -> bool:
    if text.lower() not in {"on", "off"}:
        raise ValueError(f'found "{text}", expected on or off')
    return text.lower() == "on"


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _keys(text: str) -> tuple[tuple[str, str], ...]:
    keys = []
    for number, part in enumerate(_list(text), 1):
        name, _, digest = part.rpartition(":")
        if not re.fullmatch(r"[0-9a-fA-F]{64}", digest) or not re.fullmatch(r"[\w.-]{0,40}", name):
            # What was found is not shown: it may be the key itself.
            raise ValueError(f"entry {number} is not NAME:SHA256, the sha256 of a key as 64 hexadecimal digits")
        keys.append((name or f"key{number}", digest.lower()))
    if len({name for name, _ in keys}) < len(keys):
        raise ValueError("two keys have one name; expected a name of its own for each")
    return tuple(keys)


_READERS: dict[str, Callable[[str], Any]] = {
    "max_body_bytes": _whole(1),
    "max_rows": _whole(1),
    "max_concurrent": _whole(1),
    "request_seconds": _seconds,
    "body_seconds": _seconds,
    "grace_seconds": _whole(1),
    "api_keys": _keys,
    "requests_per_minute": _whole(0),
    "cors_origins": _list,
    "trusted_proxies": str,
    "metrics": _switch,
    "docs": _switch,
    "request_log": _switch,
    "workers": _whole(1),
}
