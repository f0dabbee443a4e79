"""The protocols whose answer is `{"predictions": …}`, asked as their clients ask."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from toy import FULL, FULL_PRICE, LEAST, LEAST_PRICE, Client, altered_golden, seal

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.errors import ServingError
from houseprice.serving import protocols
from houseprice.serving.app import create_app
from houseprice.serving.batch_execution import BatchExecutor
from houseprice.serving.memory_budget import MemoryBudget
from houseprice.serving.micro_batching import MicroBatcher
from houseprice.serving.scorer import Scorer
from houseprice.serving.worker_pool import WorkerPool

NAMES = list(FULL)
ROW = list(FULL.values())
BLANKS = [LEAST.get(name) for name in NAMES]
LIMIT = 3
HEADER = ",".join(NAMES)
LINE = ",".join(str(value) for value in ROW)


@pytest.fixture(scope="module")
def api(toy: Bundle) -> Client:
    """Return the API, ready."""
    app = create_app(toy)
    app.state.ready = True
    return Client(app)


@pytest.fixture(scope="module")
def small(toy: Bundle, scorer: Scorer) -> Client:
    """Return the protocols alone, with limits that are soon reached."""
    app = FastAPI()
    app.state.ready = True
    protocols.add(app, toy, BatchExecutor(MicroBatcher(scorer), WorkerPool(), MemoryBudget(10_000_000)), LIMIT, 2000)
    return Client(app)


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": NAMES, "index": [7, 8], "data": [ROW, BLANKS]}},
        {"dataframe_split": {"data": [ROW, BLANKS]}},
        {"dataframe_records": [FULL, LEAST]},
        {"instances": [FULL, LEAST]},
        {"instances": [ROW, BLANKS], "parameters": None, "signature_name": "serving_default"},
        {"inputs": [FULL, LEAST], "params": {}},
        {"inputs": {name: [FULL[name], LEAST.get(name)] for name in NAMES}},
        {"inputs": {name: [[FULL[name]], [LEAST.get(name)]] for name in NAMES}},
    ],
)
def test_every_shape_gives_the_same_prices(api: Client, body: Any) -> None:
    """Records, columns and rows without names are the same houses, for MLflow and for KServe's first protocol."""
    for path in ("/invocations", "/v1/models/toy:predict"):
        answer = api.post(path, body)
        assert answer.json() == {"predictions": [FULL_PRICE, LEAST_PRICE]}
        assert answer.status_code == 200


def test_one_object_is_one_house(api: Client) -> None:
    """Inputs that hold no list are one house."""
    assert api.post("/invocations", {"inputs": FULL}).json() == {"predictions": [FULL_PRICE]}


def test_no_houses_have_no_prices(api: Client) -> None:
    """An empty list is answered with an empty list, as a batch is."""
    assert api.post("/invocations", {"instances": []}).json() == {"predictions": []}


@pytest.mark.parametrize("key", ["params", "parameters"])
def test_details_are_what_a_batch_gives(api: Client, key: str) -> None:
    """Who asks for details gets the very answer of /batch-predict."""
    asked = {"instances": [FULL, LEAST], key: {"details": True}}
    assert api.post("/invocations", asked).json() == api.post("/batch-predict", [FULL, LEAST]).json()


def test_nan_is_a_blank_in_an_optional_column_only(api: Client) -> None:
    """A data frame writes a blank as NaN: it prices as if left out, and in a required column it is refused."""
    found = api.post("/invocations", {"instances": [{**FULL, "lot": float("nan")}]})
    assert found.json() == {"predictions": [FULL_PRICE - 500]}
    refused = api.post("/invocations", {"instances": [{**FULL, "rooms": float("nan")}]})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["msg"] == '"rooms" is NaN; expected a whole number from 0 to 50.'


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("text/csv", [HEADER, LINE]),
        ("text/csv; charset=utf-8", ["\ufeff" + HEADER, "", LINE, ""]),
        ("text/csv", [LINE]),
        ("text/csv; header=absent", [LINE]),
        ("text/csv; header=present", [HEADER, LINE]),
        ("text/csv", ["," + HEADER, "0," + LINE]),
        ("text/csv", [HEADER + ", ", LINE + ",x"]),
    ],
)
def test_csv_is_read_with_and_without_a_header(api: Client, kind: str, lines: list[str]) -> None:
    """SageMaker's lines have no header, MLflow's have one."""
    answer = api.post("/invocations", "\r\n".join(lines).encode(), kind)
    assert answer.json() == {"predictions": [FULL_PRICE]}


@pytest.mark.parametrize("kind", ["application/jsonlines", "application/x-ndjson", "application/jsonl"])
def test_lines_of_json_are_read(api: Client, kind: str) -> None:
    """A house on each line, as batch transforms of SageMaker send them; errors and limits are those of a batch."""
    line = json.dumps(FULL).encode() + b"\n"
    assert api.post("/invocations", line * 2, kind).json() == {"predictions": [FULL_PRICE] * 2}
    assert api.post("/invocations", line + b"{}", kind).status_code == 422
    assert api.post("/invocations", line * 10_001, kind).status_code == 413


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"", "csv_invalid", ""),
        (b"a,b\n1,2\n", "csv_invalid", "Line 1 has 2 fields instead of 9: sold, living area"),
        (f"{HEADER}\n1,2\n".encode(), "csv_invalid", "Line 2 has 2 fields instead of 9"),
        (f"{HEADER},zip\n".encode(), "header_invalid", "zip"),
        (b"living area,rooms,zip,grade*\n", "header_invalid", '"grade" (did you mean "grade*"?)'),
        (b'rooms\n"1', "csv_invalid", "line 2"),
        (b"rooms\n\xff", "csv_invalid", "0xff"),
        (f"{HEADER},garden\n{LINE},1\n".encode(), "extra_forbidden", '"garden"'),
    ],
)
def test_csv_that_cannot_be_priced_is_refused(api: Client, body: bytes, kind: str, expected: str) -> None:
    """As in JSON: 422, with the type of the error and where it is."""
    answer = api.post("/invocations", body, "text/csv")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == kind
    assert expected in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "JSON"),
        ([FULL], "list"),
        ({}, "dataframe_split, dataframe_records, instances, inputs"),
        ({"inputs": [], "instances": []}, "instances and inputs"),
        ({"instances": [], "dataframe": 1}, "'dataframe' (did you mean"),
        ({"instances": "x"}, "'x'"),
        ({"instances": [FULL, ROW]}, 'House 0 of "instances"'),
        ({"instances": [[1]]}, 'House 0 of "instances" has 1 values'),
        ({"inputs": {"rooms": [1], "zip": [1, 2]}}, "'zip' has 2 values and 'rooms' has 1"),
        ({"inputs": {"rooms": [1], "zip": 2}}, "'zip'"),
        ({"dataframe_split": [1]}, '"dataframe_split"'),
        ({"dataframe_split": {"columns": [1], "data": []}}, '"columns"'),
        ({"dataframe_split": {"columns": ["a", "a"], "data": []}}, "'a'"),
        ({"dataframe_split": {"rows": 1, "data": []}}, "'rows'"),
        ({"dataframe_records": {}}, '"dataframe_records"'),
        ({"instances": [], "params": {"details": 1}}, '"params"'),
    ],
)
def test_what_is_no_table_is_refused(api: Client, body: Any, reason: str) -> None:
    """Each in the shape of its protocol: 422 with `detail`, and 400 with `error` for KServe."""
    answer = api.post("/invocations", body)
    assert answer.status_code == 422
    assert reason in answer.json()["detail"][0]["msg"]
    answer = api.post("/v1/models/toy:predict", body)
    assert (answer.status_code, set(answer.json())) == (400, {"error"})
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    "error", [{"rooms": "4"}, {"rooms": None}, {"rooms": True}, {"grade": 4}, {"zip": ""}, {"garden": 1}, {"pool": 2}]
)
def test_a_house_is_refused_for_the_reason_that_a_batch_gives(api: Client, error: dict[str, Any]) -> None:
    """Column, words and kind of each error are those of /batch-predict."""
    houses = [LEAST, {**FULL, **error}]
    asked, batch = api.post("/invocations", {"instances": houses}), api.post("/batch-predict", houses)
    assert asked.status_code == batch.status_code == 422
    assert asked.json() == batch.json()
    expected = api.post("/v1/models/toy:predict", {"instances": houses}).json()["error"]
    assert expected == f"house 1: {batch.json()['detail'][0]['msg']}"


def test_limits_are_those_of_a_batch(small: Client) -> None:
    """More houses or bytes than allowed are 413; another content type is 415."""
    many = {"instances": [LEAST] * (LIMIT + 1)}
    assert small.post("/v1/models/toy:predict", many).status_code == 413
    assert "more than 3 houses" in small.post("/v1/models/toy:predict", many).json()["error"]
    assert small.post("/v1/models/toy:predict", b" " * 2001).status_code == 413
    assert small.post("/invocations", b" " * 2001, "text/csv").status_code == 413
    assert small.post("/invocations", b"", "application/x-npy").status_code == 415


def test_every_shape_has_the_limit(api: Client) -> None:
    """Ten thousand and one houses are too many, however they are written."""
    many = [list(LEAST.values())] * 10_001
    columns = {name: [value] * 10_001 for name, value in LEAST.items()}
    for body in ({"dataframe_split": {"columns": list(LEAST), "data": many}}, {"inputs": columns}):
        assert api.post("/invocations", body).status_code == 413
    lines = "\n".join([",".join(LEAST), *[",".join(str(value) for value in LEAST.values())] * 10_001])
    assert api.post("/invocations", lines.encode(), "text/csv").status_code == 413


def test_large_bodies_are_answered_in_order(api: Client) -> None:
    """What is answered in a thread is answered as the rest."""
    answer = api.post("/invocations", {"instances": [FULL, LEAST] * 1000}).json()["predictions"]
    assert answer == [FULL_PRICE, LEAST_PRICE] * 1000


def test_ping_proves_a_golden_row(api: Client, tmp_path: Path) -> None:
    """200 without a body when the model gives its own answer, 503 when it gives another."""
    answer = api.get("/ping")
    assert (answer.status_code, answer.content) == (200, b"")
    spoilt = Client(create_app(open_bundle(seal(tmp_path, altered_golden()))))
    assert spoilt.get("/ping").status_code == 503
    answer = spoilt.get("/v1/models/toy")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)


def test_a_model_that_fails_is_503(toy_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither ping nor a price pretends otherwise."""
    bundle = open_bundle(toy_dir)

    def fail(_: Any) -> Any:
        raise RuntimeError("out of memory")

    client = Client(create_app(bundle))
    monkeypatch.setattr(bundle.model, "predict", fail)
    assert client.get("/ping").status_code == 503
    assert client.post("/invocations", {"instances": [FULL]}).status_code == 503
    answer = client.post("/v1/models/toy:predict", {"instances": [FULL]})
    assert answer.status_code == 503
    assert "out of memory" in answer.json()["error"]


def test_the_model_says_that_it_is_ready(api: Client) -> None:
    """In KServe's words and in TensorFlow Serving's; another name is not found."""
    assert api.get("/v1/models/toy").json() == {
        "name": "toy",
        "ready": True,
        "model_version_status": [
            {"version": "0123456789ab", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ],
    }
    assert '"other"' in api.get("/v1/models/other").json()["error"]
    assert api.post("/v1/models/other:predict", {"instances": []}).status_code == 404
    assert api.get("/version").text.count(".") == 2


def test_vertex_names_its_routes(toy: Bundle) -> None:
    """The routes that it sets are served as well, and its body is understood even at a path of this API."""
    app = create_app(toy)
    protocols.add_vertex(app, {"AIP_PREDICT_ROUTE": "/predict", "AIP_HEALTH_ROUTE": "/healthy"})
    client = Client(app)
    assert client.post("/predict", {"instances": [FULL]}).json() == {"predictions": [FULL_PRICE]}
    assert client.post("/invocations", {"instances": [FULL]}).json() == {"predictions": [FULL_PRICE]}
    assert client.get("/healthy").status_code == 200
    assert json.loads(client.get("/health").content)["status"] == "ok"
    assert "/healthy" not in client.get("/openapi.json").json()["paths"]


def test_a_route_of_vertex_that_is_none_is_refused() -> None:
    """One sentence says which variable it is."""
    with pytest.raises(ServingError, match='AIP_HEALTH_ROUTE is "healthy"') as caught:
        protocols.add_vertex(FastAPI(), {"AIP_HEALTH_ROUTE": "healthy"})
    assert caught.value.code == "route_invalid"
