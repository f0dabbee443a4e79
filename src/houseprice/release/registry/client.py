"""A repository in, its manifests, blobs and tags out, and the way in for new ones.

These are the parts of the OCI distribution protocol that we use. Nothing that a registry says about content is
believed: digests are computed from the bytes that arrived.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from houseprice.errors import RegistryError
from houseprice.release.image_reference import Repository
from houseprice.release.registry.access import Access, Account
from houseprice.release.registry.patience import PassingError, Patience, Say, silent
from houseprice.release.registry.refusals import codes, garbage, refusal
from houseprice.release.registry.transport import BLOCK, Answer, Body, exchange, onwards, origin

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MEDIA_TYPES = (
    INDEX,
    MANIFEST,
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
MANIFEST_LIMIT = 4 << 20
_PAGES = 100
_LOST = frozenset({"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "DIGEST_INVALID", "SIZE_INVALID"})


@dataclass(frozen=True)
class Manifest:
    """A manifest as it arrived; the digest is computed from its bytes."""

    content: bytes
    media_type: str
    digest: str


@dataclass(frozen=True)
class Registry:
    """One repository of a registry, seen by one account.

    Attributes:
        repository: whose images these are.
        account: who asks; without one, what everybody may see can be read.
        say: told of every try that failed.
        patience: time limits and tries.
    """

    repository: Repository
    account: Account | None = None
    say: Say = field(default=silent, repr=False, kw_only=True)
    patience: Patience = field(default=Patience(), repr=False, kw_only=True)
    _access: Access = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Stand before the door."""
        object.__setattr__(self, "_access", Access(self.repository, self.account, self.patience))

    def manifest(self, key: str) -> Manifest | None:
        """Give back what a tag or a digest means, or nothing when there is no such thing.

        Raises:
            RegistryError: the registry refuses, does not answer, or gives other bytes than those asked for.
        """
        doing = f'Reading "{key}" of {self.repository}'

        def work(end: float) -> Manifest | None:
            headers = {"Accept": ", ".join(MEDIA_TYPES)}
            answer = self._ask("GET", f"manifests/{key}", end, headers=headers, limit=MANIFEST_LIMIT, follow=True)
            if self._is_nothing(answer, doing):
                return None
            if answer.status != 200:
                raise refusal(answer, self._access, doing, write=False)
            return self._manifest(key, answer, doing)

        return self.patience.persist(work, what=doing, say=self.say)

    def blob(self, digest: str, limit: int) -> bytes:
        """Give back the bytes of a blob of at most so many bytes.

        Raises:
            RegistryError: it is not there, is larger, or other bytes came.
        """
        doing = f"Reading {digest[:19]} of {self.repository}"

        def work(end: float) -> bytes:
            answer = self._ask("GET", f"blobs/{digest}", end, limit=limit, follow=True)
            if answer.status != 200:
                raise refusal(answer, self._access, doing, write=False)
            self._must_be(digest, answer.body)
            return answer.body

        return self.patience.persist(work, what=doing, say=self.say)

    def has_blob(self, digest: str) -> bool:
        """Tell whether a blob is there already."""
        doing = f"Looking for {digest[:19]} in {self.repository}"
        return self.patience.persist(lambda end: self._has(digest, end, doing), what=doing, say=self.say)

    def push_blob(self, path: Path, digest: str, size: int) -> None:
        """Send a file as a blob, straight from the disk, unless it is there already.

        Raises:
            RegistryError: the registry refuses or does not answer, or the file is not what its digest says.
        """
        doing = f"Sending {digest[:19]} to {self.repository}"

        def work(end: float) -> None:
            if self._has(digest, end, doing):
                return
            address = self._upload(end, doing)
            address = f"{address}{'&' if urlsplit(address).query else '?'}digest={digest}"
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
            answer = self._ask(
                "PUT", address, end, write=True, headers=headers, body=lambda: _verified(path, digest, size)
            )
            if answer.status in (404, 416) or set(codes(answer)) & _LOST:
                raise PassingError(f"the upload was lost on the way, {' '.join(codes(answer)) or answer.status}")
            if answer.status != 201:
                raise refusal(answer, self._access, doing, write=True)

        self.patience.persist(work, what=doing, say=self.say)

    def push_manifest(self, key: str, content: bytes, media_type: str) -> str:
        """Put a manifest under a tag or under its digest, and give back the digest.

        Raises:
            RegistryError: the registry refuses, does not answer, or took something else than was sent.
        """
        digest = _digest(content)
        doing = f'Putting "{key}" into {self.repository}'

        def work(end: float) -> None:
            headers = {"Content-Type": media_type, "Content-Length": str(len(content))}
            answer = self._ask("PUT", f"manifests/{key}", end, write=True, headers=headers, body=lambda: (content,))
            if answer.status != 201:
                raise refusal(answer, self._access, doing, write=True)
            taken = answer.headers.get("Docker-Content-Digest", digest)
            if taken != digest:
                raise self._changed(digest, taken)

        self.patience.persist(work, what=doing, say=self.say)
        return digest

    def tags(self) -> tuple[str, ...]:
        """Give back every tag of the repository, in order; none when there is no such repository."""
        doing = f"Listing the tags of {self.repository}"
        found: list[str] = []
        address: str | None = "tags/list?n=1000"
        for _ in range(_PAGES):
            if not address:
                break
            page, address = self._listed(address, doing)
            found += page
        return tuple(sorted(set(found)))

    def may_write(self) -> None:
        """Make sure that this account may write here, before anything is sent.

        Raises:
            RegistryError: the login is refused, the token may only read, or there is no such user or repository.
        """
        doing = f"Asking {self.repository} for the right to write"

        def work(end: float) -> None:
            address = self._upload(end, doing)
            with suppress(PassingError):  # a registry forgets what is never sent
                self._ask("DELETE", address, end, write=True)

        self.patience.persist(work, what=doing, say=self.say)

    def _ask(
        self,
        method: str,
        address: str,
        end: float,
        *,
        write: bool = False,
        headers: dict[str, str] | None = None,
        body: Body | None = None,
        limit: int = 1 << 20,
        follow: bool = False,
    ) -> Answer:
        """Send one request, and once more with what opens the door when it was found closed."""
        url = address if "://" in address else f"{self.repository.address}/v2/{self.repository.path}/{address}"
        for known in (False, True):
            given = {"User-Agent": "house-price-model", **(headers or {}), **self._access.headers(url, write=write)}
            answer = exchange(
                method, url, headers=given, body=body, limit=limit, patience=self.patience, end=end, follow=follow
            )
            if answer.status != 401 or known or origin(answer.url) != origin(self.repository.address):
                return answer  # nobody but the registry itself may ask for the account
            self._access.learn(answer, write=write, end=end)
        raise AssertionError("unreachable")

    def _has(self, digest: str, end: float, doing: str) -> bool:
        answer = self._ask("HEAD", f"blobs/{digest}", end, follow=True)
        if answer.status in (200, 404) and answer.media_type != "text/html":
            return answer.status == 200
        if origin(answer.url) != origin(self.repository.address):
            return False  # where content is kept, some answer GET alone
        raise refusal(answer, self._access, doing, write=False)

    def _upload(self, end: float, doing: str) -> str:
        """Open an upload, and give back where to."""
        answer = self._ask("POST", "blobs/uploads/", end, write=True, headers={"Content-Length": "0"})
        location = answer.headers.get("Location")
        if answer.status == 202 and location:
            return onwards(answer.url, location)
        if answer.status in (200, 202):
            raise garbage(self._access, doing, f"HTTP {answer.status} without a place to send to")
        raise refusal(answer, self._access, doing, write=True)

    def _listed(self, address: str, doing: str) -> tuple[list[str], str | None]:
        return self.patience.persist(lambda end: self._page(address, end, doing), what=doing, say=self.say)

    def _page(self, address: str, end: float, doing: str) -> tuple[list[str], str | None]:
        answer = self._ask("GET", address, end)
        if self._is_nothing(answer, doing):
            return [], None
        if answer.status != 200:
            raise refusal(answer, self._access, doing, write=False)
        try:
            listed = json.loads(answer.body)["tags"] or []
            page = [tag for tag in listed if isinstance(tag, str)]
        except (ValueError, LookupError, TypeError, RecursionError) as err:
            raise garbage(self._access, doing, f"{len(answer.body)} bytes of {answer.media_type or 'no type'}") from err
        further = re.match(r'<([^>]+)>;.*rel="?next"?', answer.headers.get("Link", ""))
        return page, onwards(answer.url, further[1]) if further and page else None

    def _is_nothing(self, answer: Answer, doing: str) -> bool:
        """Tell whether a registry says that there is no such thing; a web server's 404 says nothing of the kind."""
        if answer.status == 404 and answer.media_type == "text/html":
            raise garbage(self._access, doing, "HTTP 404, a page of HTML")
        return answer.status == 404

    def _manifest(self, key: str, answer: Answer, doing: str) -> Manifest:
        try:
            parsed = json.loads(answer.body)
            inside = parsed.get("mediaType", answer.media_type)
        except (ValueError, AttributeError, RecursionError) as err:
            raise garbage(self._access, doing, f"{len(answer.body)} bytes of {answer.media_type or 'no type'}") from err
        if answer.media_type not in MEDIA_TYPES or inside != answer.media_type:
            raise garbage(self._access, doing, f'"{answer.media_type}"')
        expected = key if ":" in key else answer.headers.get("Docker-Content-Digest", "")
        if expected.startswith("sha256:"):
            self._must_be(expected, answer.body)
        return Manifest(answer.body, answer.media_type, _digest(answer.body))

    def _must_be(self, digest: str, content: bytes) -> None:
        if _digest(content) != digest:
            raise self._changed(digest, _digest(content))

    def _changed(self, expected: str, found: str) -> RegistryError:
        return RegistryError(
            f'"{self.repository.host}" holds {found[:19]} where {expected[:19]} should be in "{self.repository.path}"; '
            "expected the very bytes of that digest; do not use what it gives, and find out who changed it."
        )


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _verified(path: Path, digest: str, size: int) -> Iterator[bytes]:
    """Give a file block by block; the last one is held back until all of them are known to be the right ones."""
    computed = hashlib.sha256()
    read, held = 0, b""
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                computed.update(block)
                read += len(block)
                if read > size:
                    break
                if held:
                    yield held
                held = block
    except OSError as err:
        raise RegistryError(
            f'"{path}" cannot be read ({err.strerror}); expected a blob of the layout; build it again.'
        ) from err
    if read != size or f"sha256:{computed.hexdigest()}" != digest:
        raise RegistryError(
            f'"{path}" is not what was tested: it has changed since; expected {size} bytes of {digest[:19]}; build and '
            "test it again."
        )
    if held:
        yield held
