"""A real server, asked by the clients that others wrote."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tritonclient.http as triton
from mlflow.pyfunc.scoring_server.client import ScoringServerClient  # noqa: TID251 - a client of the server
from running import Server
from toy import FULL, FULL_PRICE, LEAST, LEAST_PRICE

ORACLES = Path(__file__).parents[2] / ".venv-oracles" / "bin" / "python"
ASKING = Path(__file__).with_name("asking_as_kserve.py")
PRICES = [FULL_PRICE, LEAST_PRICE]
SECONDS = 120


def test_mlflow_is_answered(start: Callable[..., Server]) -> None:
    """Its own client sends a data frame with blanks, records and a list; it reads version, prices and refusals."""
    server = start()
    client = ScoringServerClient(server.host, server.port)
    client.ping()
    assert client.get_version().count(".") == 2
    frame = pd.DataFrame([FULL, LEAST])
    assert client.invoke(frame)["predictions"] == PRICES
    assert client.invoke(frame).get_predictions()[0].tolist() == PRICES
    assert client.invoke([FULL, LEAST])["predictions"] == PRICES
    assert client.invoke(frame.astype(object).to_numpy())["predictions"] == PRICES
    whole = client.invoke(frame, params={"details": True})["predictions"]
    assert [answer["predicted_price"] for answer in whole] == PRICES
    with pytest.raises(Exception, match=r"error code 422.*rooms.*is missing"):
        client.invoke(frame.drop(columns="rooms"))


@pytest.mark.parametrize("binary", [True, False])
def test_triton_is_answered(start: Callable[..., Server], binary: bool) -> None:
    """Its own client reads health and metadata, sends tensors as bytes or as JSON, and chooses outputs."""
    server = start()
    columns = {
        "living area": np.array([[120.5], [80]], dtype=np.float32),
        "rooms": np.array([[4], [3]], dtype=np.int64),
        "grade": np.array([[3], [1]], dtype=np.int32),
        "zip": np.array([["98178"], ["98039"]], dtype=np.object_),
        "lot": np.array([[500], [0]], dtype=np.float64),
        "pool": np.array([[True], [False]]),
        "heating": np.array([["gas"], [""]], dtype=np.object_),
        "state": np.array([["good"], [""]], dtype=np.object_),
        "sold": np.array([["2014-10-13"], ["2015-05-27"]], dtype=np.object_),
    }
    kinds = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32", "bool": "BOOL"}
    inputs = [triton.InferInput(n, list(v.shape), kinds.get(str(v.dtype), "BYTES")) for n, v in columns.items()]
    for tensor, values in zip(inputs, columns.values(), strict=True):
        tensor.set_data_from_numpy(values, binary_data=binary)
    with triton.InferenceServerClient(f"{server.host}:{server.port}") as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("toy")
        assert client.is_model_ready("toy", "0123456789ab")
        assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
        assert {part["name"] for part in client.get_model_metadata("toy")["inputs"]} == set(columns)
        found = client.infer("toy", inputs, request_id="7")
        assert found.get_response()["id"] == "7"
        assert found.as_numpy("predicted_price").tolist() == PRICES
        assert found.as_numpy("interval_high").tolist() == [price * 1.25 for price in PRICES]
        wanted = [triton.InferRequestedOutput("interval_low", binary_data=binary)]
        found = client.infer("toy", inputs, "0123456789ab", outputs=wanted)
        assert found.as_numpy("interval_low").tolist() == [price * 0.8 for price in PRICES]
        assert found.as_numpy("predicted_price") is None
        with pytest.raises(triton.InferenceServerException, match='"rooms" is missing'):
            client.infer("toy", [tensor for tensor in inputs if tensor.name() != "rooms"])


@pytest.mark.oracles
def test_kserve_is_answered(start: Callable[..., Server]) -> None:
    """KServe's own client, which has an environment of its own, asks in both of its protocols."""
    server = start()
    houses = json.dumps([FULL, LEAST])
    command = [str(ORACLES), str(ASKING), f"http://{server.host}:{server.port}", "toy", houses]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == {
        "v1": {"ready": True, "predictions": PRICES},
        "v2": {"live": True, "ready": True, "model_ready": True, "bytes": PRICES, "json": PRICES},
        "refused": [400, 400],
    }
