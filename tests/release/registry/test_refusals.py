"""A registry that refuses, hangs or is none, and the one sentence for each; whatever may pass was tried again first."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from faulty import DENIED, UNKNOWN, Faulty, answers, drips, hangs

from houseprice.errors import RegistryError
from houseprice.release.registry.client import MANIFEST, Account, Registry
from houseprice.release.registry.patience import GaveUpError

Through = Callable[..., Registry]


def test_pauses_grow_and_the_registrys_own_wish_counts(through: Through, proxy: Faulty, pauses: list[float]) -> None:
    """Each pause is twice as long; Retry-After is kept, in seconds or as a date; five tries are all."""
    proxy.when("GET", answers(503))
    with pytest.raises(GaveUpError, match=r'failed in 5 tries \(".*" answers HTTP 503\); expected .*; see whether'):
        through(total=1000).manifest("a")
    assert pauses == [1, 2, 4, 8]
    proxy.faults.clear()
    proxy.when("GET", answers(429, Retry_After="77"), times=1)
    soon = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 50))
    proxy.when("GET", answers(503, Retry_After=soon), times=1)
    assert through(total=1000).manifest("a") is None
    assert pauses[4] == 77
    assert 45 < pauses[5] <= 50


def test_a_registry_that_wants_to_be_left_alone_for_long_is_left(
    through: Through, proxy: Faulty, pauses: list[float]
) -> None:
    """A pause that is longer than the whole limit is not begun; the sentence says how long it would be."""
    proxy.when("GET", answers(429, Retry_After="21600"))
    with pytest.raises(GaveUpError, match=r"failed in 1 try .*asks to be left alone for 21600 s"):
        through().manifest("a")
    assert pauses == []


def test_a_registry_that_is_silent_is_not_waited_for(through: Through, proxy: Faulty) -> None:
    """No byte within the limit, for every try: the sentence names the silence."""
    proxy.when("", hangs)
    begin = time.monotonic()
    with pytest.raises(GaveUpError, match=r"failed in 5 tries .*silent for 0 s"):
        through(silence=0.1).manifest("a")
    assert time.monotonic() - begin < 5


def test_a_registry_that_drips_is_not_waited_for(through: Through, proxy: Faulty) -> None:
    """A byte now and then keeps the connection lively; the total limit ends it all the same."""
    proxy.when("", drips)
    begin = time.monotonic()
    with pytest.raises(GaveUpError, match="was not done in time"):
        through(total=0.6).manifest("a")
    assert time.monotonic() - begin < 3


def test_a_registry_that_is_not_there(through: Through, proxy: Faulty, path: str) -> None:
    """Nobody listens: it is tried again, and said."""
    registry = Registry(type(through().repository)("localhost:1", path), None, patience=through(total=100).patience)
    with pytest.raises(GaveUpError, match=r"failed in 5 tries .*Connection refused"):
        registry.tags()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (answers(200, b"<html>Welcome</html>", Content_Type="text/html"), "with something else .*expected what"),
        (answers(404, b"<html>Not here</html>", Content_Type="text/html"), "a page of HTML"),
        (answers(200, b"{", Content_Type=MANIFEST), "with something else"),
        (answers(200, b"[]", Content_Type=MANIFEST), "with something else"),
        (answers(200, b"[" * 100_000, Content_Type=MANIFEST), "with something else"),
        (answers(200, b'{"mediaType": "x/y"}', Content_Type=MANIFEST), "with something else"),
        (answers(200, b"{}", Content_Type="application/json"), "with something else"),
        (answers(200, b"x" * ((4 << 20) + 1), Content_Type=MANIFEST), "more than 4194304 bytes"),
        (answers(302, Location="ftp://example.org/"), 'points to "ftp://example.org/"'),
        (answers(302, Location="http://example.org/"), "expected an address with https"),
        (answers(302, Location="https://exa mple.org/"), "expected an address with https"),
        (answers(302, Location="https://[x/"), "expected an address with https"),
        (answers(307, Location="/v2/a/manifests/a"), "redirects more than 5 times"),
        (answers(418, b'{"errors": [{"code": "TEAPOT", "message": "short\\n\\u0007and stout"}]}'),
         r"was refused by .*\(HTTP 418, TEAPOT: short and stout\)"),
        (answers(403, DENIED), "does not show .* to \"tester\""),
        (answers(401, b"{}"), "asks for a login, and not in which way"),
    ],
)  # fmt: skip
def test_what_is_no_registry_is_said(through: Through, proxy: Faulty, fault: Any, sentence: str) -> None:
    """Pages of HTML, JSON of another kind, endless answers, and redirects to nowhere: one sentence, no second try."""
    proxy.when("GET", fault, times=20)
    with pytest.raises(RegistryError, match=sentence) as caught:
        through().manifest("a")
    assert not isinstance(caught.value, GaveUpError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (answers(403, DENIED), "takes nothing for .*DENIED.*expected one with the right to write"),
        (answers(401, DENIED, WWW_Authenticate='Basic realm="x"'), "refused the login"),
        (answers(404, UNKNOWN), "knows no repository .*correct DOCKERHUB_USERNAME"),
        (answers(202), "without a place to send to"),
        (answers(200, b"<html>", Content_Type="text/html"), "without a place to send to"),
        (answers(202, Location="http://example.org/x"), "expected an address with https"),
        (answers(413), "free some room there"),
        (answers(405), "look up what it says"),
    ],
)
def test_who_may_not_write_learns_it_first(through: Through, proxy: Faulty, fault: Any, sentence: str) -> None:
    """A read-only token, a repository that does not exist, and what only looks like a registry."""
    proxy.when("POST", fault)
    with pytest.raises(RegistryError, match=sentence) as caught:
        through().may_write()
    assert not isinstance(caught.value, GaveUpError)


def test_asking_for_the_right_to_write_leaves_nothing(through: Through, straight: Registry) -> None:
    """No tag, no content; the upload that was opened is closed again."""
    through().may_write()
    assert straight.tags() == ()


def test_no_message_holds_the_token(through: Through, proxy: Faulty, path: str) -> None:
    """Not even when the registry itself says it back; neither in the text of any value."""
    account = Account("tester", "a-secret-of-mine")
    echoed = {"errors": [{"code": "X", "message": f"{account.token} {account.basic}"}]}
    proxy.when("GET", answers(400, json.dumps(echoed).encode()))
    registry = through(account)
    with pytest.raises(RegistryError) as caught:
        registry.manifest("a")
    for text in (str(caught.value), repr(registry), repr(account), repr(registry._access), str(account)):
        assert not re.search(f"{account.token}|{account.basic.partition(' ')[2]}", text)
    assert "X: *** Basic ***" in str(caught.value)
