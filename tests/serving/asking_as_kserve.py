"""Address, model and houses in, what KServe's client found out as JSON: a script for the oracles' environment."""

import asyncio
import json
import sys
from typing import Any

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

TYPES = {"living area": ("FP64", np.float64), "rooms": ("INT64", np.int64), "lot": ("FP32", np.float32)}


def tensors(houses: list[dict[str, Any]], binary: bool) -> list[InferInput]:
    """Write the houses as a tensor a column; what a house lacks is NaN or an empty text."""
    found = []
    for name in houses[0]:
        values = [house.get(name) for house in houses]
        if isinstance(values[0], str):
            kind, array = "BYTES", np.array([value or "" for value in values], dtype=np.object_)
        else:
            kind, dtype = TYPES.get(name, ("FP64", np.float64))
            array = np.array([np.nan if value is None else value for value in values], dtype=dtype)
        tensor = InferInput(name, list(array.shape), kind)
        tensor.set_data_from_numpy(array, binary_data=binary)
        found.append(tensor)
    return found


async def refused(client: InferenceRESTClient, url: str, data: Any, model: str) -> int:
    """Return the status of a request that cannot be answered."""
    try:
        await client.infer(url, data, model_name=model)
    except httpx.HTTPStatusError as err:
        return err.response.status_code
    return 200


async def ask(url: str, model: str, houses: list[dict[str, Any]]) -> dict[str, Any]:
    """Ask in both protocols."""
    old, new = (InferenceRESTClient(RESTConfig(protocol=protocol)) for protocol in ("v1", "v2"))
    predictions = (await old.infer(url, {"instances": houses}, model_name=model))["predictions"]
    prices = {}
    for name, binary in (("bytes", True), ("json", False)):
        request = InferRequest(model, tensors(houses, binary))
        answer = await new.infer(url, request, model_name=model)
        prices[name] = [float(price) for price in answer.outputs[0].as_numpy()]
    wrong = InferRequest(model, tensors([{"rooms": 3.0}], True))
    return {
        "v1": {"ready": await old.is_model_ready(url, model), "predictions": predictions},
        "v2": {
            "live": await new.is_server_live(url),
            "ready": await new.is_server_ready(url),
            "model_ready": await new.is_model_ready(url, model),
            **prices,
        },
        "refused": [
            await refused(old, url, {"instances": [{"rooms": 3}]}, model),
            await refused(new, url, wrong, model),
        ],
    }


if __name__ == "__main__":
    _, address, name, houses = sys.argv
    print(json.dumps(asyncio.run(ask(address, name, json.loads(houses)))))  # noqa: T201 - what it is for
