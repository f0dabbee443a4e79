"""The page and its routes over HTTP: caching, codings, keys, prefixes, hostile paths, and the switch."""

import hashlib
from pathlib import Path

import pytest
from page.unpacked import unpack
from toy import Client

from houseprice.bundle.load import Bundle
from houseprice.serving.app import create_app
from houseprice.serving.page import built_page, routes
from houseprice.serving.settings import Settings

KEY = "secret"
KEYS = (("me", hashlib.sha256(KEY.encode()).hexdigest()),)


@pytest.fixture
def page(toy: Bundle, built: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return an API with a built page."""
    return served(toy, built, monkeypatch, Settings())


def served(toy: Bundle, built: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Client:
    """Return an API with a page that was built into a folder."""
    monkeypatch.setattr(routes, "read_built", lambda: built_page.read_built(built))
    return Client(create_app(toy, settings))


def test_the_root_is_the_page_under_its_own_policy(page: Client, built: Path) -> None:
    """One policy, which allows files of this server alone, and one rule for caches."""
    answer = page.get("/", {"accept-encoding": "identity"})
    assert answer.status_code == 200
    assert answer.content == (built / "index.html").read_bytes()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers.get_list("cache-control") == ["no-cache"]
    (policy,) = answer.headers.get_list("content-security-policy")
    assert "unsafe" not in policy
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert directives["require-trusted-types-for"] == "'script'"
    for header in ("x-content-type-options", "referrer-policy", "x-frame-options", "x-request-id"):
        assert len(answer.headers.get_list(header)) == 1


def test_assets_are_kept_for_ever(page: Client, built: Path) -> None:
    """Since their names change with their content; they have the strictest policy."""
    answer = page.get("/assets/a-1.js", {"accept-encoding": "gzip"})
    assert answer.content == (built / "assets/a-1.js").read_bytes()
    assert answer.headers.get_list("cache-control") == ["public, max-age=31536000, immutable"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors")
    assert page.get("/assets/b.svg").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br, gzip", "br"), ("gzip, deflate, br;q=0.5", "br"), ("gzip", "gzip"), ("GZIP;q=1.0", "gzip"), ("", None),
        ("identity", None), ("br;q=0, gzip;q=0.000", None), ("*", "br"), ("*, br;q=0", "gzip"), ("*;q=0", None),
        ("zstd", None), (";;;,,,q=0", None), ("br;q=" + "0" * 5000, None),
    ],
)  # fmt: skip
def test_a_client_gets_a_coding_that_it_accepts(page: Client, built: Path, accepted: str, coding: str | None) -> None:
    """The best that was made; a file without variants is sent as it is."""
    _, content = built_page.read_built(built)["a-1.js"].accepted(accepted)
    ending = {"br": ".br", "gzip": ".gz", None: ""}[coding]
    assert content == (built / f"assets/a-1.js{ending}").read_bytes()
    answer = page.get("/assets/a-1.js", {"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == coding
    assert answer.content == (built / "assets/a-1.js").read_bytes()
    assert "content-encoding" not in page.get("/assets/b.svg", {"accept-encoding": accepted}).headers


def test_the_configuration_is_compressed_where_the_client_takes_it(page: Client) -> None:
    """The same either way."""
    packed, plain = (page.get("/page-config", {"accept-encoding": accepted}) for accepted in ("gzip", "identity"))
    assert (packed.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])


@pytest.mark.parametrize("path", ["/", "/assets/a-1.js", "/page-config"])
@pytest.mark.parametrize("form", ["{}", 'W/"other", {}', "*", '"x" , {} '])
def test_what_a_client_has_is_not_sent_again(page: Client, path: str, form: str) -> None:
    """304 without a body, with the same tag; a tag of something else changes nothing."""
    first = page.get(path)
    again = page.get(path, {"if-none-match": form.format(first.headers["etag"])})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers.get_list("cache-control") == first.headers.get_list("cache-control")
    assert page.get(path, {"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../routes.py", "/assets/%2e%2e/index.html", "/assets/..%2findex.html", "/assets/..%5cindex.html",
        "/assets//etc/passwd", "/assets/", "/assets", "/assets/index.html", "/assets/a-1.js.gz", "/assets/a-1.js/",
        "/assets/a-1.js%00", "/index.html", "/assets/%c0%ae%c0%ae/index.html", "/assets/A-1.js",
    ],
)  # fmt: skip
def test_no_other_file_can_be_reached(page: Client, path: str) -> None:
    """Names are looked up, not opened."""
    answer = page.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"


def test_head_is_answered_without_a_body(page: Client) -> None:
    """As everywhere."""
    for path in ("/", "/assets/a-1.js", "/page-config"):
        answer = page.ask("HEAD", path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_keys_are_needed_for_what_is_known_but_not_for_the_page(
    toy: Bundle, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page itself asks for the key."""
    page = served(toy, built, monkeypatch, Settings(api_keys=KEYS))
    assert page.get("/").status_code == page.get("/assets/a-1.js").status_code == 200
    assert page.get("/page-config").status_code == page.get("/sales").status_code == 401
    assert page.get("/page-config", {"x-api-key": KEY}).status_code == 200
    assert page.get("/assets/other.js").status_code == 401


def test_behind_a_prefix_the_page_is_a_folder(toy: Bundle, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its addresses are relative and would miss the prefix without the slash; a proxy may have stripped it."""
    page = served(toy, built, monkeypatch, Settings(root_path="/prices"))
    answer = page.get("/prices")
    assert (answer.status_code, answer.headers["location"]) == (307, "/prices/")
    for prefix in ("", "/prices"):
        assert page.get(f"{prefix}/").content == (built / "index.html").read_bytes()
        assert page.get(f"{prefix}/assets/a-1.js").status_code == 200
        assert page.get(f"{prefix}/assets/b.svg").content == b"<svg/>"
        assert page.get(f"{prefix}/page-config").status_code == 200


def test_a_page_that_was_not_built_leads_to_the_documentation(toy: Bundle, tmp_path: Path) -> None:
    """As does one that is switched off, which has no routes either."""
    assert built_page.read_built(tmp_path) == {}
    off = Client(create_app(toy, Settings(page=False)))
    assert off.get("/").headers["location"] == "docs"
    assert {off.get(path).status_code for path in ("/page-config", "/sales", "/assets/a-1.js")} == {404}
    document = off.get("/openapi.json").json()
    assert not {"/page-config", "/sales"} & set(document["paths"])
    assert Client(create_app(toy, Settings(page=False, docs=False))).get("/").headers["location"] == "model"


def test_without_the_built_page_its_routes_answer(toy: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are documented for everybody."""
    page = served(toy, tmp_path, monkeypatch, Settings())
    assert page.get("/").headers["location"] == "docs"
    assert page.get("/page-config").status_code == 200
    assert page.get("/assets/a-1.js").status_code == 404


def test_the_sales_are_sent_packed_and_once(county: Client, sealed: Bundle) -> None:
    """Compressed for who accepts that, and the same for others; the tag is that of the model."""
    small = county.get("/sales", {"accept-encoding": "gzip"})
    assert small.headers["content-encoding"] == "gzip"
    assert small.headers["content-type"] == "application/octet-stream"
    count = county.get("/page-config").json()["sales"]["count"]
    assert int(small.headers["content-length"]) < 5 * count
    plain = county.get("/sales", {"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == small.content
    found = unpack(plain.content)
    assert found.header["count"] == count
    assert {label["text"] for label in found.header["labels"]} == set(sealed.reference["zipcode"]["levels"])
    assert sum(label["count"] for label in found.header["labels"]) == count
    assert set(found.columns) == {"latitude", "longitude", "price", "area", "day", "label"}
    again = county.get("/sales", {"if-none-match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
