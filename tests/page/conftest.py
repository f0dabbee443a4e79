"""A browser, and servers of models that differ in their data; every test checks that the page did nothing forbidden."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import toy as toys
from opened_page import CHROMIUM, WAIT_MS, Open, OpenedPage, chromium
from playwright.sync_api import Browser, expect, sync_playwright
from running import Address, Server

ROOT = Path(__file__).parents[2]


def _absent(reason: str) -> None:
    """Skip what needs something that is not here; where CI is set, all of it must be here."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser of the session."""
    if CHROMIUM is None:
        _absent("There is no Chromium here; `make tools` installs one.")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright, chromium(playwright) as started:
        yield started


@pytest.fixture(scope="session")
def built() -> Path:
    """Return the folder of the built page."""
    folder = ROOT / "src" / "houseprice" / "serving" / "page" / "built"
    if not (folder / "index.html").is_file():
        _absent("The page is not built; `make page` does it.")
    return folder


@pytest.fixture(scope="session")
def axe(built: Path) -> Path:
    """Return the script of axe-core, which comes with what builds the page."""
    script = ROOT / "page" / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        _absent("axe-core is not installed; `make page` does it.")
    return script


@pytest.fixture
def open_page(browser: Browser, built: Path) -> Iterator[Open]:
    """Return what opens the page of a server; after the test, nothing forbidden may have happened in it."""
    opened: list[OpenedPage] = []

    def one(server: Address, fragment: str = "", **options: Any) -> OpenedPage:
        opened.append(OpenedPage.open(browser, f"http://{server.host}:{server.port}", fragment, **options))
        return opened[-1]

    yield one
    faults = [fault for one in opened for fault in one.faults]
    for shown in opened:
        shown.close()
    assert not faults


@pytest.fixture(scope="session")
def county(built: Path, request: pytest.FixtureRequest) -> Iterator[Address]:
    """Serve the session's model of King County, which has coordinates, or take the server at `PAGE_SERVER`.

    That may be `make serve` or an image, with a model of the whole county: `PAGE_SERVER=127.0.0.1:8000`.
    """
    if address := os.environ.get("PAGE_SERVER"):
        host, _, port = address.rpartition(":")
        yield Address(host, int(port))
        return
    server = Server("--bundle", str(request.getfixturevalue("bundle_dir")))
    yield server
    server.kill()


@pytest.fixture(scope="session")
def town_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle of a town without coordinates, whose prices can be worked out by hand."""
    return toys.seal(tmp_path_factory.mktemp("town") / "bundle")


@pytest.fixture(scope="session")
def town(built: Path, town_dir: Path) -> Iterator[Server]:
    """Serve the town's model."""
    server = Server("--bundle", str(town_dir))
    yield server
    server.kill()


@pytest.fixture
def start_town(built: Path, town_dir: Path) -> Iterator[Callable[..., Server]]:
    """Return what starts a server of the town's model with options of its own; it is gone after the test."""
    started: list[Server] = []

    def begin(*options: str, bundle: Path = town_dir, **environment: str) -> Server:
        started.append(Server("--bundle", str(bundle), *options, **environment))
        return started[-1]

    yield begin
    for server in started:
        server.kill()
