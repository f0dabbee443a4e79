"""Signatures and attestations by the `cosign` command.

Key, password and token reach cosign through its environment or a file that is removed afterwards, never through an
argument. Of this process's environment only what is named here is passed on: a setting such as COSIGN_REPOSITORY would
silently look elsewhere. Only the standard library is used, because this runs beside the secrets.
"""

import base64
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from houseprice.errors import HousePriceError, RegistryError, VerificationError
from houseprice.release.credentials import Account, registry_login
from houseprice.release.image_reference import HUB, Repository
from houseprice.release.verification.policy import VerificationPolicy

PROVENANCE = "https://slsa.dev/provenance/v1"
SBOM = "https://cyclonedx.org/bom"
"""Types of attestations. By address: for its own short names cosign rewrites a predicate, and drops fields."""

ATTEMPTS = 3
INSTALL = (
    "Install it with sigstore/cosign-installer in a workflow, with `scripts/docker-engine get cosign` on a Debian, or "
    "as https://docs.sigstore.dev says."
)
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LANG|TZ|TMPDIR|XDG_\w+|SSL_CERT_(?:FILE|DIR)|(?:https?|no|all)_proxy|TUF_\w+"
    r"|SIGSTORE_(?!ID_TOKEN)\w+",
    re.IGNORECASE,
)
_UNREACHABLE = (
    r"connection refused|no such host|i/o timeout|TLS handshake|network is unreachable|connection reset"
    r"|deadline exceeded|EOF|TOOMANYREQUESTS|status code:? (?:429|5\d\d)|\[(?:POST|GET) [^]]*\]\[5\d\d\]"
)
# What cosign prints → code, class, message. The first that matches counts.
_ERRORS: tuple[tuple[str, str, type[HousePriceError], str], ...] = (
    ("decryption failed|decrypt:", "key_password_wrong", VerificationError,
     "COSIGN_PASSWORD is not the password of the private key."),
    ("pem block|PEM decoding|reading key|loading public key", "key_unreadable", VerificationError,
     "The key cannot be read; it must be PEM as `cosign generate-key-pair` writes it."),
    ("UNAUTHORIZED|unauthorized|status code 401", "registry_unauthorized", RegistryError,
     "{repository} requires a login. Check DOCKERHUB_USERNAME and DOCKERHUB_TOKEN."),
    ("DENIED|status code 403|access to the resource is denied", "registry_denied", RegistryError,
     "Access to {repository} denied: the token lacks the right to {verb}."),
    ("no signatures found|no matching (?:signatures|attestations)|(?:found )?no attestations"
     "|none of the (?:expected|attestations)|invalid signature when validating", "not_signed", VerificationError,
     "{repository} has no such signature or attestation by a trusted signer."),
    (_UNREACHABLE, "registry_unreachable", RegistryError,
     "{repository} or Sigstore cannot be reached. Try again later."),
)  # fmt: skip


@dataclass(frozen=True)
class Cosign:
    """The command, for the images of one repository.

    Attributes:
        repository: where images and their signatures are.
        account: login of the registry; without one, that of `docker login`.
        environ: the environment of this process.
        command: the program.
        seconds: how long one call may take.
        say: called for every attempt that failed in passing.
        sleep: waits between attempts.
    """

    repository: Repository
    account: Account | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    command: str = "cosign"
    seconds: float = 180
    say: Callable[[str], None] = field(default=lambda _line: None, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def name(self, digest: str) -> str:
        """Return the full name of a digest, as signatures spell it."""
        host = "index.docker.io" if self.repository.host == HUB else self.repository.host
        return f"{host}/{self.repository.path}@{digest}"

    def sign(self, digest: str, options: tuple[str, ...], secrets: Mapping[str, str]) -> None:
        """Sign an image index and the manifest of each platform.

        Args:
            digest: of an image index.
            options: how to sign, such as `--key=env://COSIGN_PRIVATE_KEY`.
            secrets: environment variables for that.
        """
        self._retry(
            "sign", "--yes", "--recursive", *options, *self._registry_options(), self.name(digest), secrets=secrets
        )

    def attest(
        self, digest: str, kind: str, predicate: Path, options: tuple[str, ...], secrets: Mapping[str, str]
    ) -> None:
        """Attest the JSON document in a file, of a type such as `PROVENANCE`, of a digest."""
        what = (f"--type={kind}", f"--predicate={predicate}")
        self._retry("attest", "--yes", *what, *options, *self._registry_options(), self.name(digest), secrets=secrets)

    def public_key(self, options: tuple[str, ...], secrets: Mapping[str, str]) -> str:
        """Return the public half of a key, in PEM."""
        return self._run("public-key", *options, secrets=secrets)

    def verify(self, digest: str, policy: VerificationPolicy) -> tuple[str, ...]:
        """Return the trusted signers of a digest.

        Raises:
            VerificationError: `not_signed`: no trusted signer signed it.
            RegistryError: the registry does not answer.
        """
        command = ("verify", "--output=json", *policy.options, *self._registry_options(), self.name(digest))
        printed = self._run(*command, secrets=policy.environment)
        try:
            found = json.loads(printed)
            signed = {one["critical"]["image"]["docker-manifest-digest"] for one in found}
            names = [(one["optional"] or {}).get("Subject") or str(policy) for one in found]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as err:
            raise _unreadable(err) from err
        if signed != {digest}:
            raise _wrong_subject(signed, digest)
        return tuple(dict.fromkeys(names))

    def verify_attestation(self, digest: str, kind: str, policy: VerificationPolicy) -> tuple[Any, ...]:
        """Return the predicates of one type that trusted signers attest of a digest.

        Raises:
            VerificationError: `not_signed`: no trusted signer attests any.
            RegistryError: the registry does not answer.
        """
        options = ("--output=json", f"--type={kind}", *policy.options, *self._registry_options())
        printed = self._run("verify-attestation", *options, self.name(digest), secrets=policy.environment)
        return tuple(_predicate(line, kind, digest) for line in printed.splitlines() if line.strip())

    def _registry_options(self) -> tuple[str, ...]:
        return ("--allow-http-registry=true", "--allow-insecure-registry=true") if self.repository.loopback else ()

    def _retry(self, *arguments: str, secrets: Mapping[str, str]) -> None:
        """Run a command again when the registry or Sigstore was busy."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._run(*arguments, secrets=secrets)
            except RegistryError as err:
                if err.code != "registry_unreachable" or attempt == ATTEMPTS:
                    raise
                self.say(f"cosign {arguments[0]}, attempt {attempt} of {ATTEMPTS}: {err}")
                self.sleep(2.0**attempt)
            else:
                return

    def _run(self, *arguments: str, secrets: Mapping[str, str]) -> str:
        with registry_login(self.account, self.repository, self.environ) as login:
            redact = self.account.redact if self.account else str
            run = (self.command, *arguments), {**passed_on(self.environ), **login}, secrets
            return run_cosign(*run, str(self.repository), self.seconds, redact)


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that cosign gets."""
    return {name: value for name, value in environ.items() if _PASSED_ON.fullmatch(name)}


def run_cosign(
    command: Sequence[str],
    environment: Mapping[str, str],
    secrets: Mapping[str, str],
    subject: str,
    seconds: float = 180,
    redact: Callable[[str], str] = str,
) -> str:
    """Run cosign and return what it printed.

    Args:
        command: program, verb and arguments.
        environment: of the program.
        secrets: more of its environment, which no message shows.
        subject: the repository or file that it is about, for messages.
        seconds: how long it may take.
        redact: takes other secrets out of its output.

    Raises:
        VerificationError, RegistryError: It failed.
    """
    verb = command[1]
    try:
        result = subprocess.run(
            [*command, f"--timeout={max(1, int(seconds))}s"],
            env={**environment, **secrets},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds + 5,
            check=False,
        )
    except OSError as err:
        raise VerificationError(f"cosign cannot be run: {err.strerror}. {INSTALL}", code="cosign_missing") from err
    except subprocess.TimeoutExpired as err:
        raise VerificationError(
            f"cosign {verb} did not finish within {seconds:.0f} s. Try again later.", code="cosign_timeout"
        ) from err
    if result.returncode == 0:
        return result.stdout
    text = redact(result.stderr)
    for secret in secrets.values():
        text = text.replace(secret, "***") if secret.strip() else text
    raise _error(subject, verb, text)


def _error(subject: str, verb: str, text: str) -> HousePriceError:
    lines = [line.removeprefix("Error: ").strip() for line in text.splitlines() if line.startswith("Error: ")]
    reason = (lines or text.strip().splitlines() or [""])[-1][:400].rstrip(": ") or "no message"
    for pattern, code, kind, template in _ERRORS:
        if re.search(pattern, reason):
            message = template.format(repository=subject, verb=verb)
            return kind(f"{message} ({reason})", code=code, reason=reason)
    return VerificationError(f"cosign {verb} failed for {subject}: {reason}", code="cosign_failed", reason=reason)


def _predicate(line: str, kind: str, digest: str) -> Any:
    """Return the predicate of one verified envelope: an in-toto statement inside DSSE."""
    try:
        statement = json.loads(base64.b64decode(json.loads(line)["payload"], validate=True))
        subjects = {f"sha256:{one['digest']['sha256']}" for one in statement["subject"]}
        found, predicate = statement["predicateType"], statement["predicate"]
    except (ValueError, LookupError, TypeError, RecursionError) as err:
        raise _unreadable(err) from err
    if digest not in subjects or found != kind:
        raise _wrong_subject(subjects, digest)
    return predicate


def _unreadable(err: Exception) -> VerificationError:
    return VerificationError(
        f"The output of cosign cannot be read ({err!r}). Use cosign 2.4 or newer.", code="cosign_output_invalid"
    )


def _wrong_subject(found: set[str], digest: str) -> VerificationError:
    subjects = ", ".join(sorted(found)) or "nothing"
    return VerificationError(
        f"The signature or attestation is of {subjects} instead of {digest}.",
        code="wrong_subject",
        reason=f"of {subjects}",
    )
