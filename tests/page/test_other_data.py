"""The same page, without a line changed, for the data of another town: Spanish, in euros and square metres."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from opened_page import PHONE, READY, Open, axe_violations
from playwright.sync_api import expect
from running import Server

from houseprice.pipeline import make_bundle
from pipeline import Pipeline, make_once
from two_commands import learn_example

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def ventas(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the model of the town's sales."""
    server = Server("--bundle", str(make_once(tmp_path_factory, "ventas", partial(learn_example, name="ventas"))))
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


def test_sales_that_are_not_shown(
    pipe: Pipeline, start_town: Callable[..., Server], open_page: Open, tmp_path: Path
) -> None:
    """A bundle that was sealed without its sales has no map and no comparables, and the page misses nothing."""
    models = shutil.copytree(pipe.models, tmp_path / "models")
    told = pipe.config.model_copy(update={"page": type(pipe.config.page)(show_sales=False)})
    shown = open_page(start_town(bundle=make_bundle(told, models, pipe.cleaned, allow_failed=True)))
    assert shown.page.locator("section.map, section[aria-labelledby=comparables-title]").count() == 0
    for part in ("explanation", "curve", "history"):
        section = shown.page.locator(f"section[aria-labelledby={part}-title]")
        section.scroll_into_view_if_needed()
        expect(section).to_have_attribute("aria-busy", "false")
    for index, ready in ((1, ".many-drop"), (2, ".model-facts")):
        shown.page.locator("nav a").nth(index).click()
        shown.page.locator(ready).first.wait_for()
