"""Malformed requests of the Open Inference Protocol: each is refused, none does harm."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openinference import LEAST_BYTES, URL, Bytes, in_bytes
from toy import FULL

from houseprice.bundle.load import Bundle
from houseprice.serving.app import create_app
from houseprice.serving.batch_execution import BatchExecutor
from houseprice.serving.memory_budget import MemoryBudget
from houseprice.serving.micro_batching import MicroBatcher
from houseprice.serving.protocols import open_inference
from houseprice.serving.protocols.adapter import ProtocolAdapter
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import BatchTooLargeError, InvalidRequestError
from houseprice.serving.worker_pool import WorkerPool


@pytest.fixture(scope="module")
def api(toy: Bundle) -> Bytes:
    """Return the API, ready."""
    app = create_app(toy)
    app.state.ready = True
    return Bytes(app)


@pytest.fixture(scope="module")
def adapter(toy: Bundle, scorer: Scorer) -> ProtocolAdapter:
    """Return the adapter, for a few houses at most."""
    return ProtocolAdapter(toy, BatchExecutor(MicroBatcher(scorer), WorkerPool(), MemoryBudget(10_000_000)), 3)


def tensor(**changes: Any) -> dict[str, Any]:
    """Return a tensor with some parts of another kind."""
    return {"name": "rooms", "datatype": "INT64", "shape": [1], "data": [3], **changes}


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ([], "the request"),
        ({}, "inputs: Field required"),
        ({"inputs": []}, '"inputs"'),
        ({"inputs": [{"name": "rooms"}]}, "inputs.0.shape: Field required"),
        ({"inputs": [tensor(shape=[1.0])]}, "inputs.0.shape.0"),
        ({"inputs": [tensor(shape=[1, 2])]}, "[1, 2]"),
        ({"inputs": [tensor(shape=[2])]}, "a list of 2 values"),
        ({"inputs": [tensor(data=None)]}, "a list of 1 values"),
        ({"inputs": [tensor(datatype="INT4")]}, "'INT4'"),
        ({"inputs": [tensor(datatype="BYTES")]}, "BYTES"),
        ({"inputs": [tensor(), tensor()]}, "'rooms'"),
        ({"inputs": [tensor(), tensor(name="grade", shape=[0], data=[])]}, "'grade' has 0 values and 'rooms' has 1"),
        ({"inputs": [tensor(data=None, parameters={"binary_data_size": 8})]}, "Inference-Header-Content-Length"),
        ({"inputs": [tensor()], "outputs": [{"name": "price"}]}, "'price'"),
        ({"inputs": [tensor()], "outputs": [{"name": "interval_low"}] * 2}, "output"),
        (
            {"inputs": [tensor()], "outputs": [{"name": "interval_low", "parameters": {"classification": 1}}]},
            "classified",
        ),
        ({"inputs": [tensor()], "parameters": {"binary_data_output": 1}}, '"binary_data_output"'),
    ],
)
def test_a_malformed_request_is_400(api: Bytes, request_: Any, reason: str) -> None:
    """The error is one sentence under `error`."""
    answer = api.post(URL, request_)
    assert (answer.status_code, set(answer.json())) == (400, {"error"})
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    ("size", "raw", "length", "reason"),
    [
        (8, b"\0" * 8, "-1", "not '-1'"),
        (8, b"\0" * 8, "1" * 5000, "Inference-Header-Content-Length"),
        (8, b"\0" * 8, "100000", "Inference-Header-Content-Length"),
        (8, b"\0" * 8, "3", "JSON"),
        (-1, b"\0" * 8, None, "from 0 to 8"),
        (2**80, b"\0" * 8, None, "from 0 to 8"),
        ("8", b"\0" * 8, None, "not '8'"),
        (True, b"\0" * 8, None, "not True"),
        (8, b"\0" * 7, None, "from 0 to 7"),
        (4, b"\0" * 4, None, "4 bytes"),
        (8, b"\0" * 9, None, "1 bytes"),
    ],
)
def test_sizes_that_do_not_add_up_are_400(api: Bytes, size: Any, raw: bytes, length: str | None, reason: str) -> None:
    """Whatever the headers promise is compared with what came."""
    head = {"inputs": [{**tensor(), "data": None, "parameters": {"binary_data_size": size}}]}
    answer = api.infer(head, raw, length)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


def test_data_comes_once(api: Bytes) -> None:
    """A tensor with JSON and bytes is one too many."""
    answer = api.infer({"inputs": [tensor(parameters={"binary_data_size": 8})]}, b"\0" * 8)
    assert answer.status_code == 400
    assert "binary_data_size" in answer.json()["error"]


parts = st.fixed_dictionaries(
    {
        "name": st.sampled_from([*FULL, "x"]),
        "datatype": st.sampled_from(["FP64", "INT64", "BYTES", "BOOL", "FP16", "BF16"]),
        "shape": st.lists(st.integers(-2, 3) | st.integers(), max_size=3) | st.just([1]),
    },
    optional={
        "data": st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3), max_size=3),
        "parameters": st.fixed_dictionaries(
            {}, optional={"binary_data_size": st.integers(-1, 20) | st.integers() | st.text(max_size=2)}
        ),
    },
)


@given(
    st.lists(parts, max_size=4), st.binary(max_size=40), st.none() | st.integers(-2, 2) | st.text(max_size=3), st.data()
)
def test_nothing_that_is_sent_does_harm(
    adapter: ProtocolAdapter, inputs: list[dict[str, Any]], raw: bytes, shift: Any, data: st.DataObject
) -> None:
    """Any head with any bytes behind it, cut anywhere, is answered or refused with a reason: nothing else is raised."""
    head = json.dumps({"inputs": inputs}).encode()
    length = shift if isinstance(shift, str) else str(len(head) + (shift or 0))
    body = head + raw
    end = data.draw(st.sampled_from([len(body), len(head)]) | st.integers(0, len(body)))
    with suppress(InvalidRequestError, BatchTooLargeError):
        open_inference.read(body[:end], None if shift is None and not raw else length, adapter)


@given(st.binary(max_size=60))
def test_no_bytes_of_texts_do_harm(adapter: ProtocolAdapter, raw: bytes) -> None:
    """Lengths that lie are refused; what happens to be a text is judged by the rules."""
    inputs, rest = in_bytes(*LEAST_BYTES[:2], *LEAST_BYTES[3:], ("zip", "BYTES", raw))
    head = json.dumps({"inputs": inputs}).encode()
    try:
        request = open_inference.read(head + rest, str(len(head)), adapter)
    except InvalidRequestError:
        return
    assert len(request.houses) == 1
