"""Swagger UI and ReDoc: they work in a real browser, without another host, under a strict content security policy."""

import re
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path

import pytest
from browser import CHROMIUM, Browser
from running import Server
from toy import Client

from houseprice.serving.docs import pages

browser_needed = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here; `make tools` installs one")
WAIT = """
const until = async (ready) => {
  for (const end = Date.now() + 60000; Date.now() < end; await new Promise((done) => setTimeout(done, 200))) {
    const found = ready();
    if (found) return found;
  }
  throw new Error(`waited a minute for ${ready}; the page shows ${document.body.innerText.slice(0, 500)}`);
};
"""
LOADED = "return performance.getEntriesByType('resource').map((entry) => new URL(entry.name).host)"
# The page renders itself anew while it loads, so that every element is looked for each time.
TRY_PREDICT = f"""
{WAIT}
const find = (selector) => document.querySelector(`#operations-prices-predict_predict_post ${{selector}}`);
const response = ".live-responses-table tr.response";
await until(() => find("button.execute") || find("button[aria-expanded=false]")?.click());
await until(() => find(`${{response}} .highlight-code`) || find("button.execute")?.click());
return [`${{response}} .response-col_status`, `${{response}} .highlight-code`].map((part) => find(part).textContent);
"""


def sources(policy: str) -> dict[str, str]:
    """Return the directives of a policy."""
    return dict(directive.strip().split(" ", 1) for directive in policy.split(";"))


@pytest.mark.parametrize("path", sorted(pages.PAGES))
def test_a_page_loads_only_files_of_this_server(client: Client, path: str) -> None:
    """Every file that it names is served; it has no inline script or style."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    files = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert files
    for file in files:
        assert f"/{file}" in pages.PATHS
        assert client.get(f"/{file}").status_code == 200
    assert not re.search(r"(?i)<style|<script>|\son\w+=|\sstyle=", answer.text)


@pytest.mark.parametrize("path", sorted(pages.PAGES))
def test_the_policy_allows_nothing_inline_and_no_other_host(client: Client, path: str) -> None:
    """One policy, without 'unsafe-…': files of this server, and styles of known hashes."""
    (policy,) = client.get(path).headers.get_list("content-security-policy")
    assert "unsafe" not in policy
    directives = sources(policy)
    assert directives["default-src"] == directives["frame-ancestors"] == directives["form-action"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
    for directive in directives.values():
        assert not re.sub(r"'(none|self|sha256-[\w+/=]+)'|data:", "", directive).strip()


def test_the_files_ship_their_licences() -> None:
    """Apache-2.0 wants its text beside the files."""
    names = [file.name for file in files("fastapi-standalone-docs") or ()]
    assert names.count("LICENSE") >= 2
    assert "redoc.standalone.js.LICENSE.txt" in names


def test_without_documentation_there_are_no_pages(without: Client) -> None:
    """The switch removes the pages, their files and the document."""
    assert {without.get(path).status_code for path in (*pages.PATHS, "/openapi.json")} == {404}


def test_everything_else_keeps_the_strictest_policy(client: Client) -> None:
    """What is not a page may load nothing at all, the OpenAPI document and the files of the pages among it."""
    for path in ("/openapi.json", "/docs/swagger-ui-bundle.js", "/health", "/nowhere"):
        assert client.get(path).headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors")


@browser_needed
def test_swagger_ui_tries_a_prediction_in_a_browser(start: Callable[..., Server], tmp_path: Path) -> None:
    """The example that it shows is answered with a price; no other host is asked, and no policy is violated."""
    server = start()
    with Browser(tmp_path) as browser:
        browser.open(f"http://{server.host}:{server.port}/docs")
        status, body = browser.run(TRY_PREDICT)
        assert status.startswith("200")
        assert '"predicted_price"' in body
        assert browser.run("return document.title") == "toy"
        assert set(browser.run(LOADED)) == {f"{server.host}:{server.port}"}
        assert browser.run("return refused") == []


@browser_needed
def test_redoc_shows_every_route_in_a_browser(start: Callable[..., Server], tmp_path: Path) -> None:
    """The routes are rendered; no other host is asked, and no policy is violated."""
    server = start()
    _, document = server.ask("GET", "/openapi.json")
    with Browser(tmp_path) as browser:
        browser.open(f"http://{server.host}:{server.port}/redoc")
        shown = browser.run(f"{WAIT} await until(() => document.querySelector('h2')); return document.body.innerText")
        assert [path for path in document["paths"] if path not in shown] == []
        assert set(browser.run(LOADED)) == {f"{server.host}:{server.port}"}
        assert browser.run("return refused") == []
