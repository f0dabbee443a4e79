"""docs/api.md: every example is run."""

import json
import re
from pathlib import Path
from typing import Any

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
ONE_HOUSE = '"lat": 47.721, "long": -122.319, "sqft_living15": 1690'
EXAMPLES = EXAMPLE.findall(PAGE.read_text())


@pytest.fixture(scope="module")
def real(bundle_dir: Path) -> Client:
    """Return the API of the real model, ready."""
    app = create_app(open_bundle(bundle_dir))
    app.state.ready = True
    return Client(app)


def test_the_page_shows_every_route(real: Client) -> None:
    """Each path of OpenAPI has an example, and each curl command is one that this test understands."""
    shown = {path.partition("?")[0] for path, *_ in EXAMPLES}
    paths = {path.replace("{model}", NAME) for path in real.get("/openapi.json").json()["paths"]}
    assert paths | {"/openapi.json", "/metrics"} == shown
    assert len(EXAMPLES) == PAGE.read_text().count("curl -s ")


@pytest.mark.parametrize(("path", "kind", "body", "answer"), EXAMPLES)
def test_each_example_is_answered_as_the_page_says(real: Client, path: str, kind: str, body: str, answer: str) -> None:
    """The answers have the keys and types that are shown; errors are the very same."""
    found = real.post(path, body.encode(), kind) if body else real.get(path)
    if answer and not answer.startswith("{"):
        assert found.text.splitlines()[0] == answer.splitlines()[0]
        answer = ""
    shown = json.loads(answer) if answer else {}
    assert found.status_code == (422 if "detail" in shown else 200)
    if "detail" in shown:
        assert found.json() == shown
    elif shown:
        assert differences(shown, found.json()) == []


def test_all_examples_come_from_one_model() -> None:
    """They name one version, and one house has one price, whichever way it is sent."""
    text = PAGE.read_text()
    versions = re.findall(r'version(?:"?: "|,? `)([0-9a-f]{12})["`]', text)
    assert len(versions) > 6
    assert len(set(versions)) == 1
    prices = {
        path: price
        for path, kind, body, answer in EXAMPLES
        if (ONE_HOUSE in body and path not in {"/history", "/what-if"})
        or kind.startswith("text/csv")
        or path.endswith("/infer")
        for price in priced(answer)
    }
    assert {"/predict", "/explain", "/batch-predict", "/invocations", f"/v2/models/{NAME}/infer"} <= set(prices)
    assert len(set(prices.values())) == 1


def priced(answer: str) -> list[float]:
    """Return the price in an answer, if it shows one."""
    found = re.search(r'(?:"predicted_price": |"predictions": \[|"data": \[|7639;)([0-9]+[.,][0-9]+)', answer)
    return [float(found[1].replace(",", "."))] if found else []


def differences(shown: Any, found: Any, place: str = "") -> list[str]:
    """Return where an answer has other keys or types than are shown; lists may be shown in part."""
    if isinstance(shown, dict) and isinstance(found, dict):
        if set(shown) != set(found):
            return [f"{place}: {sorted(set(shown) ^ set(found))}"]
        keys = set(shown) - {"values"}  # of the columns of a contribution, and another model names others first
        return [line for key in keys for line in differences(shown[key], found[key], f"{place}.{key}")]
    if isinstance(shown, list) and isinstance(found, list):
        pairs = zip(shown, found, strict=False)
        return [line for index, pair in enumerate(pairs) for line in differences(*pair, f"{place}[{index}]")]
    numbers = isinstance(shown, int | float) and isinstance(found, int | float)
    return [] if numbers or type(shown) is type(found) else [f"{place}: {shown!r} and {found!r}"]
