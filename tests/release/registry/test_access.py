"""Tokens as Docker Hub hands them out: who gets one, what it opens, and what is said when it opens too little."""

from collections.abc import Callable
from pathlib import Path

import pytest
from faulty import Faulty, answers, changes, faulty, tokens

from houseprice.errors import RegistryError
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Account, Registry
from houseprice.release.registry.patience import GaveUpError, silent
from houseprice.release.registry.publishing import publish

Through = Callable[..., Registry]
ACCOUNT = Account("tester", "a-token-of-the-tests")
COMMIT = "a" * 40


@pytest.mark.parametrize("opaque", [False, True])
def test_a_token_opens_the_door(
    through: Through, proxy: Faulty, path: str, layout: Callable[..., Layout], opaque: bool
) -> None:
    """A whole image is published with tokens; name and secret are said to the giver of tokens alone, once."""
    tokens(proxy, ACCOUNT.basic, path, "pull", "push", opaque=opaque)
    image = layout(COMMIT)
    done = publish(
        image, through(), COMMIT, tested=image.index.digest, move_latest=True,
        newer=lambda revision, created: True, sign=lambda digest: None, say=silent,
    )  # fmt: skip
    assert done.tags == (COMMIT[:7], "latest")
    shown = list(zip(proxy.asked, proxy.headers, strict=True))
    assert all("Basic" not in headers.get("Authorization", "") for line, headers in shown if "/token" not in line)
    asked = [line for line in proxy.asked if "/token" in line]
    assert len(asked) == 1
    assert f"scope=repository%3A{path.replace('/', '%2F')}%3Apull%2Cpush" in asked[0]
    assert "service=tests" in asked[0]


def test_everybody_may_read_what_is_public(through: Through, proxy: Faulty, path: str, straight: Registry) -> None:
    """Without an account a token is had that opens reading, and nobody's name is said."""
    tokens(proxy, "", path, "pull")
    proxy.added["Authorization"] = ACCOUNT.basic
    assert through(None).manifest("a") is None
    with pytest.raises(RegistryError, match=r"asks for a login .*DOCKERHUB_USERNAME and DOCKERHUB_TOKEN; set both"):
        through(None).may_write()


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_login_is_said(through: Through, proxy: Faulty, path: str, status: int) -> None:
    """A wrong token, and a user that does not exist: Docker Hub says no more than that; nothing was begun."""
    tokens(proxy, ACCOUNT.basic, path, refuses=status)
    with pytest.raises(RegistryError, match=r'refused the login of "tester" .*of one account that exists') as caught:
        through().may_write()
    assert not isinstance(caught.value, GaveUpError)
    assert not [line for line in proxy.asked[1:] if "/token" not in line]


def test_a_refused_basic_login_is_said(through: Through) -> None:
    """The same of a registry without tokens."""
    with pytest.raises(RegistryError, match=r'refused the login of "tester" \(HTTP 401'):
        through(Account("tester", "wrong")).may_write()
    with pytest.raises(RegistryError, match="refused the login"):
        through(Account("tester", "wrong")).manifest("a")
    with pytest.raises(RegistryError, match="asks for a login"):
        through(None).manifest("a")


@pytest.mark.parametrize(
    ("actions", "opaque", "found"),
    [(("pull",), False, "it may pull"), ((), False, "it may do nothing there"), (("pull",), True, "HTTP 401")],
)
def test_a_token_that_may_only_read_is_said(
    through: Through, proxy: Faulty, path: str, actions: tuple[str, ...], opaque: bool, found: str
) -> None:
    """From what it says of itself, before anything is sent; a token that says nothing is refused when it is shown."""
    tokens(proxy, ACCOUNT.basic, path, *actions, opaque=opaque)
    with pytest.raises(RegistryError, match=f"with this token \\({found}.*make one with read and write"):
        through().may_write()
    if actions:
        assert through().manifest("a") is None


def test_a_token_that_ran_out_is_renewed(through: Through, proxy: Faulty, path: str, tmp_path: Path) -> None:
    """A long upload outlives its token: another one is asked for, and the blob is sent again."""
    tokens(proxy, ACCOUNT.basic, path, "pull", "push")
    registry = through()
    registry.may_write()
    challenge = f'Bearer realm="http://{proxy.host}/token",service="tests",error="invalid_token"'
    proxy.faults.insert(0, lambda handler: handler.command == "PUT" and late(handler))
    seen = []

    def late(handler: object) -> bool:
        seen.append(handler)
        return len(seen) == 1 and answers(401, WWW_Authenticate=challenge)(handler)  # type: ignore[arg-type]

    path_ = tmp_path / "blob"
    path_.write_bytes(b"{}")
    digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    registry.push_blob(path_, digest, 2)
    assert registry.has_blob(digest)
    assert len(seen) == 2


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"<html>", b'{"token": 7}', b'{"token": "a b"}', b'{"token": "a\\nHost: b"}']
)
def test_what_is_no_token_is_said(through: Through, proxy: Faulty, path: str, body: bytes) -> None:
    """A giver of tokens that gives something else; a line break can never reach the next request."""
    proxy.when("/token", answers(200, body))
    tokens(proxy, ACCOUNT.basic, path)
    with pytest.raises(RegistryError, match="gives no token"):
        through().may_write()


def test_a_giver_of_tokens_may_be_busy(through: Through, proxy: Faulty, path: str, pauses: list[float]) -> None:
    """It is asked again after the pause that it wants."""
    proxy.when("/token", answers(503, Retry_After="5"), times=2)
    tokens(proxy, ACCOUNT.basic, path, "pull", "push")
    through().may_write()
    assert pauses == [5, 5]


def test_only_the_registry_may_ask_for_the_account(
    through: Through, proxy: Faulty, path: str, upstream: str, tmp_path: Path
) -> None:
    """Whoever keeps the content is sent no account, also when it asks for one; a blob that it hides is sent again."""
    digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    (tmp_path / "blob").write_bytes(b"{}")
    with faulty(upstream) as elsewhere:
        challenge = f'Bearer realm="http://{elsewhere.host}/token"'
        elsewhere.when("", answers(401, WWW_Authenticate=challenge))
        for method in ("HEAD", "GET"):
            place = f"http://{elsewhere.host}/content"
            proxy.when(f"{method} blobs/sha256", answers(307, Location=place))
        registry = through()
        registry.may_write()
        assert not registry.has_blob(digest)
        registry.push_blob(tmp_path / "blob", digest, 2)
        with pytest.raises(RegistryError):
            registry.blob(digest, 2)
    assert set(elsewhere.asked) == {"HEAD /content", "GET /content"}
    assert not [headers for headers in elsewhere.headers if "Authorization" in headers]


@pytest.mark.parametrize("realm", ["http://example.org/token", "ftp://example.org/", "https://me@example.org/"])
def test_the_secret_is_not_said_in_the_open(through: Through, proxy: Faulty, path: str, realm: str) -> None:
    """A registry that sends its users to a giver of tokens without TLS is refused before the secret is."""
    tokens(proxy, ACCOUNT.basic, path, realm=realm)
    with pytest.raises(RegistryError, match="expected an address with https"):
        through().may_write()


def test_basic_is_taken_where_both_are_offered_badly(through: Through, proxy: Faulty) -> None:
    """Upper case, blanks and unknown ways to log in are read over."""

    def also(status: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        return status, {**headers, **({"WWW-Authenticate": 'BASIC  realm="x, y" '} if status == 401 else {})}, body

    proxy.when("", changes(also))
    through().may_write()
    proxy.faults.clear()
    proxy.when("", answers(401, b"{}", WWW_Authenticate="Negotiate"))
    with pytest.raises(RegistryError, match="not in which way"):
        through().may_write()
