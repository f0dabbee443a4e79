"""Settings of the API: every limit and switch, each read from an environment variable.

docs/api.md lists them. A variable that is no setting is named in the log, never silently ignored.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from houseprice.errors import ConfigError, nearest

PREFIX = "HOUSEPRICE_"
SQLITE = "sqlite:///"
ELSEWHERE = (
    "ACCEPT_UNCOMPARABLE_CHAMPION", "API_KEY", "BLUE", "BUNDLE", "CACHE", "CONFIG", "COSIGN_KEY", "DEBUG",
    "DOCKER_STORE", "GITHUB_API", "GREEN", "HOST", "MLFLOW_DEADLINE", "MLFLOW_FOLDER", "MLFLOW_IMAGE",
    "MLFLOW_NAME", "MLFLOW_PORT", "MLFLOW_TRACKING_URI", "MODELS_DIR", "MUST_BEAT_CHAMPION", "PORT", "PROJECT",
    "PROXY_USER", "PUBLISH", "REPOSITORY", "REPOSITORY_URL", "RETRY_SECONDS", "STATE", "STRICT_AUDIT",
    "TRUSTED_KEY", "WORKFLOW",
)  # fmt: skip
"""Variables that the command line, another command or a script reads."""
RENAMED = {
    "REQUEST_SECONDS": "REQUEST_TIMEOUT_SECONDS",
    "BODY_SECONDS": "BODY_TIMEOUT_SECONDS",
    "REQUEST_LOG": "ACCESS_LOG",
}
"""Former names; a variable of such a name is refused."""


@dataclass(frozen=True)
class Settings:
    """Limits and switches.

    Attributes:
        max_body_bytes: size of the body of a batch; 0 is what `max_rows` houses need.
        max_rows: houses in one batch.
        memory_limit_bytes: memory of all processes together; 0 is that of the cgroup, or of the machine.
        max_concurrent: requests in progress; more are refused with 503 and `Retry-After`.
        heavy_threads: batches and explanations that are computed at once.
        queue_timeout_seconds: time that these wait for others at most; then they are refused like that.
        max_connections: open connections in a process; beyond it, the one ends that has waited longest for its client.
        request_timeout_seconds: time until an answer begins, and then between its parts.
        body_timeout_seconds: time until the next part of a request arrives; slower clients are disconnected.
        keep_alive_seconds: time that a connection stays open without a request; longer than proxies keep theirs.
        grace_seconds: time for requests in progress when the server stops.
        api_keys: name → SHA-256 of the key; without keys the API is open.
        requests_per_minute: rate limit per key, or per address when there are no keys; 0 is no limit.
        root_path: prefix of all paths behind a proxy, which may strip it or not.
        cors_origins: origins whose pages may call the API from a browser.
        trusted_proxies: addresses whose `X-Forwarded-For` is trusted, as uvicorn takes them.
        metrics, docs, access_log: whether there is `/metrics`, `/docs` with the OpenAPI document, an access log.
        page: whether there is the page at `/`, with `/page-config` and `/sales`.
        workers: worker processes.
        allow_red: serve a model that failed its gates, which is refused otherwise.
        store: URL of the database that predictions are stored in; without one they are not.
        store_inputs: whether the houses are stored as they are (`on`), as a hash, or not at all (`off`).
        store_spool: folder where predictions wait for the database; beside an SQLite file by default.
        store_spool_bytes: what they may take there.
        store_days: how long they stay in the database; 0 is for ever.
        shadow: bundle of a model that predicts what is recorded, too, for comparison.
    """

    max_body_bytes: int = 0
    max_rows: int = 10_000
    memory_limit_bytes: int = 0
    max_concurrent: int = 256
    heavy_threads: int = 1
    queue_timeout_seconds: float = 20.0
    max_connections: int = 1000
    request_timeout_seconds: float = 30.0
    body_timeout_seconds: float = 10.0
    keep_alive_seconds: int = 75
    grace_seconds: int = 8
    api_keys: tuple[tuple[str, str], ...] = ()
    requests_per_minute: int = 0
    root_path: str = ""
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: str = ""
    metrics: bool = True
    docs: bool = True
    page: bool = True
    access_log: bool = True
    workers: int = 1
    allow_red: bool = False
    store: str = field(default="", repr=False)  # it may hold a password
    store_inputs: str = "on"
    store_spool: str = ""
    store_spool_bytes: int = 256 * 2**20
    store_days: int = 0
    shadow: str = ""

    @property
    def spool_folder(self) -> Path:
        """The folder where predictions wait for the database."""
        if self.store_spool:
            return Path(self.store_spool)
        if self.store.startswith(SQLITE):
            return Path(f"{self.store.removeprefix(SQLITE).partition('?')[0]}-spool")
        return Path("houseprice-spool")


DEFAULT = Settings()


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Return the settings that the variables give; an unset or empty variable is the default.

    Raises:
        ConfigError: A value is invalid, or a variable has a former name; all problems are listed.
    """
    found: dict[str, Any] = {}
    problems = [
        f"{PREFIX}{old} is now {PREFIX}{new}; rename it" for old, new in RENAMED.items() if environ.get(PREFIX + old)
    ]
    for name, read in _READERS.items():
        text = environ.get(variable(name), "").strip()
        if not text:
            continue
        try:
            found[name] = read(text)
        except ValueError as err:
            problems.append(f"{variable(name)}: {err}")
    if found.get("shadow") and not found.get("store"):
        problems.append(f"{variable('shadow')}: a shadow model needs {variable('store')}, where its predictions go")
    if found.get("shadow") and found.get("store_inputs") == "off":
        problems.append(
            f"{variable('shadow')}: a shadow model needs the inputs; set {variable('store_inputs')} to hash"
        )
    if problems:
        raise ConfigError(
            f"Invalid settings in the environment: {'; '.join(problems)}.", problems, code="settings_invalid"
        )
    return Settings(**found)


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable with the prefix that is no setting."""
    known = [variable(one.name) for one in fields(Settings)] + [PREFIX + name for name in (*ELSEWHERE, *RENAMED)]
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [f"{name} is not a setting and has no effect{nearest(name, known)}" for name in unknown]


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def _whole(low: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", text) or int(text) < low:
            raise ValueError(f'"{text}" is not a whole number of at least {low}')
        return int(text)

    return read


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) or float(text) <= 0:
        raise ValueError(f'"{text}" is not a positive number of seconds')
    return float(text)


def _switch(text: str) -> bool:
    if text.lower() not in {"on", "off"}:
        raise ValueError(f'"{text}" is neither on nor off')
    return text.lower() == "on"


def _store(text: str) -> str:
    if not (text.startswith("postgresql://") or (text.startswith(SQLITE) and len(text) > len(SQLITE))):
        # The value is not shown: it may hold a password.
        raise ValueError("it is neither sqlite:///PATH nor postgresql://USER:PASSWORD@HOST/DATABASE")
    return text


def _inputs(text: str) -> str:
    if text.lower() not in {"on", "hash", "off"}:
        raise ValueError(f'"{text}" is neither on nor hash nor off')
    return text.lower()


def _prefix(text: str) -> str:
    if not re.fullmatch(r"(/[\w.~-]+)+", text):
        raise ValueError(f'"{text}" is not a path such as "/prices"')
    return text


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _keys(text: str) -> tuple[tuple[str, str], ...]:
    keys = []
    for number, part in enumerate(_list(text), 1):
        name, _, digest = part.rpartition(":")
        if not re.fullmatch(r"[0-9a-fA-F]{64}", digest) or not re.fullmatch(r"[\w.-]{0,40}", name):
            # The value is not shown: it may be the key itself.
            raise ValueError(f"entry {number} is not NAME:SHA256, the sha256 of a key as 64 hexadecimal digits")
        keys.append((name or f"key{number}", digest.lower()))
    if len({name for name, _ in keys}) < len(keys):
        raise ValueError("two keys have the same name")
    return tuple(keys)


_READERS: dict[str, Callable[[str], Any]] = {
    "max_body_bytes": _whole(0),
    "max_rows": _whole(1),
    "memory_limit_bytes": _whole(0),
    "max_concurrent": _whole(1),
    "heavy_threads": _whole(1),
    "queue_timeout_seconds": _seconds,
    "max_connections": _whole(1),
    "request_timeout_seconds": _seconds,
    "body_timeout_seconds": _seconds,
    "keep_alive_seconds": _whole(1),
    "grace_seconds": _whole(1),
    "api_keys": _keys,
    "requests_per_minute": _whole(0),
    "root_path": _prefix,
    "cors_origins": _list,
    "trusted_proxies": str,
    "metrics": _switch,
    "docs": _switch,
    "page": _switch,
    "access_log": _switch,
    "workers": _whole(1),
    "allow_red": _switch,
    "store": _store,
    "store_inputs": _inputs,
    "store_spool": str,
    "store_spool_bytes": _whole(2**20),
    "store_days": _whole(0),
    "shadow": str,
}
