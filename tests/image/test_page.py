"""The page comes out of the image itself, in a real browser."""

import os
import subprocess
from collections.abc import Iterator

import pytest
from opened_page import CHROMIUM, READY, OpenedPage, chromium
from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.image


@pytest.fixture
def address(good: str) -> Iterator[str]:
    """Run the image; return where it listens."""
    command = ["docker", "run", "--detach", "--rm", "--read-only", "--publish", "127.0.0.1::8000", good]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    port = subprocess.run(["docker", "port", name, "8000"], check=True, capture_output=True, text=True).stdout.split()[
        0
    ]
    yield f"http://{port}"
    subprocess.run(["docker", "kill", name], check=True, capture_output=True)


def test_the_page_of_the_running_image(address: str) -> None:
    """It gives an estimate, draws the map, and does nothing that its policy forbids."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("There is no Chromium here; `make tools` installs one.")
    subprocess.run(
        ["curl", "-sf", "--retry", "30", "--retry-all-errors", "--retry-delay", "1", f"{address}/readyz"],
        check=True,
        capture_output=True,
    )
    with sync_playwright() as playwright, chromium(playwright) as browser:
        shown = OpenedPage.open(browser, address)
        shown.page.locator(".map-legend").wait_for()
        expect(shown.page.locator(READY)).to_be_visible()
        assert not shown.faults
