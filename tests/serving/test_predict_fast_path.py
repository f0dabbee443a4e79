"""The short way to a price gives the answers of the documented one; houses that share a call keep their own."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp
from toy import FULL, LEAST

from houseprice.bundle.load import Bundle
from houseprice.serving.app import create_app
from houseprice.serving.settings import Settings

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=2),
    st.sampled_from([120.5, 4, "98178", "98039", "gas", "2014-10-13", "good", 3]),
)  # fmt: skip
NAMES = st.sampled_from([*FULL, "paid", "livin area", ""])
HOUSES = st.builds(
    lambda base, more: {**base, **more}, st.sampled_from([FULL, LEAST, {}]), st.dictionaries(NAMES, VALUES, max_size=3)
)
BODIES = st.one_of(
    HOUSES.map(lambda house: json.dumps(house).encode()),
    HOUSES.map(lambda house: b'{"rooms": 1, ' + json.dumps({**house, "rooms": 4}).encode()[1:]),
    st.binary(max_size=40),
    VALUES.map(lambda value: json.dumps(value).encode()),
)  # fmt: skip


async def ask(app: ASGIApp, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """Send a body to an application."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house") as client:
        return await client.post("/predict", content=body, headers=headers)


@pytest.fixture(scope="module")
def documented(toy: Bundle) -> Any:
    """Give the API without the short way."""
    return create_app(toy, Settings(max_body_bytes=2000, metrics=False)).documented


@pytest.fixture(scope="module")
def lean(toy: Bundle) -> ASGIApp:
    """Give the API as it is."""
    return create_app(toy, Settings(max_body_bytes=2000, metrics=False))


@given(
    body=BODIES,
    kind=st.sampled_from(["application/json", "application/json; charset=utf-8", "text/csv", None]),
    coding=st.sampled_from([None, None, None, "gzip", "identity", "application/json", ""]),
)
@settings(max_examples=400, deadline=None)
def test_both_ways_give_the_same_bytes(
    lean: ASGIApp, documented: ASGIApp, body: bytes, kind: str | None, coding: str | None
) -> None:
    """Prices, refusals and all: status, body, content type and length."""
    given = {"content-type": kind, "content-encoding": coding}
    headers = {name: value for name, value in given.items() if value is not None}
    one, other = asyncio.run(ask(lean, body, headers)), asyncio.run(ask(documented, body, headers))
    assert (one.status_code, one.content) == (other.status_code, other.content)
    for name in ("content-type", "content-length"):
        assert one.headers.get(name) == other.headers.get(name)
