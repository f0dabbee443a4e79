"""The same page, without a line changed, for the data of another town: Spanish, in euros and square metres."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opened_page import PHONE, READY, Open, axe_violations
from playwright.sync_api import expect
from running import Server

from pipeline import make_once

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]


def _train(home: Path) -> Path:
    """Go the road of a person with a new file: `init` and `run`; return the bundle."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for words in (
        [str(ROOT / "examples"), str(home), "--only", "ventas"],
        ["-m", "houseprice", "init", "ventas.csv", "--yes"],
        ["-m", "houseprice", "run", "--config", "configs/ventas.yaml"],
    ):
        subprocess.run([sys.executable, *words], cwd=home, env=environment, capture_output=True, check=True)
    return home / "models" / "ventas" / "bundle"


@pytest.fixture(scope="module")
def ventas(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the model of the town's sales."""
    server = Server("--bundle", str(make_once(tmp_path_factory, "ventas-page", _train)))
    yield server
    server.kill()


@pytest.mark.parametrize("width", [PHONE, 1440])
def test_the_page_of_another_town(width: int, ventas: Server, axe: Path, open_page: Open) -> None:
    """Form, estimate, map, sales, table and card; nothing sticks out, and axe-core finds nothing."""
    shown = open_page(ventas, language="es-ES", width=width)
    assert "€" in shown.page.locator("#answer .price").inner_text()
    shown.page.locator(".map-legend").wait_for()
    sales = shown.page.locator("section[aria-labelledby=comparables-title]")
    sales.scroll_into_view_if_needed()
    expect(sales).to_have_attribute("aria-busy", "false")
    assert shown.fits()
    assert axe_violations(shown.page, axe) == []
    for index, ready in ((1, ".many-drop"), (2, ".model-facts"), (0, READY)):
        shown.page.locator("nav a").nth(index).click()
        shown.page.locator(ready).first.wait_for()
        assert shown.fits()
        assert axe_violations(shown.page, axe) == []
