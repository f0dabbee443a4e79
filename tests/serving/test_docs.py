"""The page for people: it names no other host, and works in a real browser under its own policy."""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import CHROMIUM, Browser
from running import Server
from toy import Client

from houseprice.serving.docs.page import page

SEND_ALL = """
const answers = {};
const soon = () => new Promise((done) => setTimeout(done, 5));
for (const route of document.querySelectorAll("details.route")) {
  route.open = true;
  while (!route.querySelector(".send")) await soon();
  const [send, told, type] = [".send", ".told", "select"].map((name) => route.querySelector(name));
  for (const name of type.length ? [...type.options].map((option) => option.value) : [""]) {
    type.value = name;
    type.dispatchEvent(new Event("change"));
    if (send.disabled) continue;
    told.textContent = "";
    send.click();
    while (!told.textContent) await soon();
    answers[`${route.id} ${name}`] = told.textContent;
  }
}
return answers;
"""


def test_no_other_host_is_named(client: Client) -> None:
    """Not in the page, not in its policy; FastAPI's own pages, which load from a public network, are gone."""
    answer = client.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for text in (answer.text, answer.headers["content-security-policy"]):
        assert not re.search(r"https?:|//[\w-]+\.|cdn|@import|\burl\(", text)
    assert client.get("/redoc").headers["location"] == "docs"
    assert client.get("/docs/oauth2-redirect").status_code == 404


def test_the_policy_lets_nothing_run_but_what_stands_in_the_page(client: Client) -> None:
    """Script and style by their hashes, no other source, no attribute that would be a script; one policy only."""
    answer = client.get("/docs")
    (policy,) = answer.headers.get_list("content-security-policy")
    assert "unsafe" not in policy
    for kind, tag in (("script-src", "script"), ("style-src", "style")):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy
    assert not re.search(r"(?i)\son\w+=|\sstyle=|innerHTML|eval\(", page()[0])


def test_without_documentation_there_is_no_page(without: Client) -> None:
    """The switch takes all three away."""
    assert [without.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404] * 3


def test_the_other_pages_keep_the_strictest_policy(client: Client) -> None:
    """What is no page for people may load nothing at all, the OpenAPI document among it."""
    for path in ("/openapi.json", "/redoc", "/health", "/nowhere"):
        assert client.get(path).headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here; `make tools` brings one")
def test_every_route_can_be_tried_in_a_browser(start: Callable[..., Server], tmp_path: Path) -> None:
    """The examples that the page shows are answered with 200, whatever the format; the policy is broken by nothing."""
    server = start()
    with Browser(tmp_path) as browser:
        browser.open(f"http://{server.host}:{server.port}/docs")
        browser.run("while (!document.querySelector('details[open] .curl')) await new Promise((d) => setTimeout(d, 5))")
        assert browser.run("return document.title") == "toy"
        answers = browser.run(SEND_ALL)
        assert len(answers) >= 20
        assert {route: told for route, told in answers.items() if not told.startswith("200 ")} == {}
        price = browser.run("return document.getElementById('/predict').querySelector('.answer').textContent")
        assert '"predicted_price"' in price
        assert browser.run("return refused") == []
