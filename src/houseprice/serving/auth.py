"""Authentication by API keys, of which only the SHA-256 is known."""

import hashlib
import hmac
from collections.abc import Iterable

Headers = Iterable[tuple[bytes, bytes]]


class ApiKeys:
    """The API keys, each with the name of its holder."""

    def __init__(self, keys: tuple[tuple[str, str], ...]) -> None:
        self._keys = [(name, bytes.fromhex(digest)) for name, digest in keys]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def holder(self, headers: Headers) -> str | None:
        """Return the name of the key in `X-API-Key` or the bearer token, or None when there is no valid one.

        Every key is compared in constant time, so that the time of an answer reveals nothing.
        """
        sent = b""
        for name, value in headers:
            if name == b"x-api-key":
                sent = value
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                sent = value[7:].strip()
        digest = hashlib.sha256(sent).digest()
        found = None
        for holder, expected in self._keys:
            if hmac.compare_digest(digest, expected):
                found = holder
        return found
