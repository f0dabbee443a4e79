"""The document that the page's types are generated from is what the server says."""

import json
import os

from page.openapi_document import PATH, ROUTES, page_document
from toy import Client


def test_the_document_is_current(client: Client) -> None:
    """After a change of the API, `make page-openapi` writes it anew."""
    found = page_document(client.app)
    if os.environ.get("UPDATE_OPENAPI"):
        PATH.write_text(found, encoding="utf-8")
    assert PATH.read_text(encoding="utf-8") == found


def test_it_does_not_depend_on_the_data_set(client: Client, county: Client) -> None:
    """Two models of other columns, currencies and dates give one document."""
    assert page_document(client.app) == page_document(county.app)
    assert set(json.loads(page_document(client.app))["paths"]) == set(ROUTES)
