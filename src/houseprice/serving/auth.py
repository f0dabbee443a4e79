"""Headers in, who asks out: API keys of which only hashes are known, and how often each may ask."""

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

MOST_CALLERS = 10_000
"""Callers whose budget is remembered; the one that has not asked for longest is forgotten first."""

Headers = Iterable[tuple[bytes, bytes]]


class Keys:
    """The keys that open the API."""

    def __init__(self, keys: tuple[tuple[str, str], ...]) -> None:
        self._keys = [(name, bytes.fromhex(digest)) for name, digest in keys]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def holder(self, headers: Headers) -> str | None:
        """Give back the name of the key that was sent as `X-API-Key` or as a bearer token; None when it is none.

        Every key is compared, each in constant time, so that the time tells nothing.
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


class Budget:
    """A token bucket for each caller: so many requests a minute, as many at once after a quiet minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """Take one request off a caller's budget; give back 0, or the seconds until there is one again."""
        if not self._most:
            return 0.0
        now = self._clock()
        left, then = self._left.pop(caller, (self._most, now))
        left = min(self._most, left + max(now - then, 0.0) * self._most / 60.0)
        granted = left >= 1.0
        self._left[caller] = (left - 1.0 if granted else left, now)
        if len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        return 0.0 if granted else (1.0 - left) * 60.0 / self._most
