"""Registry access by the `skopeo` command: digests, tags, manifests and copies that keep their digest.

The only module that runs skopeo. It uses the standard library alone, because it runs beside the registry token, which
reaches skopeo through a file and never through an argument. What may pass (rate limits, 5xx, broken connections) is
tried again; skopeo's own `--retry-times` leaves out 5xx.
"""

import hashlib
import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from houseprice.errors import RegistryError
from houseprice.release.credentials import Account, registry_login
from houseprice.release.image_reference import Reference, Repository

RETRIES = 3
"""How often something is tried again, after 1, 2 and 4 seconds."""
TIMEOUT_SECONDS = 900.0

INSTALL = "install it with `apt-get install skopeo`"
_PASSED_ON = re.compile(
    r"PATH|HOME|TMPDIR|XDG_RUNTIME_DIR|SSL_CERT_(?:FILE|DIR)|(?:https?|no|all)_proxy", re.IGNORECASE
)
# In this order: Docker Hub answers "unauthorized: access token has insufficient scopes" to a read-only token.
_CODES = {
    "registry_rate_limited": r"toomanyrequests|too many requests|\b429\b",
    "registry_not_found": r"manifest unknown|name unknown|repository name not known|\b404\b",
    "registry_denied": r"insufficient.scope|(?<!permission )denied|forbidden|\b403\b",
    "registry_unauthorized": r"unauthorized|authentication required|invalid username/password|\b401\b",
    "registry_unreachable": r"connection re(?:fused|set)|no such host|timeout|TLS|x509|unreachable|broken pipe|EOF"
    r"|deadline exceeded|server error|bad gateway|service unavailable|\b5\d\d\b",
}
_PASSING = ("registry_rate_limited", "registry_unreachable")


def digest_of(
    reference: Reference,
    account: Account | None = None,
    *,
    retries: int | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> str:
    """Return the digest that a tag names in its registry.

    Raises:
        RegistryError: `registry_not_found` when there is no such image; other codes as in `copy`.
    """
    return f"sha256:{hashlib.sha256(read_manifest(reference, account, retries=retries, timeout=timeout)).hexdigest()}"


def read_manifest(
    reference: Reference,
    account: Account | None = None,
    *,
    retries: int | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> bytes:
    """Return the manifest, or the index of several platforms, exactly as the registry holds it."""
    command = ["inspect", "--raw", *_tls(reference), _docker(reference)]
    content = _run(command, reference, account, retries=retries, timeout=timeout)
    if reference.digest and f"sha256:{hashlib.sha256(content).hexdigest()}" != reference.digest:
        raise RegistryError(f"{reference} has other content than its digest says; use another registry.")
    return content


def inspect_config(reference: Reference, account: Account | None = None) -> dict[str, Any]:
    """Return the configuration (labels, architecture) of an image; of an index, that of its first platform."""
    listed = _object(read_manifest(reference, account), reference).get("manifests")
    if isinstance(listed, list):
        digest = str(listed[0].get("digest")) if listed and isinstance(listed[0], dict) else ""
        reference = Reference(reference.repository, digest=digest)
    command = ["inspect", "--config", "--raw", *_tls(reference), _docker(reference)]
    return _object(_run(command, reference, account), reference)


def list_tags(repository: Repository, account: Account | None = None) -> tuple[str, ...]:
    """Return all tags of a repository; none when it does not exist yet."""
    whole = Reference(repository)
    try:
        output = _run(["list-tags", *_tls(whole), f"docker://{_name(repository)}"], whole, account)
    except RegistryError as err:
        if err.code == "registry_not_found":
            return ()
        raise
    return tuple(map(str, _object(output, whole).get("Tags") or ()))


def copy(source: Reference | Path, target: Reference | Path, account: Account | None = None) -> None:
    """Copy an image with all its platforms, byte for byte, between registries and folders that are OCI layouts.

    Raises:
        RegistryError: with the code `registry_unauthorized` (wrong user or token), `registry_denied` (no right to
            write, or another user's repository), `registry_not_found`, `registry_rate_limited`,
            `registry_unreachable`, or `registry_failed` for all else.
    """
    remote, write = (target, True) if isinstance(target, Reference) else (source, False)
    if not isinstance(remote, Reference):
        raise TypeError("one of both must be an image of a registry")
    # Without a format skopeo tries the next one after any refusal, and reports that instead of the refusal.
    options = ["--all", "--preserve-digests", *(["--format=oci"] if write else [])]
    names = []
    for side, place in (("src", source), ("dest", target)):
        if isinstance(place, Reference):
            options += _tls(place, side)
            names.append(_docker(place))
        else:
            names.append("oci:.")  # in the folder itself: a colon in its path would be taken for a tag
    folder = next((place for place in (source, target) if isinstance(place, Path)), None)
    if folder is target and folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    _run(["copy", *options, *names], remote, account, write=write, folder=folder)


def _run(
    arguments: list[str],
    reference: Reference,
    account: Account | None,
    *,
    write: bool = False,
    folder: Path | None = None,
    retries: int | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> bytes:
    left = RETRIES if retries is None else retries
    wait = 1.0
    while True:
        try:
            return _try(arguments, reference, account, write=write, folder=folder, timeout=timeout)
        except RegistryError as err:
            if err.code not in _PASSING or not left:
                raise
        time.sleep(wait)
        left, wait = left - 1, wait * 2


def _try(
    arguments: list[str],
    reference: Reference,
    account: Account | None,
    *,
    write: bool,
    folder: Path | None,
    timeout: float,
) -> bytes:
    kept = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    with registry_login(account, reference.repository, os.environ) as login:
        try:
            result = subprocess.run(
                ["skopeo", *arguments],  # noqa: S607 - found on the PATH, as everywhere
                env={**kept, **login},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as err:
            reason = f"no answer within {timeout:.0f} s"
            raise _error("registry_unreachable", reason, reference, account, write=write) from err
        except OSError as err:
            raise RegistryError(f"skopeo cannot be run ({err.strerror}): {INSTALL}.", code="skopeo_missing") from err
    if result.returncode == 0:
        return result.stdout
    reason = _reason(result.stderr.decode(errors="replace"))
    reason = account.redact(reason) if account else reason
    cause = reason.replace(_name(reference.repository), "")
    code = next((code for code, words in _CODES.items() if re.search(words, cause, re.IGNORECASE)), "registry_failed")
    raise _error(code, reason, reference, account, write=write)


def _reason(text: str) -> str:
    """Return the cause that skopeo's last log line names, without what it says of its own progress."""
    lines = text.strip().splitlines() or ["no message"]
    found = re.search(r'level=fatal msg="(.*)"', lines[-1])
    whole = re.sub(r"\\(.)", r"\1", found[1]) if found else lines[-1]
    whole = re.sub(r'^(?:Error parsing image name "[^"]*"|copying image \d+/\d+ from manifest list): ', "", whole)
    whole = re.sub(r"\?_state=\S+", "", whole)
    whole = re.sub(r"(sha256:[0-9a-f]{8})[0-9a-f]{56}", r"\1", whole)
    return " ".join(re.sub(r"[^\x20-\x7e]", " ", whole).split())[-400:]


def _error(code: str, reason: str, reference: Reference, account: Account | None, *, write: bool) -> RegistryError:
    repository, host = reference.repository, reference.repository.host
    name = _name(repository)
    if code == "registry_unauthorized" and account:
        message = (
            f'Login to {host} as "{account.user}" refused: wrong username or token. Set DOCKERHUB_USERNAME and '
            "DOCKERHUB_TOKEN to an account and one of its access tokens."
        )
    elif code == "registry_unauthorized":
        message = f"{name} requires a login. Set DOCKERHUB_USERNAME and DOCKERHUB_TOKEN, or run `docker login {host}`."
    elif code == "registry_denied" and write:
        message = (
            f"Push to {name} denied: the token lacks write access, or the repository is not this account's. Create a "
            "token with Read & Write; for a repository of an organisation, set DOCKERHUB_NAMESPACE to its name."
        )
    else:
        message = {
            "registry_denied": f"Pull from {name} denied: it does not exist, or this account may not read it.",
            "registry_not_found": f"{reference} does not exist.",
            "registry_rate_limited": f"{host} limits the rate of requests. Wait some minutes and run this again.",
            "registry_unreachable": f"{host} cannot be reached. Check host name and network, then run this again.",
        }.get(code, f"skopeo failed for {reference}.")
    return RegistryError(f"{message} ({reason})", code=code, reference=str(reference), reason=reason)


def _docker(reference: Reference) -> str:
    """Return skopeo's name of an image; a digest and a tag cannot both be given, and the digest counts."""
    name = _name(reference.repository)
    return f"docker://{name}@{reference.digest}" if reference.digest else f"docker://{name}:{reference.tag}"


def _name(repository: Repository) -> str:
    return f"{repository.host}/{repository.path}"


def _tls(reference: Reference, side: str = "") -> list[str]:
    """Return the option for plain HTTP, which is spoken on loopback only."""
    return [f"--{f'{side}-' if side else ''}tls-verify=false"] if reference.repository.loopback else []


def _object(content: bytes, reference: Reference) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as err:
        raise RegistryError(f"The registry describes {reference} with something that is not JSON ({err}).") from err
    return found if isinstance(found, dict) else {}
