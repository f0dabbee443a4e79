"""A layout that was published in, its signature and attestations out, checked as soon as they are there.

Runs beside the secret: nothing but Python's own library is needed.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from houseprice.errors import VerificationError
from houseprice.release.image_reference import Repository
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.access import Account
from houseprice.release.registry.patience import Say, silent
from houseprice.release.verification.cosign import EVIDENCE, INSTALL, PROVENANCE, SBOM, Cosign
from houseprice.release.verification.image_reader import EVIDENCE_FILE, SBOM_FILE, Shelved, read_image, read_index
from houseprice.release.verification.policy import Trust
from houseprice.release.verification.provenance import builder, built_here, provenance

KEY, PASSWORD = "COSIGN_PRIVATE_KEY", "COSIGN_PASSWORD"
_TOKEN = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


@dataclass(frozen=True)
class Signer:
    """Who signs what is published in one repository.

    Attributes:
        cosign: the command that does it.
        trust: what is to be believed of it; nothing where nothing is signed.
        options: how the command is told who signs.
        secrets: what it finds in its environment for that.
    """

    cosign: Cosign
    trust: Trust | None
    options: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        repository: Repository,
        account: Account | None = None,
        *,
        command: str = "cosign",
        say: Say = silent,
    ) -> Self:
        """Give back who signs here: the owner of COSIGN_PRIVATE_KEY, or this run of a workflow.

        With a key nobody but the registry is asked, and nothing is written into a public log. On a registry of this
        very machine nothing need be signed: the signer then says so, and does nothing.

        Raises:
            VerificationError: there is neither, the key cannot be read, or cosign is not here.
        """
        cosign = Cosign(repository, account, environ, command, say=say)
        if environ.get(KEY, "").strip():
            secrets = {KEY: _private_key(environ), PASSWORD: environ.get(PASSWORD, "")}
            key = (f"--key=env://{KEY}",)
            trust = Trust.in_key(cosign.public_key(key, secrets), KEY)
            return cls(cosign, trust, (*key, "--tlog-upload=false"), secrets)
        if environ.get(_TOKEN[0]):
            workflow = Trust.in_identity(re.escape(builder(environ)))
            return cls(cosign, workflow, (), {name: environ.get(name, "") for name in _TOKEN})
        if repository.loopback:
            return cls(cosign, None)
        raise VerificationError(
            f"Nobody is here to sign for {repository}; expected a workflow with the right `id-token: write`, or {KEY} "
            f"with {PASSWORD}; grant the one, or make a pair with `cosign generate-key-pair`."
        )

    def sign(self, digest: str) -> None:
        """Sign an index and the manifests of its platforms; what is signed already stays so."""
        self.cosign.sign(digest, self.options, self.secrets)

    def attest(self, digest: str, kind: str, content: bytes) -> bool:
        """Attest a JSON document of a digest, unless that is attested already; give back whether it was done."""
        predicate = json.loads(content)
        if predicate in self.attested(digest, kind):
            return False
        with tempfile.TemporaryDirectory(prefix="houseprice-attest-") as folder:
            path = Path(folder) / "predicate.json"
            path.write_bytes(content)
            self.cosign.attest(digest, kind, path, self.options, self.secrets)
        return True

    def attested(self, digest: str, kind: str) -> list[Any]:
        """Give back what this signer attests of a digest already."""
        try:
            return [one.predicate for one in self.cosign.statements(digest, kind, self._trust)]
        except VerificationError:
            return []

    @property
    def _trust(self) -> Trust:
        if self.trust is None:
            raise VerificationError(f"Nobody is here to sign for {self.cosign.repository}; {INSTALL}")
        return self.trust


def sign_everything(layout: Layout, digest: str, signer: Signer, environ: Mapping[str, str], say: Say) -> None:
    """Sign a published index and attest its evidence, its provenance, and the parts of every platform; then look.

    Done again it changes nothing, so that a run that broke off can be repeated.

    Args:
        layout: what was published.
        digest: of its index, as the registry knows it.
        signer: who signs.
        environ: of this process: what GitHub says of the run, for the provenance.
        say: told what happens.

    Raises:
        VerificationError: the digest is not the layout's, something cannot be signed, or does not verify afterwards.
        RegistryError: the registry refuses, or does not answer.
        ImageError: the layout lacks a file that is to be attested.
    """
    if digest != layout.index.digest:
        raise VerificationError(
            f"Asked to sign {digest}; expected the index of the layout, {layout.index.digest}; sign that."
        )
    if signer.trust is None:
        say(f"NOT SIGNED: {signer.cosign.repository} is on this machine, and there is no key; nobody can verify it.")
        return
    wanted = list(_predicates(layout, digest, environ))
    signer.sign(digest)
    say(f"signed {digest}, as {signer.trust}")
    for subject, kind, content in wanted:
        done = signer.attest(subject, kind, content)
        say(f"{'attested' if done else 'was attested before:'} {kind} of {subject}")
    for signed in (digest, *(one.digest for one in layout.manifests())):
        signer.cosign.signers(signed, signer.trust)
    for subject, kind, content in wanted:
        if json.loads(content) not in signer.attested(subject, kind):
            raise VerificationError(
                f"The attestation {kind} of {subject} is not there after it was made; publish again."
            )
    say(f"verified {digest}: signature and {len(wanted)} attestations")


def _predicates(layout: Layout, digest: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str, bytes]]:
    """Give digest, type and content of all that is attested; the parts of the index are those of its first platform."""
    shelf = Shelved(layout)
    image = read_image(shelf, read_index(shelf, digest))
    for platform in image.platforms:
        for name in (EVIDENCE_FILE, SBOM_FILE):
            if name not in platform.files:
                raise VerificationError(
                    f'The image for {platform.name} holds no "{name}"; build it again with --layout.'
                )
    first = image.platforms[0]
    evidence = first.files[EVIDENCE_FILE]
    written = layout.folder / "provenance.json"
    made = written.read_bytes() if written.is_file() else provenance(image, json.loads(evidence), environ)
    built_here(json.loads(made), environ)
    yield image.digest, EVIDENCE, evidence
    yield image.digest, PROVENANCE, made
    yield image.digest, SBOM, first.files[SBOM_FILE]
    for platform in image.platforms:
        yield platform.digest, SBOM, platform.files[SBOM_FILE]


def _private_key(environ: Mapping[str, str]) -> str:
    """Give back the text of the private key: itself, of another variable, or of a file."""
    given = environ[KEY].strip()
    if given.startswith("env://"):
        name = given.removeprefix("env://")
        given = environ.get(name, "").strip() if name != KEY else ""
        if not given:
            raise VerificationError(
                f'{KEY} is "env://{name}", which is not set; expected the private key in there; set it.'
            )
    if "-----BEGIN" in given:
        return given + "\n"
    try:
        return Path(given).read_text(encoding="ascii")
    except (OSError, ValueError) as err:
        said = getattr(err, "strerror", None) or "no text"
        raise VerificationError(
            f"{KEY} names a file that cannot be read ({said}); expected PEM, its path, or env://NAME; correct it."
        ) from err
