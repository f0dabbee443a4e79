"""The API, asked as a client asks it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import FULL, FULL_PRICE, LEAST, MOST_BYTES, MOST_HOUSES, Client, altered_golden, seal

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.serving.app import create_app
from houseprice.serving.batch_execution import SMALL_BYTES
from houseprice.serving.settings import Settings


def test_health_is_computed_from_a_golden_row(client: Client) -> None:
    """A healthy answer shows what was expected and what was found."""
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "model_version": "0123456789ab",
        "expected": FULL_PRICE,
        "found": FULL_PRICE,
        "relative_difference": 0.0,
        "tolerance": 1e-4,
    }


def test_health_fails_when_the_model_no_longer_gives_its_own_answer(tmp_path: Path) -> None:
    """A model that answers is not healthy when it answers something else."""
    client = Client(create_app(open_bundle(seal(tmp_path, altered_golden()))))
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert answer.json()["status"] == "failing"
    assert client.get("/livez").status_code == 200


def test_a_model_that_fails_is_told_as_503(toy_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the model cannot be run, neither health nor a price pretends otherwise."""
    bundle = open_bundle(toy_dir)

    def fail(_: Any) -> Any:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(bundle.model, "predict", fail)
    client = Client(create_app(bundle))
    prices = client.post("/predict", FULL), client.post("/batch-predict", [FULL])
    for answer in (client.get("/health"), client.get("/page-config"), *prices):
        assert answer.status_code == 503
        assert "out of memory" in answer.text


def test_a_failure_that_nobody_foresaw_is_told_as_any_other(toy: Bundle) -> None:
    """500 in the API's own shape, with the headers of every answer and without the words of the failure."""
    app = create_app(toy)

    async def fail() -> None:
        raise RuntimeError("no house data here")

    app.add_api_route("/fail", fail)
    answer = Client(app).get("/fail")
    assert answer.status_code == 500
    assert "detail" in answer.json()
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_readiness_follows_the_life_of_the_application(toy: Bundle) -> None:
    """Requests are wanted between start and stop only; liveness does not depend on it."""
    app = create_app(toy)
    client = Client(app)

    async def live() -> bool:
        async with app.router.lifespan_context(app):
            return bool(app.state.ready)

    assert client.get("/readyz").status_code == 503
    assert anyio.run(live)
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").json() == {"status": "alive"}
    app.state.ready = True
    assert client.get("/readyz").json() == {"status": "ready"}


def test_one_house_has_one_price(client: Client) -> None:
    """The answer holds what the contract promises, and nothing else."""
    answer = client.post("/predict", FULL)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "predicted_price": FULL_PRICE,
        "prediction_interval": [FULL_PRICE * 0.8, FULL_PRICE * 1.25],
        "coverage": 0.9,
        "fsd": 0.125,
        "confidence": 87.5,
        "currency": "EUR",
        "valuation_date": "2014-10-13",
        "warnings": [],
        "model_version": "0123456789ab",
    }


def test_warnings_come_with_the_price(client: Client) -> None:
    """What the model does not know is answered, and said."""
    body = client.post("/predict", {**FULL, "zip": 10115}).json()
    assert [(warning["column"], warning["kind"]) for warning in body["warnings"]] == [("zip", "unknown_category")]


def test_a_batch_is_answered_in_its_order(client: Client) -> None:
    """Each answer is the one that its house has alone."""
    answers = client.post("/batch-predict", [FULL, LEAST, FULL]).json()["predictions"]
    assert answers == [client.post("/predict", house).json() for house in (FULL, LEAST, FULL)]
    assert client.post("/batch-predict", []).json() == {"predictions": []}


def test_a_batch_that_is_answered_in_a_thread_is_answered_alike(toy: Bundle) -> None:
    """Size changes the way, not the answer."""
    client = Client(create_app(toy))
    houses = [{**FULL, "rooms": number % 50} for number in range(500)]
    assert len(json.dumps(houses)) > SMALL_BYTES
    answers = client.post("/batch-predict", houses).json()["predictions"]
    assert answers[:50] == client.post("/batch-predict", houses[:50]).json()["predictions"]
    assert answers[499] == client.post("/predict", houses[499]).json()


def test_limits_say_themselves(client: Client) -> None:
    """Too many houses or bytes are 413, and the limit is in the answer."""
    assert client.post("/batch-predict", [LEAST] * MOST_HOUSES).status_code == 200
    answer = client.post("/batch-predict", [LEAST] * (MOST_HOUSES + 1))
    assert answer.status_code == 413
    assert f"more than {MOST_HOUSES} houses" in answer.json()["detail"]
    answer = client.post("/predict", b" " * (MOST_BYTES + 1))
    assert answer.status_code == 413
    assert f"more than {MOST_BYTES} bytes" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["text/csv", "application/x-www-form-urlencoded", "application/xml"])
def test_another_content_type_is_refused(client: Client, kind: str) -> None:
    """What is no JSON is not guessed at."""
    answer = client.post("/predict", json.dumps(FULL).encode(), kind=kind)
    assert answer.status_code == 415
    assert kind in answer.json()["detail"]


@pytest.mark.parametrize(
    "kind", [None, "application/json; charset=utf-8", "application/vnd.house+json", "APPLICATION/JSON"]
)
def test_json_by_any_of_its_names_is_read(client: Client, kind: str | None) -> None:
    """JSON may come without a content type, or with parameters."""
    assert client.post("/predict", json.dumps(FULL).encode(), kind=kind).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"rooms": NaN}',
        b'{"rooms": -Infinity}',
        b'{"rooms": 1' + b"0" * 5000 + b"}",
        b'{"rooms": 1e999}',
        b'{"zip": "\xff\xfe"}',
        b'{"zip": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b'{"rooms": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
        b"[" * 99_999,
        b'{"' + b"a" * 90_000 + b'": 1}',
        b"null",
        b'"\x00"',
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/batch-predict"])
def test_bad_bodies_are_refused_and_never_break_anything(client: Client, path: str, body: bytes) -> None:
    """Each is 422 in FastAPI's shape, and the answer is JSON that any reader takes."""
    answer = client.post(path, body)
    assert answer.status_code == 422
    detail = json.loads(answer.content, parse_constant=pytest.fail)["detail"]
    assert all(set(fault) == {"type", "loc", "msg", "input"} and fault["loc"][0] == "body" for fault in detail)
    assert detail
    assert len(answer.content) < 5000


def test_a_refusal_names_column_value_and_what_is_allowed(client: Client) -> None:
    """A client learns what to correct, and where in a batch."""
    answer = client.post("/batch-predict", [FULL, {**FULL, "rooms": 99}])
    assert answer.json() == {
        "detail": [
            {
                "type": "less_than_equal",
                "loc": ["body", 1, "rooms"],
                "msg": '"rooms" is 99; expected a whole number from 0 to 50.',
                "input": 99,
            }
        ]
    }


json_values: Callable[..., Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(sorted(FULL)) | st.text(max_size=8), json_values, max_size=9))
def test_whatever_is_sent_is_priced_or_refused(client: Client, changes: dict[str, Any]) -> None:
    """No body breaks the server."""
    body = json.dumps({**FULL, **changes}).encode()
    assert client.post("/predict", body).status_code in (200, 422)
    assert client.post("/batch-predict", b"[" + body + b"]").status_code in (200, 422)


@settings(max_examples=60)
@given(st.binary(max_size=40))
def test_whatever_bytes_are_sent_are_answered(client: Client, body: bytes) -> None:
    """Not even what is no text breaks the server."""
    assert client.post("/predict", body).status_code == 422


def test_the_card_says_what_the_manifest_says(client: Client, toy: Bundle) -> None:
    """GET /model is the manifest, with the card for people in it."""
    card = client.get("/model").json()
    assert card.pop("card") == toy.card
    assert card == toy.manifest.model_dump(mode="json")


def test_without_the_page_the_root_leads_to_the_documentation(client: Client, toy: Bundle) -> None:
    """Whoever opens the address in a browser finds the way."""
    answer = Client(create_app(toy, Settings(page=False))).get("/")
    assert answer.status_code == 307
    assert answer.headers["location"] == "docs"
    assert client.get("/docs").status_code == 200


def test_two_applications_live_side_by_side(client: Client, tmp_path: Path) -> None:
    """An application is a value: it shares nothing with another."""
    other = Client(create_app(open_bundle(seal(tmp_path, model_version="ffffffffffff"))))
    assert other.post("/predict", FULL).json()["model_version"] == "ffffffffffff"
    assert client.post("/predict", FULL).json()["model_version"] == "0123456789ab"
