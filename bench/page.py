"""The page's figures in headless Chromium, as the table of docs/benchmarks.md; exit 1 when a must is missed.

The page is served on this machine, so that the network costs nothing. Figures are medians where not stated otherwise.
Lighthouse itself is not run, since it brings some hundred packages; what it checks of accessibility is axe-core, and of
best practices the list in `_practices`.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("page", "serving")]

from opened_page import READY, OpenedPage, axe_violations, chromium  # noqa: E402 - its folder is none of Python's
from playwright.sync_api import Browser, Locator, sync_playwright  # noqa: E402
from running import Server  # noqa: E402

AXE = ROOT / "page" / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = {"estimate": READY, "many": ".many-drop", "model": ".model-measures"}
FIELD = "bedrooms"
ROWS = 10_000
# From the event to the next price in the document. The server's share is that of the request by the browser's clock.
CHANGE = """async (control, value) => {
  const price = document.querySelector("#answer");
  const changed = new Promise((done) => {
    const observer = new MutationObserver(() => {
      if (document.querySelector("#answer .answer-body.stale, #answer .stale") === null) {
        observer.disconnect();
        done(performance.now());
      }
    });
    const all = { subtree: true, childList: true, characterData: true, attributes: true };
    setTimeout(() => observer.observe(price, all));
  });
  performance.clearResourceTimings();
  const start = performance.now();
  control.value = value;
  control.dispatchEvent(new Event(control.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
  const end = await changed;
  const request = performance.getEntriesByType("resource").find(({ name }) => name.includes("predict?"));
  return [end - start, request ? request.requestStart - start : 0, request ? request.duration : 0];
}"""
HOVER = """async (surface) => {
  const box = surface.getBoundingClientRect();
  const times = [];
  for (let index = 0; index < 60; index += 1) {
    const clientX = box.left + box.width * (0.2 + index * 0.01);
    const clientY = box.top + box.height * 0.5;
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    surface.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, bubbles: true, pointerType: "mouse" }));
    await new Promise(requestAnimationFrame);
    surface.querySelectorAll("canvas")[1].getContext("2d").getImageData(0, 0, 1, 1);
    times.push(performance.now() - start);
  }
  return times;
}"""
LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: "longtask" });
"""


def main() -> int:
    """Print the table; return 1 when a must is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", default=str(ROOT / "models" / "bundle"))
    server = Server("--bundle", parser.parse_args().bundle)
    try:
        with sync_playwright() as playwright, chromium(playwright) as browser:
            rows = list(_figures(browser, f"http://{server.host}:{server.port}"))
    finally:
        server.kill()
    print("| what | found | must | aim |\n| --- | --- | --- | --- |")
    for what, found, must, aim, _ in rows:
        print(f"| {what} | {found} | {must} | {aim} |")
    return 0 if all(kept for *_, kept in rows) else 1


Row = tuple[str, str, str, str, bool]


def _figures(browser: Browser, address: str) -> Iterator[Row]:
    yield from _bytes(browser, address)
    paints = sorted(_first_paint(browser, address) for _ in range(10))
    middle = statistics.median(paints)
    yield "first contentful paint, 10 fresh profiles", f"{middle:.0f} ms", "≤ 300 ms", "≤ 150 ms", middle <= 300
    yield from _changes(browser, address)
    yield from _hovering(browser, address)
    yield from _many_rows(browser, address)
    yield from _faults(browser, address)
    failed = [name for name, kept in _practices(browser, address).items() if not kept]
    score = 100 * (1 - len(failed) / 12)
    text = f"{score:.0f}" + (f" ({', '.join(failed)})" if failed else "")
    yield "best practices kept, of 12", text, "≥ 95", "100", score >= 95


def _bytes(browser: Browser, address: str) -> Iterator[Row]:
    shown = OpenedPage.open(browser, address)
    shown.page.locator(".map-legend").wait_for()
    shown.page.wait_for_load_state("networkidle")
    sizes: dict[str, int] = shown.page.evaluate(
        "Object.fromEntries(performance.getEntries().filter((one) => one.encodedBodySize && !one.name.includes('?'))"
        ".map((one) => [one.name, one.encodedBodySize]))"
    )
    shown.close()
    loaded = {name.removeprefix(address): size for name, size in sizes.items()}
    asked = ("/explain", "/comparables", "/what-if", "/history")
    total = sum(size for name, size in loaded.items() if not name.startswith(asked))
    yield "everything that loads", f"{total / 1000:.1f} kB", "≤ 160 kB", "≤ 120 kB", total <= 160_000
    for name, size in sorted(loaded.items(), key=lambda item: -item[1]):
        kind = " (answer about the house, not counted)" if name.startswith(asked) else ""
        yield f"– `{name}`{kind}", f"{size / 1000:.1f} kB", "", "", True


def _first_paint(browser: Browser, address: str) -> float:
    shown = OpenedPage.open(browser, address)
    found: float = shown.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    shown.close()
    return found


def _changes(browser: Browser, address: str) -> Iterator[Row]:
    shown = OpenedPage.open(browser, address)
    shown.page.wait_for_load_state("networkidle")
    field = _first_list(shown)
    options = field.locator("option").evaluate_all("(all) => all.map((one) => one.value).filter(Boolean)")
    lists = _measured(shown, field, options)
    typed = _measured(shown, shown.field(FIELD), [str(2 + index % 4) for index in range(50)])
    shown.close()
    for what, times, must in (("by a list or a click", lists, True), ("by typing", typed, False)):
        whole, before, request = (sorted(one[index] for one in times) for index in range(3))
        middle, high = statistics.median(whole), whole[int(len(whole) * 0.9)]
        parts = f"before the request {statistics.median(before):.0f} ms, request {statistics.median(request):.0f} ms"
        text = f"{middle:.0f} ms, p90 {high:.0f} ms ({parts})"
        # While somebody types, the page waits on purpose for 120 ms after the last key.
        limits = ("≤ 100 ms", "≤ 50 ms") if must else ("", "")
        yield f"estimate after a change {what}, 50 of them", text, *limits, middle <= 100 or not must


def _first_list(shown: OpenedPage) -> Locator:
    lists = shown.page.locator("form .field select")
    return next(one for one in lists.all() if one.locator("option").count() >= 4)


def _measured(shown: OpenedPage, field: Locator, values: list[str]) -> list[list[float]]:
    times = []
    for index in range(50):
        # A price that is known already is not asked for again, so each change goes with another house.
        shown.page.locator(READY).wait_for()
        with shown.page.expect_response("**/predict?include=valuation"):
            shown.field("yr_built").fill(str(1930 + index))
        shown.page.wait_for_load_state("networkidle")
        shown.page.locator(READY).wait_for()
        current = field.input_value()
        times.append(
            field.evaluate(CHANGE, next(one for one in values[index % len(values) :] + values if one != current))
        )
    return times


def _hovering(browser: Browser, address: str) -> Iterator[Row]:
    shown = OpenedPage.open(browser, address)
    shown.page.locator(".map-legend").wait_for()
    shown.page.wait_for_load_state("networkidle")
    surface = shown.page.locator(".map-surface")
    surface.scroll_into_view_if_needed()
    times = sorted(surface.evaluate(HOVER))
    shown.close()
    middle, high = statistics.median(times), times[int(len(times) * 0.9)]
    text = f"{middle:.1f} ms, p90 {high:.1f} ms"
    yield "hovering over the map, to the painted frame (a frame takes 16.7 ms)", text, "≤ 16 ms of work", "", True


def _many_rows(browser: Browser, address: str) -> Iterator[Row]:
    shown = OpenedPage.open(browser, address, "#/many", ready=".many-drop")
    page = shown.page
    config = page.request.get(f"{address}/page-config").json()
    names = [column["name"] for column in config["columns"] if column["typical"] is not None]
    typical = [str(column["typical"]) for column in config["columns"] if column["typical"] is not None]
    text = ",".join(names) + "\n" + (",".join(typical) + "\n") * ROWS
    page.evaluate(LONG_TASKS)
    file: Any = {"name": "houses.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files(file)
    button = page.locator(".many-preview .button.primary")
    button.click()
    page.locator(".many-summary").wait_for()
    button.wait_for(state="detached", timeout=120_000)
    page.locator(".many-progress progress").wait_for(state="detached", timeout=120_000)
    page.locator(".many-scroll").evaluate("""async (box) => {
      for (let share = 0; share <= 1; share += 0.02) {
        box.scrollTop = share * box.scrollHeight;
        await new Promise(requestAnimationFrame);
      }
    }""")
    tasks: list[float] = page.evaluate("longTasks")
    count = page.locator(".many-scroll tbody tr").count()
    shown.close()
    longest = f"{max(tasks):.0f} ms" if tasks else "none over 50 ms"
    yield f"longest task with {ROWS:,} rows read, priced and scrolled", longest, "", "", True
    yield "– rows in the document meanwhile", str(count), "< 100", "", count < 100


def _faults(browser: Browser, address: str) -> Iterator[Row]:
    violations: list[str] = []
    faults: list[str] = []
    for view, ready in VIEWS.items():
        for width, theme, language in ((1440, "light", "en-US"), (360, "dark", "es-ES")):
            look: dict[str, Any] = {"width": width, "theme": theme, "language": language, "ready": ready}
            shown = OpenedPage.open(browser, address, f"#/{view}", **look)
            shown.page.wait_for_load_state("networkidle")
            violations += axe_violations(shown.page, AXE)
            faults += shown.faults
            shown.close()
    policy = sum(fault.startswith("policy") for fault in faults)
    counts = f"{len(violations)} / {policy} / {len(faults) - policy}"
    what = "axe-core, content security policy, console: faults in three views, two looks each"
    yield what, counts, "0 / 0 / 0", "0 / 0 / 0", not violations and not faults


def _practices(browser: Browser, address: str) -> dict[str, bool]:
    """Return what Lighthouse calls best practices, of those that a page without images and other servers can miss."""
    shown = OpenedPage.open(browser, address)
    shown.page.wait_for_load_state("networkidle")
    headers = shown.page.request.get(address).headers
    policy = headers.get("content-security-policy", "")
    found = {
        "doctype": shown.page.evaluate("document.compatMode") == "CSS1Compat",
        "character set": shown.page.evaluate("document.characterSet") == "UTF-8",
        "viewport": shown.page.locator('meta[name=viewport][content*="width=device-width"]').count() == 1,
        "zoom allowed": shown.page.locator('meta[content*="user-scalable=no"], meta[content*="maximum-scale"]').count()
        == 0,
        "title": bool(shown.page.title()),
        "language": bool(shown.page.locator("html").get_attribute("lang")),
        "description": shown.page.locator("meta[name=description]").count() == 1,
        "policy against scripts": "default-src 'none'" in policy and "unsafe-inline" not in policy,
        "policy against frames": "frame-ancestors 'none'" in policy,
        "trusted types": "require-trusted-types-for 'script'" in policy,
        "no types guessed": headers.get("x-content-type-options") == "nosniff",
        "no errors, no other servers": not shown.faults,
    }
    shown.close()
    return found


if __name__ == "__main__":
    sys.exit(main())
