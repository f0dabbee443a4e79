"""docs/api.md, held to what it says."""

import json
import re
from pathlib import Path

import pytest
from toy import Client

from houseprice.bundle.load import open_bundle
from houseprice.serving.app import create_app

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLE = re.compile(
    r"```bash\ncurl -s '?localhost:8000(/[^\s']*)'?(?: -H 'Content-Type: ([^']*)' -d '([^']*)')?\n```"
    r"(?:\n```(?:json|csv)\n(.*?)\n```)?",
    re.DOTALL,
)
NAME = "house-price-model"
EXAMPLES = EXAMPLE.findall(PAGE.read_text())


@pytest.fixture(scope="module")
def real(bundle_dir: Path) -> Client:
    """Give the API of the real model, ready."""
    app = create_app(open_bundle(bundle_dir))
    app.state.ready = True
    return Client(app)


def test_the_page_shows_every_route(real: Client) -> None:
    """Each path of OpenAPI has a line that can be run, and each line of curl is one that this test understands."""
    shown = {path.partition("?")[0] for path, *_ in EXAMPLES}
    paths = {path.replace("{model}", NAME) for path in real.get("/openapi.json").json()["paths"]}
    assert paths | {"/openapi.json", "/metrics"} == shown
    assert len(EXAMPLES) == PAGE.read_text().count("curl -s ")


@pytest.mark.parametrize(("path", "kind", "body", "answer"), EXAMPLES)
def test_each_line_is_answered_as_the_page_says(real: Client, path: str, kind: str, body: str, answer: str) -> None:
    """The answers have the form that is shown; a refusal has the very words."""
    found = real.post(path, body.encode(), kind) if body else real.get(path)
    if answer and not answer.startswith("{"):
        assert found.text.splitlines()[0] == answer.splitlines()[0]
        answer = ""
    shown = json.loads(answer) if answer else None
    assert found.status_code == (422 if shown and "detail" in shown else 200)
    if shown and "detail" in shown:
        assert found.json() == shown
    elif shown:
        assert set(found.json()) == set(shown)
        for mine, theirs in zip(found.json().get("predictions", []), shown.get("predictions", []), strict=True):
            assert type(mine) is type(theirs)
            assert isinstance(mine, float) or set(mine) == set(theirs)
