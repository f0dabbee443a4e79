"""The sketch of `of_sketch` with micro-batching: requests that arrive together share a model call.

HOUSEPRICE_BUNDLE=models/bundle python -m uvicorn of_batched_sketch:app --app-dir bench/peer_servers
"""

import asyncio
from typing import Any

from fastapi import FastAPI
from of_sketch import House, Prediction, predict_houses

pending: list[tuple[Any, asyncio.Future[Prediction]]] = []
app = FastAPI()


def _flush() -> None:
    batch = pending.copy()
    pending.clear()
    for (_, future), prediction in zip(batch, predict_houses([house for house, _ in batch]), strict=True):
        if not future.done():
            future.set_result(prediction)


@app.post("/predict")
async def predict(house: House) -> Prediction:  # type: ignore[valid-type]
    """Return the prediction of one house."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Prediction] = loop.create_future()
    pending.append((house, future))
    if len(pending) == 1:
        loop.call_soon(loop.call_soon, _flush)
    return await future
