"""Digests in, signatures and attestations out: the `cosign` command with argument lists and time limits.

Nothing but Python's own library is needed, for this runs beside the secret. The key, its password and the registry's
token go through the environment or a folder that is gone afterwards, never through an argument. Of the environment,
only what is named here goes on to the command: a setting such as COSIGN_REPOSITORY would silently look elsewhere.
"""

import base64
import json
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from houseprice.errors import HousePriceError, RegistryError, VerificationError
from houseprice.release.image_reference import HUB, Repository
from houseprice.release.registry.access import Account
from houseprice.release.registry.patience import GaveUpError, PassingError, Patience, Say, silent
from houseprice.release.verification.policy import Trust

EVIDENCE = "https://github.com/house-price-model/evidence/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
SBOM = "https://cyclonedx.org/bom"
"""Types of what is attested. By address: cosign's own short names rewrite what they are given, and drop fields."""

LIMIT = 64 * 2**20
"""Bytes that the command may print: more is no attestation of ours."""

INSTALL = (
    "install it with sigstore/cosign-installer in a workflow, with `scripts/docker-engine get cosign` on a Debian, or "
    "as https://docs.sigstore.dev says."
)
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LANG|TZ|TMPDIR|XDG_\w+|SSL_CERT_(?:FILE|DIR)|(?:https?|no|all)_proxy|DOCKER_CONFIG|TUF_\w+"
    r"|SIGSTORE_(?!ID_TOKEN)\w+",
    re.IGNORECASE,
)
_UNREACHABLE = re.compile(
    r"connection refused|no such host|i/o timeout|TLS handshake|network is unreachable|connection reset"
    r"|deadline exceeded"
)
_PASSING = re.compile(
    rf"{_UNREACHABLE.pattern}|EOF|TOOMANYREQUESTS|status code:? (?:429|5\d\d)|\[(?:POST|GET) [^]]*\]\[5\d\d\]"
)
_REFUSED = re.compile(r"UNAUTHORIZED|DENIED|unauthorized|status code 40[13]|access to the resource is denied")


@dataclass(frozen=True)
class Statement:
    """What somebody who is trusted attests of a digest."""

    subjects: tuple[str, ...]
    predicate: Any


@dataclass(frozen=True)
class Cosign:
    """The command, at work on the images of one repository.

    Attributes:
        repository: where images and their signatures are kept.
        account: who is logged in there; without one, whoever the Docker client knows.
        environ: the environment of this process.
        command: the program.
        seconds: how long one call may take.
        patience: how often what fails in passing is tried, when something is signed.
        say: told of every try that failed.
    """

    repository: Repository
    account: Account | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: str = "cosign"
    seconds: float = 180
    patience: Patience = field(default=Patience(tries=3, first_seconds=2), repr=False)
    say: Say = field(default=silent, repr=False)

    def subject(self, digest: str) -> str:
        """Give back the full name of a digest, as signatures spell it."""
        host = "index.docker.io" if self.repository.host == HUB else self.repository.host
        return f"{host}/{self.repository.path}@{digest}"

    def sign(self, digest: str, options: tuple[str, ...], secrets: Mapping[str, str]) -> None:
        """Sign an index and the manifest of each of its platforms; done twice, it is there once."""
        self._insist("sign", "--yes", "--recursive", *options, *self._plain(), self.subject(digest), more=secrets)

    def attest(self, digest: str, kind: str, path: Path, options: tuple[str, ...], secrets: Mapping[str, str]) -> None:
        """Attest the content of a JSON file of a digest."""
        what = (f"--type={kind}", f"--predicate={path}")
        self._insist("attest", "--yes", *what, *options, *self._plain(), self.subject(digest), more=secrets)

    def public_key(self, options: tuple[str, ...], secrets: Mapping[str, str]) -> str:
        """Give back the public half of a key, in PEM."""
        return self._ask("public-key", *options, more=secrets)

    def signers(self, digest: str, trust: Trust) -> tuple[str, ...]:
        """Give back who signed a digest, of those who are trusted.

        Raises:
            VerificationError: nobody who is trusted did.
            RegistryError: the registry does not answer.
        """
        command = ("verify", "--output=json", *trust.options, *self._plain(), self.subject(digest))
        found = _json(self._ask(*command, more=trust.environment))
        try:
            claimed = {one["critical"]["image"]["docker-manifest-digest"] for one in found}
            names = [(one["optional"] or {}).get("Subject") or str(trust) for one in found]
        except (KeyError, TypeError, AttributeError) as err:
            raise VerificationError(
                f"cosign printed no signatures that can be read ({err!r}); use cosign 2.4 to 2.6."
            ) from err
        if claimed != {digest}:
            raise VerificationError(
                f"The signatures are of {', '.join(sorted(claimed)) or 'nothing'}; expected {digest}."
            )
        return tuple(dict.fromkeys(names))

    def statements(self, digest: str, kind: str, trust: Trust) -> tuple[Statement, ...]:
        """Give back what those who are trusted attest of a digest, of one type.

        Raises:
            VerificationError: nobody who is trusted attests anything of that type.
            RegistryError: the registry does not answer.
        """
        command = ("verify-attestation", "--output=json", f"--type={kind}", *trust.options, *self._plain())
        printed = self._ask(*command, self.subject(digest), more=trust.environment)
        return tuple(_statement(line, kind) for line in printed.splitlines() if line.strip())

    def _plain(self) -> tuple[str, ...]:
        return ("--allow-http-registry=true", "--allow-insecure-registry=true") if self.repository.loopback else ()

    def _insist(self, *arguments: str, more: Mapping[str, str]) -> None:
        """Do what may fail in passing: the registry, or whoever vouches for an identity, may be busy."""

        def work(end: float) -> None:
            del end
            try:
                self._ask(*arguments, more=more)
            except HousePriceError as err:
                if _PASSING.search(str(err)):
                    raise PassingError(str(err).rstrip(".")) from err
                raise

        self.patience.persist(work, what=f"cosign {arguments[0]}", say=self.say)

    def _ask(self, *arguments: str, more: Mapping[str, str]) -> str:
        kept = {name: value for name, value in self.environ.items() if _PASSED_ON.fullmatch(name)}
        with self._logged_in() as login:
            code, out, err = self._run(arguments, {**kept, **login, **more})
        if code == 0:
            return out
        for secret in more.values():
            err = err.replace(secret, "***") if secret.strip() else err
        raise self._refusal(arguments[0], self.account.hide(err) if self.account else err)

    def _run(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> tuple[int, str, str]:
        limit = f"--timeout={max(1, int(self.seconds))}s"
        with tempfile.TemporaryFile() as said:
            try:
                process = subprocess.Popen(
                    [self.command, *arguments, limit],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    start_new_session=True,
                )
            except OSError as err:
                raise VerificationError(
                    f"cosign cannot be run ({err.strerror}); expected it on the PATH; {INSTALL}",
                    code="cosign_missing",
                ) from err
            late = threading.Event()

            def end() -> None:
                late.set()
                process.kill()

            timer = threading.Timer(self.seconds + 5, end)
            timer.start()
            try:
                with process:
                    out = process.stdout.read(LIMIT + 1) if process.stdout else b""
                    if len(out) > LIMIT:
                        process.kill()
            finally:
                timer.cancel()
                process.kill()
            if late.is_set():
                raise VerificationError(
                    f"cosign {arguments[0]} did not end within {self.seconds:.0f} s; try again later."
                )
            if len(out) > LIMIT:
                raise VerificationError(
                    f"cosign printed more than {LIMIT} bytes; expected attestations of this project."
                )
            said.seek(0)
            return process.returncode, out.decode("utf-8", "replace"), said.read(65536).decode("utf-8", "replace")

    @contextmanager
    def _logged_in(self) -> Iterator[Mapping[str, str]]:
        """Keep the account where Docker clients look for it, in a folder that nobody else can read, for one call."""
        if not self.account:
            yield {}
            return
        name = "https://index.docker.io/v1/" if self.repository.host == HUB else self.repository.host
        login = self.account.basic.removeprefix("Basic ")
        with tempfile.TemporaryDirectory(prefix="houseprice-cosign-") as folder:
            config = Path(folder) / "config.json"
            config.touch(mode=0o600)
            config.write_text(json.dumps({"auths": {name: {"auth": login}}}))
            yield {"DOCKER_CONFIG": folder}

    def _refusal(self, verb: str, text: str) -> VerificationError | RegistryError:
        lines = [line.removeprefix("Error: ").strip() for line in text.splitlines() if line.startswith("Error: ")]
        last = (lines or text.strip().splitlines() or ["no word"])[-1][:400]
        if re.search("decryption failed|decrypt:", last):
            return VerificationError(
                "The password does not open the private key; expected the key's own; set COSIGN_PASSWORD."
            )
        if re.search("pem block|PEM decoding|reading key|loading public key", last):
            return VerificationError(
                f"The key cannot be read ({last}); expected PEM as `cosign generate-key-pair` writes it."
            )
        if _REFUSED.search(last):
            return RegistryError(
                f"{self.repository.host} refuses what cosign wants to {verb} in {self.repository} ({last}); expected "
                "an account with the right to do so; check user name and token."
            )
        if self._is_of_the_registry(last):
            return GaveUpError(f"{self.repository.host} did not answer cosign ({last}); try again later.")
        return VerificationError(f"cosign {verb} failed for {self.repository} ({last}).", [last.rstrip(": ")])

    def _is_of_the_registry(self, text: str) -> bool:
        hosts = ("docker.io", "docker.com") if self.repository.host == HUB else (self.repository.host,)
        return bool(_UNREACHABLE.search(text)) and any(host in text for host in hosts)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise VerificationError(f"cosign printed no JSON ({err}); use cosign 2.4 to 2.6.") from err


def _statement(line: str, kind: str) -> Statement:
    """Read one verified envelope: in-toto's statement inside DSSE."""
    envelope = _json(line)
    try:
        content = _json(base64.b64decode(envelope["payload"], validate=True).decode())
        subjects = tuple(f"sha256:{one['digest']['sha256']}" for one in content["subject"])
        found, predicate = content["predicateType"], content["predicate"]
    except (KeyError, TypeError, ValueError) as err:
        raise VerificationError(
            f"An attestation holds no statement ({err!r}); expected in-toto's; attest it again."
        ) from err
    if found != kind:
        raise VerificationError(f'An attestation is of type "{found}"; expected "{kind}"; attest it again.')
    return Statement(subjects, predicate)
