"""The page in a tab of a real browser, with everything that it must never do written down."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright, Request

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESKTOP = 360, 1440
WAIT_MS = 30_000
"""For what a test expects of the page, on a machine that may be busy."""
READY = "#answer .answer-body:not(.stale) :is(.price .range, .no-value)"
"""Selector of an estimate that belongs to the house in the form."""
NETWORK = "Failed to load resource"
"""How Chromium itself begins its line about a request that failed; the page cannot avoid it."""
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start Chromium with a fresh profile."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
    yield browser
    browser.close()


@dataclass
class OpenedPage:
    """A tab with the page.

    Attributes:
        page: Playwright's page.
        origin: scheme, host and port of the server.
        faults: errors of the console and of scripts, violations of the security policy, requests to other servers.
        requests: path and body of each request to the API, in order.
        aborted: paths of the requests that were aborted.
        may_fail: whether requests may be refused, which Chromium writes to the console by itself.
    """

    page: Page
    origin: str
    faults: list[str] = field(default_factory=list)
    requests: list[tuple[str, Any]] = field(default_factory=list)
    aborted: list[str] = field(default_factory=list)
    may_fail: bool = False

    @classmethod
    def open(
        cls,
        browser: Browser,
        address: str,
        fragment: str = "",
        *,
        width: int = DESKTOP,
        language: str = "en-US",
        theme: str = "light",
        ready: str | None = READY,
        may_fail: bool = False,
        **context: Any,
    ) -> Self:
        """Open the page in a context of its own, and wait until it shows what `ready` selects."""
        size = {"width": width, "height": 800 if width < 600 else 900}
        opened = browser.new_context(viewport=size, locale=language, color_scheme=theme, **context)
        shown = cls(opened.new_page(), "{0.scheme}://{0.netloc}".format(urlsplit(address)))
        shown.may_fail = may_fail
        shown.page.set_default_timeout(WAIT_MS)
        shown._watch()
        shown.page.goto(f"{address}/{fragment}")
        if ready:
            shown.page.locator(ready).first.wait_for()
        return shown

    def _watch(self) -> None:
        page = self.page
        page.expose_function("reportViolation", lambda what: self.faults.append(f"policy: {what}"))
        page.add_init_script(REPORT_VIOLATIONS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._on_request)
        page.on("requestfailed", lambda request: self.aborted.append(self._path(request)))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not (self.may_fail and message.text.startswith(NETWORK)):
            self.faults.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "blob:", "data:")):
            self.faults.append(f"elsewhere: {request.url}")
        if request.method == "POST":
            self.requests.append((self._path(request), request.post_data))

    def _path(self, request: Request) -> str:
        return request.url.removeprefix(f"{self.origin}/")

    def field(self, name: str) -> Locator:
        """Return the control of a column."""
        return self.page.locator(f'[id="{field_id(name)}"]')

    def asked(self) -> list[dict[str, Any]]:
        """Return the houses that an estimate was asked for."""
        return [json.loads(body) for path, body in self.requests if path == "predict?include=valuation"]

    def price(self) -> str:
        """Return the price in the answer."""
        return self.page.locator("#answer .price strong").inner_text()

    def set(self, name: str, value: str) -> None:
        """Type a value into a field and wait for its estimate."""
        with self.page.expect_response("**/predict?include=valuation"):
            self.field(name).fill(value)
        self.page.locator(READY).wait_for()

    def fits(self) -> bool:
        """Tell whether nothing is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    def close(self) -> None:
        """Close the tab."""
        self.page.context.close()


def field_id(name: str) -> str:
    """Return the id of the control of a column."""
    plain = re.compile(r"\W", re.ASCII)
    return "field-" + plain.sub(lambda found: f"-{ord(found[0])}-", name)


def axe_violations(page: Page, axe: Path) -> list[str]:
    """Return what axe-core finds wrong with the page as it is: rule and elements."""
    page.evaluate(axe.read_text(encoding="utf-8") + ";0")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


Open = Callable[..., OpenedPage]
"""What opens the page of a server."""
