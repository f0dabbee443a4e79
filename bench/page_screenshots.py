"""Take the pictures of the page for README and documentation: `python bench/page_screenshots.py` writes docs/images."""

import argparse
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("page", "serving")]

from opened_page import READY, OpenedPage, chromium  # noqa: E402 - its folder is none of Python's
from playwright.sync_api import sync_playwright  # noqa: E402
from running import Server  # noqa: E402

ROWS = 200
IMAGES: dict[str, dict[str, Any]] = {
    "page": {"fragment": "#/estimate"},
    "page-dark": {"fragment": "#/estimate", "theme": "dark"},
    "page-phone": {"fragment": "#/estimate", "width": 360, "device_scale_factor": 2},
    "page-many": {"fragment": "#/many", "ready": ".many-drop"},
    "page-model": {"fragment": "#/model", "ready": ".model-measures"},
}
"""Name → what is opened."""


def main() -> None:
    """Write a PNG file for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", default=str(ROOT / "models" / "bundle"))
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "images")
    options = parser.parse_args()
    server = Server("--bundle", options.bundle)
    try:
        with sync_playwright() as playwright, chromium(playwright) as browser:
            for name, look in IMAGES.items():
                shown = OpenedPage.open(browser, f"http://{server.host}:{server.port}", **{"ready": READY, **look})
                shown.page.wait_for_load_state("networkidle")
                if name == "page-many":
                    _price(shown)
                if name == "page-phone":
                    shown.page.locator("#answer").evaluate("(answer) => answer.scrollIntoView()")
                shown.page.wait_for_timeout(300)
                shown.page.screenshot(path=options.into / f"{name}.png")
                shown.close()
    finally:
        server.kill()


def _price(shown: OpenedPage) -> None:
    """Price a table of houses like the typical one, of different sizes."""
    columns = shown.page.request.get(f"{shown.origin}/page-config").json()["columns"]
    house = {column["name"]: column["typical"] for column in columns if column["typical"] is not None}
    area = next(column["name"] for column in columns if column["role"] == "living_area")
    rows = [{**house, area: round(house[area] * (0.7 + 0.6 * index / ROWS))} for index in range(ROWS)]
    lines = [",".join(house), *(",".join(map(str, row.values())) for row in rows)]
    file: Any = {"name": "houses.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    shown.page.locator("input[type=file]").set_input_files(file)
    shown.page.locator(".many-preview .button.primary").click()
    shown.page.locator(".many-summary").wait_for()
    shown.page.locator(".many-progress progress").wait_for(state="detached")


if __name__ == "__main__":
    main()
