"""API keys are recognised in either header, and nothing else is."""

import hashlib

import pytest

from houseprice.serving.auth import ApiKeys

KEYS = ApiKeys((("ann", hashlib.sha256(b"secret").hexdigest()), ("bob", hashlib.sha256(b"other").hexdigest())))


@pytest.mark.parametrize(
    ("headers", "holder"),
    [
        ([(b"x-api-key", b"secret")], "ann"),
        ([(b"authorization", b"Bearer other")], "bob"),
        ([(b"authorization", b"bearer  other ")], "bob"),
        ([(b"authorization", b"Basic other")], None),
        ([(b"x-api-key", b"")], None),
        ([(b"x-api-key", hashlib.sha256(b"secret").hexdigest().encode())], None),
        ([], None),
    ],
)
def test_a_valid_key_has_a_holder(headers: list[tuple[bytes, bytes]], holder: str | None) -> None:
    """In X-API-Key or as a bearer token; its hash is no key."""
    assert KEYS.holder(headers) == holder
