"""The Open Inference Protocol, asked in JSON and in bytes."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from openinference import LEAST_BYTES, TYPES, URL, Bytes, in_bytes, in_json
from toy import FULL, FULL_PRICE, LEAST, LEAST_PRICE, Client, altered_golden, seal

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.serving import protocols
from houseprice.serving.app import create_app
from houseprice.serving.batch_execution import BatchExecutor
from houseprice.serving.memory_budget import MemoryBudget
from houseprice.serving.micro_batching import MicroBatcher
from houseprice.serving.protocols.open_inference import HEADER_LENGTH
from houseprice.serving.scorer import Scorer
from houseprice.serving.worker_pool import WorkerPool


@pytest.fixture(scope="module")
def api(toy: Bundle) -> Bytes:
    """Return the API, ready."""
    app = create_app(toy)
    app.state.ready = True
    return Bytes(app)


def test_json_gives_price_and_interval(api: Bytes) -> None:
    """All outputs, FP64, one number a house, in the order of the houses; the id comes back."""
    answer = api.post(URL, {"id": "a1", "inputs": in_json(LEAST, LEAST | {"rooms": 4})})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["model_name"], found["model_version"], found["id"]) == ("toy", "0123456789ab", "a1")
    prices = [LEAST_PRICE, LEAST_PRICE + 2000]
    assert found["outputs"] == [
        {"name": "predicted_price", "datatype": "FP64", "shape": [2], "data": prices},
        {"name": "interval_low", "datatype": "FP64", "shape": [2], "data": [price * 0.8 for price in prices]},
        {"name": "interval_high", "datatype": "FP64", "shape": [2], "data": [price * 1.25 for price in prices]},
        {"name": "fsd", "datatype": "FP64", "shape": [2], "data": [0.125, 0.125]},
        {"name": "confidence", "datatype": "FP64", "shape": [2], "data": [87.5, 87.5]},
    ]
    assert api.post("/v2/models/toy/versions/0123456789ab/infer", {"inputs": in_json(FULL)}).json()["outputs"][0][
        "data"
    ] == [FULL_PRICE]


def test_bytes_give_bytes(api: Bytes) -> None:
    """The numbers stand behind the JSON, whose length a header tells; outputs are chosen, each in its own form."""
    inputs, raw = in_bytes(*LEAST_BYTES)
    answer = api.infer({"inputs": inputs, "parameters": {"binary_data_output": True}}, raw)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    size = int(answer.headers[HEADER_LENGTH])
    assert [output["parameters"] for output in json.loads(answer.content[:size])["outputs"]] == [
        {"binary_data_size": 8}
    ] * 5
    found = np.frombuffer(answer.content[size:], dtype="<f8").tolist()
    assert found == [LEAST_PRICE, LEAST_PRICE * 0.8, LEAST_PRICE * 1.25, 0.125, 87.5]

    wanted = [{"name": "interval_low"}, {"name": "predicted_price", "parameters": {"binary_data": True}}]
    answer = api.infer({"inputs": inputs, "outputs": wanted}, raw)
    size = int(answer.headers[HEADER_LENGTH])
    low, price = json.loads(answer.content[:size])["outputs"]
    assert (low["data"], price["name"], "data" in price) == ([LEAST_PRICE * 0.8], "predicted_price", False)
    assert answer.content[size:] == struct.pack("<d", LEAST_PRICE)


def test_json_and_bytes_may_be_mixed(api: Bytes) -> None:
    """Tensors in JSON take none of the bytes behind it; a number may be a postal code."""
    inputs, raw = in_bytes(*LEAST_BYTES[:2])
    more = [
        {"name": "grade", "datatype": "INT8", "shape": [1], "data": [1]},
        {"name": "zip", "datatype": "INT64", "shape": [1], "data": [98039]},
    ]
    answer = api.infer({"inputs": [more[0], *inputs, more[1]]}, raw).json()
    assert answer["outputs"][0]["data"] == [LEAST_PRICE]


def test_blanks_are_nan_null_and_empty_texts(api: Bytes) -> None:
    """In optional columns only; in the others they are refused in the words of /predict."""
    blank = [
        {"name": "lot", "datatype": "FP64", "shape": [1], "data": [None]},
        {"name": "heating", "datatype": "BYTES", "shape": [1], "data": [""]},
    ]
    assert api.post(URL, {"inputs": in_json(LEAST) + blank}).json()["outputs"][0]["data"] == [LEAST_PRICE]
    nan, raw = in_bytes(("lot", "FP32", np.float32("nan").tobytes()), *LEAST_BYTES)
    assert api.infer({"inputs": nan}, raw).json()["outputs"][0]["data"] == [LEAST_PRICE]
    rooms = [*LEAST_BYTES[:1], ("rooms", "FP64", np.float64("nan").tobytes()), *LEAST_BYTES[2:]]
    inputs, raw = in_bytes(*rooms)
    answer = api.infer({"inputs": inputs}, raw)
    assert answer.status_code == 400
    assert answer.json() == {"error": 'house 0: "rooms" is NaN; expected a whole number from 0 to 50.'}


def test_faults_are_those_of_a_batch(api: Bytes) -> None:
    """Missing and unknown columns, and values that are not allowed, in the same words."""
    houses = [LEAST, {**LEAST, "grade": 4, "rooms": 51}]
    inputs = in_json(*houses)
    words = [error["msg"] for error in api.post("/batch-predict", houses).json()["detail"]]
    error = api.post(URL, {"inputs": inputs}).json()["error"]
    assert error == "; ".join(f"house 1: {word.rstrip('.')}" for word in words) + "."
    strange = {"name": "zipp", "datatype": "BYTES", "shape": [2], "data": ["1", "2"]}
    assert '(did you mean "zip"?)' in api.post(URL, {"inputs": [*inputs, strange]}).json()["error"]
    assert '"zip" is missing' in api.post(URL, {"inputs": in_json({"rooms": 3})}).json()["error"]
    many = api.post(URL, {"inputs": in_json(*[{"rooms": 99}] * 4)}).json()["error"]
    assert many.endswith("more.")


def test_limits_are_those_of_a_batch(toy: Bundle, scorer: Scorer) -> None:
    """More houses or bytes than allowed are 413, error before they are read."""
    app = FastAPI()
    app.state.ready = True
    protocols.add(app, toy, BatchExecutor(MicroBatcher(scorer), WorkerPool(), MemoryBudget(10_000_000)), 3, 2000)
    small = Bytes(app)
    assert small.post(URL, {"inputs": in_json(*[LEAST] * 3)}).status_code == 200
    assert "more than 3 houses" in small.post(URL, {"inputs": in_json(*[LEAST] * 4)}).json()["error"]
    inputs, raw = in_bytes(("grade", "UINT8", b"\1" * 4), count=4)
    assert small.infer({"inputs": inputs}, raw).status_code == 413
    assert small.post(URL, b" " * 2001).status_code == 413


def test_the_server_and_the_model_tell_about_themselves(api: Bytes) -> None:
    """The binary extension is announced; each column of a request is a tensor."""
    found = api.get("/v2").json()
    assert (found["name"], found["extensions"]) == ("houseprice", ["binary_tensor_data"])
    for path in ("/v2/models/toy", "/v2/models/toy/versions/0123456789ab"):
        model = api.get(path).json()
        assert (model["name"], model["versions"]) == ("toy", ["0123456789ab"])
        kinds = {tensor["name"]: tensor["datatype"] for tensor in model["inputs"]}
        assert list(kinds) == list(FULL)
        assert kinds == dict.fromkeys(FULL, "FP64") | TYPES | {"grade": "INT64"}
        outputs = ["predicted_price", "interval_low", "interval_high", "fsd", "confidence"]
        assert [tensor["name"] for tensor in model["outputs"]] == outputs


def test_health_proves_a_golden_row(api: Bytes, tmp_path: Path) -> None:
    """Live whatever happens; ready only when the model gives its own answer and requests are wanted."""
    ready = ("/v2/health/ready", "/v2/models/toy/ready", "/v2/models/toy/versions/0123456789ab/ready")
    assert api.get("/v2/health/live").json() == {"live": True}
    for path in ready:
        assert (api.get(path).status_code, api.get(path).json()["ready"]) == (200, True)
    app = create_app(open_bundle(seal(tmp_path, altered_golden())))
    app.state.ready = True
    spoilt = Client(app)
    assert spoilt.get("/v2/health/live").status_code == 200
    for path in ready:
        assert (spoilt.get(path).status_code, spoilt.get(path).json()["ready"]) == (503, False)


def test_other_models_and_versions_are_not_found(api: Bytes) -> None:
    """404 with `error`, on every route."""
    for path in ("/v2/models/x", "/v2/models/x/ready", "/v2/models/toy/versions/2", "/v2/models/toy/versions/2/ready"):
        assert (api.get(path).status_code, set(api.get(path).json())) == (404, {"error"})
    for path in (
        "/v2/models/x/infer",
        "/v2/models/toy/versions/2/infer",
        "/v2/models/toy/versions/{version}/infer",
        "/v2/models/{model}/infer",
    ):
        assert api.post(path, {}).status_code == 404


def test_a_model_that_fails_is_503(toy_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason stands under `error`."""
    bundle = open_bundle(toy_dir)
    client = Client(create_app(bundle))

    def fail(_: Any) -> Any:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(bundle.model, "predict", fail)
    answer = client.post(URL, {"inputs": in_json(LEAST)})
    assert answer.status_code == 503
    assert "out of memory" in answer.json()["error"]
